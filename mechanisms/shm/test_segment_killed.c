/* SPDX-License-Identifier: MIT */
/* test_segment_killed.c - whenever the owner of a segment is killed, its name
 * goes; and another's name stays. */
#include "shm/test_segments.h"
#include "sync/test_stepping.h"

#include <sys/prctl.h>

/* Killed, with all that it started. */
static void kill_in_fork(int (*f)(void *), void *argument)
{
    assert_int_equal(test_reap(test_fork(f, argument)), SIGKILL);
    wait_for_all();
}

/* --- the owner is killed --- */

static int owns_two(void *names)
{
    const char *const *name = names;
    struct shared_memory one, two;

    if (shared_memory_create(&one, name[0], 100) ||
        shared_memory_create(&two, name[1], 100))
        return test_line(__LINE__);
    shared_memory_close(&two); /* which has its name still */
    raise(SIGKILL);
    return test_line(__LINE__);
}

static void the_names_of_a_killed_owner_go_and_are_counted(void **state)
{
    const char *names[] = {test_name("one"), test_name("two")};

    (void)state;
    listen_to_tracker();
    kill_in_fork(owns_two, names);
    assert_false(segment_exists(names[0]));
    assert_false(segment_exists(names[1]));
    expect_said("There appear to be 2 leaked shared_memory objects to clean up "
                "at shutdown");
}

static int is_killed_with_it(void *m)
{
    return shared_memory_unlink(m) ? test_line(__LINE__) : raise(SIGKILL);
}

static void what_was_unlinked_has_not_leaked(void **state)
{
    struct shared_memory m;

    (void)state;
    listen_to_tracker();
    assert_int_equal(shared_memory_create(&m, test_name("gone"), 100), 0);
    assert_int_equal(test_reap(test_fork(is_killed_with_it, &m)), SIGKILL);
    assert_false(segment_exists(m.name));
    shared_memory_close(&m);
    expect_said("");
}

/* --- who only attached is killed, or ends --- */

static int attaches_and_is_killed(void *name)
{
    struct shared_memory m;

    if (shared_memory_attach(&m, name))
        return test_line(__LINE__);
    raise(SIGKILL);
    return test_line(__LINE__);
}

/* Of another program: its tracker would be its own. */
static void who_attached_and_is_killed_takes_no_name_with_it(void **state)
{
    struct shared_memory m, other;

    (void)state;
    assert_int_equal(shared_memory_create(&m, test_name("stays"), 100), 0);
    assert_int_equal(test_reap(test_fork(attaches_and_is_killed, m.name)),
                     SIGKILL);
    assert_int_equal(shared_memory_attach(&other, m.name), 0);
    shared_memory_close(&other);
    shared_memory_close(&m);
    assert_int_equal(shared_memory_unlink(&m), 0);
}

/* --- the name is another's when the owner is killed --- */

static int loses_its_name(void *name)
{
    struct shared_memory m;
    char slashed[80];
    int fd;

    snprintf(slashed, sizeof slashed, "/%s", (const char *)name);
    if (shared_memory_create(&m, name, 100) || shm_unlink(slashed))
        return test_line(__LINE__);
    fd = shm_open(slashed, O_CREAT | O_EXCL | O_RDWR, 0600);
    if (fd < 0 || ftruncate(fd, 200) < 0)
        return test_line(__LINE__);
    raise(SIGKILL);
    return test_line(__LINE__);
}

static void a_name_that_is_another_files_by_then_stays(void **state)
{
    char *name = strdup(test_name("passed"));
    struct shared_memory m;

    (void)state;
    listen_to_tracker();
    kill_in_fork(loses_its_name, name);
    assert_int_equal(shared_memory_attach(&m, name), 0);
    assert_true(m.size == 200);
    shared_memory_close(&m);
    assert_int_equal(shared_memory_unlink(&m), 0);
    expect_said("");
    free(name);
}

/* --- killed at every system call --- */

static int creates_and_unlinks(void *name)
{
    struct shared_memory m;

    if (!stepping_begins())
        return test_line(__LINE__);
    if (shared_memory_create(&m, name, 5000))
        return test_line(__LINE__);
    memset(m.buf, 1, m.size);
    shared_memory_close(&m);
    return shared_memory_unlink(&m) ? test_line(__LINE__) : 0;
}

