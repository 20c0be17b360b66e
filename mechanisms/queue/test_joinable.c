/* SPDX-License-Identifier: MIT */
/* test_joinable.c - JoinableQueue: join returns when all is done with. */
#include "queue/test_queues.h"

enum { TASKS = 40, WORKERS = 4 };

static void joinable_end(struct joinable_queue *q)
{
    queue_close(&q->queue);
    assert_int_equal(queue_join_thread(&q->queue, TEST_BOUND), 0);
    joinable_queue_free(q);
}

static void a_task_is_done_once(void **state)
{
    struct joinable_queue q;
    int64_t began;
    char item;

    assert_int_equal(joinable_queue_open_as(&q, 0, way_in(state)), 0);
    assert_int_equal(joinable_queue_join(&q, 0), 0); /* there is none */
    assert_int_equal(joinable_queue_task_done(&q), -EOVERFLOW);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(joinable_queue_put(&q, "x", 1, NO_TIMEOUT), 0);
        assert_int_equal(joinable_queue_join(&q, 0), -ETIMEDOUT);
        assert_int_equal(queue_get(&q.queue, &item, 1, TEST_BOUND), 1);
        began = clock_now();
        assert_int_equal(joinable_queue_join(&q, SECOND / 20), -ETIMEDOUT);
        assert_true(clock_now() - began >= SECOND / 20);
        assert_int_equal(joinable_queue_task_done(&q), 0);
        assert_int_equal(joinable_queue_join(&q, NO_TIMEOUT), 0);
        assert_int_equal(joinable_queue_task_done(&q), -EOVERFLOW);
    }
    joinable_end(&q);
}

/* What was refused is no task. */
static void a_put_that_fails_is_not_waited_for(void **state)
{
    struct joinable_queue q;
    char item;

    assert_int_equal(joinable_queue_open_as(&q, 1, way_in(state)), 0);
    assert_int_equal(joinable_queue_put(&q, "x", 1, 0), 0);
    assert_int_equal(joinable_queue_put(&q, "y", 1, 0), -ETIMEDOUT);
    assert_int_equal(joinable_queue_put(&q, "y", 1, SECOND / 100), -ETIMEDOUT);
    assert_int_equal(queue_get(&q.queue, &item, 1, TEST_BOUND), 1);
    assert_int_equal(joinable_queue_task_done(&q), 0);
    queue_close(&q.queue);
    assert_int_equal(joinable_queue_put(&q, "y", 1, 0), -EBADF);
    assert_int_equal(joinable_queue_join(&q, 0), 0);
    joinable_end(&q);
    assert_int_equal(joinable_queue_put(&q, "y", 1, 0), -EBADF);
}

/* Until an item that is empty. */
static int work(struct parcel *arguments)
{
    struct joinable_queue q;
    ssize_t got;
    char item;

    if (joinable_queue_unpack(&q, arguments))
        return test_line(__LINE__);
    do {
        got = queue_get(&q.queue, &item, 1, TEST_BOUND);
        if (got < 0 || joinable_queue_task_done(&q))
            return test_line(__LINE__);
    } while (got);
    joinable_queue_free(&q);
    return 0;
}
TARGET(work)

static void join_waits_for_what_workers_of_every_method_do(void **state)
{
    struct process workers[WORKERS];
    struct joinable_queue q;

    assert_int_equal(joinable_queue_open_as(&q, 10, way_in(state)), 0);
    for (int i = 0; i < WORKERS; i++) {
        struct parcel parcel;

        parcel_init(&parcel);
        assert_int_equal(joinable_queue_pack(&q, &parcel), 0);
        test_start(&workers[i], test_methods[i % TEST_METHODS], "work",
                   &parcel);
        parcel_free(&parcel);
    }
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < TASKS; i++)
            assert_int_equal(joinable_queue_put(&q, "x", 1, TEST_BOUND), 0);
        assert_int_equal(joinable_queue_join(&q, TEST_BOUND), 0);
        assert_int_equal(queue_qsize(&q.queue), 0);
    }
    for (int i = 0; i < WORKERS; i++)
        assert_int_equal(joinable_queue_put(&q, NULL, 0, TEST_BOUND), 0);
    assert_int_equal(joinable_queue_join(&q, TEST_BOUND), 0);
    for (int i = 0; i < WORKERS; i++)
        assert_int_equal(test_finish(&workers[i]), 0);
    assert_int_equal(joinable_queue_task_done(&q), -EOVERFLOW);
    joinable_end(&q);
}

/* The last of a task's workers, while its parent sleeps in join. */
static int does_the_last(void *queue)
{
    if (!test_sleeps(getppid(), NULL))
        return test_line(__LINE__);
    return joinable_queue_task_done(queue) ? test_line(__LINE__) : 0;
}

static void one_who_sleeps_in_join_is_woken_by_the_last(void **state)
{
    struct joinable_queue q;
    char item;
    pid_t pid;

    assert_int_equal(joinable_queue_open_as(&q, 0, way_in(state)), 0);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(joinable_queue_put(&q, "x", 1, 0), 0);
        assert_int_equal(queue_get(&q.queue, &item, 1, TEST_BOUND), 1);
        pid = test_fork(does_the_last, &q);
        assert_int_equal(joinable_queue_join(&q, TEST_BOUND), 0);
        test_expect(pid);
    }
    joinable_end(&q);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST_WAYS(a_task_is_done_once),
        TEST_WAYS(a_put_that_fails_is_not_waited_for),
        TEST_WAYS(join_waits_for_what_workers_of_every_method_do),
        TEST_WAYS(one_who_sleeps_in_join_is_woken_by_the_last),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
