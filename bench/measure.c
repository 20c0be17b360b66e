/* SPDX-License-Identifier: MIT */
/*
 * measure.c - the timed side's windows: settle, choose a batch, time.
 *
 * A window is `samples` batches of `batch` operations.  Each peer is told
 * their number first, and reports after the window, so that nothing but the
 * operations lies between the first and the last look at the clock.  Where all
 * participants work together, each batch is a window of its own: it ends when
 * the last of them has.
 */
#include "trial.h"

#include "common/io.h"
#include "stats.h"

#include <sys/mman.h>

enum {
    WARM_OPERATIONS = 1000,
    WARM_SAMPLES = 64,  /* most in one window of the warm-up */
    LEAST_SAMPLES = 8,  /* in the timed window, however slow ... */
    FEWEST_SAMPLES = 3, /* ... but where all together take LATE times as long */
    LATE = 5, /* as the window: one had the lock alone in the warm-up */
    CLOCKS_ALONE = 20,  /* an operation as long as this is timed alone */
    CLOCKS_BATCH = 100, /* a batch of shorter ones is this long */
};

/* What a stream's samples, and so its percentiles, are taken over. */
static const int64_t stream_batch = SECOND / 1000;

static int tell_peers(const struct side *s, const int *controls, uint32_t n)
{
    int error = 0;

    for (int i = 0; i < s->peers && !error; i++)
        error = write_full(controls[i], &n, sizeof n);
    return error;
}

static int hear_peers(struct side *s, const int *controls)
{
    struct peer_report report;

    for (int i = 0; i < s->peers; i++) {
        if (read_full(controls[i], &report, sizeof report) !=
            (ssize_t)sizeof report)
            return -EPIPE;
        if (report.error)
            return report.error;
        usage_add(&s->findings->peers, report.usage);
    }
    return 0;
}

/* Time the batches of one window; f->sample has the durations. */
static int run_batches(struct side *s, uint32_t samples, unsigned batch)
{
    int (*op)(struct trial *, unsigned) = s->spec.workload->op;
    struct findings *f = s->findings;
    struct usage before = usage_now();
    int64_t begin = clock_now(), last = begin;
    int error = 0;

    f->samples = f->latencies = 0;
    for (uint32_t i = 0; i < samples && !error; i++) {
        int64_t now;

        error = op(&s->trial, batch);
        now = clock_now();
        if (!s->spec.workload->own)
            f->sample[f->samples++] = now - last;
        last = now;
    }
    f->elapsed = last - begin;
    f->timed = usage_since(before);
    return error;
}

/* Where many more run than there are processors, what the warm-up saw of a lock
 * may be a tenth of what it costs now. */
static bool is_late(const struct side *s)
{
    const struct findings *f = s->findings;

    return f->samples >= FEWEST_SAMPLES && f->elapsed > LATE * s->spec.window;
}

/* The same, where each batch is done by all together. */
static int run_together(struct side *s, const int *controls, uint32_t samples,
                        unsigned batch)
{
    const struct workload *w = s->spec.workload;
    struct findings *f = s->findings;
    int error = 0;

    f->samples = f->latencies = 0;
    f->elapsed = 0;
    f->timed = (struct usage){0};
    for (uint32_t i = 0; i < samples && !error && !is_late(s); i++) {
        struct usage usage = {0};

        error = tell_peers(s, controls, batch);
        if (!error)
            error = together_op(s, batch, &usage);
        if (!error)
            error = hear_peers(s, controls);
        s->done += batch;
        if (!error && w->check)
            error = w->check(&s->trial, s->done);
        usage_add(&f->timed, usage);
        f->sample[f->samples] = together_elapsed(s);
        f->elapsed += f->sample[f->samples++];
    }
    return error;
}

