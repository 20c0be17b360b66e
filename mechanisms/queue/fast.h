/* SPDX-License-Identifier: MIT */
/*
 * fast.h - what the users of a fast queue share; private to queue_fast.c and
 * read_ahead.c.
 */
#ifndef IPCLAB_QUEUE_FAST_H
#define IPCLAB_QUEUE_FAST_H

#include "queue/parts.h"

#include <sys/syscall.h>
#include <unistd.h>

/* Up to here an item is read with its neighbours and copied once more; a longer
 * one goes straight to who gets it, as in pipe/. */
enum { SMALL = 4096 };

/* Begins the region; the parts are `stride` bytes apart, and the buffer is the
 * last of them. */
struct layout {
    uint64_t stride, ahead, pipe;
};

struct putters {
    _Atomic uint64_t puts; /* items that have a place, but for the meters' */
};

/* Where no queue is ever full, a process counts its own, and needs no atomic
 * instruction for it.  As many processes can have a meter at a time. */
enum { METERS = 16 };

struct meter {
    _Atomic uint64_t puts; /* items; of all who have had it */
    _Atomic uint32_t taken;
};

/* Looked at for every get, and written when a queue is full: not on a line that
 * every put changes. */
struct gate {
    _Atomic uint32_t full; /* 1: somebody sleeps here until there is room */
};

struct writers {
    struct lock_state lock;
    _Atomic uint64_t written; /* items; the lock guards it */
};

/* The lock guards all of it.  start and end are looked at without it. */
struct readers {
    struct lock_state lock;
    _Atomic uint64_t gets;       /* items */
    _Atomic uint64_t start, end; /* of what was read and not got */
    uint64_t last;               /* how long the last item was */
};

/* Where these are in this process. */
struct fast {
    struct putters *putters;
    struct meter *meter; /* this process's own, or NULL: it has none */
    struct gate *gate;
    struct writers *writers;
    struct readers *readers;
    unsigned char *ahead;
    size_t size;                /* of ahead */
    size_t pipe;                /* what the pipe holds */
    _Atomic uint64_t gets_seen; /* the last look at gets */
};

static inline uint64_t peek(const _Atomic uint64_t *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

static inline void poke(_Atomic uint64_t *count, uint64_t value)
{
    atomic_store_explicit(count, value, memory_order_relaxed);
}

/* Bytes that were read and not got. */
static inline size_t ahead_of(const struct fast *f)
{
    return (size_t)(peek(&f->readers->end) - peek(&f->readers->start));
}

/*
 * read(2), write(2) and their like, repeated while they are interrupted: bytes
 * or -errno.  Not by their functions, which in a process that has threads make
 * each call a point where its thread may be cancelled, for more than what a
 * lock costs; and whoever was cancelled here would leave a lock behind.
 */
static inline ssize_t fast_io(long call, int fd, const void *at, size_t n)
{
    long done;

    do
        done = syscall(call, fd, at, n);
    while (done < 0 && errno == EINTR);
    return done < 0 ? -errno : (ssize_t)done;
}

/* read_ahead.c, with the readers' lock in hand: the next item, as queue_get. */
ssize_t read_ahead_next(struct queue_side *s, struct into *into,
                        int64_t timeout);

#endif
