/* SPDX-License-Identifier: MIT */
/* test_matrix_queue.h - queues, of every way. */
#ifndef IPCLAB_TEST_MATRIX_QUEUE_H
#define IPCLAB_TEST_MATRIX_QUEUE_H

#include "start/test_matrix.h"

#include "queue/queue.h"

/* --- Queue: the parent's item goes to the child, and another comes back --- */

static inline int matrix_make_queue(void *thing, unsigned way)
{
    int error = queue_open_as(thing, 2, way);

    return error ? error : queue_put(thing, "told", 4, 0);
}

static inline int matrix_pack_queue(void *thing, struct parcel *parcel)
{
    return queue_pack(thing, parcel);
}

static inline int matrix_unpack_queue(void *thing, struct parcel *parcel)
{
    return queue_unpack(thing, parcel);
}

static inline int matrix_get(struct queue *q, const char *right)
{
    char text[8] = "";

    if (queue_get(q, text, sizeof text - 1, 10 * SECOND) != 4)
        return test_line(__LINE__);
    return strcmp(text, right) == 0 ? 0 : test_line(__LINE__);
}

/* Freed by the child, it is flushed at its end. */
static inline int matrix_use_queue(void *thing)
{
    int line = matrix_get(thing, "told");

    if (!line && queue_put(thing, "used", 4, 10 * SECOND))
        line = test_line(__LINE__);
    return line;
}

static inline int matrix_check_queue(void *thing, void *kept)
{
    int line = matrix_get(thing, "used");

    (void)kept;
    if (!line && queue_qsize(thing) != 0)
        line = test_line(__LINE__);
    return line;
}

static inline void matrix_close_queue(void *thing)
{
    struct queue *q = thing;

    queue_close(q);
    queue_join_thread(q, 10 * SECOND);
    queue_free(q);
}

#define MATRIX_QUEUE(way)                                                      \
    static inline int matrix_make_queue_##way(void *thing, void *kept)         \
    {                                                                          \
        (void)kept;                                                            \
        return matrix_make_queue(thing, way);                                  \
    }                                                                          \
    static const struct shareable matrix_queue_##way = {                       \
        .name = "Queue, way " #way,                                            \
        .make = matrix_make_queue_##way,                                       \
        .pack = matrix_pack_queue,                                             \
        .unpack = matrix_unpack_queue,                                         \
        .use = matrix_use_queue,                                               \
        .check = matrix_check_queue,                                           \
        .close = matrix_close_queue}

MATRIX_QUEUE(0); /* plain */
MATRIX_QUEUE(1);
MATRIX_QUEUE(2);
MATRIX_QUEUE(4);
MATRIX_QUEUE(7); /* fast */
MATRIX_QUEUE(8); /* robust */

/* --- SimpleQueue --- */

static inline int matrix_make_simple(void *thing, void *kept)
{
    int error = simple_queue_open(thing);

    (void)kept;
    return error ? error : simple_queue_put(thing, "told", 4);
}

static inline int matrix_pack_simple(void *thing, struct parcel *parcel)
{
    return simple_queue_pack(thing, parcel);
}

static inline int matrix_unpack_simple(void *thing, struct parcel *parcel)
{
    return simple_queue_unpack(thing, parcel);
}

static inline int matrix_get_simple(void *thing, const char *right)
{
    char text[8] = "";

    if (simple_queue_empty(thing) ||
        simple_queue_get(thing, text, sizeof text - 1) != 4)
        return test_line(__LINE__);
    return strcmp(text, right) == 0 ? 0 : test_line(__LINE__);
}

static inline int matrix_use_simple(void *thing)
{
    int line = matrix_get_simple(thing, "told");

    if (!line && simple_queue_put(thing, "used", 4))
        line = test_line(__LINE__);
    return line;
}

static inline int matrix_check_simple(void *thing, void *kept)
{
    (void)kept;
    return matrix_get_simple(thing, "used");
}

static inline void matrix_close_simple(void *thing)
{
    simple_queue_close(thing);
}

static const struct shareable matrix_simple = {.name = "SimpleQueue",
                                               .make = matrix_make_simple,
                                               .pack = matrix_pack_simple,
                                               .unpack = matrix_unpack_simple,
                                               .use = matrix_use_simple,
                                               .check = matrix_check_simple,
                                               .close = matrix_close_simple};

/* --- JoinableQueue: the child does the parent's task, and leaves one --- */

static inline int matrix_make_joinable(void *thing, void *kept)
{
    int error = joinable_queue_open(thing, 0);

    (void)kept;
    return error ? error : joinable_queue_put(thing, "told", 4, 0);
}

static inline int matrix_pack_joinable(void *thing, struct parcel *parcel)
{
    return joinable_queue_pack(thing, parcel);
}

static inline int matrix_unpack_joinable(void *thing, struct parcel *parcel)
{
    return joinable_queue_unpack(thing, parcel);
}

static inline int matrix_do_task(struct joinable_queue *q, const char *right)
{
    int line = matrix_get(&q->queue, right);

    if (!line && joinable_queue_task_done(q))
        line = test_line(__LINE__);
    return line;
}

static inline int matrix_use_joinable(void *thing)
{
    int line = matrix_do_task(thing, "told");

    if (!line && joinable_queue_put(thing, "used", 4, 10 * SECOND))
        line = test_line(__LINE__);
    return line;
}

static inline int matrix_check_joinable(void *thing, void *kept)
{
    int line = joinable_queue_join(thing, 0) == -ETIMEDOUT
                   ? matrix_do_task(thing, "used")
                   : test_line(__LINE__);

    (void)kept;
    if (!line && joinable_queue_join(thing, 0))
        line = test_line(__LINE__);
    return line;
}

static inline void matrix_close_joinable(void *thing)
{
    struct joinable_queue *q = thing;

    queue_close(&q->queue);
    queue_join_thread(&q->queue, 10 * SECOND);
    joinable_queue_free(q);
}

static const struct shareable matrix_joinable = {
    .name = "JoinableQueue",
    .make = matrix_make_joinable,
    .pack = matrix_pack_joinable,
    .unpack = matrix_unpack_joinable,
    .use = matrix_use_joinable,
    .check = matrix_check_joinable,
    .close = matrix_close_joinable};

#define MATRIX_QUEUES                                                          \
    &matrix_queue_0, &matrix_queue_1, &matrix_queue_2, &matrix_queue_4,        \
        &matrix_queue_7, &matrix_queue_8, &matrix_simple, &matrix_joinable

#endif
