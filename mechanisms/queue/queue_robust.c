/* SPDX-License-Identifier: MIT */
/*
 * queue_robust.c - a Queue whose users may be killed at any instruction.
 *
 * The same pipe, locks and feeder.  What kills the others is cured so:
 *
 * - The locks are robust (sync.h): a killed holder leaves them to the next.
 * - The pipe keeps packets apart (O_DIRECT, pipe(2)): up to PIPE_BUF bytes go
 * in whole or not at all, and come out so.  Nobody ever reads half of what
 *   somebody else has left, so a lock can be taken over without any repair.
 * - A packet is read into the region, not into the reader: if it is killed, the
 *   next one finds the packet there, since its length is in itself.
 * - Who waits, for an item or for a place, looks for the dead meanwhile.
 * - What was put is counted for each producer (slots.h).  When one is dead and
 *   the pipe is empty, what is still missing of it will never come: its places
 *   are free again, and the loss is counted.
 *
 * An item that does not fit a packet goes in parts, one after the other, each
 * of which says whose it is and where it belongs; one of which parts are
 * missing is lost, and counted.  An item that a reader had got when it was
 * killed is lost with the reader: the queue has done its work.
 *
 * It costs a system call for each page of items, and twice the switches of a
 * lone message; what is put is safe only once the feeder has sent it.
 */
#include "queue/robust.h"

#include <fcntl.h>

/* --- the region --- */

static size_t robust_shares(const struct queue_side *s)
{
    (void)s;
    return sizeof(struct robust);
}

static int robust_attach(struct queue_side *s)
{
    struct robust *shared = s->region.base;
    struct own *own;

    if (s->region.size < sizeof *shared)
        return -EBADMSG;
    own = calloc(1, sizeof *own);
    if (!own)
        return -ENOMEM;
    s->own = own;
    lock_at(&s->reading, &shared->reading);
    lock_at(&s->writing, &shared->writing);
    lock_at(&own->placing, &shared->placing);
    return 0;
}

/* Both ends are new, and nobody else's: what is set holds for all sides. */
static int robust_make(struct queue_side *s)
{
    struct robust *shared = s->region.base;
    struct lock unused;

    lock_init(&unused, &shared->reading, LOCK_ROBUST);
    lock_init(&unused, &shared->writing, LOCK_ROBUST);
    lock_init(&unused, &shared->placing, LOCK_ROBUST);
    for (int i = 0; i < SLOTS; i++)
        lock_init(&unused, &shared->slots[i].life, LOCK_ROBUST);
    if (fcntl(s->writer.fd, F_SETFL, O_DIRECT) < 0 ||
        fcntl(s->reader.fd, F_SETFL, O_NONBLOCK) < 0)
        return -errno;
    return 0;
}

static void robust_detach(struct queue_side *s)
{
    free(s->own);
}

/* A child has no feeder, and so no slot. */
static void robust_forget(struct queue_side *s)
{
    struct own *own = s->own;

    own->slot = NULL;
    own->refused = false;
}

/* --- the dead --- */

/*
 * With the readers' lock in hand and no packet left: what is missing of the
 * dead is lost.  A feeder may have sent something just before it died, so the
 * pipe is looked at after it was seen to be dead.
 */
static void bury(struct queue_side *s)
{
    struct robust *shared = s->region.base;

    for (int i = 0; i < SLOTS; i++) {
        struct slot *slot = &shared->slots[i];
        uint32_t limit = slot_limit(slot);

        if ((int32_t)(limit - slot_position(slot)) > 0 && pipe_is_empty(s))
            robust_moves(shared, slot, limit, false);
    }
}

/* The same, by who has no lock. */
static void look_for_dead(struct queue_side *s)
{
    const struct robust *shared = s->region.base;

    if (robust_take(&s->reading, 0) != 0)
        return;
    if (!packet_is_there(shared))
        bury(s);
    lock_release(&s->reading);
}

/* --- places --- */

/*
 * The feeder's first act: have a slot, as long as this thread lives.  Of a dead
 * one the missing items stay below `base`.
 */
static void robust_begins(struct queue_side *s)
{
    struct robust *shared = s->region.base;
    struct own *own = s->own;

    for (int i = 0; i < SLOTS && !own->slot; i++) {
        struct slot *slot = &shared->slots[i];

        lock_at(&own->life, &slot->life);
        if (robust_take(&own->life, 0) == 0) {
            own->slot = slot;
            own->number = (uint32_t)i;
            own->sent = slot_put(slot);
            atomic_store_explicit(&slot->base, own->sent, memory_order_relaxed);
        }
    }
    own->refused = !own->slot;
}

/* Whoever has a place and comes too late to put is refused: its place goes with
 * the slot. */
