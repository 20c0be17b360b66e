/* SPDX-License-Identifier: MIT */
/*
 * workload.c - how the bench exercises the start methods.
 *
 * The cost of a start, in three parts, against what the parent holds: how long
 * start() keeps the parent (call), when the target's first instruction runs
 * (first-instruction), and when the child has been joined (joined).
 */
#include "common/region.h"
#include "mechanism.h"
#include "start/ballast.h"
#include "start/start.h"

#include <stdlib.h>

extern const struct hazard start_hazards[];

struct parent {
    struct ballast ballast;
    struct region stamp; /* the child's clock at its first instruction */
};

static int return_at_once(struct parcel *unused)
{
    (void)unused;
    return 0;
}
TARGET(return_at_once)

static int stamp_first(struct parcel *arguments)
{
    int64_t now = clock_now(); /* before anything else */
    struct region stamp;

    if (region_unpack(&stamp, arguments) < 0)
        return 1;
    *(_Atomic int64_t *)stamp.base = now;
    return 0;
}
TARGET(stamp_first)

static void parent_close(struct trial *t)
{
    struct parent *p = t->state;

    if (!p)
        return;
    ballast_drop(&p->ballast);
    region_close(&p->stamp);
    free(p);
    t->state = NULL;
}

static int parent_open(struct trial *t)
{
    struct parent *p = calloc(1, sizeof *p);
    int error;

    if (!p)
        return -ENOMEM;
    p->stamp.fd = -1;
    t->state = p;
    error = region_open(&p->stamp, sizeof(int64_t));
    return error ? error : ballast_take(&p->ballast, t);
}

/* Join and close what was started: 0, -ECHILD when it failed, or -errno. */
static int finish(struct process *p)
{
    int code = -1, error = process_join(p, NO_TIMEOUT);

    if (!error)
        error = process_exitcode(p, &code);
    process_close(p);
    return error ? error : code == 0 ? 0 : -ECHILD;
}

static int start_fork(struct process *p, const char *target,
                      struct parcel *arguments)
{
    process_init(p, target, arguments);
    p->method = START_FORK;
    return process_start(p);
}

static int joined_op(struct trial *t, unsigned n)
{
    int error = 0;

    (void)t;
    for (; n && !error; n--) {
        struct process p;

        error = start_fork(&p, "return_at_once", NULL);
        if (!error)
            error = finish(&p);
    }
    return error;
}

static int call_op(struct trial *t, unsigned n)
{
    int error = 0;

    for (; n && !error; n--) {
        struct process p;
        int64_t begin = clock_now();

        error = start_fork(&p, "return_at_once", NULL);
        if (!error) {
            trial_sample(t, clock_now() - begin);
            error = finish(&p);
        }
    }
    return error;
}

static int first_instruction_op(struct trial *t, unsigned n)
{
    struct parent *parent = t->state;
    _Atomic int64_t *stamp = parent->stamp.base;
    int error = 0;

    for (; n && !error; n--) {
        struct parcel arguments;
        struct process p;
        int64_t begin = 0;

        *stamp = 0;
        parcel_init(&arguments);
        error = region_pack(&parent->stamp, &arguments);
        if (!error) {
            begin = clock_now();
            error = start_fork(&p, "stamp_first", &arguments);
        }
        if (!error)
            error = finish(&p);
        if (!error)
            trial_sample(t, *stamp - begin);
        parcel_free(&arguments);
    }
    return error;
}

static const struct workload workloads[] = {
    {.name = "call",
     .unit = "start",
     .floor = "fork-self",
     .grid = ballast_grid,
     .own = true,
     .open = parent_open,
     .op = call_op,
     .close = parent_close},
    {.name = "first-instruction",
     .unit = "start",
     .floor = "fork-self",
     .grid = ballast_grid,
     .own = true,
     .open = parent_open,
     .op = first_instruction_op,
     .close = parent_close},
    {.name = "joined",
     .unit = "start and join",
     .floor = "fork-self",
     .grid = ballast_grid,
     .open = parent_open,
     .op = joined_op,
     .close = parent_close},
    {.name = NULL},
};

const struct mechanism fork_mechanism = {
    .name = "fork",
    .python = "multiprocessing.Process, start method fork",
    .summary = "a child that is a copy of its parent",
    .workloads = workloads,
    .hazards = start_hazards,
};
