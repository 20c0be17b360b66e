/* SPDX-License-Identifier: MIT */
/*
 * stats.h - from samples to figures: pure functions.
 *
 * Nothing here allocates, prints or fails: what cannot be said is NAN.  Values
 * "sorted" are in ascending order, without NAN, as stats_sort leaves them.
 *
 *     n = stats_sort(values, n);
 *     median = stats_median(values, n);
 *     interval = stats_median_interval(values, n);
 *
 * A percentile is that of Hyndman and Fan's type 7 (R, numpy and Python's
 * `inclusive` quantiles): between the two samples around rank (n - 1) p / 100,
 * counted from 0, by straight line.  p50 is so the median.
 */
#ifndef IPCLAB_STATS_H
#define IPCLAB_STATS_H

#include "result.h"

/* Sort n values in place.  How many are numbers; NANs come after those. */
size_t stats_sort(double *values, size_t n);

/* NAN for none. */
double stats_median(const double *sorted, size_t n);
double stats_percentile(const double *sorted, size_t n, double percent);

/* The median of durations, in any order, which are left as they are. */
double stats_median_ns(const int64_t *values, size_t n);

/*
 * How many samples a percentile needs before it says anything: 100 for p1 and
 * p99, 10 000 beyond those, 100 000 beyond p99.9.
 */
size_t stats_samples_needed(double percent);

/* Mean and standard deviation of a sample (n - 1); NAN for n < 1 and n < 2. */
double stats_mean(const double *values, size_t n);
double stats_stddev(const double *values, size_t n);

/* The median distance from the median, as it is: not scaled to a sigma. */
double stats_mad(const double *sorted, size_t n);

/* How many lie more than 1.5 interquartile ranges beyond a quartile (Tukey). */
size_t stats_outliers(const double *sorted, size_t n);

/*
 * Where the median lies, whatever the distribution: between the k-th smallest
 * and the k-th largest value, for the largest k whose level, which the
 * binomial distribution gives exactly, is at least 95 %.  Fewer than 6 values
 * have no such level: their least and greatest, of the kind "range".  n is at
 * most 10 000.
 */
struct interval stats_median_interval(const double *sorted, size_t n);

/*
 * The median of above[i] / below[i], with its interval.  A pair that lacks a
 * side (NAN, or below 0 or less) is left out; NAN when all are.
 */
double stats_ratio(const double *above, const double *below, unsigned rounds,
                   struct interval *interval);

/* The median of each round, sorting each; NAN for a round without samples. */
void stats_round_medians(double *const *round_samples, const size_t *counts,
                         unsigned rounds, double *medians);

/*
 * Fill in all of a result that follows from its samples, in ns per operation:
 * rounds, samples, median and its interval, mean to outliers, and the rates,
 * which are those of the median.  bytes and sized are already there.
 *
 * Sorts every round; at most ROUNDS_MAX of them.  pooled has room for all
 * samples together and becomes result->pooled: the caller keeps it alive.
 * round_medians holds the rounds that gave samples, one after another; for
 * what is paired by round, use stats_round_medians.
 */
void stats_fill(struct result *result, double *const *round_samples,
                const size_t *counts, unsigned rounds, double *pooled);

#endif
