/* SPDX-License-Identifier: MIT */
/*
 * condition.c - Condition: give a lock up, sleep, and have it back.
 *
 * Those who wait sleep on `sequence`, as it was when they had the lock.  Who
 * notifies asks the kernel to wake n of them, and the kernel says how many it
 * woke: who was killed is not among its sleepers, so nobody waits for the dead.
 * (CPython counts sleepers in semaphores, and waits until each has answered.)
 *
 * Between giving the lock up and falling asleep a waiter is counted, and not
 * yet one of the kernel's.  When fewer were woken than are counted, the
 * sequence is moved on: such a waiter will find it changed, does not fall
 * asleep, and takes that for its notification.  Whoever fell asleep before the
 * move is woken by the second call.  So nobody is missed; more than n may
 * return, if several were in that gap.
 *
 * `sequence` and `waiters` are written with the lock held, which orders them;
 * the kernel compares `sequence` under its own lock, as in lock.c.
 */
#include "sync/sync.h"

#include "sync/futex.h"
#include "sync/shared.h"

static struct lock *lock_of(struct condition *c)
{
    return c->given ? c->given : &c->own;
}

/* Give the lock up, however often it was taken; how often that was. */
static uint32_t release_whole(struct lock *l)
{
    uint32_t count = l->state->count;

    l->state->count = 1;
    lock_release(l);
    return count;
}

static int acquire_whole(struct lock *l, uint32_t count)
{
    int error = lock_acquire(l, NO_TIMEOUT);

    l->state->count = count;
    return error;
}

static void one_waiter_less(struct condition_state *s, uint32_t n)
{
    atomic_fetch_sub_explicit(&s->waiters, n, memory_order_relaxed);
}

static int wait_until(struct condition *c, int64_t deadline)
{
    struct condition_state *s = c->state;
    struct lock *l = lock_of(c);
    uint32_t seen, count;
    int slept, error;

    if (!lock_is_mine(l))
        return -EPERM;
    seen = atomic_load_explicit(&s->sequence, memory_order_relaxed);
    atomic_fetch_add_explicit(&s->waiters, 1, memory_order_relaxed);
    count = release_whole(l);
    do
        slept = futex_wait(&s->sequence, seen, deadline);
    while (slept == -EINTR);
    error = acquire_whole(l, count);
    if (slept != 0) /* who was woken was counted off by who woke it */
        one_waiter_less(s, 1);
    return error ? error : slept == -ETIMEDOUT ? slept : 0;
}

int condition_wait(struct condition *c, int64_t timeout)
{
    return wait_until(c, clock_deadline(timeout));
}

int condition_wait_for(struct condition *c, bool (*predicate)(void *argument),
                       void *argument, int64_t timeout)
{
    int64_t deadline = clock_deadline(timeout);

    if (!lock_is_mine(lock_of(c)))
        return -EPERM;
    while (!predicate(argument)) {
        int error = wait_until(c, deadline);

        if (error == -ETIMEDOUT && predicate(argument))
            return 0;
        if (error)
            return error;
    }
    return 0;
}

int condition_notify(struct condition *c, uint32_t n)
{
    struct condition_state *s = c->state;
    uint32_t waiters, woken;

    if (!lock_is_mine(lock_of(c)))
        return -EPERM;
    waiters = atomic_load_explicit(&s->waiters, memory_order_relaxed);
    if (n > waiters)
        n = waiters;
    if (n == 0)
        return 0;
    /* region: notify */
    woken = futex_wake(&s->sequence, n);
    if (woken < n) {
        atomic_fetch_add_explicit(&s->sequence, 1, memory_order_relaxed);
        woken += futex_wake(&s->sequence, n - woken);
    }
    one_waiter_less(s, woken);
    /* end: notify */
    return 0;
}

int condition_notify_all(struct condition *c)
{
    return condition_notify(c, UINT32_MAX);
}

int condition_acquire(struct condition *c, int64_t timeout)
{
    return lock_acquire(lock_of(c), timeout);
}

int condition_release(struct condition *c)
{
    return lock_release(lock_of(c));
}

void condition_at(struct condition *c, struct condition_state *state,
                  struct lock *lock)
{
    *c =
        (struct condition){.state = state, .given = lock, .region = {.fd = -1}};
    lock_at(&c->own, &state->lock);
}

void condition_init(struct condition *c, struct condition_state *state,
                    struct lock *lock)
{
    *state = (struct condition_state){.sequence = 0};
    condition_at(c, state, lock);
    lock_init(&c->own, &state->lock, LOCK_RECURSIVE);
}

int condition_open(struct condition *c, struct lock *lock)
{
    struct region region;
    int error = region_open(&region, sizeof *c->state);

    *c = (struct condition){.region = {.fd = -1}};
    if (error)
        return error;
    condition_init(c, region.base, lock);
    c->region = region;
    return 0;
}

/* A given lock that was unpacked with us is ours: its region is not ours. */
void condition_close(struct condition *c)
{
    lock_close(&c->own);
    region_close(&c->region);
    c->state = NULL;
    c->given = NULL;
}

/* The given lock, also where it came with the condition: then its region is
 * not the condition's.  NULL: none was given. */
static const struct lock *given_to(const struct condition *c)
{
    if (c->given)
        return c->given;
    return c->own.region.base ? &c->own : NULL;
}

int condition_pack(const struct condition *c, struct parcel *parcel)
{
    const struct lock *given = given_to(c);
    int error = region_pack(&c->region, parcel);

    if (!error)
        error = parcel_put_u64(parcel, given != NULL);
    return error || !given ? error : lock_pack(given, parcel);
}

int condition_unpack(struct condition *c, struct parcel *parcel)
{
    uint64_t given = 0;
    struct region region;
    int error = state_unpack(&region, parcel, sizeof *c->state);

    *c = (struct condition){.region = {.fd = -1}};
    if (error)
        return error;
    condition_at(c, region.base, NULL);
    c->region = region;
    error = parcel_take_u64(parcel, &given);
    if (!error && given)
        error = lock_unpack(&c->own, parcel);
    if (error)
        condition_close(c);
    return error;
}
