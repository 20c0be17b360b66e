/* SPDX-License-Identifier: MIT */
/* test_queue.c - the promises of a Queue within one process, of every way. */
#include "queue/fast.h"
#include "queue/test_queues.h"

static void items_come_in_their_order(void **state)
{
    struct queue q;
    char item;

    test_open_queue(&q, 0, way_in(state));
    for (char i = 2; i <= 5; i++)
        assert_int_equal(queue_put(&q, &i, 1, NO_TIMEOUT), 0);
    for (char i = 2; i <= 5; i++) {
        assert_int_equal(queue_get(&q, &item, 1, NO_TIMEOUT), 1);
        assert_int_equal(item, i);
    }
    assert_int_equal(queue_get(&q, &item, 1, 0), -ETIMEDOUT);
    test_end_queue(&q);
}

static void a_full_queue_says_so_at_once_or_in_time(void **state)
{
    struct queue q;
    int64_t began;
    char item = 0;

    test_open_queue(&q, 6, way_in(state));
    assert_int_equal(queue_full(&q), 0);
    for (int i = 0; i < 6; i++)
        assert_int_equal(queue_put(&q, &item, 1, i % 2 ? 0 : NO_TIMEOUT), 0);
    assert_int_equal(queue_full(&q), 1);
    assert_int_equal(queue_put(&q, &item, 1, 0), -ETIMEDOUT);
    assert_int_equal(queue_put(&q, &item, 1, -SECOND), -ETIMEDOUT);
    began = clock_now();
    assert_int_equal(queue_put(&q, &item, 1, SECOND / 10), -ETIMEDOUT);
    assert_true(clock_now() - began >= SECOND / 10);
    assert_int_equal(queue_qsize(&q), 6);
    for (int i = 0; i < 6; i++)
        assert_int_equal(queue_get(&q, &item, 1, TEST_BOUND), 1);
    assert_int_equal(queue_full(&q), 0);
    assert_int_equal(queue_empty(&q), 1);
    test_end_queue(&q);
}

static void an_empty_queue_says_so_at_once_or_in_time(void **state)
{
    struct queue q;
    int64_t began;
    void *new = &q;
    char item;

    test_open_queue(&q, 0, way_in(state));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(queue_get(&q, &item, 1, 0), -ETIMEDOUT);
        assert_int_equal(queue_get(&q, &item, 1, -1), -ETIMEDOUT);
        began = clock_now();
        assert_int_equal(queue_get(&q, &item, 1, SECOND / 10), -ETIMEDOUT);
        assert_true(clock_now() - began >= SECOND / 10);
        assert_int_equal(queue_get_new(&q, &new, SECOND / 100), -ETIMEDOUT);
        assert_null(new);
        assert_int_equal(queue_put(&q, "x", 1, 0), 0);
        assert_int_equal(queue_get(&q, &item, 1, TEST_BOUND), 1);
    }
    test_end_queue(&q);
}

/* Where the items are makes no difference. */
static void qsize_counts_what_was_put_and_not_got(void **state)
{
    const int64_t after[] = {1, 2, 1, 0};
    struct queue q;
    char item;

    test_open_queue(&q, 0, way_in(state));
    assert_int_equal(queue_qsize(&q), 0);
    for (int i = 0; i < 4; i++) {
        if (i < 2)
            assert_int_equal(queue_put(&q, "x", 1, 0), 0);
        else
            assert_int_equal(queue_get(&q, &item, 1, TEST_BOUND), 1);
        assert_int_equal(queue_qsize(&q), after[i]);
    }
    assert_int_equal(queue_lost(&q), 0);
    test_end_queue(&q);
}

/* The feeder has it, or the pipe: qsize knows at once, empty when it is sent.
 */
