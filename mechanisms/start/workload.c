/* SPDX-License-Identifier: MIT */
/*
 * workload.c - how the bench exercises the start methods.
 *
 * The cost of a start, in three parts, against what the parent holds: how long
 * start() keeps the parent (call), when the target's first instruction runs
 * (first-instruction), and when the child has been joined (joined).  And of a
 * burst: all are started, and then all are joined.
 */
#include "common/region.h"
#include "mechanism.h"
#include "start/ballast.h"
#include "start/start.h"

#include <stdlib.h>

/* Not in a worker, which shows none. */
extern const struct hazard start_hazards[] __attribute__((weak));

enum { BURST = 100 };

struct parent {
    enum start_method method;
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

static int parent_open(struct trial *t, enum start_method method)
{
    struct parent *p = calloc(1, sizeof *p);
    int error;

    if (!p)
        return -ENOMEM;
    p->method = method;
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

static int open_fork(struct trial *t)
{
    return parent_open(t, START_FORK);
}

static int open_spawn(struct trial *t)
{
    return parent_open(t, START_SPAWN);
}

static int open_forkserver(struct trial *t)
{
    return parent_open(t, START_FORKSERVER);
}

static int start(struct process *p, const struct trial *t, const char *target,
                 struct parcel *arguments)
{
    const struct parent *parent = t->state;

    process_init(p, target, arguments);
    p->method = parent->method;
    return process_start(p);
}

static int joined_op(struct trial *t, unsigned n)
{
    int error = 0;

    for (; n && !error; n--) {
        struct process p;

        error = start(&p, t, "return_at_once", NULL);
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

        error = start(&p, t, "return_at_once", NULL);
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
            error = start(&p, t, "stamp_first", &arguments);
        }
        if (!error)
            error = finish(&p);
        if (!error)
            trial_sample(t, *stamp - begin);
        parcel_free(&arguments);
    }
    return error;
}

/* One operation is the whole burst; whoever was started is joined. */
static int burst_op(struct trial *t, unsigned n)
{
    static struct process p[BURST];
    int error = 0;

    for (; n && !error; n--) {
        int started = 0;

        while (started < BURST && !error) {
            error = start(&p[started], t, "return_at_once", NULL);
            started += !error;
        }
        for (int i = 0; i < started; i++) {
            int failed = finish(&p[i]);

            error = error ? error : failed;
        }
    }
    return error;
}

/* What the parts of a start have in common: who opens, the limit, and how long
 * one is guessed to take. */
#define OF(method, limit, ns)                                                  \
    .open = open_##method, .close = parent_close, .grid = ballast_grid,        \
    .floor = (limit), .guess = (ns)

/* A burst is held against nothing: its starts overlap. */
#define BURST_OF(method, ns)                                                   \
    .name = "burst", .unit = "100 starts, then 100 joins", .op = burst_op,     \
    .open = open_##method, .close = parent_close, .guess = 100 * (ns)

enum { FORK_NS = 200000, SPAWN_NS = 500000, FORKSERVER_NS = 250000 };

static const struct workload fork_workloads[] = {
    {.name = "call",
     .unit = "start",
     .own = true,
     .op = call_op,
     OF(fork, "fork-self", FORK_NS)},
    {.name = "first-instruction",
     .unit = "start",
     .own = true,
     .op = first_instruction_op,
     OF(fork, "fork-self", FORK_NS)},
    {.name = "joined",
     .unit = "start and join",
     .op = joined_op,
     OF(fork, "fork-self", FORK_NS)},
    {BURST_OF(fork, FORK_NS)},
    {.name = NULL},
};

static const struct workload spawn_workloads[] = {
    {.name = "call",
     .unit = "start",
     .own = true,
     .op = call_op,
     OF(spawn, "posix-spawn", SPAWN_NS)},
    {.name = "first-instruction",
     .unit = "start",
     .own = true,
     .op = first_instruction_op,
     OF(spawn, "posix-spawn", SPAWN_NS)},
    {.name = "joined",
     .unit = "start and join",
     .op = joined_op,
     OF(spawn, "posix-spawn", SPAWN_NS)},
    {BURST_OF(spawn, SPAWN_NS)},
    {.name = NULL},
};

static const struct workload forkserver_workloads[] = {
    {.name = "call",
     .unit = "start",
     .own = true,
     .op = call_op,
     OF(forkserver, "fork-tiny", FORKSERVER_NS)},
    {.name = "first-instruction",
     .unit = "start",
     .own = true,
     .op = first_instruction_op,
     OF(forkserver, "fork-tiny", FORKSERVER_NS)},
    {.name = "joined",
     .unit = "start and join",
     .op = joined_op,
     OF(forkserver, "fork-tiny", FORKSERVER_NS)},
    {BURST_OF(forkserver, FORKSERVER_NS)},
    {.name = NULL},
};

const struct mechanism fork_mechanism = {
    .name = "fork",
    .python = "multiprocessing.Process, start method fork",
    .summary = "a child that is a copy of its parent",
    .workloads = fork_workloads,
    .hazards = start_hazards,
};

const struct mechanism spawn_mechanism = {
    .name = "spawn",
    .python = "multiprocessing.Process, start method spawn",
    .summary = "a child that is a fresh image of the program",
    .workloads = spawn_workloads,
};

const struct mechanism forkserver_mechanism = {
    .name = "forkserver",
    .python = "multiprocessing.Process, start method forkserver",
    .summary = "a child that is a copy of a clean server",
    .workloads = forkserver_workloads,
};
