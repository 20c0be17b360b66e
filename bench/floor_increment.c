/* SPDX-License-Identifier: MIT */
/*
 * floor_increment.c - floors: a number in memory that processes share, and the
 * C library's lock around each increment; or an atomic one; or nothing.
 */
#include "floor_lock.h"
#include "registry.h"

#include <stdatomic.h>

static int increment(struct taken *taken)
{
    int error = pthread_mutex_lock(&taken->mutex);

    if (error)
        return -error;
    taken->count++;
    return -pthread_mutex_unlock(&taken->mutex);
}

/* All the first. */
static int increment_op(struct trial *t, unsigned n)
{
    int error = 0;

    n = trial_share(n, t->number, t->participants);
    for (; n && !error; n--)
        error = increment(taken_of(t));
    return error;
}

/* Each its own. */
static int apart_op(struct trial *t, unsigned n)
{
    struct taken *mine = taken_of(t) + t->number;
    int error = 0;

    n = trial_share(n, t->number, t->participants);
    for (; n && !error; n--)
        error = increment(mine);
    return error;
}

static int raw_op(struct trial *t, unsigned n)
{
    for (; n; n--)
        taken_of(t)->count++;
    return 0;
}

static int atomic_op(struct trial *t, unsigned n)
{
    _Atomic uint64_t *count =
        (_Atomic uint64_t *)(uintptr_t)&taken_of(t)->count;

    n = trial_share(n, t->number, t->participants);
    for (; n; n--)
        atomic_fetch_add_explicit(count, 1, memory_order_acq_rel);
    return 0;
}

static int check(struct trial *t, uint64_t done)
{
    uint64_t sum = 0;

    for (int i = 0; i < t->participants; i++)
        sum += taken_of(t)[i].count;
    return sum == done ? 0 : -EILSEQ;
}

/* Set and get, as of an Array. */
static int element_op(struct trial *t, unsigned n)
{
    struct taken *taken = taken_of(t);
    int error = 0;

    for (; n && !error; n--, t->sequence++) {
        uint64_t got = ~t->sequence;

        error = pthread_mutex_lock(&taken->mutex);
        if (!error) {
            taken->count = t->sequence;
            error = pthread_mutex_unlock(&taken->mutex);
        }
        if (!error)
            error = pthread_mutex_lock(&taken->mutex);
        if (!error) {
            got = taken->count;
            error = pthread_mutex_unlock(&taken->mutex);
        }
        if (!error && got != t->sequence)
            return -EILSEQ;
    }
    return -error;
}

/* --- the table --- */

static const struct setting processes_grid[] = {
    {"processes", 2, CROWDS, "how many take part"}, {.name = NULL}};
static const char *const processes_crowd[] = {"processes", NULL};

#define ALONE(open_it, op_it)                                                  \
    .unit = "increment", .open = (open_it), .op = (op_it), .close = taken_close

#define TWO(open_it, op_it)                                                    \
    .unit = "increment", .peers = 1, .together = true, .guess = 200,           \
    .open = (open_it), .pack = taken_pack, .join = taken_join, .op = (op_it),  \
    .check = check, .close = taken_close

#define CROWD(open_it, op_it)                                                  \
    .crowd = processes_crowd, .grid = processes_grid, TWO(open_it, op_it)

const struct workload increment_floors[] = {
    {.name = "increment", ALONE(taken_open_plain, increment_op)},
    {.name = "increment-recursive", ALONE(taken_open_recursive, increment_op)},
    {.name = "increment-robust", ALONE(taken_open_robust, increment_op)},
    {.name = "increment-raw", ALONE(taken_open_plain, raw_op)},
    {.name = "increment-atomic", ALONE(taken_open_plain, atomic_op)},
    {.name = "increment-contended", CROWD(taken_open_plain, increment_op)},
    {.name = "increment-contended-recursive",
     CROWD(taken_open_recursive, increment_op)},
    {.name = "increment-contended-robust",
     CROWD(taken_open_robust, increment_op)},
    {.name = "increment-apart", TWO(taken_open_recursive, apart_op)},
    {.name = "atomic-contended", CROWD(taken_open_plain, atomic_op)},
    {.name = "element",
     .unit = "set and get",
     .open = taken_open_recursive,
     .op = element_op,
     .close = taken_close},
    {.name = NULL},
};
