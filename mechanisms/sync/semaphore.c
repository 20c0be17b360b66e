/* SPDX-License-Identifier: MIT */
/*
 * semaphore.c - Semaphore and BoundedSemaphore.
 *
 * A value, and how many sleep until it is not 0.  Whoever goes to sleep counts
 * itself before it looks at the value, whoever releases adds to the value
 * before it looks at the count: in one total order (seq_cst) one of the two
 * sees the other.
 */
#include "sync/sync.h"

#include "sync/futex.h"
#include "sync/shared.h"

/* Take one, if there is one. */
static bool take(struct semaphore_state *s)
{
    uint32_t value = atomic_load_explicit(&s->value, memory_order_relaxed);

    while (value > 0)
        if (atomic_compare_exchange_weak_explicit(&s->value, &value, value - 1,
                                                  memory_order_acquire,
                                                  memory_order_relaxed))
            return true;
    return false;
}

static int wait_and_take(struct semaphore_state *s, int64_t timeout)
{
    int64_t deadline = clock_deadline(timeout);
    bool taken, late = false;

    if (timeout <= 0)
        return -ETIMEDOUT;
    atomic_fetch_add_explicit(&s->waiters, 1, memory_order_seq_cst);
    while (!(taken = take(s)) && !late)
        late = futex_wait(&s->value, 0, deadline) == -ETIMEDOUT;
    atomic_fetch_sub_explicit(&s->waiters, 1, memory_order_relaxed);
    return taken ? 0 : -ETIMEDOUT;
}

int semaphore_acquire(struct semaphore *s, int64_t timeout)
{
    return take(s->state) ? 0 : wait_and_take(s->state, timeout);
}

int semaphore_release(struct semaphore *semaphore)
{
    struct semaphore_state *s = semaphore->state;
    uint32_t value = atomic_load_explicit(&s->value, memory_order_relaxed);

    do
        if (value >= s->most)
            return -EOVERFLOW;
    while (!atomic_compare_exchange_weak_explicit(&s->value, &value, value + 1,
                                                  memory_order_seq_cst,
                                                  memory_order_relaxed));
    if (atomic_load_explicit(&s->waiters, memory_order_seq_cst))
        futex_wake(&s->value, 1);
    return 0;
}

uint32_t semaphore_value(const struct semaphore *s)
{
    return atomic_load_explicit(&s->state->value, memory_order_relaxed);
}

void semaphore_at(struct semaphore *s, struct semaphore_state *state)
{
    *s = (struct semaphore){.state = state, .region = {.fd = -1}};
}

void semaphore_init(struct semaphore *s, struct semaphore_state *state,
                    uint32_t value, uint32_t most)
{
    atomic_init(&state->value, value);
    atomic_init(&state->waiters, 0);
    state->most = most;
    semaphore_at(s, state);
}

int semaphore_open(struct semaphore *s, int64_t value, bool bounded)
{
    struct region region;
    int error;

    semaphore_at(s, NULL);
    if (value < 0 || value > SEMAPHORE_MOST)
        return -EINVAL;
    error = region_open(&region, sizeof *s->state);
    if (error)
        return error;
    semaphore_init(s, region.base, (uint32_t)value,
                   bounded ? (uint32_t)value : SEMAPHORE_MOST);
    s->region = region;
    return 0;
}

void semaphore_close(struct semaphore *s)
{
    region_close(&s->region);
    s->state = NULL;
}

int semaphore_pack(const struct semaphore *s, struct parcel *parcel)
{
    return region_pack(&s->region, parcel);
}

int semaphore_unpack(struct semaphore *s, struct parcel *parcel)
{
    int error = state_unpack(&s->region, parcel, sizeof *s->state);

    s->state = s->region.base;
    return error;
}
