/* SPDX-License-Identifier: MIT */
/* test_queue.c - the promises of a Queue, of every way. */
#include "common/test_census.h"

#include "queue/queue.h"

static void items_come_in_their_order(void **state)
{
    char item;

    (void)state;
    for (unsigned way = 0; way <= QUEUE_ROBUST; way++) {
        struct queue q;

        assert_int_equal(queue_open_as(&q, 0, way), 0);
        for (char i = 2; i <= 5; i++)
            assert_int_equal(queue_put(&q, &i, 1, NO_TIMEOUT), 0);
        for (char i = 2; i <= 5; i++) {
            assert_int_equal(queue_get(&q, &item, 1, NO_TIMEOUT), 1);
            assert_int_equal(item, i);
        }
        assert_int_equal(queue_get(&q, &item, 1, 0), -ETIMEDOUT);
        queue_close(&q);
        assert_int_equal(queue_join_thread(&q, NO_TIMEOUT), 0);
        queue_free(&q);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(items_come_in_their_order, census_begin,
                                        census_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
