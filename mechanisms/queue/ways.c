/* SPDX-License-Identifier: MIT */
/* ways.c - what is the same for every way of doing a queue: making it, handing
 * it on, and asking it. */
#include "queue/parts.h"

#include <sched.h>
#include <unistd.h>

static const struct queue_way *way_of(unsigned steps)
{
    if (steps == QUEUE_PLAIN)
        return &queue_way_plain;
    if (steps == QUEUE_ROBUST)
        return &queue_way_robust;
    return steps <= QUEUE_FAST ? &queue_way_fast : NULL;
}

static struct queue_side *side_new(const struct queue_way *way, unsigned steps,
                                   size_t maxsize)
{
    struct queue_side *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->way = way;
    s->steps = steps;
    s->maxsize = maxsize ? maxsize : SEMAPHORE_MOST;
    s->region.fd = s->reader.fd = s->writer.fd = -1;
    return s;
}

void queue_side_destroy(struct queue_side *s)
{
    if (!s)
        return;
    if (s->after_fork.run)
        after_fork_cancel(&s->after_fork);
    if (s->way->detach)
        s->way->detach(s);
    connection_close(&s->reader);
    connection_close(&s->writer);
    region_close(&s->region);
    batches_free(&s->buffer);
    free(s);
}

/* Its pipe is shared by many: nobody may read ahead for itself alone. */
static int complete(struct queue_side *s)
{
    int error = connection_set_read_ahead(&s->reader, 0);

    if (!error)
        error = s->way->attach(s);
    if (!error)
        queue_side_begin(s);
    return error;
}

int queue_side_open(struct queue_side **side, const struct queue_way *way,
                    unsigned steps, size_t maxsize)
{
    struct queue_side *s;
    int error;

    *side = NULL;
    if (!way || maxsize > SEMAPHORE_MOST)
        return -EINVAL;
    s = side_new(way, steps, maxsize);
    if (!s)
        return -ENOMEM;
    error = pipe_open(&s->reader, &s->writer);
    if (!error)
        error = region_open(&s->region, way->shares(s));
    if (!error)
        error = way->make(s);
    if (!error)
        error = complete(s);
    if (error)
        queue_side_destroy(s);
    else
        *side = s;
    return error;
}

int queue_side_pack(const struct queue_side *s, struct parcel *parcel)
{
    int error = s && !s->closed ? 0 : -EBADF;

    if (!error)
        error = parcel_put_u64(parcel, s->steps);
    if (!error)
        error = parcel_put_u64(parcel, s->maxsize);
    if (!error)
        error = parcel_put_fd(parcel, s->reader.fd);
    if (!error)
        error = parcel_put_fd(parcel, s->writer.fd);
    return error ? error : region_pack(&s->region, parcel);
}

/* Of an end nothing is known but its descriptor, whoever reads meanwhile. */
static int end_take(struct connection *end, struct parcel *parcel)
{
    int fd, error = parcel_take_fd(parcel, &fd);

    if (error)
        return error;
    error = connection_from_fd(end, fd);
    if (error)
        close(fd);
    return error;
}

static int side_take(struct queue_side **side, const struct queue_way *way,
                     unsigned steps, struct parcel *parcel)
{
    uint64_t maxsize;
    int error = parcel_take_u64(parcel, &maxsize);
    struct queue_side *s;

    if (error)
        return error;
    s = way ? side_new(way, steps, (size_t)maxsize) : NULL;
    if (!s)
        return way ? -ENOMEM : -EBADMSG;
    error = end_take(&s->reader, parcel);
    if (!error)
        error = end_take(&s->writer, parcel);
    if (!error)
        error = region_unpack(&s->region, parcel);
    if (!error)
        error = complete(s);
    if (error)
        queue_side_destroy(s);
    else
        *side = s;
    return error;
}

int queue_side_unpack(struct queue_side **side, const struct queue_way *way,
                      struct parcel *parcel)
{
    uint64_t steps;
    int error = parcel_take_u64(parcel, &steps);

    *side = NULL;
    if (error)
        return error;
    return side_take(side, way ? way : way_of((unsigned)steps), (unsigned)steps,
                     parcel);
}

/* On a core that both share the other runs while we yield, on another it takes
 * some time to wake. */
void queue_side_give_way(struct queue_side *s, const _Atomic uint64_t *written)
{
    uint64_t before = atomic_load_explicit(written, memory_order_relaxed);
    int64_t deadline = clock_now() + SECOND / 1000;

    while (lock_owner(&s->writing) == 0 && clock_now() < deadline &&
           atomic_load_explicit(written, memory_order_relaxed) == before)
        sched_yield();
}

/* The reader's own state belongs to whoever gets; the pipe is everybody's. */
bool queue_side_is_empty(struct queue_side *s)
{
    struct waitable pipe = {.fd = s->reader.fd};

    return !(s->way->has_more && s->way->has_more(s)) &&
           wait_ready(&pipe, 1, 0) == 0;
}

/* --- Queue --- */

int queue_open(struct queue *q, size_t maxsize)
{
    return queue_open_as(q, maxsize, QUEUE_FAST);
}

int queue_open_as(struct queue *q, size_t maxsize, unsigned way)
{
    return queue_side_open(&q->side, way_of(way), way, maxsize);
}

int queue_pack(const struct queue *q, struct parcel *parcel)
{
    return queue_side_pack(q->side, parcel);
}

int queue_unpack(struct queue *q, struct parcel *parcel)
{
    return queue_side_unpack(&q->side, NULL, parcel);
}

void queue_set_encoder(struct queue *q, const struct queue_encoder *encoder)
{
    q->side->encoder = *encoder;
}

static bool usable(const struct queue *q)
{
    return q->side && !q->side->closed;
}

ssize_t queue_get(struct queue *q, void *buffer, size_t size, int64_t timeout)
{
    struct into into = {.buffer = buffer, .size = size};

    return usable(q) ? q->side->way->get(q->side, &into, timeout) : -EBADF;
}

ssize_t queue_get_new(struct queue *q, void **item, int64_t timeout)
{
    struct into into = {.grow = true};
    ssize_t got = -EBADF;

    if (usable(q))
        got = q->side->way->get(q->side, &into, timeout);
    if (got < 0)
        free(into.buffer);
    *item = got < 0 ? NULL : into.buffer;
    return got;
}

int64_t queue_qsize(struct queue *q)
{
    return usable(q) ? q->side->way->qsize(q->side) : -EBADF;
}

int queue_full(struct queue *q)
{
    int64_t n = queue_qsize(q);

    return n < 0 ? (int)n : (uint64_t)n >= q->side->maxsize;
}

int queue_empty(struct queue *q)
{
    return usable(q) ? queue_side_is_empty(q->side) : -EBADF;
}

int64_t queue_lost(struct queue *q)
{
    if (!usable(q))
        return -EBADF;
    return q->side->way->lost ? q->side->way->lost(q->side) : 0;
}
