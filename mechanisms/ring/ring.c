/* SPDX-License-Identifier: MIT */
/*
 * ring.c - items in a ring of shared memory.
 *
 * Each end has a robust lock and a place (state.h).  Who puts has the lock of
 * its end, copies the item to where that end is, and publishes the place behind
 * it; who gets copies the item and publishes likewise.  What is between the
 * places was written by nobody but who put it, whole.
 *
 * Killed before the place is published, nothing has happened: what was copied
 * will be written over, or is still the next one's to get.  Killed after it, it
 * has happened.  So the next to have the lock repairs nothing, but for its own
 * copy of the place.
 *
 * The ring is mapped twice in a row (open.c): an item that goes beyond its end
 * goes on at its beginning, and nothing here ever wraps.
 *
 * Memory order.  A place releases what its end has done: the bytes of an item
 * are there before whoever sees the place behind it (acquire) copies them, and
 * they were copied before they are written over.  `at` and `seen` are passed on
 * by the lock.  An old view of the other end is safe: since then it has only
 * gone on, and left more items or more room.
 */
#include "ring/state.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { SPINS_FOR = 20000, LOOKS = 64 }; /* ns; looks between those at a clock */

/* --- waiting ---------------------------------------------------------------
 */

static void relax(void)
{
#if defined __x86_64__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("yield");
#endif
}

/*
 * Ask again and again, for as long as this ring's users spin: the first answer
 * but -ETIMEDOUT, or that.
 */
static int spin(struct ring *r, int (*ask)(struct ring *, enum ring_end),
                enum ring_end end, int64_t deadline)
{
    bool always = r->state->wait == RING_SPIN;
    int64_t until = always ? deadline : clock_deadline(SPINS_FOR);
    int answer;

    if (r->state->wait == RING_BLOCK || (r->alone && !always))
        return -ETIMEDOUT;
    if (until > deadline)
        until = deadline;
    for (unsigned i = 1; (answer = ask(r, end)) == -ETIMEDOUT; i++) {
        if (i % LOOKS == 0 && clock_now() >= until)
            break;
        relax();
    }
    return answer;
}

/* When a wait of timeout ns must end that began when it was first asked. */
static int64_t begun(int64_t timeout, int64_t *deadline)
{
    if (*deadline < 0)
        *deadline = clock_deadline(timeout);
    return *deadline;
}

/* --- the lock of an end ----------------------------------------------------
 */

static int try_lock(struct ring *r, enum ring_end end)
{
    if (lock_owner(&r->locks[end]))
        return -ETIMEDOUT;
    return lock_acquire(&r->locks[end], 0);
}

static int wait_for_lock(struct ring *r, enum ring_end end, int64_t deadline)
{
    int error = spin(r, try_lock, end, deadline);

    if (error != -ETIMEDOUT)
        return error;
    return lock_acquire(&r->locks[end], deadline == NO_TIMEOUT
                                            ? NO_TIMEOUT
                                            : deadline - clock_now());
}

/* The last to have it was killed. */
static void take_over(struct end *e)
{
    e->at = atomic_load_explicit(&e->place, memory_order_relaxed);
    e->claimed = false;
    atomic_fetch_add_explicit(&e->killed, 1, memory_order_relaxed);
}

/* Have it. */
static int begin(struct ring *r, enum ring_end end, int64_t timeout,
                 int64_t *deadline)
{
    int error = lock_acquire(&r->locks[end], 0);

    if (error == -ETIMEDOUT && timeout > 0)
        error = wait_for_lock(r, end, begun(timeout, deadline));
    if (error != -EOWNERDEAD)
        return error;
    take_over(&r->state->ends[end]);
    return 0;
}

static bool is_claimed(const struct ring *r, enum ring_end end)
{
    return lock_is_mine(&r->locks[end]) && r->state->ends[end].claimed;
}

int ring_claim(struct ring *r, enum ring_end end, int64_t timeout)
{
    int64_t deadline = -1;
    int error = begin(r, end, timeout, &deadline);

    if (!error)
        r->state->ends[end].claimed = true;
    return error;
}

int ring_release(struct ring *r, enum ring_end end)
{
    if (!is_claimed(r, end))
        return -EPERM;
    r->state->ends[end].claimed = false;
    return lock_release(&r->locks[end]);
}

/* --- the places, with the lock of one's own end ----------------------------
 */

static struct end *other_end(struct ring *r, enum ring_end end)
{
    return &r->state->ends[1 - end];
}

/* 0: the other end has gone on since it was last looked at, and is seen. */
static int look(struct ring *r, enum ring_end end)
{
    struct end *e = &r->state->ends[end];
    uint64_t place =
        atomic_load_explicit(&other_end(r, end)->place, memory_order_acquire);

    if (place == e->seen)
        return -ETIMEDOUT;
    e->seen = place;
    return 0;
}

/* Wait until it has. */
static int wait_for_other(struct ring *r, enum ring_end end, int64_t timeout,
                          int64_t *deadline)
{
    struct end *other = other_end(r, end);
    int error = look(r, end);

    if (error == 0 || timeout <= 0)
        return error;
    error = spin(r, look, end, begun(timeout, deadline));
    if (error == 0 || r->state->wait == RING_SPIN)
        return error;
    error = gate_wait(&other->gate, &other->place, r->state->ends[end].seen,
                      *deadline);
    return error ? error : look(r, end);
}

