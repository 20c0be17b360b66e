/* SPDX-License-Identifier: MIT */
/*
 * workload.c - how the bench exercises locks and semaphores.
 *
 * A pair is an acquire and a release that nobody disputes.  Contended, several
 * processes want the same lock, and what they do while they have it is right
 * only if it is one at a time.
 */
#include "sync/workload.h"

#include <stdlib.h>

/* Not in a worker, which shows none. */
extern const struct hazard sync_hazards[] __attribute__((weak));

const struct setting processes_grid[] = {
    {"processes", 2, CROWDS, "how many take part"}, {.name = NULL}};
const char *const processes_crowd[] = {"processes", NULL};

/* The lock or the semaphore; contended, what it guards. */
struct dispute {
    struct lock lock;
    struct semaphore semaphore;
    struct region region;
    struct guarded *guarded;
};

static struct dispute *dispute_new(struct trial *t)
{
    struct dispute *d = calloc(1, sizeof *d);

    t->state = d;
    if (d)
        d->lock.region.fd = d->semaphore.region.fd = d->region.fd = -1;
    return d;
}

static void dispute_close(struct trial *t)
{
    struct dispute *d = t->state;

    if (!d)
        return;
    lock_close(&d->lock);
    semaphore_close(&d->semaphore);
    region_close(&d->region);
    free(d);
    t->state = NULL;
}

static int open_guarded(struct dispute *d)
{
    int error = region_open(&d->region, sizeof *d->guarded);

    d->guarded = d->region.base;
    return error;
}

/* Which of the two it is, it, and what it guards. */
static int dispute_pack(struct trial *t, int role, struct parcel *parcel)
{
    struct dispute *d = t->state;
    int error = parcel_put_u64(parcel, d->lock.state != NULL);

    (void)role;
    if (!error)
        error = d->lock.state ? lock_pack(&d->lock, parcel)
                              : semaphore_pack(&d->semaphore, parcel);
    return error ? error : region_pack(&d->region, parcel);
}

static int dispute_join(struct trial *t, int role, struct parcel *parcel)
{
    struct dispute *d = dispute_new(t);
    uint64_t is_lock = 0;
    int error = d ? parcel_take_u64(parcel, &is_lock) : -ENOMEM;

    (void)role;
    if (!error)
        error = is_lock ? lock_unpack(&d->lock, parcel)
                        : semaphore_unpack(&d->semaphore, parcel);
    if (!error)
        error = region_unpack(&d->region, parcel);
    if (!error)
        d->guarded = d->region.base;
    return error;
}

static int check_guarded(struct trial *t, uint64_t done)
{
    return guarded_check(((struct dispute *)t->state)->guarded, done);
}

/* --- a lock --- */

static int open_lock(struct trial *t, enum lock_kind kind)
{
    struct dispute *d = dispute_new(t);
    int error = d ? lock_open(&d->lock, kind) : -ENOMEM;

    return error ? error : open_guarded(d);
}

static int open_plain(struct trial *t)
{
    return open_lock(t, LOCK_PLAIN);
}

static int open_recursive(struct trial *t)
{
    return open_lock(t, LOCK_RECURSIVE);
}

static int open_robust(struct trial *t)
{
    return open_lock(t, LOCK_ROBUST);
}

static int pair_op(struct trial *t, unsigned n)
{
    struct lock *l = &((struct dispute *)t->state)->lock;
    int error = 0;

    for (; n && !error; n--) {
        error = lock_acquire(l, NO_TIMEOUT);
        if (!error)
            error = lock_release(l);
    }
    return error;
}

/* region: contended */
static int contended_op(struct trial *t, unsigned n)
{
    struct dispute *d = t->state;
    int error = 0;

    n = trial_share(n, t->number, t->participants);
    for (; n && !error; n--) {
        error = lock_acquire(&d->lock, NO_TIMEOUT);
        if (!error)
            error = guarded_add(d->guarded);
        if (!error)
            error = lock_release(&d->lock);
    }
    return error;
}
/* end: contended */

/* --- a semaphore, as a lock --- */

static int open_semaphore(struct trial *t)
{
    struct dispute *d = dispute_new(t);
    int error = d ? semaphore_open(&d->semaphore, 1, false) : -ENOMEM;

    return error ? error : open_guarded(d);
}

static int semaphore_pair_op(struct trial *t, unsigned n)
{
    struct semaphore *s = &((struct dispute *)t->state)->semaphore;
    int error = 0;

    for (; n && !error; n--) {
        error = semaphore_acquire(s, NO_TIMEOUT);
        if (!error)
            error = semaphore_release(s);
    }
    return error;
}

static int semaphore_contended_op(struct trial *t, unsigned n)
{
    struct dispute *d = t->state;
    int error = 0;

    n = trial_share(n, t->number, t->participants);
    for (; n && !error; n--) {
        error = semaphore_acquire(&d->semaphore, NO_TIMEOUT);
        if (!error)
            error = guarded_add(d->guarded);
        if (!error)
            error = semaphore_release(&d->semaphore);
    }
    return error;
}

/* --- the tables --- */

#define PAIR(open_it, op_it, limit)                                            \
    .unit = "acquire and release", .floor = (limit), .open = (open_it),        \
    .op = (op_it), .close = dispute_close

#define CONTENDED(open_it, op_it, limit)                                       \
    .unit = "acquire, count, release", .floor = (limit), .peers = 1,           \
    .crowd = processes_crowd, .grid = processes_grid, .together = true,        \
    .guess = 200, .open = (open_it), .pack = dispute_pack,                     \
    .join = dispute_join, .op = (op_it), .check = check_guarded,               \
    .close = dispute_close

const struct workload lock_workloads[] = {
    {.name = "pair", PAIR(open_plain, pair_op, "mutex-pair")},
    {.name = "pair-recursive",
     PAIR(open_recursive, pair_op, "mutex-pair-recursive")},
    {.name = "pair-robust", PAIR(open_robust, pair_op, "mutex-pair-robust")},
    {.name = "contended",
     CONTENDED(open_plain, contended_op, "mutex-contended")},
    {.name = "contended-robust",
     CONTENDED(open_robust, contended_op, "mutex-contended-robust")},
    {.name = NULL},
};

const struct workload semaphore_workloads[] = {
    {.name = "pair", PAIR(open_semaphore, semaphore_pair_op, "sem-pair")},
    {.name = "contended",
     CONTENDED(open_semaphore, semaphore_contended_op, "sem-contended")},
    {.name = NULL},
};

const struct mechanism lock_mechanism = {
    .name = "lock",
    .python = "multiprocessing.Lock, RLock",
    .summary = "a word in shared memory that one thread has at a time",
    .workloads = lock_workloads,
    .hazards = sync_hazards,
};

const struct mechanism semaphore_mechanism = {
    .name = "semaphore",
    .python = "multiprocessing.Semaphore, BoundedSemaphore",
    .summary = "a number in shared memory that nobody takes below 0",
    .workloads = semaphore_workloads,
};

const struct mechanism condition_mechanism = {
    .name = "condition",
    .python = "multiprocessing.Condition",
    .summary = "give a lock up, sleep until notified, and have it back",
    .workloads = condition_workloads,
};

const struct mechanism event_mechanism = {
    .name = "event",
    .python = "multiprocessing.Event",
    .summary = "a flag that can be waited for",
    .workloads = event_workloads,
};

const struct mechanism barrier_mechanism = {
    .name = "barrier",
    .python = "multiprocessing.Barrier",
    .summary = "nobody goes on before all are there",
    .workloads = barrier_workloads,
};
