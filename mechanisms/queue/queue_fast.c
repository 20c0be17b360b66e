/* SPDX-License-Identifier: MIT */
/*
 * queue_fast.c - the same Queue, in far fewer system calls.
 *
 * Still a pipe, two locks and a feeder.  What queue.c does for every item is
 * done here for as many as there are:
 *
 *   QUEUE_BATCH       the feeder sends whole items, as many as the pipe holds,
 *                     by one write(2);
 *   QUEUE_READ_AHEAD  a reader takes what the pipe has by one read(2), into a
 *                     buffer that lies in the region: the next reader, in
 *                     whichever process, finds there what this one left;
 *   QUEUE_DIRECT      put sends an item itself when the pipe is empty, so that
 *                     a lone message does not wait for two threads.
 *
 * The semaphore is two counts: what was put, and what was got.  Each is written
 * by one side only and has cache lines of its own, so that a stream does not
 * hand one to and fro between two cores for each item.
 *
 * When is the pipe empty?  With the writers' lock in hand nobody else writes,
 * and `written` is exact: if as many were got, every item that ever went in has
 * come out, and what is in the readers' buffer has too.  An item that fits into
 * an empty pipe then goes in without a wait.  A process has no item of its own
 * that is older: queue_side_add looks at its buffer first.
 */
#include "queue/parts.h"

#include "common/io.h"
#include "sync/futex.h"

#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

/* Up to here an item is read with its neighbours and copied once more; a longer
 * one goes straight to who gets it, as in pipe/. */
enum { SMALL = 4096 };

/* How long a writer that has more lets another one begin, in ns. */
enum { GIVES_WAY = 1000000 };

/* Begins the region; the parts are `stride` bytes apart, and the buffer is the
 * last of them. */
struct layout {
    uint64_t stride, ahead, pipe;
};

struct putters {
    _Atomic uint64_t puts; /* items that have a place */
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
    struct writers *writers;
    struct readers *readers;
    unsigned char *ahead;
    size_t size;                /* of ahead */
    size_t pipe;                /* what the pipe holds */
    _Atomic uint64_t gets_seen; /* the last look at gets */
};

