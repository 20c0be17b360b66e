/* SPDX-License-Identifier: MIT */
/*
 * solution.c - lesson 07: a lock that nobody has for ever.
 *
 * One word says all: when the lease is over, in ns.  That is the token, too,
 * since each lease ends later than those before it; bit 0 is set when it was
 * released.  A change of the word is one instruction, so nobody can be killed
 * or stopped in the middle of it, and it fails when another has been faster.
 */
#include "lease.h"

#include "common/clock.h"
#include "sync/futex.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { RELEASED = 1, STEP = 2 };

struct inside {
    _Atomic uint64_t word;
    _Atomic uint32_t changes; /* who waits sleeps on it */
    _Atomic uint32_t waiters; /* at least how many; the killed count on */
};

static struct inside *inside(struct lease *l)
{
    return (struct inside *)l->yours;
}

/* Is it another's, and its time not over? */
static bool is_taken(uint64_t word, int64_t now)
{
    return !(word & RELEASED) && now < (int64_t)word;
}

/* What the word becomes when a lease begins now: later than it was, always. */
static uint64_t begun(const struct lease *l, uint64_t word, int64_t now)
{
    uint64_t end = (uint64_t)(now + l->duration);

    if (end < word)
        end = word;
    return (end & ~(uint64_t)RELEASED) + STEP;
}

int lease_init(struct lease *l, int64_t duration)
{
    l->duration = duration;
    atomic_init(&inside(l)->word, RELEASED);
    return 0;
}

/* Take it: 0, or -ETIMEDOUT and *seen, which is another's. */
static int take(struct lease *l, int64_t now, uint64_t *seen)
{
    *seen = atomic_load(&inside(l)->word);
    while (!is_taken(*seen, now)) {
        uint64_t mine = begun(l, *seen, now);

        if (atomic_compare_exchange_weak(&inside(l)->word, seen, mine)) {
            *seen = mine;
            return 0;
        }
    }
    return -ETIMEDOUT;
}

int lease_acquire(struct lease *l, int64_t timeout, uint64_t *token)
{
    int64_t now = clock_now(), deadline = clock_deadline(timeout);
    struct inside *in = inside(l);
    int error = take(l, now, token);

    if (!error || timeout <= 0)
        return error;
    atomic_fetch_add(&in->waiters, 1);
    for (;;) {
        uint32_t changes = atomic_load(&in->changes);
        int64_t until;

        error = take(l, now, token);
        if (!error || now >= deadline)
            break;
        /* Nobody need wake us at the end of a lease, whose owner may be dead;
         * nor when another who was woken for a release is killed. */
        until = (int64_t)*token < deadline ? (int64_t)*token : deadline;
        futex_wait(&in->changes, changes, until);
        now = clock_now();
    }
    atomic_fetch_sub(&in->waiters, 1);
    return error;
}

int lease_renew(struct lease *l, uint64_t *token)
{
    uint64_t seen = *token, mine = begun(l, seen, clock_now());

    if (!atomic_compare_exchange_strong(&inside(l)->word, &seen, mine))
        return -ESTALE;
    *token = mine;
    return 0;
}

int lease_release(struct lease *l, uint64_t token)
{
    struct inside *in = inside(l);

    if (!atomic_compare_exchange_strong(&in->word, &token, token | RELEASED))
        return -ESTALE;
    atomic_fetch_add(&in->changes, 1);
    if (atomic_load(&in->waiters))
        futex_wake(&in->changes, 1);
    return 0;
}

int fence_pass(struct fence *f, uint64_t token)
{
    _Atomic uint64_t *highest = (_Atomic uint64_t *)f->yours;
    uint64_t seen = atomic_load(highest);

    while (seen < token)
        if (atomic_compare_exchange_weak(highest, &seen, token))
            return 0;
    return seen == token ? 0 : -ESTALE;
}
