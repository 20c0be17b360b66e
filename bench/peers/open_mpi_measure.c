/* SPDX-License-Identifier: MIT */
/* open_mpi_measure.c - the timed side: settle, choose a batch, time, print. */
#include "open_mpi.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    LEAST_SAMPLES = 8,   /* in the timed window, however slow */
    CLOCKS_ALONE = 20,   /* an operation as long as this is timed alone */
    CLOCKS_BATCH = 100,  /* a batch of shorter ones is this long */
    BATCH_MOST = 1 << 20 /* operations */
};

/*
 * What a stream's samples are taken over, as in measure.c.  Between two hosts
 * it goes in bursts of its capacity, so there a sample is of several of those,
 * unless then there would be few samples.
 */
static const int64_t stream_batch = SECOND / 1000;
enum { BURSTS = 4 };

/* ns that one look at the clock takes. */
static int64_t clock_cost(void)
{
    int64_t best = SECOND;

    for (int i = 0; i < 5; i++) {
        int64_t begin = clock_now(), took;

        for (int j = 0; j < 1000; j++)
            (void)clock_now();
        took = (clock_now() - begin) / 1000;
        best = took < best ? took : best;
    }
    return best > 0 ? best : 1;
}

/*
 * Windows that double until that time is over and two of them agree, within a
 * twentieth; three times as long at most.  Leaves the cost of one operation.
 */
static int warm_up(struct rank *r, double *ns)
{
    int64_t begin = clock_now(), took;
    double before;
    unsigned n = 1;
    int error;

    *ns = 0;
    do {
        int64_t elapsed;

        error = window(r, 1, n);
        if (error)
            return error;
        elapsed = r->found.elapsed > 0 ? r->found.elapsed : 1;
        before = *ns;
        *ns = (double)elapsed / n;
        took = clock_now() - begin;
        if (elapsed < r->job.warm / 4 && n < BATCH_MOST)
            n *= 2;
    } while (took < r->job.warm ||
             (took < 3 * r->job.warm &&
              (before < 0.95 * *ns || before > 1.05 * *ns)));
    return 0;
}

static unsigned choose_batch(const struct rank *r, double ns)
{
    double clock = (double)clock_cost(), want = CLOCKS_BATCH * clock;
    unsigned batch = 1;

    if (r->job.stream) {
        double bursts = BURSTS * (double)r->job.capacity * ns;
        double most = (double)r->job.window / (2 * LEAST_SAMPLES);

        want = bursts < most ? bursts : most;
        if (want < (double)stream_batch)
            want = (double)stream_batch;
    } else if (ns >= CLOCKS_ALONE * clock) {
        return 1;
    }
    while (batch * ns < want && batch < BATCH_MOST)
        batch *= 2;
    return batch;
}

static unsigned choose_samples(const struct rank *r, double ns, unsigned batch)
{
    double fit = (double)r->job.window / (ns * batch);

    if (fit < LEAST_SAMPLES)
        fit = LEAST_SAMPLES;
    return fit > r->job.most ? r->job.most : (unsigned)fit;
}

int measure(struct rank *r)
{
    unsigned batch;
    double ns;
    int error = warm_up(r, &ns);

    if (error)
        return error;
    batch = choose_batch(r, ns);
    return window(r, choose_samples(r, ns, batch), batch);
}

void print_findings(const struct rank *r)
{
    const struct finding *f = &r->found;
    const struct usage *u = &f->usage;

    printf("batch %u\n", f->batch);
    for (unsigned i = 0; i < f->samples; i++)
        printf("sample %" PRId64 "\n", f->sample[i]);
    for (unsigned i = 0; i < f->latencies && r->stamped; i++)
        printf("latency %" PRId64 "\n", f->latency[i]);
    printf("elapsed %" PRId64 "\n", f->elapsed);
    printf("counters %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64
           " %" PRIu64 "\n",
           u->cpu_ns, u->voluntary, u->involuntary, u->minor_faults,
           u->io_calls, (uint64_t)f->samples * f->batch);
    printf("end\n");
}
