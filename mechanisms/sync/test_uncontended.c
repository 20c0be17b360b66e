/* SPDX-License-Identifier: MIT */
// wrap: syscall
/* test_uncontended.c - what nobody has to wait for is no system call. */
#include "sync/test_calls.h"

static void a_lock_of_any_kind_is_taken_and_released(void **state)
{
    const int kinds[] = {LOCK_PLAIN, LOCK_RECURSIVE, LOCK_ROBUST,
                         LOCK_RECURSIVE | LOCK_ROBUST};

    (void)state;
    learn_who_we_are();
    for (size_t k = 0; k < 4; k++) {
        struct lock l;

        assert_int_equal(lock_open(&l, (enum lock_kind)kinds[k]), 0);
        for (int i = 0; i < 1000; i++) {
            assert_int_equal(lock_acquire(&l, NO_TIMEOUT), 0);
            if (kinds[k] & LOCK_RECURSIVE) {
                assert_int_equal(lock_acquire(&l, SECOND), 0);
                assert_int_equal(lock_release(&l), 0);
            } else {
                assert_int_equal(lock_acquire(&l, 0), -ETIMEDOUT);
            }
            assert_int_equal(lock_release(&l), 0);
        }
        expect_none("a lock");
        lock_close(&l);
    }
}

static void a_semaphore_that_is_not_0_is_taken_and_released(void **state)
{
    struct semaphore s;

    (void)state;
    assert_int_equal(semaphore_open(&s, 2, true), 0);
    futex_calls = other_calls = 0;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(semaphore_acquire(&s, NO_TIMEOUT), 0);
        assert_int_equal(semaphore_acquire(&s, SECOND), 0);
        assert_int_equal(semaphore_acquire(&s, 0), -ETIMEDOUT);
        assert_int_equal(semaphore_release(&s), 0);
        assert_int_equal(semaphore_release(&s), 0);
    }
    expect_none("a semaphore");
    semaphore_close(&s);
}

static void an_event_that_is_set_is_not_waited_for(void **state)
{
    struct event e;

    (void)state;
    assert_int_equal(event_open(&e), 0);
    futex_calls = other_calls = 0;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(event_wait(&e, 0), -ETIMEDOUT);
        event_set(&e);
        assert_int_equal(event_wait(&e, NO_TIMEOUT), 0);
        event_clear(&e);
    }
    expect_none("an event");
    event_close(&e);
}

static bool is_true(void *unused)
{
    (void)unused;
    return true;
}

static void a_condition_without_waiters_is_notified(void **state)
{
    struct condition c;

    (void)state;
    learn_who_we_are();
    assert_int_equal(condition_open(&c, NULL), 0);
    futex_calls = other_calls = 0;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(condition_acquire(&c, NO_TIMEOUT), 0);
        assert_int_equal(condition_wait_for(&c, is_true, NULL, NO_TIMEOUT), 0);
        assert_int_equal(condition_notify(&c, 1), 0);
        assert_int_equal(condition_notify_all(&c), 0);
        assert_int_equal(condition_release(&c), 0);
    }
    expect_none("a condition");
    condition_close(&c);
}

/* Does the count count?  A release that is waited for is one call. */
static int takes_and_releases(void *lock)
{
    return lock_acquire(lock, TEST_BOUND) || lock_release(lock);
}

static void a_release_that_is_waited_for_is_one_call(void **state)
{
    struct lock l;
    pid_t pid;

    (void)state;
    learn_who_we_are();
    assert_int_equal(lock_open(&l, LOCK_PLAIN), 0);
    assert_int_equal(lock_acquire(&l, 0), 0);
    pid = test_fork(takes_and_releases, &l);
    assert_true(test_sleeps(pid, &l.state->word));
    assert_int_equal(lock_release(&l), 0);
    assert_int_equal(futex_calls, 1);
    test_expect(pid);
    lock_close(&l);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, census_begin, census_end)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(a_lock_of_any_kind_is_taken_and_released),
        TEST(a_semaphore_that_is_not_0_is_taken_and_released),
        TEST(an_event_that_is_set_is_not_waited_for),
        TEST(a_condition_without_waiters_is_notified),
        TEST(a_release_that_is_waited_for_is_one_call),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