static int window(struct side *s, const int *controls, uint32_t samples,
                  unsigned batch)
{
    struct findings *f = s->findings;
    int error;

    f->windows++;
    f->peers = (struct usage){0};
    if (s->spec.workload->together) {
        error = run_together(s, controls, samples, batch);
        samples = f->samples;
    } else {
        error = tell_peers(s, controls, samples * batch);
        if (!error)
            error = run_batches(s, samples, batch);
        if (!error)
            error = tell_peers(s, controls, samples * batch); /* it is over */
        if (!error)
            error = hear_peers(s, controls);
    }
    f->batch = batch;
    f->operations = (int64_t)samples * batch;
    return error;
}

/* How many operations one sample should hold, if one takes ns. */
static unsigned choose_batch(const struct side *s, double ns)
{
    double clock = (double)s->spec.clock_cost, want = CLOCKS_BATCH * clock;
    unsigned batch = 1;

    if (s->spec.workload->own)
        return 1;
    if (s->spec.workload->together)
        want = (double)s->spec.window / LEAST_SAMPLES / 2;
    else if (s->spec.workload->one_way)
        want = (double)stream_batch;
    else if (ns >= CLOCKS_ALONE * clock)
        return 1;
    while (batch * ns < want && batch < 1u << 20)
        batch *= 2;
    return batch;
}

static uint32_t choose_samples(double ns, unsigned batch, int64_t length,
                               uint32_t least, uint32_t most)
{
    double fit = (double)length / (ns * batch);

    return fit < least ? least : fit > most ? most : (uint32_t)fit;
}

/*
 * ns an operation in the window just timed.  A stream fills and drains its
 * channel in turns, and most samples may lie in one of the two: it has no
 * typical sample, only a total.
 */
static double typical(const struct side *s)
{
    const struct findings *f = s->findings;
    double ns = s->spec.workload->one_way
                    ? (double)f->elapsed / (double)f->operations
                    : stats_median_ns(f->sample, f->samples) / f->batch;

    return ns < 1 ? 1 : ns;
}

/*
 * Warm up: windows until the median settles, within a twentieth, and at least
 * spec.warm or WARM_OPERATIONS have gone by; but no longer than five times
 * that, since some never settle.  Leaves the cost of one operation in *ns.
 */
static int settle(struct side *s, const int *controls, double *ns)
{
    int64_t begin = clock_now(), took = 0, operations = 0;
    unsigned n = 1;
    int error;

    /* A first guess: double until it is long enough to be told. */
    do {
        error = window(s, controls, 1, n);
        took = s->findings->elapsed;
        operations += n;
        *ns = (double)(took > 0 ? took : 1) / n;
    } while (!error && took < s->spec.warm / 50 && (n *= 2) < 1u << 24);
    for (double before = 0; !error;) {
        unsigned batch = choose_batch(s, *ns);
        double change;

        error = window(
            s, controls,
            choose_samples(*ns, batch, s->spec.warm / 5, 3, WARM_SAMPLES),
            batch);
        operations += s->findings->operations;
        took = clock_now() - begin;
        *ns = error ? *ns : typical(s);
        change = before > 0 ? *ns / before : 0;
        before = *ns;
        if (took > 5 * s->spec.warm ||
            ((took > s->spec.warm || operations >= WARM_OPERATIONS) &&
             change > 0.95 && change < 1.05))
            break;
    }
    return error;
}

int measure(struct side *s, const int *controls)
{
    struct findings *f = s->findings;
    struct disturbance before;
    unsigned batch;
    double ns;
    int error;

    f->stage = WARMING;
    madvise(f, sizeof *f, MADV_POPULATE_WRITE); /* no fault in the window */
    error = settle(s, controls, &ns);
    if (error)
        return error;
    f->stage = TIMING;
    batch = choose_batch(s, ns);
    before = disturbance_now();
    error = window(
        s, controls,
        choose_samples(ns, batch, s->spec.window, LEAST_SAMPLES, SAMPLES_MOST),
        batch);
    f->disturbance = disturbance_now();
    f->disturbance.stolen -= before.stolen;
    f->disturbance.run_delay -= before.run_delay;
    f->disturbance.migrations -= before.migrations;
    return error;
}
