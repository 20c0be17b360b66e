/* SPDX-License-Identifier: MIT */
/*
 * test_wakeup.c - who goes to sleep at an end of a ring has looked and does
 * not sleep yet, while the one it waits for publishes and is killed.
 *
 * The search of test_order.c found this moment, where the wake-up comes before
 * the sleep; here it is on the real kernel, with ptrace(2).
 */
#include "sync/test_sharing.h"

#include "ring/state.h"

#include <sys/ptrace.h>

enum { STEPS_MOST = 100000 };

static struct ring ring;

static void stop_here(void)
{
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0)
        kill(getpid(), SIGSTOP);
}

static int puts_one(void *unused)
{
    (void)unused;
    stop_here();
    return ring_put(&ring, "one", 3, NO_TIMEOUT) ? test_line(__LINE__) : 0;
}

static int gets_one(void *unused)
{
    char item[8];

    (void)unused;
    stop_here();
    return ring_get(&ring, item, sizeof item, NO_TIMEOUT) == 3 &&
                   memcmp(item, "one", 3) == 0
               ? 0
               : test_line(__LINE__);
}

/* A child at its stop; 0: ptrace is denied. */
static pid_t begin(int (*f)(void *))
{
    pid_t pid = test_fork(f, NULL);
    int status = -1;

    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    return WIFSTOPPED(status) ? pid : 0;
}

/* By one instruction, or to where a system call begins or ends. */
static void go_on(pid_t pid, bool one)
{
    long error = one ? ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL)
                     : ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
    int status = -1;

    assert_int_equal(error, 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
}

static uint64_t gone_by(enum ring_end end)
{
    return place_items(atomic_load(&ring.state->ends[end].place));
}

/* It has all it needs: it must end. */
static void expect_end(pid_t pid)
{
    int64_t deadline = clock_deadline(TEST_BOUND);
    siginfo_t info = {0};

    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0 && clock_now() < deadline)
        sched_yield();
    if (!info.si_pid) {
        test_kill(pid);
        fail_msg("it sleeps though what it waits for has happened");
    }
    test_expect(pid);
}

/*
 * Let both come to that moment; then who waits must have what was published.
 * False: ptrace is denied.
 */
static bool killed_before_the_other_sleeps(int (*dies)(void *),
                                           enum ring_end end,
                                           int (*waits)(void *))
{
    uint64_t before = gone_by(end);
    pid_t dead = begin(dies), waiter;

    if (!dead)
        return false;
    waiter = begin(waits);
    do
        go_on(waiter, false);
    while (!test_is_asleep(waiter, &ring.state->ends[end].gate.word));
    for (int steps = 0; gone_by(end) == before && steps < STEPS_MOST; steps++)
        go_on(dead, true);
    assert_int_equal(gone_by(end), before + 1);
    test_kill(dead);
    assert_int_equal(ptrace(PTRACE_DETACH, waiter, NULL, NULL), 0);
    expect_end(waiter);
    return true;
}

static void close_or_skip(bool traced)
{
    ring_close(&ring);
    if (!traced) {
        print_message("ptrace is denied\n");
        skip();
    }
}

static void who_puts_is_killed_and_the_item_is_got(void **state)
{
    (void)state;
    assert_int_equal(ring_open(&ring, 1, 0, RING_BLOCK), 0);
    close_or_skip(killed_before_the_other_sleeps(puts_one, RING_PUT, gets_one));
}

static void who_gets_is_killed_and_the_room_is_used(void **state)
{
    (void)state;
    assert_int_equal(ring_open(&ring, 1, 0, RING_BLOCK), 0);
    assert_int_equal(ring_put(&ring, "one", 3, 0), 0);
    close_or_skip(killed_before_the_other_sleeps(gets_one, RING_GET, puts_one));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, census_begin, census_end)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(who_puts_is_killed_and_the_item_is_got),
        TEST(who_gets_is_killed_and_the_room_is_used),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
