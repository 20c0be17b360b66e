/* SPDX-License-Identifier: MIT */
/*
 * workload_fairness.c - how long a lone item takes past a flood.
 *
 * One process floods a queue, another puts an item now and then: the next when
 * the last one has arrived.  Both need the writers' lock, which the flooder's
 * feeder gives back only to take it again.  A sample is the time from the lone
 * item's put to its get.
 *
 * The flood ends with the window, and never has more than WAVES waves of WAVE
 * items under way, several pipes full: so memory is bounded.
 */
#include "queue/workload.h"

#include "common/region.h"
#include "sync/sync.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { WAVE = 64, WAVES = 64 };
enum { TRICKLER, FLOODER, PEERS }; /* their roles */

/* The flooder looks this often whether it is over. */
static const int64_t look = SECOND / 100;

struct shared {
    struct semaphore_state taken; /* lone items that have arrived */
    struct semaphore_state room;  /* for waves of the flood */
    _Atomic int64_t put_at;       /* when the lone item was put */
    _Atomic uint64_t arrived;     /* lone items, since open */
};

struct fairness {
    struct queue queue;
    struct region region;
    struct shared *shared;
    struct semaphore taken, room;
    int role;             /* or PEERS: the consumer */
    uint64_t next[PEERS]; /* numbers of their items */
    uint64_t target;      /* arrived, when the flood is over */
};

void fairness_close(struct trial *t)
{
    struct fairness *f = t->state;

    if (!f)
        return;
    if (f->role == FLOODER) /* nobody gets what is left */
        queue_cancel_join_thread(&f->queue);
    queue_free(&f->queue);
    region_close(&f->region);
    free(f);
    t->state = NULL;
}

static struct fairness *fairness_new(struct trial *t, int role)
{
    struct fairness *f = calloc(1, sizeof *f);

    t->state = f;
    if (!f)
        return NULL;
    f->role = role;
    f->region.fd = -1;
    return f;
}

int fairness_open(struct trial *t)
{
    struct fairness *f = fairness_new(t, PEERS);
    int error = f ? region_open(&f->region, sizeof *f->shared) : -ENOMEM;

    if (error)
        return error;
    f->shared = f->region.base;
    semaphore_init(&f->taken, &f->shared->taken, 0, SEMAPHORE_MOST);
    semaphore_init(&f->room, &f->shared->room, WAVES, SEMAPHORE_MOST);
    return queue_open(&f->queue, 0);
}

int fairness_pack(struct trial *t, int role, struct parcel *parcel)
{
    struct fairness *f = t->state;
    int error = region_pack(&f->region, parcel);

    (void)role;
    return error ? error : queue_pack(&f->queue, parcel);
}

int fairness_join(struct trial *t, int role, struct parcel *parcel)
{
    struct fairness *f = fairness_new(t, role);
    int error = f ? region_unpack(&f->region, parcel) : -ENOMEM;

    if (!error && f->region.size < sizeof *f->shared)
        error = -EBADMSG;
    if (error)
        return error;
    f->shared = f->region.base;
    semaphore_at(&f->taken, &f->shared->taken);
    semaphore_at(&f->room, &f->shared->room);
    return queue_unpack(&f->queue, parcel);
}

static int put_next(struct trial *t)
{
    struct fairness *f = t->state;
    struct item item;

    item_write(&item, t, (unsigned)f->role, f->next[f->role]++);
    return queue_put(&f->queue, &item, sizeof item, NO_TIMEOUT);
}

static int trickle(struct trial *t, unsigned n)
{
    struct fairness *f = t->state;
    int error = 0;

    for (; n && !error; n--) {
        atomic_store_explicit(&f->shared->put_at, clock_now(),
                              memory_order_relaxed);
        error = put_next(t);
        if (!error)
            error = semaphore_acquire(&f->taken, NO_TIMEOUT);
    }
    return error;
}

static bool is_over(const struct fairness *f)
{
    return atomic_load_explicit(&f->shared->arrived, memory_order_relaxed) >=
           f->target;
}

static int flood(struct trial *t, unsigned n)
{
    struct fairness *f = t->state;
    int error = 0;

    f->target += n;
    while (!error && !is_over(f)) {
        if (semaphore_acquire(&f->room, look) == -ETIMEDOUT)
            continue;
        for (unsigned i = 0; i < WAVE && !error; i++)
            error = put_next(t);
    }
    return error;
}

int fairness_serve(struct trial *t, int role, unsigned n)
{
    return role == TRICKLER ? trickle(t, n) : flood(t, n);
}

/* Get one item of either: whose it is, or -errno. */
static int get_next(struct trial *t)
{
    struct fairness *f = t->state;
    struct item item;
    ssize_t got = queue_get(&f->queue, &item, sizeof item, NO_TIMEOUT);
    int error = item_check(&item, got, t, PEERS);

    if (error)
        return error;
    if (item.number != f->next[item.from]++)
        return -EILSEQ;
    return (int)item.from;
}

/* A lone item has arrived; its producer may put the next. */
static int take_lone(struct trial *t)
{
    struct fairness *f = t->state;
    struct shared *shared = f->shared;

    trial_sample(t, clock_now() - atomic_load_explicit(&shared->put_at,
                                                       memory_order_relaxed));
    atomic_fetch_add_explicit(&shared->arrived, 1, memory_order_relaxed);
    return semaphore_release(&f->taken);
}

int fairness_op(struct trial *t, unsigned n)
{
    struct fairness *f = t->state;
    int error = 0;

    while (n && !error) {
        int from = get_next(t);

        if (from < 0)
            error = from;
        else if (from == FLOODER && f->next[FLOODER] % WAVE == 0)
            error = semaphore_release(&f->room);
        else if (from == TRICKLER)
            error = take_lone(t);
        n -= from == TRICKLER;
    }
    return error;
}
