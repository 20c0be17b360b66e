/* SPDX-License-Identifier: MIT */
/*
 * exercise.c - lesson 07: a lock that nobody has for ever.
 *
 * lease.h says what is promised.
 */
#include "lease.h"

#include "common/clock.h"
#include "sync/futex.h"

#include <errno.h>
#include <stdatomic.h>

/* What lies in a lease. */
struct inside {
    _Atomic uint64_t word;
};

_Static_assert(sizeof(struct inside) <= LEASE_BYTES, "as much as there is");

int lease_init(struct lease *l, int64_t duration)
{
    l->duration = duration;
    return 0;
}

int lease_acquire(struct lease *l, int64_t timeout, uint64_t *token)
{
    (void)l;
    (void)timeout;
    (void)token;
    /*
     * Who has it, until when, and which token is the last: how much of that
     * must change at once?  Who falls asleep: until when at the longest?
     */
    return -ENOSYS;
}

int lease_renew(struct lease *l, uint64_t *token)
{
    (void)l;
    (void)token;
    return -ENOSYS;
}

int lease_release(struct lease *l, uint64_t token)
{
    (void)l;
    (void)token;
    return -ENOSYS;
}

int fence_pass(struct fence *f, uint64_t token)
{
    (void)f;
    (void)token;
    return -ENOSYS;
}
