/* SPDX-License-Identifier: MIT */
// tsan: yes
/*
 * test_threads.c - many threads of one process put and get at once.
 *
 * One process, no fork: what a race detector can see.
 */
#include "queue/test_queues.h"
#include "sync/test_together.h"

enum { TURNS = 400 };

static struct queue shared;

/* --- each puts some and gets as many, whosever they are --- */

static _Atomic unsigned char seen[THREADS * TURNS];

static void get_any(int64_t timeout)
{
    uint64_t number = 0;
    ssize_t got = queue_get(&shared, &number, sizeof number, timeout);

    if (got != sizeof number || number >= THREADS * TURNS)
        note(__LINE__);
    else if (atomic_fetch_add(&seen[number], 1))
        note(__LINE__);
}

static void *puts_and_gets(void *who)
{
    uint64_t first = (uint64_t)(intptr_t)who * TURNS;

    pthread_barrier_wait(&together);
    for (uint64_t i = first; i < first + TURNS; i++) {
        note(queue_put(&shared, &i, sizeof i, TEST_BOUND) ? __LINE__ : 0);
        if (queue_qsize(&shared) < 0 ||
            queue_qsize(&shared) > THREADS * TURNS || queue_full(&shared) < 0)
            note(__LINE__);
        /* A robust one's looks at the last packet as it is, without a lock. */
        if (shared.side->steps != QUEUE_ROBUST && queue_empty(&shared) < 0)
            note(__LINE__);
        get_any(TEST_BOUND);
    }
    return NULL;
}

static void threads_put_and_get_at_once(void **state)
{
    for (size_t maxsize = 0; maxsize <= THREADS; maxsize += THREADS) {
        memset((void *)seen, 0, sizeof seen);
        test_open_queue(&shared, maxsize, way_in(state));
        run_all(puts_and_gets);
        for (int i = 0; i < THREADS * TURNS; i++)
            assert_int_equal(seen[i], 1);
        assert_int_equal(queue_qsize(&shared), 0);
        test_end_queue(&shared);
    }
}

/* --- half of them put, half get --- */

static void *puts_or_gets(void *who)
{
    uint64_t first = (uint64_t)(intptr_t)who / 2 * TURNS;

    pthread_barrier_wait(&together);
    for (uint64_t i = first; i < first + TURNS; i++)
        if ((intptr_t)who % 2)
            get_any(TEST_BOUND);
        else
            note(queue_put(&shared, &i, sizeof i, TEST_BOUND) ? __LINE__ : 0);
    return NULL;
}

static void threads_that_put_wait_for_those_that_get(void **state)
{
    memset((void *)seen, 0, sizeof seen);
    test_open_queue(&shared, 2, way_in(state));
    run_all(puts_or_gets);
    for (int i = 0; i < THREADS / 2 * TURNS; i++)
        assert_int_equal(seen[i], 1);
    test_end_queue(&shared);
}

/* --- room for all is room for each --- */

enum { ROOM = 4 * THREADS, MANY = 20000 };

static void *puts_without_a_wait(void *unused)
{
    uint64_t number = 0;

    pthread_barrier_wait(&together);
    for (int i = 0; i < MANY; i++) {
        note(queue_put(&shared, &number, sizeof number, 0) ? __LINE__ : 0);
        if (queue_get(&shared, &number, sizeof number, TEST_BOUND) < 0)
            note(__LINE__);
    }
    return unused;
}

/* None of them has more than one in it. */
static void a_queue_that_has_room_is_never_called_full(void **state)
{
    test_open_queue(&shared, ROOM, way_in(state));
    run_all(puts_without_a_wait);
    test_end_queue(&shared);
}

/* --- the ends --- */

static void *closes_and_joins(void *unused)
{
    pthread_barrier_wait(&together);
    queue_close(&shared);
    note(queue_join_thread(&shared, TEST_BOUND) ? __LINE__ : 0);
    return unused;
}

static void many_may_wait_for_the_feeder(void **state)
{
    char item;

    for (int i = 0; i < 20; i++) {
        test_open_queue(&shared, 0, way_in(state));
        assert_int_equal(queue_put(&shared, "x", 1, 0), 0);
        assert_int_equal(queue_get(&shared, &item, 1, TEST_BOUND), 1);
        run_all(closes_and_joins);
        queue_free(&shared);
    }
}

/* --- a close while others put --- */

static atomic_int accepted;

static void *puts_until_closed(void *who)
{
    int error = 0;

    pthread_barrier_wait(&together);
    for (int i = 0; i < TURNS && !error; i++) {
        if (who == NULL && i == TURNS / 2)
            queue_close(&shared);
        error = queue_put(&shared, "x", 1, 0);
        accepted += error == 0;
    }
    if (error && error != -EBADF)
        note(__LINE__);
    return NULL;
}

/* What was accepted is sent. */
static void a_put_is_accepted_or_told_of_the_close(void **state)
{
    struct parcel parcel;
    struct queue other;
    char item;

    for (int round = 0; round < 10; round++) {
        test_open_queue(&shared, 0, way_in(state));
        parcel_init(&parcel);
        assert_int_equal(queue_pack(&shared, &parcel), 0);
        assert_int_equal(queue_unpack(&other, &parcel), 0);
        parcel_free(&parcel);
        accepted = 0;
        run_all(puts_until_closed);
        assert_in_range(accepted, TURNS / 2, THREADS * TURNS);
        for (int i = 0; i < accepted; i++)
            assert_int_equal(queue_get(&other, &item, 1, TEST_BOUND), 1);
        assert_int_equal(queue_get(&other, &item, 1, 0), -ETIMEDOUT);
        assert_int_equal(queue_qsize(&other), 0);
        test_end_queue(&shared);
        test_end_queue(&other);
    }
}

/* Freed with a feeder that has work left, and reaped when it has not. */
static void *opens_and_frees(void *way)
{
    struct queue q;
    char item;

    pthread_barrier_wait(&together);
    for (int i = 0; i < 50; i++) {
        if (queue_open_as(&q, 0, (unsigned)(uintptr_t)way))
            note(__LINE__);
        note(queue_put(&q, "x", 1, 0) ? __LINE__ : 0);
        if (i % 2)
            note(queue_get(&q, &item, 1, TEST_BOUND) == 1 ? 0 : __LINE__);
        queue_free(&q);
    }
    return NULL;
}

static void threads_have_queues_of_their_own(void **state)
{
    unsigned before = count_descriptors();
    pthread_t threads[THREADS];

    pthread_barrier_init(&together, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, opens_and_frees, *state), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&together);
    assert_int_equal(wrong, 0);
    test_reap_freed(before);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST_WAYS(threads_put_and_get_at_once),
        TEST_WAYS(threads_that_put_wait_for_those_that_get),
        TEST_WAYS(a_queue_that_has_room_is_never_called_full),
        TEST_WAYS(many_may_wait_for_the_feeder),
        TEST_WAYS(a_put_is_accepted_or_told_of_the_close),
        TEST_WAYS(threads_have_queues_of_their_own),
    };

    mechanisms_init(argc, argv);
    start_the_first_thread();
    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
