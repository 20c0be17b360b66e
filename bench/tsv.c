/* SPDX-License-Identifier: MIT */
/*
 * tsv.c - run.tsv and hist.tsv: a run for gnuplot, awk and spreadsheets.
 *
 * run.tsv begins with one line of plain column names, then a row a result, a
 * row a floor, and a row for each that CPython did, too.  hist.tsv has a block
 * a row of run.tsv, two blank lines apart (gnuplot's `index`), and its column
 * names stand behind a `#`: as a plain line they would be taken for data.
 */
#include "machine.h"
#include "write.h"

#include <math.h>

enum { BINS_A_DOUBLING = 8 };

/* Columns are told apart by tabs: each puts the one before it. */

/* A row is a line: no text may hold a tab or an end of line. */
static void put_text(FILE *out, const char *text)
{
    if (!text || !*text)
        text = "nan";
    fputc('\t', out);
    for (; *text; text++)
        fputc(*text == '\t' || *text == '\n' || *text == '\r' ? ' ' : *text,
              out);
}

static void put_count(FILE *out, uint64_t value)
{
    fprintf(out, "\t%llu", (unsigned long long)value);
}

/* Without a sign where there is no number: awk compares with "nan". */
static void put_number(FILE *out, double value)
{
    if (isfinite(value))
        fprintf(out, "\t%.15g", value);
    else
        fprintf(out, "\tnan");
}

static void put_rounded(FILE *out, double value)
{
    if (isfinite(value))
        fprintf(out, "\t%.3f", write_rounded(value));
    else
        fprintf(out, "\tnan");
}

/* "resident=67108864,huge=1" */
static void put_settings(FILE *out, const struct setting *s)
{
    fprintf(out, s->name ? "\t" : "\tnan");
    for (const char *comma = ""; s->name; s++, comma = ",")
        fprintf(out, "%s%s=%lld", comma, s->name, (long long)s->value);
}

static void put_interval(FILE *out, struct interval i,
                         void (*put)(FILE *, double))
{
    put(out, i.kind ? i.low : NAN);
    put(out, i.kind ? i.high : NAN);
}

static void put_header(FILE *out)
{
    fprintf(out, "kind\tmechanism\tworkload\tstart\tbytes\tsettings\t"
                 "placement\tunit\trounds\tsamples\tbatch\tmedian\t"
                 "median_low\tmedian_high\tinterval_kind\tinterval_level\t"
                 "mean\tstddev\tmad\tmin\tmax");
    for (size_t i = 0; i < PERCENTILES; i++)
        fprintf(out, "\t%s", percentile_names[i]);
    fprintf(out, "\toutliers\tops_per_s\tbytes_per_s\tlatency_p50\t"
                 "latency_p50_low\tlatency_p50_high\tlatency_p99\t"
                 "cpu_ns_per_op\tsyscalls_per_op\tio_calls_per_op\t"
                 "voluntary_switches_per_op\tinvoluntary_switches_per_op\t"
                 "minor_faults_per_op\tmigrations\tsteal\t"
                 "reruns\tfloor\ttimes_floor\ttimes_floor_low\t"
                 "times_floor_high\treference\ttimes_faster\t"
                 "times_faster_low\ttimes_faster_high\twarnings\tfailed\n");
}

static void put_row(FILE *out, const struct result *r, const char *kind)
{
    fprintf(out, "%s", kind);
    put_text(out, r->mechanism);
    put_text(out, r->workload);
    put_text(out, r->start);
    put_number(out, r->sized ? (double)r->bytes : NAN);
    put_settings(out, r->settings);
    put_text(out, placement_names[r->placement]);
    put_text(out, r->unit);
    put_count(out, r->rounds);
    put_count(out, r->samples);
    put_count(out, r->batch);
}

static void put_distribution(FILE *out, const struct result *r)
{
    put_rounded(out, r->median);
    put_interval(out, r->median_interval, put_rounded);
    put_text(out, r->median_interval.kind);
    put_number(out,
               r->median_interval.level > 0 ? r->median_interval.level : NAN);
    put_rounded(out, r->mean);
    put_rounded(out, r->stddev);
    put_rounded(out, r->mad);
    put_rounded(out, r->min);
    put_rounded(out, r->max);
    for (size_t i = 0; i < PERCENTILES; i++)
        put_rounded(out, r->percentiles[i]);
    put_count(out, r->outliers);
}

