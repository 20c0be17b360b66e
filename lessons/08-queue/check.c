/* SPDX-License-Identifier: MIT */
/*
 * check.c - lesson 08: what outbox.h promises.
 *
 * The check has the other end of the pipe, and the lock.  While it does not
 * read, or holds the lock, the feeder must wait, and where it waits is known.
 */
// wrap: pthread_mutex_unlock
#include "../check.h"
#include "outbox.h"
#include "post.h"

#include "common/hooks.h"

// points: 10  what is put arrives, each in its turn, and then the end
static void what_is_put_arrives(void **state)
{
    size_t before;

    (void)state;
    before = open_descriptors();
    open_box();
    put("hello", 5, false);
    put("", 0, false);
    put(text, sizeof text, false);
    outbox_close(box);
    expect(outbox_put(box, "late", 4, true) == -EBADF, "a closed outbox");
    gets_text("hello", "the order, and what else is sent");
    gets_text("", "a message without bytes");
    expect(connection_recv(&reader, got, sizeof got) == sizeof got &&
               memcmp(got, text, sizeof got) == 0,
           "a message that is longer than the pipe");
    gets_the_end();
    end_box();
    expect(feeder_is_gone(), "a thread that has nothing more to do");
    expect(open_descriptors() == before - 1, "who closes what");

    assert_int_equal(pipe_open(&reader, &writer), 0);
    open_box();
    end_box();
    gets_the_end();
}

// points: 10  a put never waits, and copies
static void a_put_never_waits(void **state)
{
    enum { MANY = 200 };
    static unsigned char message[LARGE];

    (void)state;
    open_box();
    print_message("(nobody receives)\n");
    for (int i = 0; i < MANY; i++) {
        memcpy(message, text + i, LARGE);
        put(message, LARGE, i % 2);
        memset(message, 0, LARGE);
    }
    outbox_close(box);
    for (int i = 0; i < MANY; i++) {
        int which = 0;

        expect(connection_recv(&reader, got, sizeof got) == LARGE,
               "a message that is sent when much waits");
        while (which < MANY && memcmp(got, text + which, LARGE) != 0)
            which++;
        expect(which < MANY, "whose memory it is that is sent");
    }
    gets_the_end();
    end_box();
}

// points: 10  what is urgent overtakes, and what is begun is ended
static void what_is_urgent_overtakes(void **state)
{
    const char *hint = "how many messages a feeder takes, and which first";

    (void)state;
    open_box();
    for (int i = 0; i < 5; i++)
        put(text + i, LARGE, false);
    wait_until_begun();
    put("first", 5, true);
    put("second", 6, true);
    gets_large(0, "a message whose sending has begun");
    gets_text("first", hint);
    gets_text("second", hint);
    for (int i = 1; i < 5; i++)
        gets_large(i, hint);
    end_box();
    gets_the_end();
}

// points: 10  which it is is decided with the lock in hand
static void it_is_decided_with_the_lock_in_hand(void **state)
{
    (void)state;
    open_box();
    lock_acquire(&writing, NO_TIMEOUT);
    put("old", 3, false);
    wait_until_wanted();
    put("urgent", 6, true);
    lock_release(&writing);
    gets_text("urgent", "what comes while the feeder waits for the lock");
    gets_text("old", "the one that was overtaken");
    end_box();
    expect(lock_acquire(&writing, 0) == 0, "the lock, after the last message");
    gets_the_end();
}

// points: 10  after eight urgent ones an ordinary one has its turn
static void nobody_waits_for_ever(void **state)
{
    const char *hint = "the order of each kind, and what is counted in a row";
    const char *order = "uuuuuuuuouuuuuuuuouuuuooo";
    char name[16];

    (void)state;
    open_box();
    lock_acquire(&writing, NO_TIMEOUT);
    for (int i = 0; i < 5; i++)
        put_numbered('o', i);
    for (int i = 0; i < 20; i++)
        put_numbered('u', i);
    wait_until_wanted();
    lock_release(&writing);
    for (int u = 0, o = 0; *order; order++) {
        snprintf(name, sizeof name, "%c%d", *order, *order == 'u' ? u++ : o++);
        gets_text(name, hint);
    }
    for (int i = 0; i < 20; i++) {
        put_numbered('u', i);
        snprintf(name, sizeof name, "u%d", i);
        gets_text(name, hint);
    }
    lock_acquire(&writing, NO_TIMEOUT);
    put_numbered('u', 20);
    put_numbered('o', 5);
    wait_until_wanted();
    lock_release(&writing);
    gets_text("o5", "how many urgent ones went before");
    gets_text("u20", hint);
    end_box();
    gets_the_end();
}

