/* SPDX-License-Identifier: MIT */
/*
 * summary.c - from records to results: what each row is held against.
 *
 * Ratios are taken round by round, between rows that were measured side by
 * side, and then summarised: a drift of the machine between rounds cancels.
 */
#include "run.h"

#include "stats.h"
#include "store.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* What summarising one plan needs throughout. */
struct summary {
    const struct plan *plan;
    const struct record *records;
    double *medians; /* ROUNDS_MAX a row, ns per operation; NAN: none */
};

static double *medians_of(const struct summary *s, int row)
{
    return s->medians + (size_t)row * ROUNDS_MAX;
}

static void warn(struct result *r, const char *text)
{
    if (r->warning_count == WARNINGS_MAX)
        return;
    snprintf(r->warnings[r->warning_count++], sizeof *r->warnings, "%.159s",
             text);
}

/* Durations of batches become ns per operation, a round at a time. */
static int per_operation(const struct record *record, unsigned rounds,
                         double **samples, size_t *counts)
{
    for (unsigned i = 0; i < rounds; i++) {
        const struct round_samples *r = &record->rounds[i];

        counts[i] = r->count;
        samples[i] = store_doubles(r->count);
        if (!samples[i])
            return -ENOMEM;
        for (size_t k = 0; k < r->count; k++)
            samples[i][k] = (double)r->ns[k] / r->batch;
    }
    return 0;
}

/* What the rounds cost, per operation of all of them. */
static void fill_costs(struct result *r, const struct record *record,
                       unsigned rounds)
{
    double operations = 0, steal = 0, elapsed = 0;
    struct usage sum = {0};

    for (unsigned i = 0; i < rounds; i++) {
        const struct round_samples *one = &record->rounds[i];

        if (!one->count)
            continue;
        operations += (double)one->operations;
        elapsed += (double)one->elapsed;
        steal += one->steal * (double)one->elapsed;
        usage_add(&sum, one->usage);
        r->reruns += one->reruns;
        r->migrations += one->migrations;
        r->batch = one->batch > r->batch ? one->batch : r->batch;
    }
    if (operations <= 0 || elapsed <= 0)
        return;
    r->counters = (struct counters){
        .cpu_ns = (double)sum.cpu_ns / operations,
        .voluntary_switches = (double)sum.voluntary / operations,
        .involuntary_switches = (double)sum.involuntary / operations,
        .minor_faults = (double)sum.minor_faults / operations,
        .io_calls = sum.io_calls < 0 ? NAN : (double)sum.io_calls / operations};
    r->steal = steal / elapsed;
    if (r->one_way) { /* a stream's rate is over all, not of its median */
        r->ops_per_s = operations / (elapsed / 1e9);
        r->bytes_per_s = r->ops_per_s * (double)r->bytes;
    }
}

static void fill_latency(struct result *r, const struct record *record,
                         unsigned rounds)
{
    double medians[ROUNDS_MAX], *all;
    size_t n = 0;

    r->latency_p50 = r->latency_p99 = NAN;
    for (unsigned i = 0; i < rounds; i++)
        n += record->rounds[i].latencies;
    if (!r->one_way || !n || !(all = store_doubles(n)))
        return;
    n = 0;
    for (unsigned i = 0; i < rounds; i++) {
        const struct round_samples *one = &record->rounds[i];

        medians[i] = stats_median_ns(one->latency, one->latencies);
        for (size_t k = 0; k < one->latencies; k++)
            all[n++] = (double)one->latency[k];
    }
    n = stats_sort(all, n);
    r->latency_p50 = stats_median(all, n);
    r->latency_p50_interval =
        stats_median_interval(medians, stats_sort(medians, rounds));
    if (n >= stats_samples_needed(99))
        r->latency_p99 = stats_percentile(all, n, 99);
}

