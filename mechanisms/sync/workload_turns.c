/* SPDX-License-Identifier: MIT */
/*
 * workload_turns.c - how the bench exercises what processes wait for each other
 * with: Condition, Event, Barrier.
 *
 * A token of shared memory goes to and fro.  Who sends message m leaves m + 1
 * in it, and has no other order for that than what it waits with: the timed
 * side sends the even ones, its peer answers with the odd ones, and each checks
 * what it gets.
 */
#include "sync/workload.h"

#include <stdatomic.h>
#include <stdlib.h>

struct shared {
    _Alignas(256) volatile uint64_t token;
    _Atomic uint64_t arrivals;
};

struct turns {
    struct condition condition;
    struct event there, back;
    struct barrier barrier;
    struct region region;
    struct shared *shared;
    uint64_t wanted; /* of the token, by who waits for its turn */
};

static struct turns *turns_new(struct trial *t)
{
    struct turns *s = calloc(1, sizeof *s);

    t->state = s;
    if (!s)
        return NULL;
    s->condition.region.fd = s->condition.own.region.fd = -1;
    s->there.region.fd = s->back.region.fd = -1;
    s->barrier.region.fd = s->region.fd = -1;
    return s;
}

static void turns_close(struct trial *t)
{
    struct turns *s = t->state;

    if (!s)
        return;
    condition_close(&s->condition);
    event_close(&s->there);
    event_close(&s->back);
    barrier_close(&s->barrier);
    region_close(&s->region);
    free(s);
    t->state = NULL;
}

static int open_shared(struct turns *s)
{
    int error = region_open(&s->region, sizeof *s->shared);

    s->shared = s->region.base;
    return error;
}

static int join_shared(struct turns *s, struct parcel *parcel)
{
    int error = region_unpack(&s->region, parcel);

    s->shared = s->region.base;
    return error;
}

/* --- Condition --- */

static int condition_begin(struct trial *t)
{
    struct turns *s = turns_new(t);
    int error = s ? condition_open(&s->condition, NULL) : -ENOMEM;

    return error ? error : open_shared(s);
}

static int condition_hand(struct trial *t, int role, struct parcel *parcel)
{
    struct turns *s = t->state;
    int error = condition_pack(&s->condition, parcel);

    (void)role;
    return error ? error : region_pack(&s->region, parcel);
}

static int condition_join(struct trial *t, int role, struct parcel *parcel)
{
    struct turns *s = turns_new(t);
    int error = s ? condition_unpack(&s->condition, parcel) : -ENOMEM;

    (void)role;
    return error ? error : join_shared(s, parcel);
}

static bool is_turn(void *state)
{
    const struct turns *s = state;

    return s->shared->token == s->wanted;
}

/* With the lock: pass it on. */
static int notify_turn(struct turns *s, uint64_t message)
{
    s->shared->token = message + 1;
    return condition_notify(&s->condition, 1);
}

/* With the lock: wait for it; meanwhile nobody but its sender had it. */
static int wait_turn(struct turns *s, uint64_t message)
{
    s->wanted = message + 1;
    return condition_wait_for(&s->condition, is_turn, s, NO_TIMEOUT);
}

static int condition_op(struct trial *t, unsigned n)
{
    struct turns *s = t->state;
    int error = 0;

    for (; n && !error; n--, t->sequence += 2) {
        error = condition_acquire(&s->condition, NO_TIMEOUT);
        if (!error && s->shared->token != t->sequence)
            error = -EILSEQ;
        if (!error)
            error = notify_turn(s, t->sequence);
        if (!error)
            error = wait_turn(s, t->sequence + 1);
        if (!error)
            error = condition_release(&s->condition);
    }
    return error;
}

static int condition_serve(struct trial *t, int role, unsigned n)
{
    struct turns *s = t->state;
    int error = 0;

    (void)role;
    for (; n && !error; n--, t->sequence += 2) {
        error = condition_acquire(&s->condition, NO_TIMEOUT);
        if (!error)
            error = wait_turn(s, t->sequence);
        if (!error)
            error = notify_turn(s, t->sequence + 1);
        if (!error)
            error = condition_release(&s->condition);
    }
    return error;
}

/* --- Event --- */

