/* SPDX-License-Identifier: MIT */
/*
 * result.h - what a run found: the one struct that every writer prints.
 *
 * Times are ns.  A sample is the duration of one batch of operations; what is
 * printed per operation is a sample divided by its batch.
 */
#ifndef IPCLAB_RESULT_H
#define IPCLAB_RESULT_H

#include "mechanism.h"

enum { PERCENTILES = 10, ROUNDS_MAX = 99, WARNINGS_MAX = 8, SETTINGS_MAX = 8 };

enum { PEERS_MOST = 16 }; /* of one trial */

/* p1, p5, p25, p50, p75, p90, p95, p99, p99.9, p99.99 and their names. */
extern const double percentile_ranks[PERCENTILES];
extern const char *const percentile_names[PERCENTILES];

enum placement {
    PLACE_SAME,    /* both sides on one core */
    PLACE_CROSS,   /* two cores, of one L3 where there is a choice; more than
                      two participants: all cores, in turn */
    PLACE_FREE,    /* wherever the scheduler likes */
    PLACE_SMT,     /* two threads of one core */
    PLACE_PACKAGE, /* cores of two packages */
    PLACEMENTS
};

extern const char *const placement_names[]; /* "same", ..., NULL-ended */

/* A value with what bounds it: "ci" has a level, "range" is min and max. */
struct interval {
    double low, high;
    const char *kind; /* "ci" or "range"; NULL: there is none */
    double level;     /* 0.984375 for instance; 0 for a range */
};

/* Costs per operation of every participant together. */
struct counters {
    double cpu_ns;
    double voluntary_switches;
    double involuntary_switches;
    double minor_faults;
    double io_calls; /* reads and writes; NAN: not known */
};

/* One row: a workload at one size, placement and setting, over all rounds. */
struct result {
    const char *mechanism; /* "pipe", or "floor" */
    const char *workload;  /* "roundtrip" */
    const char *unit;
    const char *start; /* how the peers were started: "fork" */
    size_t bytes;
    bool sized;
    struct setting settings[SETTINGS_MAX + 1];
    enum placement placement;

    unsigned rounds; /* that gave samples */
    size_t samples;  /* in all rounds together */
    unsigned batch;  /* operations a sample */
    double median;   /* of the round medians, per operation */
    struct interval median_interval;
    double mean, stddev, mad, min, max; /* of the pooled samples */
    double percentiles[PERCENTILES];    /* NAN where too few samples */
    double round_medians[ROUNDS_MAX];
    size_t outliers; /* Tukey: beyond 1.5 IQR; counted, never dropped */
    double ops_per_s, bytes_per_s;
    bool one_way, together;
    double latency_p50, latency_p99;      /* of all rounds; NAN: not a stream */
    struct interval latency_p50_interval; /* from each round's */
    struct counters counters;
    double steal;       /* share of the window the hypervisor took, 0..1 */
    int64_t migrations; /* of the timed side, in all rounds together */
    unsigned reruns;    /* rounds that were noisy and measured again */

    char floor[80];     /* "floor/pipe-pingpong", or "" */
    double times_floor; /* median of per-round ratios; NAN: none */
    struct interval times_floor_interval;
    double reference;    /* CPython's median ns; NAN: none */
    double times_faster; /* than CPython; NAN: none */
    struct interval times_faster_interval;

    const double *pooled; /* all samples per operation, sorted; the writer of
                             hist.tsv reads them; owned by the run */
    const char *failed;   /* why there is no figure, or NULL */
    char warnings[WARNINGS_MAX][160];
    unsigned warning_count;
};

/* Two rows that are the same: what "no difference" looks like today. */
struct aa_pair {
    const char *class; /* "blocking", "spinning", "start" */
    double ratio;
    struct interval interval;
};

/* One whole-program pair, timed by hyperfine: the program beside its twin. */
struct program {
    char name[80], command[256];
    double median_ns, min_ns, max_ns, stddev_ns;
    unsigned runs;
    double times_faster; /* than its Python twin; NAN on the twin itself */
};

struct card; /* machine.h */

/* A whole run. */
struct run {
    const struct card *card;
    const char *when; /* ISO 8601 */
    uint64_t seed;
    double budget_s, took_s;
    bool partial;       /* interrupted: what there was */
    const char *python; /* "3.11.2", or NULL with python_why */
    const char *python_why;
    struct result *floors;
    size_t floor_count;
    struct result *results;
    size_t result_count;
    /* What CPython did: mechanism "cpython", workload "pipe/roundtrip". */
    struct result *references;
    size_t reference_count;
    char (*reference_names)[64]; /* their workloads' names */
    struct aa_pair aa[3];
    size_t aa_count;
    struct program programs[8];
    size_t program_count;
    char (*left_out)[160]; /* one line each: a row and its command */
    size_t left_out_count;
};

/* "pipe/roundtrip" */
const char *result_name(const struct result *r, char *text, size_t size);

#endif
