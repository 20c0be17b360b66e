/* SPDX-License-Identifier: MIT */
/* workload.c - how the bench exercises locks. */
#include "mechanism.h"
#include "sync/sync.h"

#include <stdlib.h>

/* Not in a worker, which shows none. */
extern const struct hazard sync_hazards[] __attribute__((weak));

static int pair_open(struct trial *t)
{
    struct lock *l = calloc(1, sizeof *l);

    t->state = l;
    return l ? lock_open(l, LOCK_PLAIN) : -ENOMEM;
}

static int pair_op(struct trial *t, unsigned n)
{
    struct lock *l = t->state;
    int error = 0;

    for (; n && !error; n--) {
        error = lock_acquire(l, NO_TIMEOUT);
        if (!error)
            error = lock_release(l);
    }
    return error;
}

static void pair_close(struct trial *t)
{
    if (t->state)
        lock_close(t->state);
    free(t->state);
    t->state = NULL;
}

static const struct workload workloads[] = {
    {.name = "pair",
     .unit = "acquire and release",
     .open = pair_open,
     .op = pair_op,
     .close = pair_close},
    {.name = NULL},
};

const struct mechanism lock_mechanism = {
    .name = "lock",
    .python = "multiprocessing.Lock",
    .summary = "a word in shared memory that one thread has at a time",
    .workloads = workloads,
    .hazards = sync_hazards,
};
