/* SPDX-License-Identifier: MIT */
/* test_lock.c - Lock and RLock, plain and robust. */
#include "common/test_census.h"

#include "sync/sync.h"

static void a_lock_is_not_taken_twice(void **state)
{
    struct lock l;

    (void)state;
    assert_int_equal(lock_open(&l, LOCK_PLAIN), 0);
    assert_int_equal(lock_acquire(&l, NO_TIMEOUT), 0);
    assert_int_equal(lock_acquire(&l, 0), -ETIMEDOUT);
    assert_int_equal(lock_release(&l), 0);
    assert_int_equal(lock_release(&l), -EOVERFLOW);
    lock_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_lock_is_not_taken_twice, census_begin,
                                        census_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