static void robust_ends(struct queue_side *s)
{
    struct robust *shared = s->region.base;
    struct own *own = s->own;

    if (!own->slot)
        return;
    atomic_store_explicit(&own->slot->put, own->sent, memory_order_seq_cst);
    lock_release(&own->life);
    own->slot = NULL;
    room_tell(&shared->full);
}

/* Have a feeder, and so a slot, with the mutex held: 0 or -errno. */
static int have_slot(struct queue_side *s)
{
    const struct own *own = s->own;
    int error = own->slot ? 0 : queue_side_feed(s);

    while (!error && !own->slot && !own->refused) {
        pthread_cond_wait(&s->changed, &s->mutex);
        error = s->closed ? -EBADF : 0; /* the feeder may have come and gone */
    }
    return !error && own->refused ? -EUSERS : error;
}

/* One at a time, so that no two take the same place: 0, -ENOSPC: there is none,
 * or -errno.  The mutex keeps the slot. */
static int take_place(struct queue_side *s)
{
    struct robust *shared = s->region.base;
    struct own *own = s->own;
    int error;

    pthread_mutex_lock(&s->mutex);
    error = have_slot(s);
    if (!error)
        error = robust_take(&own->placing, NO_TIMEOUT);
    if (error)
        goto out;
    if (slots_unseen(shared->slots) < s->maxsize)
        atomic_fetch_add_explicit(&own->slot->put, 1, memory_order_relaxed);
    else
        error = -ENOSPC;
    lock_release(&own->placing);
out:
    pthread_mutex_unlock(&s->mutex);
    return error;
}

/* Sleep until there may be room; nobody else may look after the dead. */
static void wait_for_room(struct queue_side *s, int64_t deadline)
{
    struct robust *shared = s->region.base;
    int64_t look = clock_deadline(LOOKS_EVERY);

    atomic_store_explicit(&shared->full, 1, memory_order_seq_cst);
    if (slots_unseen(shared->slots) < s->maxsize)
        return;
    futex_wait(&shared->full, 1, deadline < look ? deadline : look);
    look_for_dead(s);
}

static int robust_reserve(struct queue_side *s, int64_t timeout)
{
    int64_t deadline = -1;
    int error;

    while ((error = take_place(s)) == -ENOSPC) {
        if (deadline < 0)
            deadline = clock_deadline(timeout);
        if (clock_now() >= deadline)
            return -ETIMEDOUT;
        wait_for_room(s, deadline);
    }
    return error;
}

static void robust_give_back(struct queue_side *s)
{
    struct robust *shared = s->region.base;
    struct own *own = s->own;

    pthread_mutex_lock(&s->mutex);
    if (own->slot)
        atomic_fetch_sub_explicit(&own->slot->put, 1, memory_order_seq_cst);
    pthread_mutex_unlock(&s->mutex);
    room_tell(&shared->full);
}

/*
 * Wait with the lock in hand, and look for the dead meanwhile.  Without it
 * another might read a packet of several items just before we wait for the
 * pipe, which would not tell us of those that it leaves.
 */
static ssize_t wait_and_take(struct queue_side *s, struct into *into,
                             int64_t deadline)
{
    ssize_t got;

    while ((got = packets_next(s, into)) == -EAGAIN) {
        int64_t look = clock_deadline(LOOKS_EVERY);
        int error;

        bury(s);
        error = connection_poll(
            &s->reader, (deadline < look ? deadline : look) - clock_now());
        if (error == 0 && clock_now() >= deadline)
            error = -ETIMEDOUT;
        if (error < 0)
            return error;
    }
    return got;
}

static ssize_t robust_get(struct queue_side *s, struct into *into,
                          int64_t timeout)
{
    int64_t deadline = clock_deadline(timeout);
    ssize_t got = robust_take(&s->reading, timeout);

    if (got)
        return got;
    got = wait_and_take(s, into, deadline);
    lock_release(&s->reading);
    return got;
}

static int64_t robust_qsize(struct queue_side *s)
{
    const struct robust *shared = s->region.base;

    return slots_unseen(shared->slots);
}

static bool robust_has_more(struct queue_side *s)
{
    return packet_is_there(s->region.base);
}

static int64_t robust_lost(struct queue_side *s)
{
    const struct robust *shared = s->region.base;

    look_for_dead(s);
    return slots_lost(shared->slots);
}

const struct queue_way queue_way_robust = {.shares = robust_shares,
                                           .make = robust_make,
                                           .attach = robust_attach,
                                           .detach = robust_detach,
                                           .forget = robust_forget,
                                           .begins = robust_begins,
                                           .ends = robust_ends,
                                           .reserve = robust_reserve,
                                           .give_back = robust_give_back,
                                           .send = packets_send,
                                           .get = robust_get,
                                           .qsize = robust_qsize,
                                           .has_more = robust_has_more,
                                           .lost = robust_lost};
