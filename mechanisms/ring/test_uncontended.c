/* SPDX-License-Identifier: MIT */
// wrap: syscall
/*
 * test_uncontended.c - a stream in which nobody waits makes no system call and
 * no page fault; and who sleeps is woken by one.
 */
#include "ring/test_rings.h"

#include "sync/test_calls.h"
#include "sync/test_stepping.h"

#include <sys/resource.h>

enum { LAPS = 200, ITEM = 1000, BYTES = 1 << 16 };

/* A fault or two are the machine's, which moves pages about; more are those of
 * a sanitizer's own memory. */
#ifdef __SANITIZE_ADDRESS__ /* test_stepping.h */
enum { FAULTS_MOST = 10 * LAPS };
#else
enum { FAULTS_MOST = 2 };
#endif

/* Fill the ring and drain it: what nobody has to wait for. */
static int laps(struct ring *r, int n)
{
    char item[ITEM] = "";

    for (int lap = 0; lap < n; lap++) {
        size_t size = (size_t)lap * 37 % ITEM;

        while (ring_put(r, item, size, lap % 2 ? 0 : -1) == 0)
            ;
        while (ring_get(r, item, ITEM, lap % 3 ? 0 : -1) == (ssize_t)size)
            ;
        for (int i = 0; i < 100; i++)
            if (ring_put(r, item, ITEM, NO_TIMEOUT) ||
                ring_get(r, item, ITEM - 1, SECOND) != -EMSGSIZE ||
                ring_get(r, item, ITEM, SECOND) != ITEM)
                return test_line(__LINE__);
    }
    return ring_empty(r) ? 0 : test_line(__LINE__);
}

static void claim_both(struct ring *r)
{
    assert_int_equal(ring_claim(r, RING_PUT, 0), 0);
    assert_int_equal(ring_claim(r, RING_GET, 0), 0);
}

static void release_both(struct ring *r)
{
    assert_int_equal(ring_release(r, RING_PUT), 0);
    assert_int_equal(ring_release(r, RING_GET), 0);
}

/* As sync/ sees it. */
static void a_stream_that_does_not_wait_calls_nobody(void **state)
{
    struct ring r;

    test_open_ring(&r, 0, BYTES, wait_in(state));
    learn_who_we_are();
    assert_int_equal(laps(&r, LAPS), 0);
    expect_none("a stream");
    for (int i = 0; i < 100; i++) {
        claim_both(&r);
        assert_int_equal(laps(&r, 1), 0);
        release_both(&r);
    }
    expect_none("a stream with claims");
    ring_close(&r);
}

/* --- between two processes: the one fills it, and then the other drains it ---
 */

struct stream {
    struct ring ring;
    int full[2], drained[2]; /* pipes, which are read and written as such */
};

static long faults(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt + usage.ru_majflt;
}

static int drain(struct ring *r)
{
    char room[ITEM];

    while (ring_get(r, room, ITEM, 0) == ITEM)
        ;
    return ring_empty(r) ? 0 : test_line(__LINE__);
}

static int fill(struct ring *r)
{
    char item[ITEM] = "";

    while (ring_put(r, item, ITEM, 0) == 0)
        ;
    return ring_qsize(r) == BYTES / (ITEM + UNIT) ? 0 : test_line(__LINE__);
}

/* The first laps are to touch everything, and to learn who we are. */
static int drains_it(void *argument)
{
    struct stream *s = argument;
    long before = 0;
    char byte = 0;

    for (int lap = 0; lap < 2 * LAPS; lap++) {
        if (lap == LAPS) {
            futex_calls = other_calls = 0;
            before = faults();
        }
        if (read_full(s->full[0], &byte, 1) != 1 || drain(&s->ring) ||
            write_full(s->drained[1], &byte, 1))
            return test_line(__LINE__);
    }
    if (futex_calls || other_calls)
        return test_line(__LINE__);
    return faults() - before <= FAULTS_MOST ? 0 : test_line(__LINE__);
}

static void nor_does_one_from_process_to_process(void **state)
{
    struct stream s;
    long before = 0;
    char byte = 0;
    pid_t pid;

    test_open_ring(&s.ring, 0, BYTES, wait_in(state));
    assert_int_equal(fd_pipe(s.full), 0);
    assert_int_equal(fd_pipe(s.drained), 0);
    pid = test_fork(drains_it, &s);
    close(s.full[0]); /* the child's alone: its end is an end of file */
    close(s.drained[1]);
    for (int lap = 0; lap < 2 * LAPS; lap++) {
        if (lap == LAPS) {
            futex_calls = other_calls = 0;
            before = faults();
        }
        assert_int_equal(fill(&s.ring), 0);
        assert_int_equal(write_full(s.full[1], &byte, 1), 0);
        assert_int_equal(read_full(s.drained[0], &byte, 1), 1);
    }
    expect_none("who fills");
    assert_in_range(faults() - before, 0, FAULTS_MOST);
    test_expect(pid);
    close(s.full[1]);
    close(s.drained[0]);
    ring_close(&s.ring);
}

