/* SPDX-License-Identifier: MIT */
/*
 * slots.h - who puts into a robust queue, and what became of it; private to
 * queue_robust.c.
 *
 * Each process that puts has a slot.  Its feeder holds the slot's lock, a
 * robust one, as long as it lives: so the kernel itself says when it does not.
 * All that is counted of a producer is two words, each changed by one store:
 *
 *   put   how many items it has put: its own to change;
 *   seen  how far the readers are in these, and how many of them they really
 *         got: theirs, under their lock.  Where it differs something was lost.
 *
 * Whoever is killed before or after such a store leaves a state that is true.
 * Numbers are of 32 bits and wrap; only their differences are looked at.
 */
#ifndef IPCLAB_QUEUE_SLOTS_H
#define IPCLAB_QUEUE_SLOTS_H

#include "sync/sync.h"

#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>

enum { SLOTS = 64 };

struct slot {
    struct lock_state life;
    _Atomic uint32_t base; /* what was put when this producer began */
    _Atomic uint32_t put;
    _Atomic uint64_t seen; /* position in the upper half, got in the lower */
};

static inline uint32_t slot_position(const struct slot *s)
{
    return (uint32_t)(atomic_load_explicit(&s->seen, memory_order_acquire) >>
                      32);
}

static inline uint32_t slot_got(const struct slot *s)
{
    return (uint32_t)atomic_load_explicit(&s->seen, memory_order_relaxed);
}

static inline uint32_t slot_put(const struct slot *s)
{
    return atomic_load_explicit(&s->put, memory_order_acquire);
}

/* The readers are at this position now, having got one more or lost what lies
 * between.  In one store, which a look for room sees (seq_cst). */
static inline void slot_moves(struct slot *s, uint32_t position, bool got)
{
    uint32_t count = slot_got(s) + got;

    atomic_store_explicit(&s->seen, (uint64_t)position << 32 | count,
                          memory_order_seq_cst);
}

/* What all of them have put and nobody has seen yet.  Of each the position is
 * looked at first: what was put is never behind it. */
static inline uint32_t slots_unseen(const struct slot *s)
{
    uint32_t sum = 0;

    for (int i = 0; i < SLOTS; i++) {
        uint32_t position = slot_position(&s[i]);

        sum += slot_put(&s[i]) - position;
    }
    return sum;
}

static inline int64_t slots_lost(const struct slot *s)
{
    int64_t sum = 0;

    for (int i = 0; i < SLOTS; i++)
        sum += slot_position(&s[i]) - slot_got(&s[i]);
    return sum;
}

/*
 * Up to where everything that will ever come is in the pipe, or was: of one
 * that is dead all that it has put, of another what those before it have. `put`
 * is looked at before the word: the next producer comes after that.
 */
static inline uint32_t slot_limit(const struct slot *s)
{
    uint32_t put = slot_put(s);

    if (atomic_load_explicit(&s->life.word, memory_order_acquire) &
        FUTEX_OWNER_DIED)
        return put;
    return atomic_load_explicit(&s->base, memory_order_relaxed);
}

#endif
