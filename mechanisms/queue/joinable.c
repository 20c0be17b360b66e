/* SPDX-License-Identifier: MIT */
/*
 * joinable.c - JoinableQueue: a Queue whose items are done with, one by one.
 *
 * A count of what was put and is not done with, and a Condition that tells
 * when it is 0 (CPython Lib/multiprocessing/queues.py, JoinableQueue).
 */
#include "queue/parts.h"

struct unfinished {
    struct condition_state condition;
    uint64_t items; /* the condition's lock guards it */
};

struct joinable_counts {
    struct region region;
    struct condition condition;
    struct unfinished *shared;
};

static void counts_free(struct joinable_counts *c)
{
    if (c)
        region_close(&c->region);
    free(c);
}

int joinable_queue_open(struct joinable_queue *q, size_t maxsize)
{
    return joinable_queue_open_as(q, maxsize, QUEUE_FAST);
}

int joinable_queue_open_as(struct joinable_queue *q, size_t maxsize,
                           unsigned way)
{
    struct joinable_counts *c = calloc(1, sizeof *c);
    int error = c ? region_open(&c->region, sizeof *c->shared) : -ENOMEM;

    *q = (struct joinable_queue){.counts = c};
    if (!error)
        error = queue_open_as(&q->queue, maxsize, way);
    if (error) {
        joinable_queue_free(q);
        return error;
    }
    c->shared = c->region.base;
    condition_init(&c->condition, &c->shared->condition, NULL);
    return 0;
}

static void count_one(struct joinable_counts *c)
{
    condition_acquire(&c->condition, NO_TIMEOUT);
    c->shared->items++;
    condition_release(&c->condition);
}

/*
 * Counted before it can be got, and only once it has a place.  Not in one go:
 * who gets it is woken as it is sent, and would at once wait for our lock.
 */
int joinable_queue_put(struct joinable_queue *q, const void *item, size_t size,
                       int64_t timeout)
{
    struct queue_side *s = q->queue.side;
    int error;

    if (!s || s->closed)
        return -EBADF;
    error = s->way->reserve(s, timeout);
    if (error)
        return error;
    count_one(q->counts);
    error = queue_side_add(s, item, size);
    if (!error)
        return 0;
    joinable_queue_task_done(q);
    s->way->give_back(s);
    return error;
}

int joinable_queue_task_done(struct joinable_queue *q)
{
    struct joinable_counts *c = q->counts;
    int error = 0;

    condition_acquire(&c->condition, NO_TIMEOUT);
    if (c->shared->items == 0)
        error = -EOVERFLOW;
    else if (--c->shared->items == 0)
        condition_notify_all(&c->condition);
    condition_release(&c->condition);
    return error;
}

static bool all_done(void *shared)
{
    const struct unfinished *u = shared;

    return u->items == 0;
}

int joinable_queue_join(struct joinable_queue *q, int64_t timeout)
{
    struct joinable_counts *c = q->counts;
    int error;

    condition_acquire(&c->condition, NO_TIMEOUT);
    error = condition_wait_for(&c->condition, all_done, c->shared, timeout);
    condition_release(&c->condition);
    return error;
}

void joinable_queue_free(struct joinable_queue *q)
{
    if (q->queue.side)
        queue_free(&q->queue);
    counts_free(q->counts);
    q->counts = NULL;
}

int joinable_queue_pack(const struct joinable_queue *q, struct parcel *parcel)
{
    int error = queue_pack(&q->queue, parcel);

    return error ? error : region_pack(&q->counts->region, parcel);
}

int joinable_queue_unpack(struct joinable_queue *q, struct parcel *parcel)
{
    struct joinable_counts *c = calloc(1, sizeof *c);
    int error;

    *q = (struct joinable_queue){.counts = c};
    if (!c)
        return -ENOMEM;
    c->region.fd = -1;
    error = queue_unpack(&q->queue, parcel);
    if (!error)
        error = region_unpack(&c->region, parcel);
    if (!error && c->region.size < sizeof *c->shared)
        error = -EBADMSG;
    if (error) {
        joinable_queue_free(q);
        return error;
    }
    c->shared = c->region.base;
    condition_at(&c->condition, &c->shared->condition, NULL);
    return 0;
}
