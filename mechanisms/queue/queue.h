/* SPDX-License-Identifier: MIT */
/*
 * queue.h - Queue, SimpleQueue and JoinableQueue: a pipe, a few locks, and a
 * thread that feeds (CPython Lib/multiprocessing/queues.py).
 *
 *     #include "common/hooks.h"
 *     #include "queue/queue.h"
 *
 *     int main(int argc, char **argv)
 *     {
 *         struct queue queue;
 *         char text[16];
 *
 *         mechanisms_init(argc, argv);
 *         if (queue_open(&queue, 0) < 0) // Queue()
 *             return 1;
 *         queue_put(&queue, "helloworld", 10, NO_TIMEOUT);
 *         if (queue_get(&queue, text, sizeof text, SECOND) != 10)
 *             return 1;
 *         queue_close(&queue);
 *         queue_join_thread(&queue, NO_TIMEOUT);
 *         queue_free(&queue);
 *         return 0;
 *     }
 *
 * put never waits for a reader: the item goes into a buffer of this process,
 * and its feeder, a thread that the first put starts, sends it through the
 * pipe. What was put and not yet sent is lost when the process is killed or
 * leaves by _exit(2); the exit sequence (common/hooks.h) waits for it.  So a
 * process that has put does not end before somebody gets: who joins it first
 * waits for ever.
 *
 * Many processes and threads may put and get.  The items of each of them arrive
 * in their order, those of several mixed.
 *
 * A fork.  The child has an empty buffer and no feeder; what its parent has not
 * sent yet the parent will send.  It may use a queue that it has inherited, or
 * was handed under any start method.
 */
#ifndef IPCLAB_QUEUE_H
#define IPCLAB_QUEUE_H

#include "common/clock.h"
#include "common/parcel.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct queue_side; /* what a process has of a queue; parts.h */

struct queue {
    struct queue_side *side; /* NULL: freed */
};

/*
 * How it is done.  Plain is CPython's way, in queue.c.  The steps of
 * queue_fast.c may be combined; each keeps every promise.  The robust way
 * (queue_robust.c) keeps them when users of the queue are killed, too.
 */
enum queue_way_bits {
    QUEUE_PLAIN = 0,
    QUEUE_BATCH = 1,      /* the feeder sends many items by one write(2) */
    QUEUE_READ_AHEAD = 2, /* readers share what one read(2) brought */
    QUEUE_DIRECT = 4,     /* put sends an item itself if the pipe is empty */
    QUEUE_FAST = 7,
    QUEUE_ROBUST = 8
};

/*
 * Queue(maxsize): at most that many items between put and get, 0 for as many as
 * memory holds.  queue_open is the fast one.  0 or -errno; -EINVAL: no such
 * way, or more than SEMAPHORE_MOST.
 */
int queue_open(struct queue *q, size_t maxsize);
int queue_open_as(struct queue *q, size_t maxsize, unsigned way);

/*
 * put(item, block, timeout): copy size bytes.  0.  -ETIMEDOUT: it was full for
 * timeout ns, or with 0 and less is full now (queue.Full).  -EBADF: closed.
 * -ENOMEM; -EAGAIN: no thread for the feeder; -EUSERS: of a robust one, more
 * than 64 processes put at once.
 */
int queue_put(struct queue *q, const void *item, size_t size, int64_t timeout);

/*
 * get(block, timeout): take an item, into size bytes of the caller's or, with
 * queue_get_new, into memory that the caller frees.  Its length.
 * -ETIMEDOUT: none came (queue.Empty).  As in CPython the timeout is over when
 *     an item begins to arrive: of one that is longer than the pipe the rest is
 *     waited for.
 * -EMSGSIZE: it is longer than size, and stays the next one, whole.
 * -EPIPE: nobody can put any more.  -EBADF: closed.  -EBADMSG: a writer died
 *     within an item.  -ENOMEM.
 */