static void fill_warnings(struct result *r, const struct record *record,
                          unsigned rounds)
{
    char text[160];
    double slowest = 0;

    if (record->failures == rounds || (record->failures && !r->rounds))
        r->failed = record->failed;
    else if (record->failures) {
        snprintf(text, sizeof text, "%u of %u rounds failed: %.100s",
                 record->failures, rounds, record->failed);
        warn(r, text);
    }
    if (record->noisy) {
        snprintf(text, sizeof text,
                 "%u of %u rounds were disturbed, and kept after %u reruns",
                 record->noisy, rounds, r->reruns);
        warn(r, text);
    }
    if (r->placement == PLACE_FREE) {
        snprintf(text, sizeof text,
                 "the timed side changed its core %lld times in %u rounds",
                 (long long)r->migrations, r->rounds);
        warn(r, text);
    }
    for (unsigned i = 0; i < r->rounds; i++)
        if (r->round_medians[i] > slowest)
            slowest = r->round_medians[i];
    if (r->rounds > 1 && slowest > 1.25 * r->median) {
        snprintf(text, sizeof text,
                 "a round took %.2f times the median: rerun when quiet",
                 slowest / r->median);
        warn(r, text);
    }
}

/*
 * A stream's figure of a round is that of the whole window: every message was
 * both sent and received within it.  A sample may be all draining, or filling.
 */
static void fill_stream(struct result *r, const struct record *record,
                        unsigned rounds, double *medians)
{
    double sorted[ROUNDS_MAX];
    size_t n;

    r->rounds = 0;
    for (unsigned i = 0; i < rounds; i++) {
        const struct round_samples *one = &record->rounds[i];

        medians[i] = one->count && one->operations > 0
                         ? (double)one->elapsed / (double)one->operations
                         : NAN;
        if (isfinite(medians[i]))
            r->round_medians[r->rounds++] = medians[i];
    }
    memcpy(sorted, medians, rounds * sizeof *sorted);
    n = stats_sort(sorted, rounds);
    r->median = stats_median(sorted, n);
    r->median_interval = stats_median_interval(sorted, n);
}

/* Everything of a row that follows from itself. */
static int fill_own(const struct summary *s, size_t i, struct result *r)
{
    const struct row *row = &s->plan->rows[i];
    const struct record *record = &s->records[i];
    unsigned rounds = s->plan->rounds;
    double *samples[ROUNDS_MAX], *pooled;
    size_t counts[ROUNDS_MAX], n = 0;
    int error = per_operation(record, rounds, samples, counts);

    for (unsigned k = 0; k < rounds && !error; k++)
        n += counts[k];
    pooled = error ? NULL : store_doubles(n);
    if (!pooled)
        return -ENOMEM;
    *r = (struct result){.mechanism = row->mechanism,
                         .workload = row->workload->name,
                         .unit = row->workload->unit,
                         .start = start_method_names[row->start],
                         .bytes = row->bytes,
                         .sized = row->workload->sized,
                         .one_way = row->workload->one_way,
                         .together = row->workload->together,
                         .placement = row->placement,
                         .times_floor = NAN,
                         .reference = NAN,
                         .times_faster = NAN};
    memcpy(r->settings, row->settings, sizeof r->settings);
    stats_round_medians(samples, counts, rounds, medians_of(s, (int)i));
    stats_fill(r, samples, counts, rounds, pooled);
    if (r->one_way)
        fill_stream(r, record, rounds, medians_of(s, (int)i));
    fill_costs(r, record, rounds);
    fill_latency(r, record, rounds);
    fill_warnings(r, record, rounds);
    return 0;
}

