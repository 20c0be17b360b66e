/* SPDX-License-Identifier: MIT */
// wrap: clock_gettime
/* test_event.c - Event: nobody misses a set, however short, wherever from. */
#include "start/test_children.h"
#include "sync/test_sharing.h"

#include <sys/time.h>

enum { WAITERS = 4 };

/* Done at the next look at the clock: between event_wait's first look at the
 * event and its sleep. */
static void (*at_the_clock)(void);

int __real_clock_gettime(clockid_t clock, struct timespec *t);
int __wrap_clock_gettime(clockid_t clock, struct timespec *t);

int __wrap_clock_gettime(clockid_t clock, struct timespec *t)
{
    void (*once)(void) = at_the_clock;

    at_the_clock = NULL;
    if (once)
        once();
    return __real_clock_gettime(clock, t);
}

static void an_event_is_set_and_cleared(void **state)
{
    struct event e;

    (void)state;
    assert_int_equal(event_open(&e), 0);
    assert_false(event_is_set(&e));
    assert_int_equal(event_wait(&e, 0), -ETIMEDOUT);
    assert_int_equal(event_wait(&e, -1), -ETIMEDOUT);
    for (int i = 0; i < 2; i++) {
        event_set(&e);
        event_set(&e);
        assert_true(event_is_set(&e));
        assert_int_equal(event_wait(&e, 0), 0);
        assert_int_equal(event_wait(&e, NO_TIMEOUT), 0);
        event_clear(&e);
        event_clear(&e);
        assert_false(event_is_set(&e));
        assert_int_equal(event_wait(&e, 0), -ETIMEDOUT);
    }
    event_close(&e);
    event_close(&e);
}

static void a_timeout_is_waited_for(void **state)
{
    int64_t began = clock_now();
    struct event e;

    (void)state;
    assert_int_equal(event_open(&e), 0);
    assert_int_equal(event_wait(&e, SECOND / 10), -ETIMEDOUT);
    assert_true(clock_now() - began >= SECOND / 10);
    assert_int_equal(e.state->waiters, 0);
    event_close(&e);
}

/* --- those who sleep --- */

static int waits(void *event)
{
    return event_wait(event, TEST_BOUND) ? test_line(__LINE__) : 0;
}

static void start_waiters(struct event *e, pid_t pids[WAITERS])
{
    for (int i = 0; i < WAITERS; i++) {
        pids[i] = test_fork(waits, e);
        assert_true(test_sleeps(pids[i], &e->state->word));
    }
}

static void a_set_wakes_all(void **state)
{
    pid_t pids[WAITERS];
    struct event e;

    (void)state;
    assert_int_equal(event_open(&e), 0);
    start_waiters(&e, pids);
    event_set(&e);
    for (int i = 0; i < WAITERS; i++)
        test_expect(pids[i]);
    assert_int_equal(e.state->waiters, 0);
    event_close(&e);
}

/* CPython 3.11 may tell them False. */
static void a_set_that_is_cleared_at_once_wakes_all(void **state)
{
    struct event e;

    (void)state;
    assert_int_equal(event_open(&e), 0);
    for (int round = 0; round < 50; round++) {
        pid_t pids[WAITERS];

        start_waiters(&e, pids);
        event_set(&e);
        event_clear(&e);
        for (int i = 0; i < WAITERS; i++)
            test_expect(pids[i]);
        assert_false(event_is_set(&e));
    }
    event_close(&e);
}

/* The count of the dead stays; it costs a system call, and nothing else. */
static void a_killed_waiter_makes_no_difference(void **state)
{
    pid_t pids[WAITERS];
    struct event e;

    (void)state;
    assert_int_equal(event_open(&e), 0);
    start_waiters(&e, pids);
    test_kill(pids[0]);
    test_kill(pids[2]);
    event_set(&e);
    test_expect(pids[1]);
    test_expect(pids[3]);
    event_clear(&e);
    assert_int_equal(event_wait(&e, 0), -ETIMEDOUT);
    event_close(&e);
}

/* --- a set at a bad moment --- */

static struct event shared;