static void put_costs(FILE *out, const struct result *r)
{
    put_rounded(out, r->ops_per_s);
    put_rounded(out, r->bytes_per_s);
    put_rounded(out, r->one_way ? r->latency_p50 : NAN);
    put_interval(out, r->latency_p50_interval, put_rounded);
    put_rounded(out, r->one_way ? r->latency_p99 : NAN);
    put_rounded(out, r->counters.cpu_ns);
    put_number(out, NAN); /* system calls: counted only by strace */
    put_rounded(out, r->counters.io_calls);
    put_rounded(out, r->counters.voluntary_switches);
    put_rounded(out, r->counters.involuntary_switches);
    put_rounded(out, r->counters.minor_faults);
    put_count(out, (uint64_t)r->migrations);
    put_number(out, r->steal);
    put_count(out, r->reruns);
}

static void put_rows(FILE *out, const struct result *results, size_t n,
                     const char *kind)
{
    for (size_t i = 0; i < n; i++) {
        const struct result *r = &results[i];

        put_row(out, r, kind);
        put_distribution(out, r);
        put_costs(out, r);
        put_text(out, r->floor);
        put_number(out, r->times_floor);
        put_interval(out, r->times_floor_interval, put_number);
        put_rounded(out, r->reference);
        put_number(out, r->times_faster);
        put_interval(out, r->times_faster_interval, put_number);
        put_count(out, r->warning_count);
        put_text(out, r->failed);
        fputc('\n', out);
    }
}

static int finish(FILE *out)
{
    errno = 0;
    if (fflush(out) == 0 && !ferror(out))
        return 0;
    return errno ? -errno : -EIO;
}

int write_tsv(FILE *out, const struct run *run)
{
    put_header(out);
    put_rows(out, run->results, run->result_count, "result");
    put_rows(out, run->floors, run->floor_count, "floor");
    put_rows(out, run->references, run->reference_count, "reference");
    return finish(out);
}

/* The bin of a duration: its lower edge is 2^(bin / 8). */
static int bin_of(double ns)
{
    int bin = (int)floor(log2(ns) * BINS_A_DOUBLING);

    /* log2 may be off by a last digit at an edge. */
    while (ns < exp2((double)bin / BINS_A_DOUBLING))
        bin--;
    while (ns >= exp2((double)(bin + 1) / BINS_A_DOUBLING))
        bin++;
    return bin;
}

static void put_bin(FILE *out, const struct result *r, double low, double high,
                    size_t n)
{
    fprintf(out, "%s", r->mechanism);
    put_text(out, r->workload);
    put_text(out, r->start);
    put_number(out, r->sized ? (double)r->bytes : NAN);
    put_settings(out, r->settings);
    put_text(out, placement_names[r->placement]);
    put_rounded(out, low);
    put_rounded(out, high);
    put_count(out, n);
    fputc('\n', out);
}

/* The bins that hold samples, of which pooled has them in ascending order. */
static void put_block(FILE *out, const struct result *r)
{
    const double least = 1e-3; /* ns; below, there is one bin */
    size_t i = 0;

    while (i < r->samples) {
        double low = 0, high = least;
        size_t n = 0;

        if (r->pooled[i] >= least) {
            int bin = bin_of(r->pooled[i]);

            low = exp2((double)bin / BINS_A_DOUBLING);
            high = exp2((double)(bin + 1) / BINS_A_DOUBLING);
        }
        while (i + n < r->samples && r->pooled[i + n] < high)
            n++;
        put_bin(out, r, low, high, n);
        i += n;
    }
}

static void put_blocks(FILE *out, const struct result *results, size_t n,
                       bool *first)
{
    for (size_t i = 0; i < n; i++) {
        if (!results[i].pooled || results[i].samples == 0)
            continue;
        fprintf(out, "%s", *first ? "" : "\n\n");
        *first = false;
        put_block(out, &results[i]);
    }
}

int write_hist(FILE *out, const struct run *run)
{
    bool first = true;

    fprintf(out, "# mechanism\tworkload\tstart\tbytes\tsettings\tplacement\t"
                 "low_ns\thigh_ns\tcount\n");
    put_blocks(out, run->results, run->result_count, &first);
    put_blocks(out, run->floors, run->floor_count, &first);
    put_blocks(out, run->references, run->reference_count, &first);
    return finish(out);
}
