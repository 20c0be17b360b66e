/* SPDX-License-Identifier: MIT */
/*
 * test_queues.h - what the tests of queue/ share: a test is run with every way
 * of doing a queue, and items can be told from each other.
 */
#ifndef IPCLAB_TEST_QUEUES_H
#define IPCLAB_TEST_QUEUES_H

#include "start/test_children.h"

#include "pipe/test_ends.h"
#include "queue/parts.h"
#include "queue/queue.h"
#include "sync/test_sharing.h"

/* The same test for one way, whose number is in its name and in its state. */
#define TEST_WAY(f, way)                                                       \
    {                                                                          \
#f "/" #way, f, census_begin, children_end, (void *)(uintptr_t)(way)   \
    }

#define TEST_WAYS(f)                                                           \
    TEST_WAY(f, 0), TEST_WAY(f, 1), TEST_WAY(f, 2), TEST_WAY(f, 3),            \
        TEST_WAY(f, 4), TEST_WAY(f, 5), TEST_WAY(f, 6), TEST_WAY(f, 7),        \
        TEST_WAY(f, 8)

#define TEST(f) cmocka_unit_test_setup_teardown(f, census_begin, children_end)

enum { LARGEST = 1 << 20 };

static inline unsigned way_in(void **state)
{
    return (unsigned)(uintptr_t)*state;
}

static inline void test_open_queue(struct queue *q, size_t maxsize,
                                   unsigned way)
{
    assert_int_equal(queue_open_as(q, maxsize, way), 0);
}

/* Done with: all is sent, and nothing of it stays. */
static inline void test_end_queue(struct queue *q)
{
    queue_close(q);
    assert_int_equal(queue_join_thread(q, TEST_BOUND), 0);
    queue_free(q);
}

/* What was freed is given back by a later queue_free, when its feeder is done:
 * free others until there are as many descriptors as before. */
static inline void test_reap_freed(unsigned descriptors)
{
    int64_t deadline = clock_deadline(TEST_BOUND);

    while (count_descriptors() > descriptors && clock_now() < deadline) {
        struct queue q;

        test_open_queue(&q, 0, QUEUE_PLAIN);
        queue_free(&q);
        sched_yield();
    }
}

/* Put item `number` of that size: what queue_put says. */
static inline int test_put(struct queue *q, uint64_t number, size_t size,
                           int64_t timeout)
{
    unsigned char *item = malloc(size + 1);
    int error;

    if (!item)
        return -ENOMEM;
    test_fill(item, size, number);
    error = queue_put(q, item, size, timeout);
    free(item);
    return error;
}

/* 0: what came is, to the byte, item `number`, of that size. */
static inline int test_got(const void *item, ssize_t got, uint64_t number,
                           size_t size)
{
    return got == (ssize_t)size && test_is(item, size, number)
               ? 0
               : test_line(__LINE__);
}

/* Numbers first to first + n - 1. */
static inline int test_put_some(struct queue *q, uint64_t first, uint64_t n)
{
    for (uint64_t i = first; i < first + n; i++)
        if (queue_put(q, &i, sizeof i, 0))
            return test_line(__LINE__);
    return 0;
}

/* What a process that leaves by _exit does before. */
static inline int test_finish_queue(struct queue *q)
{
    queue_close(q);
    return queue_join_thread(q, TEST_BOUND) ? test_line(__LINE__) : 0;
}

/* Get it, into memory of its own: 0, or a line. */
static inline int test_get(struct queue *q, uint64_t number, size_t size)
{
    void *item;
    ssize_t got = queue_get_new(q, &item, TEST_BOUND);
    int line =
        got < 0 ? test_line(__LINE__) : test_got(item, got, number, size);

    free(item);
    return line;
}

/* Until what was put can be got: whether it can, within the bound. */
static inline bool test_arrives(struct queue *q)
{
    int64_t deadline = clock_deadline(TEST_BOUND);

    while (queue_empty(q) == 1 && clock_now() < deadline)
        sched_yield();
    return queue_empty(q) == 0;
}

static inline bool test_is_idle(pid_t thread)
{
    char path[64], text[256] = "", *at;
    FILE *file;

    snprintf(path, sizeof path, "/proc/self/task/%d/stat", thread);
    file = fopen(path, "re");
    if (!file)
        return true; /* it has ended */
    at = fgets(text, sizeof text, file) ? strrchr(text, ')') : NULL;
    fclose(file);
    return !at || at[2] == 'S';
}

/* Until each other thread of this process sleeps: a child that is forked from
 * one in which a feeder is in malloc has a sanitizer's malloc locked. */
static inline void test_feeders_sleep(void)
{
    int64_t deadline = clock_deadline(TEST_BOUND);
    char threads[CENSUS_TEXT], *at;

    census_list("/proc/self/task", threads);
    for (at = threads; *++at; at = strchr(at, '\n')) {
        pid_t thread = (pid_t)atoi(at);

        while (thread != gettid() && !test_is_idle(thread)) {
            assert_true(clock_now() < deadline);
            sched_yield();
        }
    }
}

/* --- numbers that arrive in any order, each once --- */

struct tally {
    unsigned char *seen;
    uint64_t size, count;
};

static inline void tally_open(struct tally *t, uint64_t size)
{
    *t = (struct tally){calloc(size, 1), size, 0};
    assert_non_null(t->seen);
}

static inline void tally_add(struct tally *t, uint64_t number)
{
    assert_true(number < t->size);
    if (t->seen[number])
        fail_msg("item %llu came twice", (unsigned long long)number);
    t->seen[number] = 1;
    t->count++;
}

static inline void tally_close(struct tally *t)
{
    assert_int_equal(t->count, t->size);
    free(t->seen);
}

#endif
