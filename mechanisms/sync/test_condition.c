/* SPDX-License-Identifier: MIT */
/* test_condition.c - Condition: as many are woken as were meant, and who gives
 * up or dies makes no difference to the others. */
#include "sync/test_sharing.h"

enum { WAITERS = 5 };

struct waiters {
    struct condition condition;
    int64_t timeout;
    int expected;           /* what condition_wait should return */
    _Atomic uint32_t woken; /* how many it has returned to */
    pid_t pids[WAITERS];
};

/* Wait once, with the lock, and have it afterwards. */
static int wait_once(void *argument)
{
    struct waiters *w = argument;
    struct condition *c = &w->condition;

    if (condition_acquire(c, TEST_BOUND))
        return test_line(__LINE__);
    if (condition_wait(c, w->timeout) != w->expected)
        return test_line(__LINE__);
    w->woken++;
    return condition_release(c) ? test_line(__LINE__) : 0;
}

static struct waiters *waiters_open(void)
{
    struct waiters *w = test_memory(sizeof *w);

    w->timeout = NO_TIMEOUT;
    assert_int_equal(condition_open(&w->condition, NULL), 0);
    return w;
}

static void waiters_close(struct waiters *w)
{
    condition_close(&w->condition);
    munmap(w, sizeof *w);
}

/* Start n of them, each asleep before the next begins: they are woken in this
 * order. */
static void waiters_start(struct waiters *w, int first, int n)
{
    for (int i = first; i < first + n; i++) {
        w->pids[i] = test_fork(wait_once, w);
        assert_true(test_sleeps(w->pids[i], &w->condition.state->sequence));
    }
}

static void notify_some(struct waiters *w, uint32_t n)
{
    assert_int_equal(condition_acquire(&w->condition, TEST_BOUND), 0);
    assert_int_equal(condition_notify(&w->condition, n), 0);
    assert_int_equal(condition_release(&w->condition), 0);
}

/* Those numbered below first were woken, and the rest sleep on. */
static void expect_woken(struct waiters *w, int first, int left)
{
    for (int i = first - 1; i >= 0 && w->pids[i]; i--) {
        test_expect(w->pids[i]);
        w->pids[i] = 0;
    }
    assert_int_equal(w->woken, first);
    for (int i = first; i < first + left; i++)
        assert_true(test_is_asleep(w->pids[i], &w->condition.state->sequence));
    assert_int_equal(w->condition.state->waiters, left);
}

static void as_many_are_woken_as_were_meant(void **state)
{
    struct waiters *w = waiters_open();

    (void)state;
    waiters_start(w, 0, WAITERS);
    notify_some(w, 0);
    expect_woken(w, 0, WAITERS);
    notify_some(w, 1);
    expect_woken(w, 1, WAITERS - 1);
    notify_some(w, 2);
    expect_woken(w, 3, WAITERS - 3);
    notify_some(w, UINT32_MAX);
    expect_woken(w, WAITERS, 0);
    waiters_close(w);
}

static void notify_all_wakes_all(void **state)
{
    struct waiters *w = waiters_open();

    (void)state;
    waiters_start(w, 0, WAITERS);
    assert_int_equal(condition_acquire(&w->condition, TEST_BOUND), 0);
    assert_int_equal(condition_notify_all(&w->condition), 0);
    assert_int_equal(w->woken, 0); /* who has the lock goes on first */
    assert_int_equal(condition_release(&w->condition), 0);
    expect_woken(w, WAITERS, 0);
    waiters_close(w);
}

/* A notify is for those who wait now, and kept for nobody. */
static void a_notify_without_waiters_is_forgotten(void **state)
{
    struct waiters *w = waiters_open();

    (void)state;
    notify_some(w, 3);
    waiters_start(w, 0, 1);
    expect_woken(w, 0, 1);
    notify_some(w, 1);
    expect_woken(w, 1, 0);
    waiters_close(w);
}

static void without_the_lock_nothing_is_done(void **state)
{
    struct condition c;

    (void)state;
    assert_int_equal(condition_open(&c, NULL), 0);
    assert_int_equal(condition_wait(&c, 0), -EPERM);
    assert_int_equal(condition_wait_for(&c, NULL, NULL, 0), -EPERM);
    assert_int_equal(condition_notify(&c, 1), -EPERM);
    assert_int_equal(condition_notify_all(&c), -EPERM);
    assert_int_equal(condition_release(&c), -EPERM);
    assert_int_equal(c.state->waiters, 0);
    condition_close(&c);
    condition_close(&c);
}

static void a_timeout_is_waited_for_and_has_the_lock_again(void **state)
{
    int64_t began = clock_now();
    struct condition c;

    (void)state;
    assert_int_equal(condition_open(&c, NULL), 0);
    assert_int_equal(condition_acquire(&c, 0), 0);
    assert_int_equal(condition_wait(&c, SECOND / 10), -ETIMEDOUT);
    assert_true(clock_now() - began >= SECOND / 10);
    assert_int_equal(condition_wait(&c, 0), -ETIMEDOUT);
    assert_int_equal(condition_wait(&c, -1), -ETIMEDOUT);
    assert_true(lock_is_mine(&c.own));
    assert_int_equal(c.state->waiters, 0);
    assert_int_equal(condition_release(&c), 0);
    assert_int_equal(condition_release(&c), -EPERM);
    condition_close(&c);
}