/* --- as the kernel sees it ------------------------------------------------
 */

struct traced {
    struct ring ring;
    int laps;
};

static int is_traced(void *argument)
{
    struct traced *t = argument;
    int line;

    if (laps(&t->ring, 1) || !stepping_begins())
        return test_line(__LINE__);
    line = laps(&t->ring, t->laps);
    stepping_ends();
    return line;
}

/* How often it enters or leaves the kernel. */
static int count_calls(struct traced *t)
{
    pid_t pid = stepping_fork(is_traced, t);
    int status, calls = 0;

    for (;; calls++) {
        assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSTOPPED(status));
        if (WSTOPSIG(status) != SIGTRAP)
            break;
    }
    stepping_detach(pid);
    test_expect(pid);
    return calls;
}

/* Without a lap it sends itself a signal, and no more. */
static void nor_does_the_kernel_see_any(void **state)
{
    struct traced t;
    int none;

    stepping_needed();
    test_open_ring(&t.ring, 0, BYTES, wait_in(state));
    t.laps = 0;
    none = count_calls(&t);
    t.laps = LAPS;
    assert_int_equal(count_calls(&t), none);
    ring_close(&t.ring);
}

/* Once every page has been touched, at both places where it is mapped. */
static void a_stream_makes_no_fault_after_a_lap_or_two(void **state)
{
    struct ring r;
    long before;

    test_open_ring(&r, 0, BYTES, wait_in(state));
    assert_int_equal(laps(&r, LAPS), 0);
    before = faults();
    assert_int_equal(laps(&r, 2 * LAPS), 0);
    assert_in_range(faults() - before, 0, FAULTS_MOST);
    ring_close(&r);
}

/* --- does the count count? ------------------------------------------------
 */

static int gets_one(void *argument)
{
    char room[ITEM];

    return ring_get(argument, room, ITEM, NO_TIMEOUT) == 1
               ? 0
               : test_line(__LINE__);
}

static void who_sleeps_is_woken_by_one_call(void **state)
{
    struct ring r;
    pid_t pid;

    test_open_ring(&r, 0, BYTES, wait_in(state));
    learn_who_we_are();
    pid = test_fork(gets_one, &r);
    assert_true(test_waits(&r, RING_GET, pid));
    assert_int_equal(ring_put(&r, "x", 1, 0), 0);
    assert_int_equal(futex_calls, 1);
    test_ends(pid);
    futex_calls = 0;
    assert_int_equal(laps(&r, 1), 0);
    expect_none("after a sleeper");
    ring_close(&r);
}

/* Nobody is there, and the first to look sees to it. */
static void one_who_was_killed_asleep_costs_one_call(void **state)
{
    struct ring r;
    pid_t pid;

    test_open_ring(&r, 0, BYTES, wait_in(state));
    learn_who_we_are();
    pid = test_fork(gets_one, &r);
    assert_true(test_waits(&r, RING_GET, pid));
    test_kill(pid);
    assert_int_equal(ring_put(&r, "x", 1, 0), 0);
    assert_int_equal(futex_calls, 1);
    futex_calls = 0;
    assert_int_equal(gets_one(&r), 0);
    assert_int_equal(laps(&r, 1), 0);
    expect_none("after a sleeper that was killed");
    ring_close(&r);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST_WAITS(a_stream_that_does_not_wait_calls_nobody),
        TEST_WAITS(nor_does_one_from_process_to_process),
        TEST_WAITS(nor_does_the_kernel_see_any),
        TEST_WAITS(a_stream_makes_no_fault_after_a_lap_or_two),
        TEST_WAIT(who_sleeps_is_woken_by_one_call, RING_BLOCK),
        TEST_WAIT(who_sleeps_is_woken_by_one_call, RING_SPIN_THEN_BLOCK),
        TEST_WAIT(one_who_was_killed_asleep_costs_one_call, RING_BLOCK),
        TEST_WAIT(one_who_was_killed_asleep_costs_one_call,
                  RING_SPIN_THEN_BLOCK),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
