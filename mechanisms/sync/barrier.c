/* SPDX-License-Identifier: MIT */
/*
 * barrier.c - Barrier: wait until all are there.
 *
 * A number of those who came and a phase, under a Condition (CPython
 * Lib/threading.py, Barrier, whose phases these are).  Nobody enters while the
 * last round still leaves.
 */
#include "sync/sync.h"

#include "sync/shared.h"

#include <errno.h>

enum { BROKEN = -2, RESETTING = -1, FILLING = 0, DRAINING = 1 };

static bool can_enter(void *state)
{
    const struct barrier_state *s = state;

    return s->phase != RESETTING && s->phase != DRAINING;
}

static bool is_decided(void *state)
{
    const struct barrier_state *s = state;

    return s->phase != FILLING;
}

static void go_on(struct barrier *b, int32_t phase)
{
    b->state->phase = phase;
    condition_notify_all(&b->condition);
}

/* Wait for the others, or be the one they waited for. */
static int pass(struct barrier *b, bool last, int64_t timeout)
{
    int error = 0;

    if (last) {
        if (b->action)
            b->action(b->argument);
        go_on(b, DRAINING);
        return 0;
    }
    error = condition_wait_for(&b->condition, is_decided, b->state, timeout);
    if (error == -ETIMEDOUT)
        go_on(b, BROKEN);
    else if (b->state->phase < FILLING)
        error = -ECANCELED;
    return error;
}

int barrier_wait(struct barrier *b, int64_t timeout)
{
    struct barrier_state *s = b->state;
    int error = condition_acquire(&b->condition, NO_TIMEOUT);
    uint32_t place;

    if (error)
        return error;
    error = condition_wait_for(&b->condition, can_enter, s, NO_TIMEOUT);
    if (!error && s->phase < FILLING)
        error = -ECANCELED;
    if (!error) {
        place = s->waiting++;
        error = pass(b, place + 1 == s->parties, timeout);
        if (--s->waiting == 0 &&
            (s->phase == RESETTING || s->phase == DRAINING))
            go_on(b, FILLING);
        error = error ? error : (int)place;
    }
    condition_release(&b->condition);
    return error;
}

void barrier_reset(struct barrier *b)
{
    struct barrier_state *s = b->state;

    condition_acquire(&b->condition, NO_TIMEOUT);
    if (s->waiting == 0)
        s->phase = FILLING;
    else if (s->phase == FILLING || s->phase == BROKEN)
        s->phase = RESETTING;
    condition_notify_all(&b->condition);
    condition_release(&b->condition);
}

void barrier_abort(struct barrier *b)
{
    condition_acquire(&b->condition, NO_TIMEOUT);
    go_on(b, BROKEN);
    condition_release(&b->condition);
}

bool barrier_is_broken(struct barrier *b)
{
    bool broken;

    condition_acquire(&b->condition, NO_TIMEOUT);
    broken = b->state->phase == BROKEN;
    condition_release(&b->condition);
    return broken;
}

uint32_t barrier_n_waiting(struct barrier *b)
{
    uint32_t waiting;

    condition_acquire(&b->condition, NO_TIMEOUT);
    waiting = b->state->phase == FILLING ? b->state->waiting : 0;
    condition_release(&b->condition);
    return waiting;
}

int barrier_open(struct barrier *b, uint32_t parties,
                 void (*action)(void *argument), void *argument)
{
    int error;

    *b = (struct barrier){.region = {.fd = -1}};
    if (parties == 0 || parties > INT32_MAX)
        return -EINVAL;
    error = region_open(&b->region, sizeof *b->state);
    if (error)
        return error;
    b->state = b->region.base;
    b->state->parties = parties;
    b->action = action;
    b->argument = argument;
    condition_init(&b->condition, &b->state->condition, NULL);
    return 0;
}

void barrier_close(struct barrier *b)
{
    region_close(&b->region);
    b->state = NULL;
}

int barrier_pack(const struct barrier *b, struct parcel *parcel)
{
    return region_pack(&b->region, parcel);
}

int barrier_unpack(struct barrier *b, struct parcel *parcel)
{
    int error;

    *b = (struct barrier){.region = {.fd = -1}};
    error = state_unpack(&b->region, parcel, sizeof *b->state);
    if (error)
        return error;
    b->state = b->region.base;
    condition_at(&b->condition, &b->state->condition, NULL);
    return 0;
}
