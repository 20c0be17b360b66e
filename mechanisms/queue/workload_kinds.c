/* SPDX-License-Identifier: MIT */
/* workload_kinds.c - four queues as one, for the workloads. */
#include "queue/workload.h"

static size_t capacity_of(const struct trial *t)
{
    return (size_t)trial_setting(t, "capacity", 0);
}

/* --- Queue, the fast one and the plain one --- */

/* All steps, unless some were asked for. */
static int fast_open(union any_queue *q, const struct trial *t)
{
    unsigned steps = (unsigned)trial_setting(t, "steps", 0);

    return queue_open_as(&q->queue, capacity_of(t), steps ? steps : QUEUE_FAST);
}

static int plain_open(union any_queue *q, const struct trial *t)
{
    return queue_open_as(&q->queue, capacity_of(t), QUEUE_PLAIN);
}

static void any_close(union any_queue *q)
{
    queue_free(&q->queue);
}

static int any_put(union any_queue *q, const void *item, size_t size)
{
    return queue_put(&q->queue, item, size, NO_TIMEOUT);
}

static ssize_t any_get(union any_queue *q, void *buffer, size_t size)
{
    return queue_get(&q->queue, buffer, size, NO_TIMEOUT);
}

static int any_pack(const union any_queue *q, struct parcel *parcel)
{
    return queue_pack(&q->queue, parcel);
}

static int any_unpack(union any_queue *q, struct parcel *parcel)
{
    return queue_unpack(&q->queue, parcel);
}

/* --- SimpleQueue --- */

static int simple_open(union any_queue *q, const struct trial *t)
{
    (void)t;
    return simple_queue_open(&q->simple);
}

static void simple_close(union any_queue *q)
{
    simple_queue_close(&q->simple);
}

static int simple_put(union any_queue *q, const void *item, size_t size)
{
    return simple_queue_put(&q->simple, item, size);
}

static ssize_t simple_get(union any_queue *q, void *buffer, size_t size)
{
    return simple_queue_get(&q->simple, buffer, size);
}

static int simple_pack(const union any_queue *q, struct parcel *parcel)
{
    return simple_queue_pack(&q->simple, parcel);
}

static int simple_unpack(union any_queue *q, struct parcel *parcel)
{
    return simple_queue_unpack(&q->simple, parcel);
}

/* --- JoinableQueue --- */

static int joinable_open(union any_queue *q, const struct trial *t)
{
    return joinable_queue_open(&q->joinable, capacity_of(t));
}

static void joinable_close(union any_queue *q)
{
    joinable_queue_free(&q->joinable);
}

static int joinable_put(union any_queue *q, const void *item, size_t size)
{
    return joinable_queue_put(&q->joinable, item, size, NO_TIMEOUT);
}

/* Who got it is done with it at once: that is a part of what it costs. */
static ssize_t joinable_get(union any_queue *q, void *buffer, size_t size)
{
    ssize_t got = queue_get(&q->joinable.queue, buffer, size, NO_TIMEOUT);
    int error = got < 0 ? 0 : joinable_queue_task_done(&q->joinable);

    return error ? error : got;
}

static int joinable_pack(const union any_queue *q, struct parcel *parcel)
{
    return joinable_queue_pack(&q->joinable, parcel);
}

static int joinable_unpack(union any_queue *q, struct parcel *parcel)
{
    return joinable_queue_unpack(&q->joinable, parcel);
}

/* --- the ring, which is no queue of Python's, and is used as they are --- */

static int open_ring(union any_queue *q, const struct trial *t)
{
    return ring_open_for(&q->ring, t, sizeof(struct item), RING_BLOCK);
}

static void close_ring(union any_queue *q)
{
    ring_close(&q->ring);
}

static int put_into_ring(union any_queue *q, const void *item, size_t size)
{
    return ring_put(&q->ring, item, size, NO_TIMEOUT);
}

static ssize_t get_from_ring(union any_queue *q, void *buffer, size_t size)
{
    return ring_get(&q->ring, buffer, size, NO_TIMEOUT);
}

static int pack_ring(const union any_queue *q, struct parcel *parcel)
{
    return ring_pack(&q->ring, parcel);
}

static int unpack_ring(union any_queue *q, struct parcel *parcel)
{
    return ring_unpack(&q->ring, parcel);
}

const struct queue_kind queue_kinds[] = {
    [KIND_FAST] = {fast_open, any_close, any_put, any_get, any_pack,
                   any_unpack},
    [KIND_PLAIN] = {plain_open, any_close, any_put, any_get, any_pack,
                    any_unpack},
    [KIND_SIMPLE] = {simple_open, simple_close, simple_put, simple_get,
                     simple_pack, simple_unpack},
    [KIND_JOINABLE] = {joinable_open, joinable_close, joinable_put,
                       joinable_get, joinable_pack, joinable_unpack},
    [KIND_RING] = {open_ring, close_ring, put_into_ring, get_from_ring,
                   pack_ring, unpack_ring},
};

int queue_kind_pack(const struct queue_kind *kind, struct parcel *parcel)
{
    return parcel_put_u64(parcel, (uint64_t)(kind - queue_kinds));
}

int queue_kind_unpack(const struct queue_kind **kind, struct parcel *parcel)
{
    uint64_t number = 0;
    int error = parcel_take_u64(parcel, &number);

    if (error || number > KIND_RING)
        return error ? error : -EBADMSG;
    *kind = &queue_kinds[number];
    return 0;
}
