/* SPDX-License-Identifier: MIT */
/*
 * run.h - carry a plan out: rounds of trials, and what they found.
 */
#ifndef IPCLAB_RUN_H
#define IPCLAB_RUN_H

#include "plan.h"
#include "result.h"
#include "trial.h"

/* What one row found in one round. */
struct round_samples {
    int64_t *ns; /* durations of batches; in the store */
    size_t count;
    unsigned batch;
    int64_t operations, elapsed;
    struct usage usage; /* of all participants */
    double steal;
    int64_t migrations; /* of the timed side */
    unsigned reruns;
    int64_t *latency;
    size_t latencies;
};

struct record {
    struct round_samples rounds[ROUNDS_MAX];
    unsigned noisy;   /* rounds kept although they were noisy */
    char failed[160]; /* the last reason why a round gave nothing, or "" */
    unsigned failures;
};

struct reference; /* reference.h */

/*
 * Carry out the plan, or as much of it as *stop allows.  records has
 * plan->count entries, zeroed.  Returns the number of whole rounds done, or
 * -errno.
 */
int run_plan(const struct plan *plan, const struct place places[PLACEMENTS],
             const struct reference *reference, int64_t clock_cost,
             struct record *records, const volatile sig_atomic_t *stop);

/* summary.c: turn records into results, floors and twins of a run. */
int run_summarise(const struct plan *plan, const struct record *records,
                  struct run *run);
void run_free(struct run *run);

#endif