/* What it is held against: the rows of the same group. */
static void fill_ratios(const struct summary *s, const struct row *row,
                        const double *own, struct result *r)
{
    unsigned rounds = s->plan->rounds;
    double sorted[ROUNDS_MAX];
    size_t n;

    if (row->floor >= 0) {
        const struct row *floor = &s->plan->rows[row->floor];

        snprintf(r->floor, sizeof r->floor, "floor/%s", floor->workload->name);
        r->times_floor = stats_ratio(own, medians_of(s, row->floor), rounds,
                                     &r->times_floor_interval);
    }
    if (row->reference < 0)
        return;
    memcpy(sorted, medians_of(s, row->reference), rounds * sizeof *sorted);
    n = stats_sort(sorted, rounds);
    r->reference = stats_median(sorted, n);
    r->times_faster = stats_ratio(medians_of(s, row->reference), own, rounds,
                                  &r->times_faster_interval);
    if (s->records[row->reference].failures)
        warn(r, s->records[row->reference].failed);
}

static void add_twin(const struct summary *s, size_t i, struct run *run)
{
    const struct row *row = &s->plan->rows[i];
    struct aa_pair *pair = &run->aa[run->aa_count];

    if (run->aa_count == sizeof run->aa / sizeof *run->aa)
        return;
    pair->class = row->workload->spins   ? "spinning"
                  : row->workload->peers ? "blocking"
                                         : "start";
    pair->ratio = stats_ratio(medians_of(s, (int)i), medians_of(s, row->twin),
                              s->plan->rounds, &pair->interval);
    run->aa_count += isfinite(pair->ratio) != 0;
}

/* CPython's row has a name of its own: nobody takes it for ours. */
static void name_reference(struct run *run)
{
    struct result *r = &run->references[run->reference_count];
    char *name = run->reference_names[run->reference_count++];

    snprintf(name, sizeof *run->reference_names, "%s/%s", r->mechanism,
             r->workload);
    r->mechanism = "cpython";
    r->workload = name;
}

static int summarise(struct summary *s, const size_t *order, struct run *run)
{
    struct result ignored;
    int error = 0;

    for (size_t i = 0; i < s->plan->count && !error; i++) {
        enum kind kind = s->plan->rows[order[i]].kind;
        struct result *to[] = {[ROW_RESULT] = &run->results[run->result_count],
                               [ROW_FLOOR] = &run->floors[run->floor_count],
                               [ROW_REFERENCE] =
                                   &run->references[run->reference_count],
                               [ROW_TWIN] = &ignored};

        error = fill_own(s, order[i], to[kind]);
        run->result_count += kind == ROW_RESULT;
        run->floor_count += kind == ROW_FLOOR;
        if (kind == ROW_REFERENCE && !error)
            name_reference(run);
    }
    for (size_t i = 0, n = 0; i < s->plan->count && !error; i++) {
        const struct row *row = &s->plan->rows[order[i]];

        if (row->kind == ROW_RESULT)
            fill_ratios(s, row, medians_of(s, (int)order[i]),
                        &run->results[n++]);
        if (row->kind == ROW_TWIN)
            add_twin(s, order[i], run);
    }
    return error;
}

int run_summarise(const struct plan *plan, const struct record *records,
                  struct run *run)
{
    size_t *order = calloc(plan->count, sizeof *order);
    struct summary s = {plan, records, NULL};
    int error = -ENOMEM;

    s.medians = store_doubles(plan->count * ROUNDS_MAX);
    run->results = calloc(plan->count, sizeof *run->results);
    run->floors = calloc(plan->count, sizeof *run->floors);
    run->references = calloc(plan->count, sizeof *run->references);
    run->reference_names = calloc(plan->count, sizeof *run->reference_names);
    if (order && s.medians && run->results && run->floors && run->references &&
        run->reference_names) {
        plan_reading_order(plan, order);
        error = summarise(&s, order, run);
    }
    free(order);
    return error;
}

void run_free(struct run *run)
{
    free(run->results);
    free(run->floors);
    free(run->references);
    free(run->reference_names);
    run->results = run->floors = run->references = NULL;
    run->reference_names = NULL;
    run->result_count = run->floor_count = run->reference_count = 0;
}
