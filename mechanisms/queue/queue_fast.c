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
 * hand one to and fro between two cores for each item.  Without a limit nobody
 * need know what others have put, but for qsize: it adds the meters up.
 *
 * When is the pipe empty?  With the writers' lock in hand nobody else writes,
 * and `written` is exact: if as many were got, every item that ever went in has
 * come out, and what is in the readers' buffer has too.  An item that fits into
 * an empty pipe then goes in without a wait.  A process has no item of its own
 * that is older: queue_side_add looks at its buffer first.
 */
#include "queue/fast.h"

#include "common/io.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

/* --- the region --- */

enum { METER = 5, AHEAD = METER + METERS };

static size_t cache_line(void)
{
#ifdef _SC_LEVEL1_DCACHE_LINESIZE /* musl cannot tell */
    long line = sysconf(_SC_LEVEL1_DCACHE_LINESIZE);

    if (line > 64)
        return (size_t)line;
#endif
    return 64;
}

/* Two cache lines, since some processors fetch lines in pairs. */
static size_t stride(void)
{
    return 2 * cache_line();
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

    return AHEAD * stride() + (pipe > 2 * SMALL ? pipe : 2 * SMALL);
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
        s->region.size < AHEAD * l->stride + l->ahead)
        return -EBADMSG;
    f->putters = part(s, 1);
    f->writers = part(s, 2);
    f->readers = part(s, 3);
    f->gate = part(s, 4);
    f->ahead = part(s, AHEAD);
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
    l->ahead = s->region.size - AHEAD * l->stride;
    l->pipe = pipe_holds(s);
    lock_init(&unused, &((struct writers *)part(s, 2))->lock, LOCK_PLAIN);
    lock_init(&unused, &((struct readers *)part(s, 3))->lock, LOCK_PLAIN);
    return 0;
}

static void fast_detach(struct queue_side *s)
{
    free(s->own);
}

/* --- what was put --- */

static bool is_unlimited(const struct queue_side *s)
{
    return s->maxsize == SEMAPHORE_MOST;
}

/* The feeder's first act: have a meter.  One that somebody was killed with
 * stays taken; who has none counts where all others do. */
static void fast_begins(struct queue_side *s)
{
    struct fast *f = s->own;

    for (uint64_t i = 0; is_unlimited(s) && !f->meter && i < METERS; i++) {
        struct meter *meter = part(s, METER + i);

        if (!atomic_exchange_explicit(&meter->taken, 1, memory_order_acquire))
            f->meter = meter;
    }
}

/* What it has counted stays in it. */
static void fast_ends(struct queue_side *s)
{
    struct fast *f = s->own;

    if (f->meter)
        atomic_store_explicit(&f->meter->taken, 0, memory_order_release);
    f->meter = NULL;
}

/* A child has no feeder, and its parent's meter is not its own. */
static void fast_forget(struct queue_side *s)
{
    struct fast *f = s->own;

    f->meter = NULL;
}

static void fast_count(struct queue_side *s)
{
    struct fast *f = s->own;

    if (f->meter)
        poke(&f->meter->puts, peek(&f->meter->puts) + 1);
    else if (is_unlimited(s))
        atomic_fetch_add_explicit(&f->putters->puts, 1, memory_order_relaxed);
}

static int64_t fast_qsize(struct queue_side *s)
{
    const struct fast *f = s->own;
    /* First, so that it is never below 0, but of two times. */
    uint64_t gets =
        atomic_load_explicit(&f->readers->gets, memory_order_acquire);
    uint64_t puts = peek(&f->putters->puts);

    for (uint64_t i = 0; is_unlimited(s) && i < METERS; i++)
        puts += peek(&((struct meter *)part(s, METER + i))->puts);
    return (int64_t)(puts - gets);
}

/* --- places --- */

/* Is there room for one more?  Looks at the readers' line only when what it has
 * seen of it says no.  Of a `puts` that is older than the gets: a new look will
 * tell. */
static bool has_room(const struct queue_side *s, struct fast *f, uint64_t puts)
{
    int64_t room = (int64_t)s->maxsize;

    if ((int64_t)(puts - peek(&f->gets_seen)) < room)
        return true;
    poke(&f->gets_seen,
         atomic_load_explicit(&f->readers->gets, memory_order_seq_cst));
    return (int64_t)(puts - peek(&f->gets_seen)) < room;
}

/*
 * Sleep until something is got.  We say so and look once more, a reader counts
 * and then looks whether somebody has said so: in one order (seq_cst) one of
 * the two sees the other.
 */
static int wait_for_room(struct queue_side *s, struct fast *f, int64_t deadline)
{
    atomic_store_explicit(&f->gate->full, 1, memory_order_seq_cst);
    if (has_room(s, f, peek(&f->putters->puts)))
        return 0;
    return futex_wait(&f->gate->full, 1, deadline);
}

