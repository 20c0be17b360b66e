/* SPDX-License-Identifier: MIT */
/*
 * plan.h - what a run will measure, in what order, and what it leaves out.
 *
 * A row is one workload at one size, setting and placement.  Rows that are
 * held against each other (a result, its floor, CPython) form a group and are
 * measured side by side, in a seeded random order, once a round.  The same
 * arguments, seed and machine make the same plan.
 */
#ifndef IPCLAB_PLAN_H
#define IPCLAB_PLAN_H

#include "place.h"
#include "result.h"
#include "start/start.h"

enum kind { ROW_RESULT, ROW_FLOOR, ROW_REFERENCE, ROW_TWIN };

struct row {
    enum kind kind;
    const char *mechanism;
    const struct workload *workload;
    size_t bytes;
    struct setting settings[SETTINGS_MAX + 1];
    enum placement placement;
    enum start_method start; /* of the peers, or of what a start row starts */
    size_t group;
    int floor, reference; /* rows that it is held against, or -1 */
    int twin;             /* the row that a twin repeats, or -1 */
    double cost;          /* s in one round: expected, then as measured */
};

enum { START_METHODS = START_FORKSERVER + 1 };

enum scale { SCALE_QUICK, SCALE_DEFAULT, SCALE_FULL };

/* What the command line asks for; 0 and NULL where it is silent. */
struct request {
    const char *const *names; /* "pipe", "pipe/roundtrip"; NULL-ended */
    size_t sizes[32];
    unsigned size_count;
    enum placement placements[PLACEMENTS];
    unsigned placement_count;
    enum start_method starts[START_METHODS]; /* of peers; none: fork */
    unsigned start_count;
    struct {
        const char *name;
        int64_t values[16];
        unsigned count;
    } sets[SETTINGS_MAX];
    unsigned set_count;
    unsigned rounds;
    uint64_t seed;
    enum scale scale;
    bool reference;         /* python3 is there */
    char **reference_names; /* what reference.py can do, NULL-ended */
    uint64_t memory;        /* no parent may be larger */
    bool huge_pages;        /* the kernel has them */
    int64_t clock_cost;
};

struct plan {
    struct row *rows;
    size_t count, capacity, groups;
    unsigned rounds;
    double budget, reserve; /* s: in all, and of it for what follows */
    double expected;        /* s that the rows will take */
    int64_t warm, window;   /* ns */
    uint64_t seed;
    char (*left_out)[160];
    size_t left_out_count;
};

/*
 * Make the plan: 0 or -errno, and why is one line for the user.  -ENOENT: an
 * unknown name; -EINVAL: a request that makes no sense; -ENOTSUP: nothing of
 * it can be run on this machine.
 */
int plan_make(struct plan *plan, const struct request *request,
              const struct place places[PLACEMENTS], char *why, size_t size);

void plan_free(struct plan *plan);

/* The order of round r: every row once, groups together.  n = plan->count. */
void plan_order(const struct plan *plan, unsigned round, size_t *order);

/*
 * The order for a reader: workloads as they came, placements, sizes, settings.
 * n = plan->count.
 */
void plan_reading_order(const struct plan *plan, size_t *order);

/* "pipe/roundtrip 64 B same", for people. */
const char *row_describe(const struct row *row, char *text, size_t size);

#endif
