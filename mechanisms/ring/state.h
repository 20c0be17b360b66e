/* SPDX-License-Identifier: MIT */
/*
 * state.h - what the users of a ring share; private to ring/.
 *
 * Each end has one word that says how far it is: how many items, and how many
 * units of 8 bytes, have gone by, modulo 2^32.  In one word, so that both are
 * published by one store.  What lies between the two ends are the items there.
 *
 * An item begins with its length, of a unit, and takes whole units.
 *
 * Where each thing lies: the processors hand whole lines to each other.  A
 * place is written by its own end each time and looked at by the other now and
 * then; a gate is looked at each time and written when somebody sleeps; the
 * rest of an end is its own.
 */
#ifndef IPCLAB_RING_STATE_H
#define IPCLAB_RING_STATE_H

#include "ring/ring.h"
#include "sync/gate.h"

enum { UNIT = 8, APART = 256 }; /* bytes: further than any line */

struct end {
    _Alignas(APART) _Atomic uint64_t place; /* published */
    _Alignas(APART) struct gate gate;       /* where the other end waits */
    _Alignas(APART) struct lock_state lock;
    uint64_t at;   /* place, of who has the lock */
    uint64_t seen; /* the other end's place when it was last looked at */
    bool claimed;  /* for more than an item */
    _Atomic uint64_t killed;
};

struct ring_state {
    struct end ends[2];          /* by enum ring_end */
    _Alignas(APART) size_t size; /* bytes of the ring: a power of two */
    uint32_t maxsize, units;     /* what may be in it */
    uint32_t wait;               /* enum ring_wait */
};

static inline uint32_t place_items(uint64_t place)
{
    return (uint32_t)(place >> 32);
}

static inline uint32_t place_units(uint64_t place)
{
    return (uint32_t)place;
}

/* The place one item further. */
static inline uint64_t place_after(uint64_t place, uint32_t units)
{
    return (uint64_t)(place_items(place) + 1) << 32 |
           (uint32_t)(place_units(place) + units);
}

/* The units of an item of that many bytes, with its length. */
static inline uint64_t units_of(size_t size)
{
    return 1 + size / UNIT + (size % UNIT != 0);
}

#endif