static int fast_reserve(struct queue_side *s, int64_t timeout)
{
    struct fast *f = s->own;
    int64_t deadline = -1;
    uint64_t puts;

    if (is_unlimited(s))
        return 0;
    puts = peek(&f->putters->puts);
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

static void fast_give_back(struct queue_side *s)
{
    struct fast *f = s->own;

    atomic_fetch_sub_explicit(&f->putters->puts, 1, memory_order_seq_cst);
    room_tell(&f->gate->full);
}

/* Only where there may be no room the order matters, and costs. */
static void count_get(struct queue_side *s, struct fast *f)
{
    uint64_t gets = peek(&f->readers->gets) + 1;

    if (is_unlimited(s)) {
        atomic_store_explicit(&f->readers->gets, gets, memory_order_release);
        return;
    }
    atomic_store_explicit(&f->readers->gets, gets, memory_order_seq_cst);
    room_tell(&f->gate->full);
}

/* --- into the pipe --- */

/* One item into a pipe that has room for it, by one system call: of two pieces
 * only where that costs less than the copy of one. */
static int write_item(int fd, const void *item, size_t size)
{
    unsigned char frame[SMALL];
    size_t header = frame_put_header(frame, size);
    struct iovec pieces[2] = {{frame, header}, {(void *)item, size}};
    ssize_t put;

    if (size <= sizeof frame - header) {
        if (size)
            memcpy(frame + header, item, size);
        put = fast_io(SYS_write, fd, frame, header + size);
    } else {
        put = fast_io(SYS_writev, fd, pieces, 2);
    }
    if (put < 0)
        return (int)put;
    return (size_t)put == header + size ? 0 : -EIO; /* it was not empty */
}

static bool is_drained(const struct fast *f)
{
    return peek(&f->writers->written) ==
           atomic_load_explicit(&f->readers->gets, memory_order_acquire);
}

/* region: direct */
static bool fast_direct(struct queue_side *s, const void *item, size_t size)
{
    struct fast *f = s->own;
    bool sent;

    if (!(s->steps & QUEUE_DIRECT) || size + LONG_HEADER > f->pipe ||
        !is_drained(f) || lock_acquire(&s->writing, 0) != 0)
        return false;
    sent = is_drained(f) && write_item(s->writer.fd, item, size) == 0;
    if (sent)
        poke(&f->writers->written, peek(&f->writers->written) + 1);
    lock_release(&s->writing);
    return sent;
}
/* end: direct */

/* Where a write that begins at `at` should end: behind as many items as the
 * pipe holds, or one.  Most batches are as long as it is. */
static size_t chunk(const struct queue_side *s, const struct batch *b,
                    size_t at, size_t *items)
{
    const struct fast *f = s->own;
    const unsigned char *item;
    size_t size, end;

    if (s->steps & QUEUE_BATCH && at == 0 && b->used <= f->pipe) {
        *items = b->items;
        return b->used;
    }
    end = batch_item(b, at, &item, &size);
    for (*items = 1; s->steps & QUEUE_BATCH && end < b->used; ++*items) {
        size_t next = batch_item(b, end, &item, &size);

        if (next - at > f->pipe)
            break;
        end = next;
    }
    return end;
}

static int fast_send(struct queue_side *s, const struct batch *b, size_t *at)
{
    struct fast *f = s->own;
    int error = 0;

    while (*at < b->used && !error) {
        size_t items, end = chunk(s, b, *at, &items);
        bool wanted;

        /* region: batch */
        error = lock_acquire(&s->writing, NO_TIMEOUT);
        if (error)
            break;
        error = write_full(s->writer.fd, b->bytes + *at, end - *at);
        if (!error)
            poke(&f->writers->written, peek(&f->writers->written) + items);
        wanted = lock_is_wanted(&s->writing);
        lock_release(&s->writing);
        if (!error)
            *at = end;
        if (wanted && *at < b->used)
            queue_side_give_way(s, &f->writers->written);
        /* end: batch */
    }
    return error;
}

/* --- out of the pipe --- */

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
    got = read_ahead_next(s, into, timeout);
    if (got >= 0)
        count_get(s, s->own);
    lock_release(&s->reading);
    return got;
}

static bool fast_has_more(struct queue_side *s)
{
    return ahead_of(s->own) != 0;
}

const struct queue_way queue_way_fast = {.shares = fast_shares,
                                         .make = fast_make,
                                         .attach = fast_attach,
                                         .detach = fast_detach,
                                         .forget = fast_forget,
                                         .begins = fast_begins,
                                         .ends = fast_ends,
                                         .count = fast_count,
                                         .reserve = fast_reserve,
                                         .give_back = fast_give_back,
                                         .direct = fast_direct,
                                         .send = fast_send,
                                         .get = fast_get,
                                         .qsize = fast_qsize,
                                         .has_more = fast_has_more};