static void set_and_clear(void)
{
    event_set(&shared);
    event_clear(&shared);
}

static void a_short_set_since_the_call_began_is_not_missed(void **state)
{
    (void)state;
    assert_int_equal(event_open(&shared), 0);
    at_the_clock = set_and_clear;
    assert_int_equal(event_wait(&shared, SECOND / 10), 0);
    assert_null(at_the_clock);
    assert_int_equal(event_wait(&shared, SECOND / 100), -ETIMEDOUT);
    event_close(&shared);
}

static void sets_it(int number)
{
    (void)number;
    event_set(&shared);
}

static void one_who_waits_may_set_it_in_a_signal_handler(void **state)
{
    struct sigaction act = {.sa_handler = sets_it}, before;
    pid_t self = getpid(), pid;

    (void)state;
    sigaction(SIGUSR1, &act, &before);
    assert_int_equal(event_open(&shared), 0);
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        bool slept = test_sleeps(self, &shared.state->word);

        _exit(slept && kill(self, SIGUSR1) == 0 ? 0 : test_line(__LINE__));
    }
    assert_int_equal(event_wait(&shared, TEST_BOUND), 0);
    test_expect(pid);
    event_close(&shared);
    sigaction(SIGUSR1, &before, NULL);
}

/* Whatever is_set, wait, set and clear were at: none of them has a lock. */
static void a_handler_may_interrupt_any_call(void **state)
{
    struct sigaction act = {.sa_handler = sets_it}, before;
    const struct itimerval often = {{0, 200}, {0, 200}},
                           never = {{0, 0}, {0, 0}};
    unsigned sets = 0;

    (void)state;
    sigaction(SIGPROF, &act, &before);
    assert_int_equal(event_open(&shared), 0);
    setitimer(ITIMER_PROF, &often, NULL); /* of the time that we run */
    for (int64_t end = clock_deadline(TEST_BOUND);
         sets < 50 && clock_now() < end;) {
        sets += event_is_set(&shared);
        event_clear(&shared);
        event_wait(&shared, 0);
    }
    setitimer(ITIMER_PROF, &never, NULL);
    assert_int_equal(sets, 50);
    event_close(&shared);
    sigaction(SIGPROF, &before, NULL);
}

/* --- between processes, however they were started --- */

static int wait_and_answer(struct parcel *arguments)
{
    struct event asked, answered;

    if (event_unpack(&asked, arguments) || event_unpack(&answered, arguments))
        return test_line(__LINE__);
    for (int i = 0; i < 100; i++) {
        if (event_wait(&asked, TEST_BOUND))
            return test_line(__LINE__);
        event_clear(&asked);
        event_set(&answered);
    }
    event_close(&asked);
    event_close(&answered);
    return 0;
}
TARGET(wait_and_answer)

static void a_child_sees_what_its_parent_sets(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct event asked, answered;
        struct parcel parcel;
        struct process p;

        assert_int_equal(event_open(&asked), 0);
        assert_int_equal(event_open(&answered), 0);
        parcel_init(&parcel);
        assert_int_equal(event_pack(&asked, &parcel), 0);
        assert_int_equal(event_pack(&answered, &parcel), 0);
        test_start(&p, test_methods[m], "wait_and_answer", &parcel);
        for (int i = 0; i < 100; i++) {
            event_set(&asked);
            assert_int_equal(event_wait(&answered, TEST_BOUND), 0);
            event_clear(&answered);
        }
        assert_int_equal(test_finish(&p), 0);
        parcel_free(&parcel);
        event_close(&asked);
        event_close(&answered);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, census_begin, children_end)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(an_event_is_set_and_cleared),
        TEST(a_timeout_is_waited_for),
        TEST(a_set_wakes_all),
        TEST(a_set_that_is_cleared_at_once_wakes_all),
        TEST(a_killed_waiter_makes_no_difference),
        TEST(a_short_set_since_the_call_began_is_not_missed),
        TEST(one_who_waits_may_set_it_in_a_signal_handler),
        TEST(a_handler_may_interrupt_any_call),
        TEST(a_child_sees_what_its_parent_sets),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