/* To where its next system call begins or ends; false: it has ended, and found
 * nothing wrong. */
static bool next_call(pid_t pid)
{
    int status = 0, signal_of_it = 0;

    do {
        ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(intptr_t)signal_of_it);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        signal_of_it = WIFSTOPPED(status) ? WSTOPSIG(status) : 0;
    } while (signal_of_it && signal_of_it != (SIGTRAP | 0x80));
    if (!signal_of_it)
        assert_int_equal(status, 0);
    return signal_of_it != 0;
}

/* n of them, and then the end; false: there are no more.  *had: it had a name
 * then. */
static bool kill_at(int n, char *name, bool *had)
{
    pid_t pid = stepping_fork(creates_and_unlinks, name);
    bool there = true;

    ptrace(PTRACE_SETOPTIONS, pid, NULL,
           (void *)(intptr_t)(PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD));
    while (n-- && there)
        there = next_call(pid);
    *had = segment_exists(name);
    if (there)
        test_kill(pid);
    wait_for_all(); /* for its tracker */
    return there;
}

/* Before it is told of, between that and the name, and when it has it. */
static void whichever_call_it_is_killed_at_no_name_is_left(void **state)
{
    char *name = strdup(test_name("step"));
    int with = 0, without = 0;
    bool there = true, had;

    (void)state;
    stepping_needed();
    for (int n = 1; there; n++) {
        listen_to_tracker();
        there = kill_at(n, name, &had);
        assert_false(segment_exists(name));
        expect_said(had ? "There appear to be 1 leaked shared_memory" : "");
        *(had ? &with : &without) += 1;
        assert_true(n < 1000);
    }
    print_message("killed at %d calls, of which %d with a name\n",
                  with + without, with);
    assert_true(with >= 5 && without >= 10);
    free(name);
}

/* --- killed at any moment --- */

enum { OWNERS = 200 };

struct owner {
    _Atomic uint32_t ready;
    char names[3][64];
};

static int creates_for_ever(void *argument)
{
    struct owner *o = argument;
    struct shared_memory m[3];

    if (tracker_ensure_running() < 0)
        return test_line(__LINE__);
    o->ready = 1;
    for (;;) {
        for (int i = 0; i < 3; i++)
            if (shared_memory_create(&m[i], o->names[i], 3000))
                return test_line(__LINE__);
        for (int i = 0; i < 3; i++) {
            shared_memory_close(&m[i]);
            if (shared_memory_unlink(&m[i]))
                return test_line(__LINE__);
        }
    }
}

/* Up to half a millisecond after it began. */
static void kill_some_time(struct owner *o)
{
    int64_t until;
    pid_t pid;

    o->ready = 0;
    pid = test_fork(creates_for_ever, o);
    assert_true(test_becomes(&o->ready, 1));
    until = clock_now() + (int64_t)(test_mix(&test_seed) % 500000);
    while (clock_now() < until)
        ;
    test_kill(pid);
    wait_for_all();
    for (int i = 0; i < 3; i++)
        assert_false(segment_exists(o->names[i]));
}

static void whenever_it_is_killed_no_name_is_left(void **state)
{
    struct owner *o = test_memory(sizeof *o);

    (void)state;
    for (int i = 0; i < 3; i++)
        snprintf(o->names[i], sizeof o->names[i], "%s-%d", test_name("any"), i);
    listen_to_tracker();
    for (int i = 0; i < OWNERS; i++)
        kill_some_time(o);
    free(tracker_said());
    munmap(o, sizeof *o);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(the_names_of_a_killed_owner_go_and_are_counted),
        TEST(what_was_unlinked_has_not_leaked),
        TEST(who_attached_and_is_killed_takes_no_name_with_it),
        TEST(a_name_that_is_another_files_by_then_stays),
        TEST(whichever_call_it_is_killed_at_no_name_is_left),
        TEST(whenever_it_is_killed_no_name_is_left),
    };

    mechanisms_init(argc, argv);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    test_take_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