static void empty_and_full_disagree_while_an_item_is_on_its_way(void **state)
{
    struct queue q;
    char item;

    test_open_queue(&q, 1, way_in(state));
    assert_int_equal(queue_empty(&q), 1);
    assert_int_equal(lock_acquire(&q.side->writing, TEST_BOUND), 0);
    assert_int_equal(queue_put(&q, "x", 1, 0), 0);
    assert_int_equal(queue_qsize(&q), 1);
    assert_int_equal(queue_full(&q), 1);
    assert_int_equal(queue_empty(&q), 1);
    assert_int_equal(queue_get(&q, &item, 1, 0), -ETIMEDOUT);
    assert_int_equal(lock_release(&q.side->writing), 0);
    assert_true(test_arrives(&q));
    assert_int_equal(queue_get(&q, &item, 1, 0), 1);
    assert_int_equal(queue_empty(&q), 1);
    test_end_queue(&q);
}

/* What was read ahead is not in the pipe, and there all the same. */
static void items_that_came_together_are_not_called_empty(void **state)
{
    struct queue q;
    char item;

    test_open_queue(&q, 0, way_in(state));
    assert_int_equal(lock_acquire(&q.side->writing, TEST_BOUND), 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(queue_put(&q, "x", 1, 0), 0);
    assert_int_equal(lock_release(&q.side->writing), 0);
    queue_get(&q, &item, 1, TEST_BOUND);
    for (int i = 1; i < 10; i++) {
        assert_true(test_arrives(&q));
        assert_int_equal(queue_get(&q, &item, 1, 0), 1);
    }
    assert_int_equal(queue_empty(&q), 1);
    test_end_queue(&q);
}

static void every_get_makes_a_place(void **state)
{
    struct queue q;

    test_open_queue(&q, 3, way_in(state));
    for (uint64_t i = 0; i < 300; i++) {
        assert_int_equal(test_put(&q, i, i % 50, 0), 0);
        if (i < 2)
            continue;
        assert_int_equal(queue_full(&q), 1);
        assert_int_equal(test_get(&q, i - 2, (i - 2) % 50), 0);
    }
    for (uint64_t i = 298; i < 300; i++)
        assert_int_equal(test_get(&q, i, i % 50), 0);
    test_end_queue(&q);
}

static void what_is_closed_is_closed(void **state)
{
    struct parcel parcel;
    struct queue q;
    void *new;
    char item;

    test_open_queue(&q, 0, way_in(state));
    assert_int_equal(queue_put(&q, "x", 1, 0), 0);
    assert_int_equal(queue_get(&q, &item, 1, TEST_BOUND), 1);
    assert_int_equal(queue_join_thread(&q, 0), -EBUSY);
    queue_close(&q);
    for (int freed = 0; freed < 2; freed++) {
        assert_int_equal(queue_put(&q, "x", 1, 0), -EBADF);
        assert_int_equal(queue_get(&q, &item, 1, 0), -EBADF);
        assert_int_equal(queue_get_new(&q, &new, 0), -EBADF);
        assert_int_equal(queue_qsize(&q), -EBADF);
        assert_int_equal(queue_full(&q), -EBADF);
        assert_int_equal(queue_empty(&q), -EBADF);
        assert_int_equal(queue_lost(&q), -EBADF);
        parcel_init(&parcel);
        assert_int_equal(queue_pack(&q, &parcel), -EBADF);
        parcel_free(&parcel);
        queue_close(&q);
        queue_cancel_join_thread(&q);
        assert_int_equal(queue_join_thread(&q, TEST_BOUND), freed ? -EBADF : 0);
        queue_free(&q);
    }
}

static void one_that_nobody_put_into_is_closed_at_once(void **state)
{
    struct queue q;

    test_open_queue(&q, 0, way_in(state));
    queue_close(&q);
    assert_int_equal(queue_join_thread(&q, 0), 0);
    queue_free(&q);
    test_open_queue(&q, 0, way_in(state));
    queue_free(&q);
}

static void what_cannot_be_made_is_refused(void **state)
{
    struct queue q;

    (void)state;
    assert_int_equal(queue_open_as(&q, 0, QUEUE_ROBUST + 1), -EINVAL);
    assert_null(q.side);
    assert_int_equal(queue_open_as(&q, 0, 1u << 31), -EINVAL);
    assert_int_equal(queue_open(&q, (size_t)SEMAPHORE_MOST + 1), -EINVAL);
    assert_int_equal(queue_open(&q, SEMAPHORE_MOST), 0);
    queue_free(&q);
}

/* --- a put that waits --- */

static int gets_when_its_parent_sleeps(void *queue)
{
    char item;

    if (!test_sleeps(getppid(), NULL))
        return test_line(__LINE__);
    return queue_get(queue, &item, 1, TEST_BOUND) == 1 ? 0
                                                       : test_line(__LINE__);
}

static void a_put_waits_until_somebody_gets(void **state)
{
    struct queue q;
    pid_t pid;

    test_open_queue(&q, 1, way_in(state));
    assert_int_equal(queue_put(&q, "x", 1, 0), 0);
    for (int i = 0; i < 20; i++) {
        pid = test_fork(gets_when_its_parent_sleeps, &q);
        assert_int_equal(queue_put(&q, "x", 1, i % 2 ? TEST_BOUND : NO_TIMEOUT),
                         0);
        test_expect(pid);
    }
    assert_int_equal(queue_qsize(&q), 1);
    test_end_queue(&q);
}

/*
 * Between its look at how many were put and that at how many were got, others
 * put one and got it.  It is not full for that.
 */
static void a_put_that_was_overtaken_is_not_refused(void **state)
{
    for (unsigned way = 1; way <= QUEUE_FAST; way++) {
        struct fast *f;
        struct queue q;

        (void)state;
        test_open_queue(&q, 2, way);
        f = q.side->own;
        f->gets_seen = ++f->readers->gets;
        assert_int_equal(queue_put(&q, "x", 1, 0), 0);
        f->gets_seen = --f->readers->gets;
        assert_int_equal(test_arrives(&q), true);
        assert_int_equal(queue_qsize(&q), 1);
        test_end_queue(&q);
    }
}

/* --- several gets that wait --- */

static int gets_one(void *queue)
{
    char item;

    return queue_get(queue, &item, 1, TEST_BOUND) == 1 ? 0
                                                       : test_line(__LINE__);
}

/* What comes for all of them at once does not stay with the first. */
static void each_of_several_idle_readers_gets_one(void **state)
{
    enum { READERS = 4 };
    struct queue q;

    test_open_queue(&q, 0, way_in(state));
    for (int i = 0; i < 20; i++) {
        pid_t pids[READERS];

        for (int r = 0; r < READERS; r++)
            pids[r] = test_fork(gets_one, &q);
        assert_int_equal(lock_acquire(&q.side->writing, TEST_BOUND), 0);
        for (int r = 0; r < READERS; r++)
            assert_int_equal(queue_put(&q, "x", 1, 0), 0);
        assert_int_equal(lock_release(&q.side->writing), 0);
        for (int r = 0; r < READERS; r++)
            test_expect(pids[r]);
    }
    test_end_queue(&q);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST_WAYS(items_come_in_their_order),
        TEST_WAYS(a_full_queue_says_so_at_once_or_in_time),
        TEST_WAYS(an_empty_queue_says_so_at_once_or_in_time),
        TEST_WAYS(qsize_counts_what_was_put_and_not_got),
        TEST_WAYS(empty_and_full_disagree_while_an_item_is_on_its_way),
        TEST_WAYS(items_that_came_together_are_not_called_empty),
        TEST_WAYS(every_get_makes_a_place),
        TEST_WAYS(what_is_closed_is_closed),
        TEST_WAYS(one_that_nobody_put_into_is_closed_at_once),
        TEST(what_cannot_be_made_is_refused),
        TEST_WAYS(a_put_waits_until_somebody_gets),
        TEST(a_put_that_was_overtaken_is_not_refused),
        TEST_WAYS(each_of_several_idle_readers_gets_one),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
