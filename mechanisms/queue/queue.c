/* SPDX-License-Identifier: MIT */
/*
 * queue.c - Queue as CPython does it: a pipe, a few locks, and a thread that
 * feeds (Lib/multiprocessing/queues.py).
 *
 * Shared by all processes: the pipe; a lock for its readers, one for its
 * writers; a semaphore with a place for each item that may still be put.
 * A process's own: a buffer, and the feeder that empties it into the pipe.
 */
#include "queue/parts.h"

#include <sched.h>
#include <signal.h>

/* --- through the pipe --- */

struct plain {
    struct lock_state reading, writing;
    struct semaphore_state room;
    bool known; /* a header was read, of a message that is not taken yet */
    uint64_t pending;
};

/* region: plain-send */
/* Nobody else writes meanwhile; a full pipe is waited for, lock in hand. */
int plain_send(struct queue_side *s, const void *item, size_t size)
{
    int error = lock_acquire(&s->writing, NO_TIMEOUT);

    if (error)
        return error;
    error = connection_send(&s->writer, item, size);
    lock_release(&s->writing);
    return error;
}
/* end: plain-send */

/* Whoever reads next goes on where the last reader was. */
static ssize_t receive(struct queue_side *s, struct into *into)
{
    struct plain *shared = s->region.base;
    struct connection *c = &s->reader;
    ssize_t got;

    c->known = shared->known;
    c->pending = shared->pending;
    if (into->grow)
        got = connection_recv_new(c, &into->buffer, SIZE_MAX);
    else
        got = connection_recv(c, into->buffer, into->size);
    shared->known = c->known;
    shared->pending = c->pending;
    c->known = false; /* another may take it: nobody remembers it alone */
    return got;
}

/* An idle reader waits in read(2) with the lock in hand. */
ssize_t plain_receive(struct queue_side *s, struct into *into, int64_t timeout)
{
    int64_t deadline = clock_deadline(timeout);
    ssize_t got = lock_acquire(&s->reading, timeout);

    if (got)
        return got;
    if (timeout != NO_TIMEOUT)
        got = connection_poll(&s->reader, deadline - clock_now());
    if (got > 0 || timeout == NO_TIMEOUT)
        got = receive(s, into);
    else if (got == 0)
        got = -ETIMEDOUT;
    lock_release(&s->reading);
    return got;
}

/* --- the plain way --- */

static size_t plain_shares(const struct queue_side *s)
{
    (void)s;
    return sizeof(struct plain);
}

static int plain_attach(struct queue_side *s)
{
    struct plain *shared = s->region.base;

    if (s->region.size < sizeof *shared)
        return -EBADMSG;
    lock_at(&s->reading, &shared->reading);
    lock_at(&s->writing, &shared->writing);
    semaphore_at(&s->room, &shared->room);
    return 0;
}

static int plain_make(struct queue_side *s)
{
    struct plain *shared = s->region.base;

    lock_init(&s->reading, &shared->reading, LOCK_PLAIN);
    lock_init(&s->writing, &shared->writing, LOCK_PLAIN);
    semaphore_init(&s->room, &shared->room, (uint32_t)s->maxsize,
                   (uint32_t)s->maxsize);
    return 0;
}

static int plain_reserve(struct queue_side *s, int64_t timeout)
{
    return semaphore_acquire(&s->room, timeout);
}

static void plain_give_back(struct queue_side *s)
{
    semaphore_release(&s->room);
}

static int plain_send_next(struct queue_side *s, const struct batch *b,
                           size_t *at)
{
    const unsigned char *item;
    size_t size, next = batch_item(b, *at, &item, &size);
    int error = plain_send(s, item, size);

    *at = error ? *at : next;
    return error;
}

static ssize_t plain_get(struct queue_side *s, struct into *into,
                         int64_t timeout)
{
    ssize_t got = plain_receive(s, into, timeout);

    if (got >= 0)
        semaphore_release(&s->room);
    return got;
}

static int64_t plain_qsize(struct queue_side *s)
{
    return (int64_t)s->maxsize - semaphore_value(&s->room);
}

