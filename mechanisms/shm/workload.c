/* SPDX-License-Identifier: MIT */
/*
 * workload.c - how the bench exercises a Value: as a counter.
 *
 * Alone; contended, where each adds its share and the sum must be right; and
 * as neighbours, where each has a Value of its own, whose lock nobody else
 * takes, and what they have in common is a cache line.
 */
#include "shm/workload.h"

#include <stdlib.h>

/* Not in a worker, which shows none. */
extern const struct hazard shm_hazards[] __attribute__((weak));

/* One for all, or each participant's own. */
struct counters {
    struct value *values;
    unsigned count;
    struct lock lock; /* what the one was given, or closed */
};

static struct counters *counters_new(struct trial *t, unsigned count)
{
    struct counters *c = calloc(1, sizeof *c);

    t->state = c;
    if (!c)
        return NULL;
    c->lock.region.fd = -1;
    c->count = count;
    c->values = calloc(count, sizeof *c->values);
    return c->values ? c : NULL;
}

static void counters_close(struct trial *t)
{
    struct counters *c = t->state;

    if (!c)
        return;
    for (unsigned i = 0; c->values && i < c->count; i++)
        value_close(&c->values[i]);
    lock_close(&c->lock);
    free(c->values);
    free(c);
    t->state = NULL;
    heap_trim(heap_shared());
}

static struct value *counter_of(const struct trial *t, unsigned i)
{
    return &((struct counters *)t->state)->values[i];
}

/* --- one --- */

static int open_default(struct trial *t)
{
    return counters_new(t, 1) ? value_open(counter_of(t, 0), 'q') : -ENOMEM;
}

static int open_given(struct trial *t, enum lock_kind kind)
{
    struct counters *c = counters_new(t, 1);
    int error = c ? lock_open(&c->lock, kind) : -ENOMEM;

    return error ? error : value_open_with(c->values, 'q', &c->lock);
}

static int open_plain(struct trial *t)
{
    return open_given(t, LOCK_PLAIN);
}

static int open_robust(struct trial *t)
{
    return open_given(t, LOCK_ROBUST);
}

static int open_raw(struct trial *t)
{
    return counters_new(t, 1) ? value_open_with(counter_of(t, 0), 'q', NULL)
                              : -ENOMEM;
}

/* region: increment */
static int increment_op(struct trial *t, unsigned n)
{
    struct value *v = counter_of(t, 0);
    int error = 0;

    n = trial_share(n, t->number, t->participants);
    for (; n && !error; n--)
        error = value_add(v, 1);
    return error;
}

static int atomic_op(struct trial *t, unsigned n)
{
    struct value *v = counter_of(t, 0);
    int error = 0;

    n = trial_share(n, t->number, t->participants);
    for (; n && !error; n--)
        error = value_atomic_add(v, 1, NULL);
    return error;
}
/* end: increment */

static int counters_pack(struct trial *t, int role, struct parcel *parcel)
{
    struct counters *c = t->state;
    int error = parcel_put_u64(parcel, c->count);

    (void)role;
    for (unsigned i = 0; i < c->count && !error; i++)
        error = value_pack(&c->values[i], parcel);
    return error;
}

static int counters_join(struct trial *t, int role, struct parcel *parcel)
{
    struct counters *c;
    uint64_t count;
    int error = parcel_take_u64(parcel, &count);

    (void)role;
    if (error)
        return error;
    c = counters_new(t, (unsigned)count);
    if (!c)
        return -ENOMEM;
    for (unsigned i = 0; i < c->count && !error; i++)
        error = value_unpack(&c->values[i], parcel);
    return error;
}

/* All that they hold is all that was done. */
static int counters_check(struct trial *t, uint64_t done)
{
    struct counters *c = t->state;
    uint64_t sum = 0;

    for (unsigned i = 0; i < c->count; i++)
        sum += *(const uint64_t *)value_get_obj(&c->values[i]);
    return sum == done ? 0 : -EILSEQ;
}

/* --- each its own --- */

static int open_several(struct trial *t,
                        int (*open_one)(struct value *v, char type))
{
    unsigned count = (unsigned)t->participants;
    struct counters *c = counters_new(t, count);
    int error = c ? 0 : -ENOMEM;

    for (unsigned i = 0; i < count && !error; i++)
        error = open_one(&c->values[i], 'q');
    return error;
}

static int open_neighbours(struct trial *t)
{
    return open_several(t, value_open);
}

static int open_apart(struct trial *t)
{
    return open_several(t, value_open_apart);
}

static int own_op(struct trial *t, unsigned n)
{
    struct value *v = counter_of(t, (unsigned)t->number);
    int error = 0;

    n = trial_share(n, t->number, t->participants);
    for (; n && !error; n--)
        error = value_add(v, 1);
    return error;
}

/* --- the tables --- */

static const struct setting processes_grid[] = {
    {"processes", 2, CROWDS, "how many take part"}, {.name = NULL}};
static const char *const processes_crowd[] = {"processes", NULL};

#define ALONE(open_it, op_it, limit)                                           \
    .unit = "increment", .floor = (limit), .open = (open_it), .op = (op_it),   \
    .close = counters_close

#define TWO(open_it, op_it, limit)                                             \
    .unit = "increment", .floor = (limit), .peers = 1, .together = true,       \
    .guess = 200, .open = (open_it), .pack = counters_pack,                    \
    .join = counters_join, .op = (op_it), .check = counters_check,             \
    .close = counters_close

#define CROWD(open_it, op_it, limit)                                           \
    .variant = true, .crowd = processes_crowd, .grid = processes_grid,         \
    TWO(open_it, op_it, limit)

const struct workload value_workloads[] = {
    {.name = "increment",
     ALONE(open_default, increment_op, "increment-recursive")},
    {.name = "increment-plain",
     .variant = true,
     ALONE(open_plain, increment_op, "increment")},
    {.name = "increment-robust",
     .variant = true,
     ALONE(open_robust, increment_op, "increment-robust")},
    {.name = "increment-atomic",
     ALONE(open_raw, atomic_op, "increment-atomic")},
    {.name = "increment-raw",
     .variant = true,
     ALONE(open_raw, increment_op, "increment-raw")},
    {.name = "contended",
     CROWD(open_default, increment_op, "increment-contended-recursive")},
    {.name = "contended-plain",
     CROWD(open_plain, increment_op, "increment-contended")},
    {.name = "contended-robust",
     CROWD(open_robust, increment_op, "increment-contended-robust")},
    {.name = "contended-atomic",
     CROWD(open_raw, atomic_op, "atomic-contended")},
    {.name = "neighbours", TWO(open_neighbours, own_op, "increment-apart")},
    {.name = "apart", TWO(open_apart, own_op, "increment-apart")},
    {.name = NULL},
};

const struct mechanism value_mechanism = {
    .name = "value",
    .python = "multiprocessing.Value",
    .summary = "a number in shared memory, and its lock",
    .workloads = value_workloads,
    .hazards = shm_hazards,
};

const struct mechanism array_mechanism = {
    .name = "array",
    .python = "multiprocessing.Array",
    .summary = "items in shared memory, and one lock for all",
    .workloads = array_workloads,
};
