/* SPDX-License-Identifier: MIT */
/*
 * run.c - carry a plan out: rounds of trials.
 *
 * Time is shared out as it passes: what the rows really took in the first
 * round replaces what was expected, and when the budget would not hold, the
 * windows (not the rounds, nor the rows) become shorter.
 */
#include "run.h"

#include "plugin.h"
#include "progress.h"
#include "reference.h"
#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { RERUNS = 3 };

static const int64_t shortest_window = SECOND / 50;
static const int64_t least_patience = 30 * SECOND;

/* A run under way. */
struct runner {
    const struct plan *plan;
    const struct place *places;
    const struct reference *reference;
    struct record *records;
    const volatile sig_atomic_t *stop;
    struct region shared;
    int64_t clock_cost;
    int64_t begin, deadline;
    double *cost;         /* s a round, per row: expected, then measured */
    double total, passed; /* s: of all rounds, and of what is done */
    int64_t window;
};

/*
 * Was the window disturbed from outside?  The hypervisor took two ticks and
 * 2 % of it, or, where no other process of ours shares the core, we waited for
 * the processor for 5 % of it.
 */
static bool is_noisy(const struct row *row, const struct place *place,
                     const struct findings *f)
{
    const struct disturbance *d = &f->disturbance;
    int64_t tick = SECOND / sysconf(_SC_CLK_TCK);
    bool alone =
        row->workload->peers &&
        workload_peers(row->workload, row->settings) < place_cores(place);

    return (d->stolen >= 2 * tick && d->stolen > f->elapsed / 50) ||
           (alone && d->run_delay > f->elapsed / 20);
}

/* Copy what the shared memory holds, before the next trial overwrites it. */
static int keep(struct round_samples *kept, const struct findings *f)
{
    kept->ns = store_keep(f->sample, f->samples);
    kept->latency = store_keep(f->latency, f->latencies);
    if (!kept->ns || !kept->latency)
        return -ENOMEM;
    kept->count = f->samples;
    kept->latencies = f->latencies;
    kept->batch = f->batch;
    kept->operations = f->operations;
    kept->elapsed = f->elapsed;
    kept->usage = f->timed;
    usage_add(&kept->usage, f->peers);
    kept->migrations = f->disturbance.migrations;
    kept->steal =
        f->elapsed > 0 ? (double)f->disturbance.stolen / (double)f->elapsed : 0;
    return 0;
}

static int one_trial(struct runner *r, const struct row *row, char *why,
                     size_t size)
{
    const struct place *place = &r->places[row->placement];
    struct trial_spec spec = {.mechanism = row->mechanism,
                              .workload = row->workload,
                              .bytes = row->bytes,
                              .start = row->start,
                              .timed_cpu = place->timed,
                              .peer_cpu = place->peer,
                              .clock_cost = r->clock_cost,
                              .warm = r->plan->warm,
                              .window = r->window,
                              .patience = least_patience};

    memcpy(spec.more_cpus, place->more, sizeof spec.more_cpus);
    spec.more_cpu_count = place->more_count;
    memcpy(spec.settings, row->settings, sizeof spec.settings);
    if (row->cost * 20 * 1e9 > (double)spec.patience)
        spec.patience = (int64_t)(row->cost * 20e9);
    if (row->kind == ROW_REFERENCE ||
        (row->workload->program && row->workload->python))
        return reference_run(r->reference, &spec, r->shared.base, r->stop, why,
                             size);
    if (row->workload->program)
        return plugin_run(&spec, r->shared.base, r->stop, why, size);
    return trial_run(&spec, &r->shared, r->stop, why, size);
}

/* One row in one round, again while it is noisy and there is time. */
static int measure_row(struct runner *r, size_t i, unsigned round)
{
    const struct row *row = &r->plan->rows[i];
    struct record *record = &r->records[i];
    struct round_samples *kept = &record->rounds[round];
    const struct place *place = &r->places[row->placement];
    const struct findings *f = r->shared.base;
    char why[128] = "";
    int error;

    for (unsigned again = 0;; again++) {
        bool late = clock_now() + (int64_t)(row->cost * 1e9) > r->deadline;

        error = one_trial(r, row, why, sizeof why);
        if (error)
            break;
        kept->reruns = again;
        if (is_noisy(row, place, f) && again < RERUNS && !late)
            continue;
        record->noisy += is_noisy(row, place, f);
        error = keep(kept, f);
        break;
    }
    if (error && error != -EINTR) {
        snprintf(record->failed, sizeof record->failed, "%.120s",
                 why[0] ? why : strerrorname_np(-error));
        record->failures++;
        error = error == -ENOMEM ? error : 0;
    }
    return error;
}

/* How long windows may be, so that what is left fits the budget. */
static void adjust_window(struct runner *r, double left_cost)
{
    double left = (double)(r->deadline - clock_now()) / 1e9;
    double windows = (double)r->plan->window, factor;

    if (left_cost <= 0)
        return;
    factor = left / left_cost;
    if (factor > 1)
        factor = 1;
    windows *= factor * factor; /* the fixed part of a trial cannot shrink */
    r->window =
        windows < (double)shortest_window ? shortest_window : (int64_t)windows;
}

static void show(const struct runner *r, size_t i, unsigned round)
{
    char row[96], text[160];
    double left = r->total - r->passed;

    row_describe(&r->plan->rows[i], row, sizeof row);
    snprintf(text, sizeof text, "round %u of %u  %s", round + 1,
             r->plan->rounds, row);
    progress_show(r->total > 0 ? r->passed / r->total : 1, left, text);
}

static int run_round(struct runner *r, unsigned round, const size_t *order)
{
    for (size_t k = 0; k < r->plan->count; k++) {
        size_t i = order[k];
        int64_t begin = clock_now();
        double took;
        int error;

        if (*r->stop)
            return -EINTR;
        show(r, i, round);
        adjust_window(r, r->total - r->passed);
        error = measure_row(r, i, round);
        if (error)
            return error;
        took = (double)(clock_now() - begin) / 1e9;
        r->passed += took;
        r->total += took - r->cost[i];
        if (round == 0) {
            r->total += (took - r->cost[i]) * (r->plan->rounds - 1);
            r->cost[i] = took;
        }
    }
    return 0;
}

static int run_rounds(struct runner *r, size_t *order)
{
    unsigned round = 0;
    int error = 0;

    for (; round < r->plan->rounds && !error; round++) {
        plan_order(r->plan, round, order);
        error = run_round(r, round, order);
    }
    progress_clear();
    return error && error != -EINTR ? error : (int)round - (error != 0);
}

int run_plan(const struct plan *plan, const struct place places[PLACEMENTS],
             const struct reference *reference, int64_t clock_cost,
             struct record *records, const volatile sig_atomic_t *stop)
{
    size_t *order = calloc(plan->count, sizeof *order);
    struct runner r = {.plan = plan,
                       .places = places,
                       .reference = reference,
                       .records = records,
                       .stop = stop,
                       .clock_cost = clock_cost,
                       .begin = clock_now(),
                       .total = plan->expected,
                       .window = plan->window};
    int done;

    r.deadline = r.begin + (int64_t)((plan->budget - plan->reserve) * 1e9);
    r.cost = calloc(plan->count, sizeof *r.cost);
    for (size_t i = 0; r.cost && i < plan->count; i++)
        r.cost[i] = plan->rows[i].cost;
    done = region_open(&r.shared, sizeof(struct findings));
    if (!order || !r.cost)
        done = -ENOMEM;
    if (done == 0)
        done = run_rounds(&r, order);
    region_close(&r.shared);
    free(order);
    free(r.cost);
    return done;
}