const struct queue_way queue_way_plain = {.shares = plain_shares,
                                          .make = plain_make,
                                          .attach = plain_attach,
                                          .reserve = plain_reserve,
                                          .give_back = plain_give_back,
                                          .send = plain_send_next,
                                          .get = plain_get,
                                          .qsize = plain_qsize};

/* --- put, and the feeder --- */

/* An item that will never arrive gives its place back. */
static void drop(struct queue_side *s, const void *item, size_t size, int error)
{
    s->way->give_back(s);
    if (s->encoder.failed)
        s->encoder.failed(s->encoder.argument, item, size, error);
}

/* What cannot be sent is dropped, and the rest is sent all the same. */
static void send_all(struct queue_side *s, const struct batch *b)
{
    for (size_t at = 0; at < b->used;) {
        const unsigned char *item;
        int error = s->way->send(s, b, &at);
        size_t size;

        if (error && at < b->used) {
            at = batch_item(b, at, &item, &size);
            drop(s, item, size, error);
        }
    }
}

/* In the feeder, and without a lock: a bad item harms nobody else. */
static void encode_all(struct queue_side *s, const struct batch *raw)
{
    struct batches encoded = {0};

    for (size_t at = 0; at < raw->used;) {
        const unsigned char *item;
        void *message = NULL;
        size_t size;
        ssize_t n;

        at = batch_item(raw, at, &item, &size);
        n = s->encoder.encode(s->encoder.argument, item, size, &message);
        if (n >= 0)
            n = batches_add(&encoded, message, (size_t)n);
        if (n < 0)
            drop(s, item, size, (int)n);
        free(message);
    }
    for (const struct batch *b = encoded.first; b; b = b->next)
        send_all(s, b);
    batches_free(&encoded);
}

/* Wait for items, and take some.  False: closed, and nothing is left. */
static bool take(struct queue_side *s)
{
    while (!s->buffer.first && !s->closed) {
        s->idle = true;
        queue_side_rests(s);
    }
    s->sending = batches_take(&s->buffer);
    return s->sending != NULL;
}

/* region: feeder */
static void *feed(void *argument)
{
    struct queue_side *s = argument;

    queue_side_begins(s);
    while (take(s)) {
        pthread_mutex_unlock(&s->mutex);
        if (s->encoder.encode)
            encode_all(s, s->sending);
        else
            send_all(s, s->sending);
        pthread_mutex_lock(&s->mutex);
        batches_spare(&s->buffer, s->sending);
        s->sending = NULL;
    }
    queue_side_ends(s);
    return NULL;
}
/* end: feeder */

/* Signals are for other threads. */
int queue_side_feed(struct queue_side *s)
{
    sigset_t all, before;
    int error;

    if (s->closed || s->feeding)
        return s->closed ? -EBADF : 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = -pthread_create(&s->feeder, NULL, feed, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!error) {
        s->feeding = true;
        s->ended = false;
        queue_side_watch_exit(s);
    }
    return error;
}

/* From here, if this process has nothing to send before it. */
static bool send_directly(struct queue_side *s, const void *item, size_t size)
{
    return s->way->direct && !s->buffer.first && !s->sending &&
           !s->encoder.encode && s->way->direct(s, item, size);
}

int queue_side_add(struct queue_side *s, const void *item, size_t size)
{
    bool many = false;
    int error;

    pthread_mutex_lock(&s->mutex);
    if (s->way->count)
        s->way->count(s);
    error = queue_side_feed(s);
    if (!error && !send_directly(s, item, size)) {
        error = batches_add(&s->buffer, item, size);
        many = batches_are_many(&s->buffer);
        if (s->idle)
            pthread_cond_signal(&s->changed);
        s->idle = false;
    }
    pthread_mutex_unlock(&s->mutex);
    if (many)
        sched_yield();
    return error;
}

/* region: put */
int queue_put(struct queue *q, const void *item, size_t size, int64_t timeout)
{
    struct queue_side *s = q->side;
    int error;

    if (!s || s->closed)
        return -EBADF;
    error = s->way->reserve(s, timeout); /* the only wait */
    if (error)
        return error;
    error = queue_side_add(s, item, size);
    if (error)
        s->way->give_back(s);
    return error;
}
/* end: put */