ssize_t queue_get(struct queue *q, void *buffer, size_t size, int64_t timeout);
ssize_t queue_get_new(struct queue *q, void **item, int64_t timeout);

/*
 * qsize() counts what was put and not got, wherever it is; full() is of that
 * number; empty() says that the pipe has nothing, though something may be on
 * its way.  By the time anybody looks each may have changed.  -EBADF: closed.
 */
int64_t queue_qsize(struct queue *q);
int queue_full(struct queue *q);
int queue_empty(struct queue *q);

/*
 * close(): this process will neither put nor get any more.  Its feeder sends
 * what is left, and ends.  Harmless twice.
 */
void queue_close(struct queue *q);

/*
 * join_thread(): wait until all is sent.  0; -ETIMEDOUT; -EBUSY: not closed.
 * cancel_join_thread(): the exit sequence will not wait, and what is unsent is
 * lost.
 */
int queue_join_thread(struct queue *q, int64_t timeout);
void queue_cancel_join_thread(struct queue *q);

/*
 * What collecting the object does in Python: close it and forget it.  This does
 * not wait; the process's exit does.
 */
void queue_free(struct queue *q);

/*
 * Have items turned into what is sent by `encode`, as pickle does: in the
 * feeder, long after put returned.  It returns the length of *message, which is
 * malloc'ed and the queue's, or -errno: then the item is dropped, its place is
 * free again, and `failed` is told (Queue._on_queue_feeder_error).  failed may
 * be NULL, and is also told of items that could not be sent.  For this process
 * alone, before its first put.
 */
struct queue_encoder {
    ssize_t (*encode)(void *argument, const void *item, size_t size,
                      void **message);
    void (*failed)(void *argument, const void *item, size_t size, int error);
    void *argument;
};

void queue_set_encoder(struct queue *q, const struct queue_encoder *encoder);

/* What is lost for good, with whoever was killed: known to a robust one alone.
 */
int64_t queue_lost(struct queue *q);

int queue_pack(const struct queue *q, struct parcel *parcel);
int queue_unpack(struct queue *q, struct parcel *parcel);

/* --- SimpleQueue --- */

/* A pipe and two locks: put sends, and waits while the pipe is full. */
struct simple_queue {
    struct queue_side *side;
};

int simple_queue_open(struct simple_queue *q);
void simple_queue_close(struct simple_queue *q);

/* 0; -EPIPE: nobody can get it; -EBADF: closed. */
int simple_queue_put(struct simple_queue *q, const void *item, size_t size);

/* As queue_get, but that it waits as long as it takes. */
ssize_t simple_queue_get(struct simple_queue *q, void *buffer, size_t size);
ssize_t simple_queue_get_new(struct simple_queue *q, void **item);

/* 1, 0, or -EBADF. */
int simple_queue_empty(struct simple_queue *q);

int simple_queue_pack(const struct simple_queue *q, struct parcel *parcel);
int simple_queue_unpack(struct simple_queue *q, struct parcel *parcel);

/* --- JoinableQueue --- */

/* A Queue that counts what was put and is not yet done with. */
struct joinable_queue {
    struct queue queue;
    struct joinable_counts *counts;
};

int joinable_queue_open(struct joinable_queue *q, size_t maxsize);
int joinable_queue_open_as(struct joinable_queue *q, size_t maxsize,
                           unsigned way);
int joinable_queue_put(struct joinable_queue *q, const void *item, size_t size,
                       int64_t timeout);

/* Get from, and do all else with, q->queue. */

/* An item that was got is done with.  0; -EOVERFLOW: more often than put. */
int joinable_queue_task_done(struct joinable_queue *q);

/* Wait until all is done with.  0 or -ETIMEDOUT. */
int joinable_queue_join(struct joinable_queue *q, int64_t timeout);

void joinable_queue_free(struct joinable_queue *q);
int joinable_queue_pack(const struct joinable_queue *q, struct parcel *parcel);
int joinable_queue_unpack(struct joinable_queue *q, struct parcel *parcel);

#endif
