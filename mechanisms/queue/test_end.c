/* SPDX-License-Identifier: MIT */
/* test_end.c - how a process is done with a queue: what it waits for, what is
 * flushed, what is lost. */
#include "queue/test_queues.h"

#include <pthread.h>

/* --- the exit sequence --- */

/* How a child leaves. */
enum { RETURNS, FREES_AND_RETURNS, CANCELS_FIRST, CANCELS, LEAVES_AT_ONCE };

static int put_much_and_end(struct parcel *arguments)
{
    static struct queue q; /* the exit sequence comes after our return */
    uint64_t how;

    if (parcel_take_u64(arguments, &how) || queue_unpack(&q, arguments))
        return test_line(__LINE__);
    if (how == CANCELS_FIRST)
        queue_cancel_join_thread(&q);
    if (test_put(&q, 1, LARGEST, 0) || test_put(&q, 2, 100, 0))
        return test_line(__LINE__);
    if (how == CANCELS)
        queue_cancel_join_thread(&q);
    if (how == FREES_AND_RETURNS)
        queue_free(&q);
    if (how == LEAVES_AT_ONCE)
        _exit(0);
    return 0;
}
TARGET(put_much_and_end)

static void start_one(struct process *p, enum start_method method, uint64_t how,
                      const struct queue *q)
{
    struct parcel parcel;

    parcel_init(&parcel);
    parcel_put_u64(&parcel, how);
    assert_int_equal(queue_pack(q, &parcel), 0);
    test_start(p, method, "put_much_and_end", &parcel);
    parcel_free(&parcel);
}

static void a_child_ends_when_what_it_put_is_got_and_not_before(void **state)
{
    for (size_t m = 0; m < TEST_METHODS; m++)
        for (uint64_t how = RETURNS; how <= FREES_AND_RETURNS; how++) {
            struct process p;
            struct queue q;

            test_open_queue(&q, 0, way_in(state));
            start_one(&p, test_methods[m], how, &q);
            assert_true(test_arrives(&q)); /* the pipe is full, or nearly */
            assert_int_equal(process_join(&p, SECOND / 20), -ETIMEDOUT);
            assert_int_equal(test_get(&q, 1, LARGEST), 0);
            assert_int_equal(test_get(&q, 2, 100), 0);
            assert_int_equal(test_finish(&p), 0);
            assert_int_equal(queue_qsize(&q), 0);
            test_end_queue(&q);
        }
}

/* Nobody gets, and it ends: what is not in the pipe is lost, and what is cannot
 * be a whole item. */
static void who_does_not_wait_loses_what_was_not_sent(void **state)
{
    for (size_t m = 0; m < TEST_METHODS; m++)
        for (uint64_t how = CANCELS_FIRST; how <= LEAVES_AT_ONCE; how++) {
            struct process p;
            struct queue q;

            test_open_queue(&q, 0, way_in(state));
            start_one(&p, test_methods[m], how, &q);
            assert_int_equal(test_finish(&p), 0);
            if (way_in(state) == QUEUE_ROBUST) {
                void *item;

                assert_int_equal(queue_get_new(&q, &item, SECOND / 100),
                                 -ETIMEDOUT);
                assert_int_equal(queue_lost(&q), 2);
                assert_int_equal(queue_qsize(&q), 0);
            } else {
                assert_int_equal(queue_qsize(&q), 2); /* for good */
            }
            queue_free(&q);
        }
}

static int frees_and_ends(void *queue)
{
    if (test_put(queue, 1, LARGEST, 0))
        return test_line(__LINE__);
    queue_free(queue);
    exit_sequence();
    return 0;
}

static void a_freed_queue_is_flushed_at_the_end(void **state)
{
    struct queue q;
    pid_t pid;

    test_open_queue(&q, 0, way_in(state));
    pid = test_fork(frees_and_ends, &q);
    assert_int_equal(test_get(&q, 1, LARGEST), 0);
    test_expect(pid);
    test_end_queue(&q);
}

/* --- closing, and what is left then --- */

static void what_was_put_before_the_close_is_sent_after_it(void **state)
{
    struct queue q, other;
    struct parcel parcel;

    test_open_queue(&q, 0, way_in(state));
    parcel_init(&parcel);
    assert_int_equal(queue_pack(&q, &parcel), 0);
    assert_int_equal(queue_unpack(&other, &parcel), 0);
    parcel_free(&parcel);
    for (uint64_t i = 0; i < 5; i++)
        assert_int_equal(test_put(&q, i, LARGEST / 2, 0), 0);
    queue_close(&q);
    assert_int_equal(test_put(&q, 5, 1, 0), -EBADF);
    assert_int_equal(queue_join_thread(&q, 0), -ETIMEDOUT);
    assert_int_equal(queue_join_thread(&q, SECOND / 100), -ETIMEDOUT);
    for (uint64_t i = 0; i < 5; i++)
        assert_int_equal(test_get(&other, i, LARGEST / 2), 0);
    assert_int_equal(queue_join_thread(&q, TEST_BOUND), 0);
    assert_int_equal(queue_join_thread(&q, TEST_BOUND), 0);
    queue_free(&q);
    test_end_queue(&other);
}