/* An item of that many units has been put, or got: publish it. */
static void go_on(struct ring *r, enum ring_end end, uint64_t units)
{
    struct end *e = &r->state->ends[end];

    e->at = place_after(e->at, (uint32_t)units);
    if (r->state->wait == RING_SPIN) /* nobody ever sleeps */
        atomic_store_explicit(&e->place, e->at, memory_order_release);
    else
        gate_set(&e->gate, &e->place, e->at);
}

/* Where this end is in the ring. */
static unsigned char *here(const struct ring *r, enum ring_end end)
{
    size_t offset = (size_t)place_units(r->state->ends[end].at) * UNIT;

    return r->bytes + (offset & (r->state->size - 1));
}

/* --- put -------------------------------------------------------------------
 */

static bool fits(const struct ring_state *s, uint64_t units)
{
    uint64_t at = s->ends[RING_PUT].at, seen = s->ends[RING_PUT].seen;

    return (uint32_t)(place_items(at) - place_items(seen)) < s->maxsize &&
           (uint32_t)(place_units(at) - place_units(seen)) + units <= s->units;
}

static int put(struct ring *r, const void *item, uint64_t size, int64_t timeout,
               int64_t *deadline)
{
    uint64_t units = units_of(size);
    unsigned char *to = here(r, RING_PUT);

    while (!fits(r->state, units)) {
        int error = wait_for_other(r, RING_PUT, timeout, deadline);

        if (error)
            return error;
    }
    /* region: ring-put */
    memcpy(to, &size, UNIT);
    if (size) /* of none there may be no address */
        memcpy(to + UNIT, item, size);
    go_on(r, RING_PUT, units);
    /* end: ring-put */
    return 0;
}

int ring_put(struct ring *r, const void *item, size_t size, int64_t timeout)
{
    bool claimed = is_claimed(r, RING_PUT);
    int64_t deadline = -1;
    int error;

    if (size > (size_t)r->state->units * UNIT - UNIT)
        return -EMSGSIZE;
    error = claimed ? 0 : begin(r, RING_PUT, timeout, &deadline);
    if (error)
        return error;
    error = put(r, item, size, timeout, &deadline);
    if (!claimed)
        lock_release(&r->locks[RING_PUT]);
    return error;
}

/* --- get -------------------------------------------------------------------
 */

/* Where to: `size` bytes at `bytes`, or wherever there is memory for it. */
struct into {
    void *bytes;
    size_t size;
    bool anywhere;
};

/* The length of the next item. */
static ssize_t next(struct ring *r, int64_t timeout, int64_t *deadline)
{
    struct end *e = &r->state->ends[RING_GET];
    uint64_t size;

    if (e->seen == e->at) {
        int error = wait_for_other(r, RING_GET, timeout, deadline);

        if (error)
            return error;
    }
    memcpy(&size, here(r, RING_GET), UNIT);
    if (size > SSIZE_MAX ||
        units_of(size) > (uint32_t)(place_units(e->seen) - place_units(e->at)))
        return -EBADMSG;
    return (ssize_t)size;
}

static ssize_t get(struct ring *r, struct into *into, int64_t timeout,
                   int64_t *deadline)
{
    ssize_t got = next(r, timeout, deadline);
    size_t size = (size_t)got;

    if (got < 0)
        return got;
    if (into->anywhere) {
        into->bytes = malloc(size ? size : 1);
        into->size = size;
        if (!into->bytes)
            return -ENOMEM;
    }
    if (size > into->size)
        return -EMSGSIZE;
    /* region: ring-get */
    if (size)
        memcpy(into->bytes, here(r, RING_GET) + UNIT, size);
    go_on(r, RING_GET, units_of(size));
    /* end: ring-get */
    return got;
}

static ssize_t get_into(struct ring *r, struct into *into, int64_t timeout)
{
    bool claimed = is_claimed(r, RING_GET);
    int64_t deadline = -1;
    ssize_t got = claimed ? 0 : begin(r, RING_GET, timeout, &deadline);

    if (got)
        return got;
    got = get(r, into, timeout, &deadline);
    if (!claimed)
        lock_release(&r->locks[RING_GET]);
    return got;
}

ssize_t ring_get(struct ring *r, void *buffer, size_t size, int64_t timeout)
{
    struct into into = {buffer, size, false};

    return get_into(r, &into, timeout);
}

ssize_t ring_get_new(struct ring *r, void **item, int64_t timeout)
{
    struct into into = {NULL, 0, true};
    ssize_t got = get_into(r, &into, timeout);

    *item = into.bytes;
    return got;
}

/* --- the rest --------------------------------------------------------------
 */

/*
 * The two ends are seen as they were at one time: nothing was got between the
 * look at the one and the look at the other.  Else whoever is held up between
 * them would count items together that never were there together.
 */
size_t ring_qsize(const struct ring *r)
{
    const struct ring_state *s = r->state;
    const _Atomic uint64_t *get = &s->ends[RING_GET].place;
    uint64_t put, got, seen = atomic_load_explicit(get, memory_order_acquire);

    do {
        got = seen;
        put = atomic_load_explicit(&s->ends[RING_PUT].place,
                                   memory_order_acquire);
        seen = atomic_load_explicit(get, memory_order_acquire);
    } while (seen != got);
    return place_items(put) - place_items(got);
}

bool ring_empty(const struct ring *r)
{
    return ring_qsize(r) == 0;
}

bool ring_full(const struct ring *r)
{
    return ring_qsize(r) == r->state->maxsize;
}

uint64_t ring_killed(const struct ring *r, enum ring_end end)
{
    return atomic_load_explicit(&r->state->ends[end].killed,
                                memory_order_relaxed);
}
