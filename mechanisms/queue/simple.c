/* SPDX-License-Identifier: MIT */
/*
 * simple.c - SimpleQueue: a pipe and two locks, and no thread.
 *
 * It is what a plain Queue does in its feeder and its get, done by the caller
 * (CPython Lib/multiprocessing/queues.py, SimpleQueue).
 */
#include "queue/parts.h"

int simple_queue_open(struct simple_queue *q)
{
    return queue_side_open(&q->side, &queue_way_plain, QUEUE_PLAIN, 0);
}

void simple_queue_close(struct simple_queue *q)
{
    queue_side_destroy(q->side);
    q->side = NULL;
}

int simple_queue_put(struct simple_queue *q, const void *item, size_t size)
{
    return q->side ? plain_send(q->side, item, size) : -EBADF;
}

ssize_t simple_queue_get(struct simple_queue *q, void *buffer, size_t size)
{
    struct into into = {.buffer = buffer, .size = size};

    return q->side ? plain_receive(q->side, &into, NO_TIMEOUT) : -EBADF;
}

ssize_t simple_queue_get_new(struct simple_queue *q, void **item)
{
    struct into into = {.grow = true};
    ssize_t got = q->side ? plain_receive(q->side, &into, NO_TIMEOUT) : -EBADF;

    *item = got < 0 ? NULL : into.buffer;
    return got;
}

int simple_queue_empty(struct simple_queue *q)
{
    return q->side ? queue_side_is_empty(q->side) : -EBADF;
}

int simple_queue_pack(const struct simple_queue *q, struct parcel *parcel)
{
    return queue_side_pack(q->side, parcel);
}

int simple_queue_unpack(struct simple_queue *q, struct parcel *parcel)
{
    return queue_side_unpack(&q->side, &queue_way_plain, parcel);
}