/* A child that sends this, and ends as a child should. */
static pid_t begin_sending(const char *message)
{
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGALRM, SIG_DFL);
        alarm(CHECK_SECONDS / 2);
        connection_close(&reader);
        if (outbox_put(box, message, strlen(message), false) != 0)
            _exit(1);
        end_box();
        _exit(0);
    }
    return child;
}

static int end_of(pid_t child)
{
    int status = -1;

    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

// points: 10  a fork sends nothing twice, and what it puts itself
static void a_fork_sends_nothing_twice(void **state)
{
    int seen[4] = {0};
    pid_t child;

    (void)state;
    open_box();
    for (int i = 0; i < 3; i++)
        put(text + i, LARGE, false);
    wait_until_begun();
    child = begin_sending("child");
    for (int i = 0; i < 4; i++) {
        ssize_t n = connection_recv(&reader, got, sizeof got);
        int which = n == LARGE ? 0 : 3;

        while (which < 3 && memcmp(got, text + which, LARGE) != 0)
            which++;
        expect(n == LARGE ? which < 3 : n == 5 && memcmp(got, "child", 5) == 0,
               "two processes that write at the same time");
        expect(seen[which]++ == 0, "what a child has of its parent's");
    }
    expect(end_of(child) == 0, "the child's feeder, and its locks");
    end_box();
    gets_the_end();
}

// points: 10  a fork at a bad moment leaves the child a good outbox
static void a_fork_at_a_bad_moment(void **state)
{
    int64_t deadline;
    pid_t child;

    (void)state;
    open_box();
    put("one", 3, false);
    gets_text("one", "what is sent");
    wait_until_asleep(feeder());
    atomic_store(&moment, WANTED);
    put("two", 3, false);
    print_message("(a fork while the feeder has a mutex)\n");
    deadline = clock_deadline(SECOND);
    while (atomic_load(&moment) != INSIDE && clock_now() < deadline)
        sched_yield();
    child = begin_sending("child");
    atomic_store(&moment, FORKED);
    expect(end_of(child) == 0, "a mutex whose owner is not in the child");
    for (int i = 0; i < 2; i++) {
        ssize_t n = connection_recv(&reader, got, sizeof got);

        expect(n == 3 || n == 5, "what the child has of its parent's");
    }
    end_box();
    gets_the_end();
}

// points: 10  there is one thread, which sleeps and takes no signals
static void there_is_one_thread(void **state)
{
    unsigned long long blocked;

    (void)state;
    open_box();
    expect(feeder() == 0, "when the thread is started");
    for (int i = 0; i < 100; i++)
        put_numbered(i % 2 ? 'u' : 'o', i);
    expect(feeder() > 0, "how many threads there are");
    for (int i = 0; i < 100; i++)
        expect(connection_recv(&reader, got, sizeof got) > 0, "what is sent");
    print_message("(there is nothing to send, and it must be asleep)\n");
    wait_until_asleep(feeder());
    blocked = status_of(feeder(), "SigBlk:", 16);
    expect(blocked != ULLONG_MAX && blocked >> (SIGUSR1 - 1) & 1 &&
               blocked >> (SIGALRM - 1) & 1 && blocked >> (SIGTERM - 1) & 1,
           "which thread a signal of the process interrupts");
    end_box();
    expect(feeder_is_gone(), "a thread that has nothing more to do");
}

// points: 10  nobody receives any more: that is told, and nobody waits
static void nobody_receives_any_more(void **state)
{
    (void)state;
    open_box();
    for (int i = 0; i < 5; i++)
        put(text + i, LARGE, i == 4);
    wait_until_begun();
    connection_close(&reader);
    print_message("(the reader is closed)\n");
    while (outbox_put(box, "more", 4, false) == 0)
        sched_yield();
    expect(outbox_put(box, "more", 4, true) == -EPIPE,
           "what becomes of those that nobody can receive");
    expect(lock_acquire(&writing, SECOND) == 0,
           "the lock, when the sending has failed");
    lock_release(&writing);
    end_box();
    expect(feeder_is_gone(), "a thread that has nothing more to do");
}

#define CHECK_POST(test)                                                       \
    cmocka_unit_test_setup_teardown(test, post_begin, check_end)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        CHECK_POST(what_is_put_arrives),
        CHECK_POST(a_put_never_waits),
        CHECK_POST(what_is_urgent_overtakes),
        CHECK_POST(it_is_decided_with_the_lock_in_hand),
        CHECK_POST(nobody_waits_for_ever),
        CHECK_POST(a_fork_sends_nothing_twice),
        CHECK_POST(a_fork_at_a_bad_moment),
        CHECK_POST(there_is_one_thread),
        CHECK_POST(nobody_receives_any_more),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