struct late {
    struct queue queue;
    _Atomic pid_t thread;
    int ends[2];
};

static void *puts_beyond_room(void *argument)
{
    struct late *l = argument;

    l->thread = (pid_t)syscall(SYS_gettid);
    return (void *)(intptr_t)queue_put(&l->queue, "y", 1, TEST_BOUND);
}

/* When it is told to. */
static int gets_one(void *argument)
{
    struct late *l = argument;
    char item;

    if (read_full(l->ends[0], &item, 1) != 1)
        return test_line(__LINE__);
    return queue_get(&l->queue, &item, 1, TEST_BOUND) == 1
               ? 0
               : test_line(__LINE__);
}

/* Its place comes when the queue is closed already. */
static void a_put_that_waited_beyond_the_close_is_refused(void **state)
{
    pthread_t thread;
    struct late l;
    void *error;
    pid_t pid;

    test_open_queue(&l.queue, 1, way_in(state));
    assert_int_equal(fd_pipe(l.ends), 0);
    l.thread = 0;
    assert_int_equal(queue_put(&l.queue, "x", 1, 0), 0);
    pid = test_fork(gets_one, &l);
    assert_int_equal(pthread_create(&thread, NULL, puts_beyond_room, &l), 0);
    while (l.thread == 0)
        sched_yield();
    assert_true(test_sleeps(l.thread, NULL));
    queue_close(&l.queue);
    assert_int_equal(write_full(l.ends[1], "", 1), 0);
    pthread_join(thread, &error);
    assert_int_equal((intptr_t)error, -EBADF);
    test_expect(pid);
    assert_int_equal(queue_join_thread(&l.queue, TEST_BOUND), 0);
    queue_free(&l.queue);
    close(l.ends[0]);
    close(l.ends[1]);
}

/* --- an item that cannot be encoded --- */

struct refusals {
    _Atomic int count;
    int error;
    char last;
};

/* As it is, twice, but no 'x'. */
static ssize_t twice(void *unused, const void *item, size_t size,
                     void **message)
{
    char *doubled;

    (void)unused;
    if (size && *(const char *)item == 'x')
        return -EILSEQ;
    doubled = malloc(2 * size + 1);
    memcpy(doubled, item, size);
    memcpy(doubled + size, item, size);
    *message = doubled;
    return (ssize_t)(2 * size);
}

static void note_refusal(void *argument, const void *item, size_t size,
                         int error)
{
    struct refusals *r = argument;

    r->error = error;
    r->last = size ? *(const char *)item : 0;
    r->count++;
}

static void a_bad_item_frees_its_place_and_harms_no_other(void **state)
{
    struct refusals refusals = {0};
    const struct queue_encoder encoder = {
        .encode = twice, .failed = note_refusal, .argument = &refusals};
    struct queue q;
    char item[8];

    test_open_queue(&q, 1, way_in(state));
    queue_set_encoder(&q, &encoder);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(queue_put(&q, "x", 1, TEST_BOUND), 0);
        assert_int_equal(queue_put(&q, "ab", 2, TEST_BOUND), 0);
        assert_int_equal(queue_qsize(&q), 1);
        assert_int_equal(queue_get(&q, item, sizeof item, TEST_BOUND), 4);
        assert_memory_equal(item, "abab", 4);
        assert_int_equal(refusals.count, i);
        assert_int_equal(refusals.error, -EILSEQ);
        assert_int_equal(refusals.last, 'x');
        assert_int_equal(queue_qsize(&q), 0);
    }
    test_end_queue(&q);
}

/* Many at once, good and bad. */
static void good_items_keep_their_order_between_bad_ones(void **state)
{
    const struct queue_encoder encoder = {.encode = twice};
    const char *letters = "abcdefghijklmnopqrstuvw";
    struct queue q;
    char item[2];

    test_open_queue(&q, 0, way_in(state));
    queue_set_encoder(&q, &encoder);
    assert_int_equal(lock_acquire(&q.side->writing, TEST_BOUND), 0);
    for (const char *c = letters; *c; c++) {
        assert_int_equal(queue_put(&q, c, 1, 0), 0);
        assert_int_equal(queue_put(&q, "x", 1, 0), 0);
    }
    assert_int_equal(lock_release(&q.side->writing), 0);
    for (const char *c = letters; *c; c++) {
        assert_int_equal(queue_get(&q, item, 2, TEST_BOUND), 2);
        assert_int_equal(item[0], *c);
        assert_int_equal(item[1], *c);
    }
    queue_close(&q);
    assert_int_equal(queue_join_thread(&q, TEST_BOUND), 0);
    queue_free(&q);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST_WAYS(a_child_ends_when_what_it_put_is_got_and_not_before),
        TEST_WAYS(who_does_not_wait_loses_what_was_not_sent),
        TEST_WAYS(a_freed_queue_is_flushed_at_the_end),
        TEST_WAYS(what_was_put_before_the_close_is_sent_after_it),
        TEST_WAYS(a_put_that_waited_beyond_the_close_is_refused),
        TEST_WAYS(a_bad_item_frees_its_place_and_harms_no_other),
        TEST_WAYS(good_items_keep_their_order_between_bad_ones),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
