/* SPDX-License-Identifier: MIT */
/* stats.c - from samples to figures: pure functions. */
#include "stats.h"

#include <math.h>

enum { ROUNDS_FOR_LEVEL = 6 };

static const double level_wanted = 0.95;

const double percentile_ranks[PERCENTILES] = {1,  5,  25, 50,   75,
                                              90, 95, 99, 99.9, 99.99};

const char *const percentile_names[PERCENTILES] = {
    "p1", "p5", "p25", "p50", "p75", "p90", "p95", "p99", "p99.9", "p99.99"};

/* Let values[i] sink to its place in a heap of n, the largest on top. */
static void sink(double *values, size_t i, size_t n)
{
    double value = values[i];

    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && values[child + 1] > values[child])
            child++;
        if (values[child] <= value)
            break;
        values[i] = values[child];
    }
    values[i] = value;
}

/* Heapsort: qsort(3) would allocate, in processes whose memory is measured. */
size_t stats_sort(double *values, size_t n)
{
    size_t numbers = 0;

    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i])) {
            double value = values[i];

            values[i] = values[numbers];
            values[numbers++] = value;
        }
    for (size_t i = numbers / 2; i > 0; i--)
        sink(values, i - 1, numbers);
    for (size_t last = numbers; last > 1; last--) {
        double largest = values[0];

        values[0] = values[last - 1];
        values[last - 1] = largest;
        sink(values, 0, last - 1);
    }
    return numbers;
}

double stats_percentile(const double *sorted, size_t n, double percent)
{
    double rank, below;
    size_t i;

    if (n == 0)
        return NAN;
    rank = (double)(n - 1) * percent / 100;
    below = floor(rank);
    i = (size_t)below;
    if (i + 1 >= n)
        return sorted[n - 1];
    return sorted[i] + (rank - below) * (sorted[i + 1] - sorted[i]);
}

