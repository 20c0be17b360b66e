/* SPDX-License-Identifier: MIT */
/*
 * event.c - Event: a flag that can be waited for.
 *
 * One word: bit 0 is the flag, the rest counts how often it was set.  So who
 * sleeps on it is woken by every set, and knows that it was set even when it
 * has been cleared since.
 *
 * Memory order: setting releases, seeing it set acquires.  As in semaphore.c,
 * the one who waits counts itself before it looks at the word, the one who
 * sets changes the word before it looks at the count, both seq_cst.
 */
#include "sync/sync.h"

#include "sync/futex.h"
#include "sync/shared.h"

enum { IS_SET = 1, ONCE = 2 };

void event_set(struct event *e)
{
    struct event_state *s = e->state;
    uint32_t word = atomic_load_explicit(&s->word, memory_order_relaxed);

    while (!(word & IS_SET))
        if (atomic_compare_exchange_weak_explicit(
                &s->word, &word, (word + ONCE) | IS_SET, memory_order_seq_cst,
                memory_order_relaxed))
            break;
    if (atomic_load_explicit(&s->waiters, memory_order_seq_cst))
        futex_wake(&s->word, UINT32_MAX);
}

void event_clear(struct event *e)
{
    atomic_fetch_and_explicit(&e->state->word, ~(uint32_t)IS_SET,
                              memory_order_acq_rel);
}

bool event_is_set(const struct event *e)
{
    return atomic_load_explicit(&e->state->word, memory_order_acquire) & IS_SET;
}

/* `before` is the word when the call began. */
static int wait_for_set(struct event_state *s, uint32_t before, int64_t timeout)
{
    int64_t deadline = clock_deadline(timeout);
    uint32_t word;
    int error = 0;

    atomic_fetch_add_explicit(&s->waiters, 1, memory_order_seq_cst);
    word = atomic_load_explicit(&s->word, memory_order_seq_cst);
    while (!(word & IS_SET) && word == before && error != -ETIMEDOUT) {
        error = futex_wait(&s->word, word, deadline);
        word = atomic_load_explicit(&s->word, memory_order_acquire);
    }
    atomic_fetch_sub_explicit(&s->waiters, 1, memory_order_relaxed);
    return word & IS_SET || word != before ? 0 : -ETIMEDOUT;
}

int event_wait(struct event *e, int64_t timeout)
{
    uint32_t word = atomic_load_explicit(&e->state->word, memory_order_acquire);

    if (word & IS_SET)
        return 0;
    return timeout <= 0 ? -ETIMEDOUT : wait_for_set(e->state, word, timeout);
}

int event_open(struct event *e)
{
    int error = region_open(&e->region, sizeof *e->state);

    e->state = e->region.base; /* zeroed: not set */
    return error;
}

void event_close(struct event *e)
{
    region_close(&e->region);
    e->state = NULL;
}

int event_pack(const struct event *e, struct parcel *parcel)
{
    return region_pack(&e->region, parcel);
}

int event_unpack(struct event *e, struct parcel *parcel)
{
    int error = state_unpack(&e->region, parcel, sizeof *e->state);

    e->state = e->region.base;
    return error;
}
