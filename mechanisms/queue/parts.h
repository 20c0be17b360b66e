/* SPDX-License-Identifier: MIT */
/*
 * parts.h - what a Queue is made of; private to queue/.
 *
 * Every process that uses a queue has a side of it: a view of what they share
 * (the pipe, and a region with the locks and the counts), its own buffer, and
 * its own feeder.  What differs between the ways of doing it is a table of
 * functions (struct queue_way); queue.c has the life that all of them lead.
 */
#ifndef IPCLAB_QUEUE_PARTS_H
#define IPCLAB_QUEUE_PARTS_H

#include "queue/batch.h"
#include "queue/queue.h"

#include "common/hooks.h"
#include "common/region.h"
#include "pipe/pipe.h"
#include "sync/futex.h"
#include "sync/sync.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* --- where an item that is got goes --- */

struct into {
    void *buffer;
    size_t size;
    bool grow; /* buffer is ours to allocate */
};

/* Have room for n bytes: 0, -EMSGSIZE or -ENOMEM. */
static inline int into_fit(struct into *into, uint64_t n)
{
    if (!into->grow)
        return n <= into->size ? 0 : -EMSGSIZE;
    if (n > SSIZE_MAX)
        return -ENOMEM;
    into->buffer = malloc(n ? (size_t)n : 1);
    into->size = (size_t)n;
    return into->buffer ? 0 : -ENOMEM;
}

/* What was fitted is not needed after all. */
static inline void into_forget(struct into *into)
{
    if (!into->grow)
        return;
    free(into->buffer);
    into->buffer = NULL;
}

/*
 * Tell those who sleep on `full` until there is room.  They set it and look
 * once more for room before they sleep; we have made room, and then look at it:
 * in one order (seq_cst, and so must making room be) one of the two sees the
 * other.  All are woken: who finds none says again that it sleeps.
 */
static inline void room_tell(_Atomic uint32_t *full)
{
    if (atomic_load_explicit(full, memory_order_seq_cst) &&
        atomic_exchange_explicit(full, 0, memory_order_seq_cst))
        futex_wake(full, UINT32_MAX);
}

/* --- a side --- */

struct queue_way {
    size_t (*shares)(const struct queue_side *s); /* bytes of the region */
    int (*make)(struct queue_side *s);    /* the region is new, and zeroed */
    int (*attach)(struct queue_side *s);  /* 0, or -EBADMSG: it is none */
    void (*detach)(struct queue_side *s); /* or NULL */
    void (*forget)(struct queue_side *s); /* in a forked child; or NULL */
    /* In the feeder, with the mutex held: first and last thing; or NULL. */
    void (*begins)(struct queue_side *s);
    void (*ends)(struct queue_side *s);

    /* Have a place for one more item: 0 or -ETIMEDOUT; and back. */
    int (*reserve)(struct queue_side *s, int64_t timeout);
    void (*give_back)(struct queue_side *s);
    /* With the mutex held: an item that has a place is put; or NULL, and to
     * have a place counts. */
    void (*count)(struct queue_side *s);
    /* Send it from put, with the mutex held, if that needs no wait; or NULL. */
    bool (*direct)(struct queue_side *s, const void *item, size_t size);
    /* In the feeder: send from *at on.  -errno: of the item at *at. */
    int (*send)(struct queue_side *s, const struct batch *b, size_t *at);

    ssize_t (*get)(struct queue_side *s, struct into *into, int64_t timeout);
    int64_t (*qsize)(struct queue_side *s);
    bool (*has_more)(struct queue_side *s); /* than the pipe; or NULL */
    int64_t (*lost)(struct queue_side *s);  /* or NULL */
};

extern const struct queue_way queue_way_plain, queue_way_fast, queue_way_robust;

struct queue_side {
    const struct queue_way *way;
    unsigned steps; /* enum queue_way_bits */
    size_t maxsize; /* never 0: unlimited is SEMAPHORE_MOST */

    /* What all sides share. */
    struct region region;
    struct connection reader, writer;
    struct lock reading, writing; /* their words are in the region */
    struct semaphore room;

    /* What is this process's own: mutex guards it. */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct batches buffer; /* put, and not yet taken by the feeder */
    struct batch *sending; /* the feeder has taken it; or NULL */
    pthread_t feeder;
    bool feeding; /* the feeder was started, and not yet joined */
    bool idle;    /* it waits for something to be put, and was not told yet */
    bool ended;   /* it has done all that it will */
    _Atomic bool closed;
    bool cancelled; /* the exit sequence is not to wait for the feeder */
    struct queue_encoder encoder;
    struct after_fork after_fork;
    struct finalizer push, join;
    struct queue_side *next; /* of those that were freed */
    void *own;               /* the way's, of this process */
};

/* A side of a queue that is new / that came in a parcel, and its end. */
int queue_side_open(struct queue_side **side, const struct queue_way *way,
                    unsigned steps, size_t maxsize);
int queue_side_unpack(struct queue_side **side, const struct queue_way *way,
                      struct parcel *parcel); /* NULL: the one it says */
int queue_side_pack(const struct queue_side *s, struct parcel *parcel);
void queue_side_destroy(struct queue_side *s);

/* end.c: prepare what a side's process has of its own; and, when its feeder
 * was started, have the exit sequence wait for it. */
void queue_side_begin(struct queue_side *s);
void queue_side_watch_exit(struct queue_side *s);

/* end.c: a feeder begins and ends; it has the mutex between the two. */
void queue_side_begins(struct queue_side *s);
void queue_side_ends(struct queue_side *s);

/* end.c: in the feeder, with the mutex held: wait until something changes. When
 * nothing does for a while, spare memory is given back. */
void queue_side_rests(struct queue_side *s);

/* ways.c: is there nothing to be got at once? */
bool queue_side_is_empty(struct queue_side *s);

/* queue.c: start the feeder unless it was started, with the mutex held: 0, or
 * -EBADF: closed, or -EAGAIN. */
int queue_side_feed(struct queue_side *s);

/* ways.c: another feeder waits for the writers' lock, which we have released
 * and want again: let it begin.  `written` changes when somebody has written.
 */
void queue_side_give_way(struct queue_side *s, const _Atomic uint64_t *written);

/* queue.c: the second half of a put, for who has a place: 0 or -errno. */
int queue_side_add(struct queue_side *s, const void *item, size_t size);

/* queue.c: one message through the pipe, for those that share a reader. */
ssize_t plain_receive(struct queue_side *s, struct into *into, int64_t timeout);
int plain_send(struct queue_side *s, const void *item, size_t size);

#endif