double stats_median(const double *sorted, size_t n)
{
    return n == 0       ? NAN
           : n % 2 == 1 ? sorted[n / 2]
                        : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

/*
 * The value of rank k, counted from 0, by halving the range that holds it: it
 * neither moves the samples nor needs room for a copy.
 */
static int64_t ranked(const int64_t *values, size_t n, size_t k)
{
    int64_t low = values[0], high = values[0];

    for (size_t i = 1; i < n; i++) {
        low = values[i] < low ? values[i] : low;
        high = values[i] > high ? values[i] : high;
    }
    while (low < high) {
        /* In unsigned, where the width of any range fits. */
        uint64_t half = ((uint64_t)high - (uint64_t)low) / 2;
        int64_t middle = (int64_t)((uint64_t)low + half);
        size_t upto = 0;

        for (size_t i = 0; i < n; i++)
            upto += values[i] <= middle;
        if (upto > k)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

double stats_median_ns(const int64_t *values, size_t n)
{
    double upper;

    if (n == 0)
        return NAN;
    upper = (double)ranked(values, n, n / 2);
    return n % 2 ? upper : ((double)ranked(values, n, n / 2 - 1) + upper) / 2;
}

size_t stats_samples_needed(double percent)
{
    double tail = percent < 50 ? percent : 100 - percent;

    return tail > 1 ? 1 : tail > 0.5 ? 100 : tail > 0.05 ? 10000 : 100000;
}

/* Welford: no sum of squares, whose difference would lose what is small. */
static double welford(const double *values, size_t n, double *mean)
{
    double squares = 0;

    *mean = 0;
    for (size_t i = 0; i < n; i++) {
        double off = values[i] - *mean;

        *mean += off / (double)(i + 1);
        squares += off * (values[i] - *mean);
    }
    return squares;
}

double stats_mean(const double *values, size_t n)
{
    double mean;

    welford(values, n, &mean);
    return n ? mean : NAN;
}

double stats_stddev(const double *values, size_t n)
{
    double mean;

    return n < 2 ? NAN : sqrt(welford(values, n, &mean) / (double)(n - 1));
}

/*
 * The distances below the median and those above it are each in order, so one
 * walk from the middle outwards meets them all in ascending order.
 */
double stats_mad(const double *sorted, size_t n)
{
    double median = stats_median(sorted, n), before = 0, now = 0;
    size_t right = n / 2, left = right; /* the next ones: left - 1, right */

    if (n == 0)
        return NAN;
    for (size_t i = 0; i <= n / 2; i++) {
        double above = right < n ? sorted[right] - median : INFINITY;
        double below = left > 0 ? median - sorted[left - 1] : INFINITY;

        before = now;
        if (right < n && (left == 0 || above <= below)) {
            now = above;
            right++;
        } else {
            now = below;
            left--;
        }
    }
    return n % 2 ? now : (before + now) / 2;
}

size_t stats_outliers(const double *sorted, size_t n)
{
    double q1 = stats_percentile(sorted, n, 25);
    double q3 = stats_percentile(sorted, n, 75), reach = 1.5 * (q3 - q1);
    size_t count = 0;

    for (size_t i = 0; i < n && sorted[i] < q1 - reach; i++)
        count++;
    for (size_t i = n; i > 0 && sorted[i - 1] > q3 + reach; i--)
        count++;
    return count;
}

struct interval stats_median_interval(const double *sorted, size_t n)
{
    struct interval none = {NAN, NAN, NULL, 0};
    long double chance, outside = 0; /* of k - 1 below; of both tails */
    double level = 0;
    size_t k = 0;

    if (n == 0)
        return none;
    if (n < ROUNDS_FOR_LEVEL)
        return (struct interval){sorted[0], sorted[n - 1], "range", 0};
    chance = ldexpl(1, -(int)n);
    for (;;) {
        outside += 2 * chance;
        if (1 - outside < (long double)level_wanted)
            break;
        level = (double)(1 - outside);
        k++;
        chance = chance * (long double)(n - k + 1) / (long double)k;
    }
    return (struct interval){sorted[k - 1], sorted[n - k], "ci", level};
}

double stats_ratio(const double *above, const double *below, unsigned rounds,
                   struct interval *interval)
{
    double ratios[ROUNDS_MAX];
    size_t n = 0;

    for (unsigned i = 0; i < rounds && i < ROUNDS_MAX; i++)
        if (below[i] > 0 && !isnan(above[i]))
            ratios[n++] = above[i] / below[i];
    stats_sort(ratios, n);
    *interval = stats_median_interval(ratios, n);
    return stats_median(ratios, n);
}

void stats_round_medians(double *const *round_samples, const size_t *counts,
                         unsigned rounds, double *medians)
{
    for (unsigned i = 0; i < rounds; i++)
        medians[i] = stats_median(round_samples[i],
                                  stats_sort(round_samples[i], counts[i]));
}

/* What the pooled samples say, once they are sorted. */
static void fill_pooled(struct result *r, const double *pooled, size_t n)
{
    r->pooled = n ? pooled : NULL;
    r->samples = n;
    r->mean = stats_mean(pooled, n);
    r->stddev = stats_stddev(pooled, n);
    r->mad = stats_mad(pooled, n);
    r->min = n ? pooled[0] : NAN;
    r->max = n ? pooled[n - 1] : NAN;
    r->outliers = stats_outliers(pooled, n);
    for (size_t i = 0; i < PERCENTILES; i++)
        r->percentiles[i] =
            n < stats_samples_needed(percentile_ranks[i])
                ? NAN
                : stats_percentile(pooled, n, percentile_ranks[i]);
}

void stats_fill(struct result *r, double *const *round_samples,
                const size_t *counts, unsigned rounds, double *pooled)
{
    double medians[ROUNDS_MAX];
    size_t n = 0;

    if (rounds > ROUNDS_MAX)
        rounds = ROUNDS_MAX;
    stats_round_medians(round_samples, counts, rounds, medians);
    r->rounds = 0;
    for (unsigned i = 0; i < rounds; i++) {
        if (!isnan(medians[i]))
            r->round_medians[r->rounds++] = medians[i];
        for (size_t k = 0; k < counts[i]; k++)
            if (!isnan(round_samples[i][k]))
                pooled[n++] = round_samples[i][k];
    }
    n = stats_sort(pooled, n);
    fill_pooled(r, pooled, n);
    rounds = (unsigned)stats_sort(medians, rounds);
    r->median = stats_median(medians, rounds);
    r->median_interval = stats_median_interval(medians, rounds);
    r->ops_per_s = r->median > 0 ? 1e9 / r->median : NAN;
    r->bytes_per_s = r->sized ? r->ops_per_s * (double)r->bytes : NAN;
}