static uint64_t peek(const _Atomic uint64_t *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

static void poke(_Atomic uint64_t *count, uint64_t value)
{
    atomic_store_explicit(count, value, memory_order_relaxed);
}

/* --- the region --- */

enum { PARTS = 4 };

/* Two cache lines, since some processors fetch lines in pairs. */
static size_t stride(void)
{
    long line = 0;

#ifdef _SC_LEVEL1_DCACHE_LINESIZE /* musl cannot tell */
    line = sysconf(_SC_LEVEL1_DCACHE_LINESIZE);
#endif
    return 2 * (line >= 64 ? (size_t)line : 64);
}

static size_t pipe_holds(const struct queue_side *s)
{
    int bytes = fcntl(s->reader.fd, F_GETPIPE_SZ);

    return bytes > 0 ? (size_t)bytes : 0;
}

/* One page is all that a pipe holds of a user who has many. */
static size_t fast_shares(const struct queue_side *s)
{
    size_t pipe = pipe_holds(s);

    return PARTS * stride() + (pipe > 2 * SMALL ? pipe : 2 * SMALL);
}

static void *part(const struct queue_side *s, uint64_t n)
{
    const struct layout *l = s->region.base;

    return (unsigned char *)s->region.base + n * l->stride;
}

static int fast_attach(struct queue_side *s)
{
    const struct layout *l = s->region.base;
    struct fast *f = calloc(1, sizeof *f);

    if (!f)
        return -ENOMEM;
    s->own = f;
    if (s->region.size < sizeof *l ||
        s->region.size < PARTS * l->stride + l->ahead)
        return -EBADMSG;
    f->putters = part(s, 1);
    f->writers = part(s, 2);
    f->readers = part(s, 3);
    f->ahead = part(s, PARTS);
    f->size = l->ahead;
    f->pipe = l->pipe;
    lock_at(&s->writing, &f->writers->lock);
    lock_at(&s->reading, &f->readers->lock);
    return 0;
}

static int fast_make(struct queue_side *s)
{
    struct layout *l = s->region.base;
    struct lock unused;

    l->stride = stride();
    l->ahead = s->region.size - PARTS * l->stride;
    l->pipe = pipe_holds(s);
    lock_init(&unused, &((struct writers *)part(s, 2))->lock, LOCK_PLAIN);
    lock_init(&unused, &((struct readers *)part(s, 3))->lock, LOCK_PLAIN);
    return 0;
}

static void fast_detach(struct queue_side *s)
{
    free(s->own);
}

/* --- places --- */

/* Is there room for one more?  Looks at the readers' line only when what it has
 * seen of it says no. */
static bool has_room(const struct queue_side *s, struct fast *f, uint64_t puts)
{
    if (puts - peek(&f->gets_seen) < s->maxsize)
        return true;
    poke(&f->gets_seen,
         atomic_load_explicit(&f->readers->gets, memory_order_seq_cst));
    return puts - peek(&f->gets_seen) < s->maxsize;
}

/*
 * Sleep until something is got.  We say so and look once more, a reader counts
 * and then looks whether somebody has said so: in one order (seq_cst) one of
 * the two sees the other.
 */
static int wait_for_room(struct queue_side *s, struct fast *f, int64_t deadline)
{
    atomic_store_explicit(&f->putters->full, 1, memory_order_seq_cst);
    if (has_room(s, f, peek(&f->putters->puts)))
        return 0;
    return futex_wait(&f->putters->full, 1, deadline);
}

static int fast_reserve(struct queue_side *s, int64_t timeout)
{
    struct fast *f = s->own;
    uint64_t puts = peek(&f->putters->puts);
    int64_t deadline = -1;

    for (;;) {
        if (has_room(s, f, puts)) {
            if (atomic_compare_exchange_weak_explicit(
                    &f->putters->puts, &puts, puts + 1, memory_order_relaxed,
                    memory_order_relaxed))
                return 0;
            continue;
        }
        if (timeout <= 0)
            return -ETIMEDOUT;
        if (deadline < 0)
            deadline = clock_deadline(timeout);
        if (wait_for_room(s, f, deadline) == -ETIMEDOUT)
            return -ETIMEDOUT;
        puts = peek(&f->putters->puts);
    }
}

/* Somebody may sleep until there is room.  All are woken: who finds none says
 * again that it sleeps. */
static void tell_of_room(struct fast *f)
{
    if (atomic_load_explicit(&f->putters->full, memory_order_relaxed) &&
        atomic_exchange_explicit(&f->putters->full, 0, memory_order_seq_cst))
        futex_wake(&f->putters->full, UINT32_MAX);
}

static void fast_give_back(struct queue_side *s)
{
    struct fast *f = s->own;

    atomic_fetch_sub_explicit(&f->putters->puts, 1, memory_order_seq_cst);
    tell_of_room(f);
}

static void count_get(struct queue_side *s, struct fast *f)
{
    uint64_t gets = peek(&f->readers->gets) + 1;

    atomic_store_explicit(&f->readers->gets, gets, memory_order_release);
    if (s->maxsize < SEMAPHORE_MOST)
        atomic_thread_fence(memory_order_seq_cst);
    tell_of_room(f);
}

/* --- into the pipe --- */

/* region: direct */
static bool is_drained(const struct fast *f)
{
    return peek(&f->writers->written) ==
           atomic_load_explicit(&f->readers->gets, memory_order_acquire);
}

static bool fast_direct(struct queue_side *s, const void *item, size_t size)
{
    struct fast *f = s->own;
    bool sent;

    if (!(s->steps & QUEUE_DIRECT) || size + LONG_HEADER > f->pipe ||
        !is_drained(f) || lock_acquire(&s->writing, 0) != 0)
        return false;
    sent = is_drained(f) && connection_send(&s->writer, item, size) == 0;
    if (sent)
        poke(&f->writers->written, peek(&f->writers->written) + 1);
    lock_release(&s->writing);
    return sent;
}
/* end: direct */

/* Where a write that begins at `at` should end: behind as many items as the
 * pipe holds, or one. */
static size_t chunk(const struct queue_side *s, const struct batch *b,
                    size_t at, size_t *items)
{
    const struct fast *f = s->own;
    const unsigned char *item;
    size_t size, end = batch_item(b, at, &item, &size);

    for (*items = 1; s->steps & QUEUE_BATCH && end < b->used; ++*items) {
        size_t next = batch_item(b, end, &item, &size);

        if (next - at > f->pipe)
            break;
        end = next;
    }
    return end;
}

/* Another waits for the lock that we have released and want again: let it. */
static void give_way(struct queue_side *s, uint64_t written)
{
    const struct fast *f = s->own;
    int64_t deadline = clock_now() + GIVES_WAY;

    while (lock_owner(&s->writing) == 0 &&
           peek(&f->writers->written) == written && clock_now() < deadline)
        sched_yield();
}

/* region: batch */
static int fast_send(struct queue_side *s, const struct batch *b, size_t *at)
{
    struct fast *f = s->own;
    int error = 0;

    while (*at < b->used && !error) {
        size_t items, end = chunk(s, b, *at, &items);
        uint64_t written;
        bool wanted;

        error = lock_acquire(&s->writing, NO_TIMEOUT);
        if (error)
            break;
        error = write_full(s->writer.fd, b->bytes + *at, end - *at);
        written = peek(&f->writers->written) + (error ? 0 : items);
        poke(&f->writers->written, written);
        wanted = lock_is_wanted(&s->writing);
        lock_release(&s->writing);
        if (!error)
            *at = end;
        if (wanted && *at < b->used)
            give_way(s, written);
    }
    return error;
}
/* end: batch */

/* --- out of the pipe, with the readers' lock in hand --- */

static unsigned char *ahead_at(const struct fast *f)
{
    return f->ahead + peek(&f->readers->start);
}

static size_t ahead_of(const struct fast *f)
{
    return (size_t)(peek(&f->readers->end) - peek(&f->readers->start));
}

static void set_ahead(struct fast *f, size_t start, size_t end)
{
    poke(&f->readers->start, start);
    poke(&f->readers->end, end);
}

/* One readv(2), repeated while it is interrupted: bytes or -errno. */
static ssize_t read_into(int fd, const struct iovec *pieces, int n)
{
    ssize_t got;

    do
        got = readv(fd, pieces, n);
    while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

/* The rest of an item, straight to who gets it, and what lies behind it. */
static ssize_t finish(struct queue_side *s, unsigned char *to, size_t rest)
{
    struct fast *f = s->own;
    bool more = s->steps & QUEUE_READ_AHEAD;

    set_ahead(f, 0, 0);
    while (rest) {
        struct iovec pieces[2] = {{to, rest}, {f->ahead, more ? f->size : 0}};
        ssize_t got = read_into(s->reader.fd, pieces, 2);

        if (got <= 0)
            return got ? got : -EBADMSG;
        if ((size_t)got > rest) {
            set_ahead(f, 0, (size_t)got - rest);
            return 0;
        }
        to += got;
        rest -= (size_t)got;
    }
    return 0;
}

/* An item whose header is there: take it out.  Its length, or -errno. */
static ssize_t take(struct queue_side *s, struct into *into, size_t header,
                    size_t size)
{
    struct fast *f = s->own;
    size_t have = ahead_of(f) - header;
    ssize_t error = into_fit(into, size);

    if (error)
        return error;
    memcpy(into->buffer, ahead_at(f) + header, have < size ? have : size);
    if (have < size)
        error = finish(s, (unsigned char *)into->buffer + have, size - have);
    else
        poke(&f->readers->start, peek(&f->readers->start) + header + size);
    f->readers->last = size;
    return error ? error : (ssize_t)size;
}

/*
 * After an item of middling size, guess that the next is as long, and read its
 * header, itself and what is behind it to where they belong.  1: it was as
 * guessed; 0: all lies ahead, in order.  -errno; -EPIPE: the end.
 */
static ssize_t guess(struct queue_side *s, struct into *into)
{
    struct fast *f = s->own;
    size_t size = f->readers->last, got, behind;
    struct iovec pieces[3] = {{f->ahead, HEADER},
                              {into->buffer, size},
                              {f->ahead + HEADER, s->steps & QUEUE_READ_AHEAD
                                                      ? f->size - HEADER - size
                                                      : 0}};
    ssize_t n = read_into(s->reader.fd, pieces, 3);
    uint64_t real = 0;

    if (n <= 0)
        return n ? n : -EPIPE;
    got = (size_t)n;
    behind = got > HEADER + size ? got - HEADER - size : 0;
    if (frame_header(f->ahead, got, &real) == HEADER && real == size) {
        set_ahead(f, HEADER, HEADER + behind);
        if (got >= HEADER + size)
            return 1;
        n = finish(s, (unsigned char *)into->buffer + got - HEADER,
                   size + HEADER - got);
        return n ? n : 1;
    }
    memmove(f->ahead + HEADER + size, f->ahead + HEADER, behind);
    if (got > HEADER)
        memcpy(f->ahead + HEADER, into->buffer, got - HEADER - behind);
    set_ahead(f, 0, got);
    return 0;
}

static bool may_guess(const struct fast *f, const struct into *into)
{
    uint64_t last = f->readers->last;

    return ahead_of(f) == 0 && last > SMALL && last <= f->size - HEADER &&
           !into->grow && last <= into->size;
}

/* Read more behind what is there; without read-ahead just what is missing. */
static ssize_t read_ahead(struct queue_side *s, size_t missing)
{
    struct fast *f = s->own;
    size_t have = ahead_of(f);
    ssize_t got;

    memmove(f->ahead, ahead_at(f), have);
    set_ahead(f, 0, have);
    got = read_some(s->reader.fd, f->ahead + have,
                    s->steps & QUEUE_READ_AHEAD ? f->size - have : missing);
    if (got > 0)
        set_ahead(f, 0, have + (size_t)got);
    return got ? got : have ? -EBADMSG : -EPIPE;
}

/* region: shared-read-ahead */
/* The next item, from the buffer if it is there. */
static ssize_t next(struct queue_side *s, struct into *into, int64_t timeout)
{
    struct fast *f = s->own;

    for (;;) {
        size_t have = ahead_of(f), missing;
        uint64_t size = 0;
        int header = frame_header(ahead_at(f), have, &size);
        ssize_t got;

        if (header < 0)
            return header;
        if (header && (have - (size_t)header >= size || size > SMALL))
            return take(s, into, (size_t)header, size);
        if (timeout != NO_TIMEOUT && have == 0) {
            got = connection_poll(&s->reader, timeout);
            if (got <= 0)
                return got ? got : -ETIMEDOUT;
        }
        missing = header ? (size_t)header + (size_t)size - have
                         : (have < HEADER ? HEADER : LONG_HEADER) - have;
        if (!may_guess(f, into))
            got = read_ahead(s, missing);
        else if ((got = guess(s, into)) == 1)
            return (ssize_t)f->readers->last;
        if (got < 0)
            return got;
    }
}
/* end: shared-read-ahead */

/* Most of the time the lock is free, and nobody need look at the clock. */
static ssize_t fast_get(struct queue_side *s, struct into *into,
                        int64_t timeout)
{
    ssize_t got = lock_acquire(&s->reading, 0);

    if (got && timeout > 0) {
        int64_t begin = clock_now();

        got = lock_acquire(&s->reading, timeout);
        if (timeout != NO_TIMEOUT)
            timeout -= clock_now() - begin;
    }
    if (got)
        return got;
    got = next(s, into, timeout);
    if (got >= 0)
        count_get(s, s->own);
    lock_release(&s->reading);
    return got;
}

static int64_t fast_qsize(struct queue_side *s)
{
    const struct fast *f = s->own;
    uint64_t gets = peek(&f->readers->gets);

    /* In this order it is never below 0, but of two times. */
    return (int64_t)(peek(&f->putters->puts) - gets);
}

static bool fast_is_empty(struct queue_side *s)
{
    return ahead_of(s->own) == 0 && plain_is_empty(s);
}

const struct queue_way queue_way_fast = {.shares = fast_shares,
                                         .make = fast_make,
                                         .attach = fast_attach,
                                         .detach = fast_detach,
                                         .reserve = fast_reserve,
                                         .give_back = fast_give_back,
                                         .direct = fast_direct,
                                         .send = fast_send,
                                         .get = fast_get,
                                         .qsize = fast_qsize,
                                         .is_empty = fast_is_empty};