/* Those who gave up are not notified in place of one who waits. */
static void who_gave_up_is_not_counted(void **state)
{
    struct waiters *w = waiters_open();

    (void)state;
    w->timeout = SECOND / 100;
    w->expected = -ETIMEDOUT;
    for (int i = 0; i < 3; i++)
        test_expect(test_fork(wait_once, w));
    w->woken = 0;
    w->timeout = NO_TIMEOUT;
    w->expected = 0;
    waiters_start(w, 0, 2);
    expect_woken(w, 0, 2);
    notify_some(w, 1);
    expect_woken(w, 1, 1);
    notify_some(w, 1);
    expect_woken(w, 2, 0);
    waiters_close(w);
}

/* The first in the queue is killed: CPython's notify waits for its answer. */
static void a_killed_waiter_neither_stops_a_notify_nor_takes_it(void **state)
{
    struct waiters *w = waiters_open();

    (void)state;
    waiters_start(w, 0, 4);
    for (int i = 0; i < 2; i++)
        test_kill(w->pids[i]);
    notify_some(w, 1);
    test_expect(w->pids[2]);
    assert_int_equal(w->woken, 1);
    assert_true(test_is_asleep(w->pids[3], &w->condition.state->sequence));
    notify_some(w, 1);
    test_expect(w->pids[3]);
    assert_int_equal(w->woken, 2);
    for (int i = 0; i < 10; i++) /* the dead alone are left */
        notify_some(w, UINT32_MAX);
    waiters_close(w);
}

static void nothing(int number)
{
    (void)number;
}

static void a_signal_is_no_notification(void **state)
{
    struct sigaction act = {.sa_handler = nothing}, before;
    struct waiters *w = waiters_open();

    (void)state;
    sigaction(SIGUSR1, &act, &before); /* without SA_RESTART */
    waiters_start(w, 0, 1);
    for (int i = 0; i < 100; i++) {
        kill(w->pids[0], SIGUSR1);
        assert_true(test_sleeps(w->pids[0], &w->condition.state->sequence));
    }
    expect_woken(w, 0, 1);
    notify_some(w, 1);
    expect_woken(w, 1, 0);
    sigaction(SIGUSR1, &before, NULL);
    waiters_close(w);
}

/* --- wait_for --- */

struct number {
    struct condition condition;
    _Atomic uint32_t value;
    int asked;
};

static bool is_four(void *argument)
{
    struct number *n = argument;

    n->asked++;
    return n->value == 4;
}

static int counts_to_four(void *argument)
{
    struct number *n = argument;

    for (int i = 0; i < 4; i++) {
        if (condition_acquire(&n->condition, TEST_BOUND))
            return test_line(__LINE__);
        n->value++;
        condition_notify(&n->condition, 1);
        condition_release(&n->condition);
    }
    return 0;
}

static void what_was_waited_for_is_true(void **state)
{
    struct number *n = test_memory(sizeof *n);
    struct condition *c = &n->condition;
    pid_t pid;

    (void)state;
    assert_int_equal(condition_open(c, NULL), 0);
    assert_int_equal(condition_acquire(c, 0), 0);
    pid = test_fork(counts_to_four, n);
    assert_int_equal(condition_wait_for(c, is_four, n, TEST_BOUND), 0);
    assert_int_equal(n->value, 4);
    assert_true(lock_is_mine(&c->own));
    n->asked = 0;
    assert_int_equal(condition_wait_for(c, is_four, n, 0), 0);
    assert_int_equal(n->asked, 1); /* and nobody slept */
    assert_int_equal(condition_release(c), 0);
    test_expect(pid);
    condition_close(c);
    munmap(n, sizeof *n);
}

static void what_is_not_true_in_time_is_a_timeout(void **state)
{
    struct number *n = test_memory(sizeof *n);
    struct condition *c = &n->condition;
    int64_t began = clock_now();

    (void)state;
    assert_int_equal(condition_open(c, NULL), 0);
    assert_int_equal(condition_acquire(c, 0), 0);
    assert_int_equal(condition_wait_for(c, is_four, n, SECOND / 10),
                     -ETIMEDOUT);
    assert_true(clock_now() - began >= SECOND / 10);
    assert_true(lock_is_mine(&c->own));
    assert_int_equal(condition_release(c), 0);
    condition_close(c);
    munmap(n, sizeof *n);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, census_begin, census_end)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(as_many_are_woken_as_were_meant),
        TEST(notify_all_wakes_all),
        TEST(a_notify_without_waiters_is_forgotten),
        TEST(without_the_lock_nothing_is_done),
        TEST(a_timeout_is_waited_for_and_has_the_lock_again),
        TEST(who_gave_up_is_not_counted),
        TEST(a_killed_waiter_neither_stops_a_notify_nor_takes_it),
        TEST(a_signal_is_no_notification),
        TEST(what_was_waited_for_is_true),
        TEST(what_is_not_true_in_time_is_a_timeout),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