static int event_begin(struct trial *t)
{
    struct turns *s = turns_new(t);
    int error = s ? event_open(&s->there) : -ENOMEM;

    if (!error)
        error = event_open(&s->back);
    return error ? error : open_shared(s);
}

static int event_hand(struct trial *t, int role, struct parcel *parcel)
{
    struct turns *s = t->state;
    int error = event_pack(&s->there, parcel);

    (void)role;
    if (!error)
        error = event_pack(&s->back, parcel);
    return error ? error : region_pack(&s->region, parcel);
}

static int event_join(struct trial *t, int role, struct parcel *parcel)
{
    struct turns *s = turns_new(t);
    int error = s ? event_unpack(&s->there, parcel) : -ENOMEM;

    (void)role;
    if (!error)
        error = event_unpack(&s->back, parcel);
    return error ? error : join_shared(s, parcel);
}

static void set_turn(struct turns *s, struct event *e, uint64_t message)
{
    s->shared->token = message + 1;
    event_set(e);
}

/* It is cleared by who waited, before the other can set it again. */
static int await_turn(struct turns *s, struct event *e, uint64_t message)
{
    int error = event_wait(e, NO_TIMEOUT);

    event_clear(e);
    if (error)
        return error;
    return s->shared->token == message + 1 ? 0 : -EILSEQ;
}

static int event_op(struct trial *t, unsigned n)
{
    struct turns *s = t->state;
    int error = 0;

    for (; n && !error; n--, t->sequence += 2) {
        set_turn(s, &s->there, t->sequence);
        error = await_turn(s, &s->back, t->sequence + 1);
    }
    return error;
}

static int event_serve(struct trial *t, int role, unsigned n)
{
    struct turns *s = t->state;
    int error = 0;

    (void)role;
    for (; n && !error; n--, t->sequence += 2) {
        error = await_turn(s, &s->there, t->sequence);
        if (!error)
            set_turn(s, &s->back, t->sequence + 1);
    }
    return error;
}

/* --- Barrier --- */

static int barrier_begin(struct trial *t)
{
    struct turns *s = turns_new(t);
    int error =
        s ? barrier_open(&s->barrier, (uint32_t)t->participants, NULL, NULL)
          : -ENOMEM;

    return error ? error : open_shared(s);
}

static int barrier_hand(struct trial *t, int role, struct parcel *parcel)
{
    struct turns *s = t->state;
    int error = barrier_pack(&s->barrier, parcel);

    (void)role;
    return error ? error : region_pack(&s->region, parcel);
}

static int barrier_join(struct trial *t, int role, struct parcel *parcel)
{
    struct turns *s = turns_new(t);
    int error = s ? barrier_unpack(&s->barrier, parcel) : -ENOMEM;

    (void)role;
    return error ? error : join_shared(s, parcel);
}

/*
 * Behind the barrier of a round all have come to it, and none has come to the
 * next but one.
 */
static int barrier_op(struct trial *t, unsigned n)
{
    struct turns *s = t->state;
    uint64_t all = (uint64_t)t->participants, come;
    int place;

    for (; n; n--) {
        atomic_fetch_add_explicit(&s->shared->arrivals, 1,
                                  memory_order_relaxed);
        place = barrier_wait(&s->barrier, NO_TIMEOUT);
        if (place < 0)
            return place;
        come = atomic_load_explicit(&s->shared->arrivals, memory_order_relaxed);
        if (come / all != ++t->sequence || (uint64_t)place >= all)
            return -EILSEQ;
    }
    return 0;
}

static int barrier_serve(struct trial *t, int role, unsigned n)
{
    (void)role;
    return barrier_op(t, n);
}

/* --- the tables --- */

#define TURNS(of)                                                              \
    .floor = "futex-pingpong", .peers = 1, .open = of##_begin,                 \
    .pack = of##_hand, .join = of##_join, .op = of##_op, .serve = of##_serve,  \
    .close = turns_close

const struct workload condition_workloads[] = {
    {.name = "handover", .unit = "hand-over and back", TURNS(condition)},
    {.name = NULL},
};

const struct workload event_workloads[] = {
    {.name = "handover", .unit = "hand-over and back", TURNS(event)},
    {.name = NULL},
};

const struct workload barrier_workloads[] = {
    {.name = "round",
     .unit = "wait of all",
     .crowd = processes_crowd,
     .grid = processes_grid,
     TURNS(barrier)},
    {.name = NULL},
};
