/* SPDX-License-Identifier: MIT */
/*
 * test_stats.c - statistics, against values that Python's statistics and
 * math.comb computed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stats.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

static const double ten[] = {7.25,  3.5, 9.0, 1.125, 4.75,
                             100.0, 6.5, 2.0, 8.0,   5.0};

static int begin(void **state)
{
    (void)state;
    alarm(20);
    return 0;
}

static void near(double value, double wanted)
{
    if (!(fabs(value - wanted) <= 1e-12 * fabs(wanted)))
        fail_msg("%.17g is not %.17g", value, wanted);
}

/* The ten values, sorted, and the first n of them. */
static const double *sorted(size_t n)
{
    static double values[10];

    memcpy(values, ten, sizeof ten);
    assert_int_equal(stats_sort(values, 10), 10);
    assert_true(n <= 10);
    return values;
}

static void sort_orders_and_puts_nan_behind(void **state)
{
    enum { N = 5000 };
    double *values = malloc(N * sizeof *values), sum = 0, after = 0;

    (void)state;
    assert_non_null(values);
    for (unsigned i = 0; i < N; i++) {
        values[i] = i % 10 == 7 ? NAN : (double)(i * 2654435761u % 1000u);
        sum += i % 10 == 7 ? 0 : values[i];
    }
    assert_int_equal(stats_sort(values, N), N - N / 10);
    for (unsigned i = 0; i < N; i++) {
        if (i < N - N / 10)
            after += values[i];
        assert_int_equal(isnan(values[i]) != 0, i >= N - N / 10);
        assert_true(i == 0 || isnan(values[i]) || values[i - 1] <= values[i]);
    }
    assert_true(after == sum);
    free(values);
    assert_int_equal(stats_sort(NULL, 0), 0);
}

static void moments_are_those_of_python(void **state)
{
    const double far[] = {1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16};

    (void)state;
    near(stats_mean(ten, 10), 14.7125);
    near(stats_stddev(ten, 10), 30.074563010587166);
    near(stats_stddev(far, 4), 5.477225575051661);
    near(stats_median(sorted(10), 10), 5.75);
    near(stats_median(sorted(9), 9), 5.0);
    near(stats_mad(sorted(10), 10), 2.25);
    near(stats_mad(sorted(9), 9), 2.25);
    near(stats_stddev(sorted(9), 9), 2.6958043532703018);
}

static void percentiles_are_of_type_7(void **state)
{
    const double *values = sorted(10);

    (void)state;
    near(stats_percentile(values, 10, 1), 1.20375);
    near(stats_percentile(values, 10, 5), 1.51875);
    near(stats_percentile(values, 10, 25), 3.8125);
    near(stats_percentile(values, 10, 50), 5.75);
    near(stats_percentile(values, 10, 75), 7.8125);
    near(stats_percentile(values, 10, 90), 18.1);
    near(stats_percentile(values, 10, 95), 59.05);
    near(stats_percentile(values, 10, 99), 91.81);
    near(stats_percentile(values, 10, 0), 1.125);
    near(stats_percentile(values, 10, 100), 100);
}

static void one_and_two_and_equal_values_make_sense(void **state)
{
    const double one[] = {42}, two[] = {40, 44}, equal[] = {3, 3, 3, 3, 3};

    (void)state;
    assert_true(isnan(stats_median(one, 0)) && isnan(stats_mad(one, 0)));
    assert_true(isnan(stats_mean(one, 0)) && isnan(stats_stddev(one, 1)));
    assert_true(isnan(stats_percentile(one, 0, 50)));
    assert_int_equal(stats_outliers(one, 0), 0);
    near(stats_median(one, 1), 42);
    near(stats_percentile(one, 1, 99), 42);
    near(stats_mad(one, 1) + 1, 1);
    near(stats_median(two, 2), 42);
    near(stats_mad(two, 2), 2);
    near(stats_stddev(two, 2), 2.8284271247461903);
    near(stats_mad(equal, 5) + 1, 1);
    near(stats_stddev(equal, 5) + 1, 1);
    assert_int_equal(stats_outliers(equal, 5), 0);
}

static void outliers_are_counted_on_both_sides(void **state)
{
    double values[20];

    (void)state;
    assert_int_equal(stats_outliers(sorted(10), 10), 1);
    for (size_t i = 0; i < 20; i++)
        values[i] = 100 + (double)i;
    assert_int_equal(stats_outliers(values, 20), 0);
    values[0] = -500;
    values[18] = values[19] = 5000;
    assert_int_equal(stats_outliers(values, 20), 3);
}

static void median_ns_leaves_the_samples_in_their_order(void **state)
{
    const int64_t odd[] = {900, -3, 7, 7, 12}, even[] = {40, 10, 30, 20};
    const int64_t wide[] = {INT64_MAX, INT64_MIN, 5};

    (void)state;
    near(stats_median_ns(odd, 5), 7);
    near(stats_median_ns(even, 4), 25);
    near(stats_median_ns(wide, 3), 5);
    near(stats_median_ns(odd, 1), 900);
    assert_true(isnan(stats_median_ns(odd, 0)));
    assert_int_equal(even[0], 40);
}

static void an_interval_states_its_exact_level(void **state)
{
    static const struct {
        size_t n, k;
        double level;
    } known[] = {{6, 1, 0.96875},
                 {7, 1, 0.984375},
                 {8, 1, 0.9921875},
                 {9, 2, 0.9609375},
                 {15, 4, 0.96484375},
                 {20, 6, 0.9586105346679688},
                 {31, 10, 0.9705506265163422},
                 {50, 18, 0.9671608624357315},
                 {99, 40, 0.9561247064129847}};
    double values[99];

    (void)state;
    for (size_t i = 0; i < 99; i++)
        values[i] = (double)i + 1; /* so that a value is its rank */
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct interval found = stats_median_interval(values, known[i].n);

        assert_string_equal(found.kind, "ci");
        near(found.low, (double)known[i].k);
        near(found.high, (double)(known[i].n + 1 - known[i].k));
        near(found.level, known[i].level);
    }
}

static void few_rounds_have_a_range_and_never_a_level(void **state)
{
    const double values[] = {1, 2, 3, 4, 5};

    (void)state;
    for (size_t n = 1; n <= 5; n++) {
        struct interval found = stats_median_interval(values, n);

        assert_string_equal(found.kind, "range");
        near(found.low, 1);
        near(found.high, (double)n);
        assert_true(found.level == 0);
    }
    assert_null(stats_median_interval(values, 0).kind);
    assert_true(isnan(stats_median_interval(values, 0).low));
}

static void a_ratio_pairs_rounds_and_leaves_out_what_lacks_a_side(void **state)
{
    const double above[] = {2, NAN, 9, 8, 3, 7}, below[] = {1, 1, 3, 2, 0, NAN};
    struct interval interval;

    (void)state;
    near(stats_ratio(above, below, 6, &interval), 3); /* of 2, 3, 4 */
    assert_string_equal(interval.kind, "range");
    near(interval.low, 2);
    near(interval.high, 4);
    assert_true(isnan(stats_ratio(above + 1, below + 1, 1, &interval)));
    assert_null(interval.kind);
}

static void high_percentiles_need_their_samples(void **state)
{
    (void)state;
    assert_int_equal(stats_samples_needed(50), 1);
    assert_int_equal(stats_samples_needed(95), 1);
    assert_int_equal(stats_samples_needed(1), 100);
    assert_int_equal(stats_samples_needed(99), 100);
    assert_int_equal(stats_samples_needed(99.9), 10000);
    assert_int_equal(stats_samples_needed(99.99), 100000);
}

/* Fill a result from n samples in one round: 1, 2, ... n. */
static void fill_one_round(struct result *r, size_t n, double **pooled)
{
    double *round = malloc(n * sizeof *round);

    *pooled = malloc(n * sizeof **pooled);
    assert_true(round && *pooled);
    for (size_t i = 0; i < n; i++)
        round[i] = (double)(n - i);
    stats_fill(r, &round, &n, 1, *pooled);
    free(round);
}

static void a_result_has_no_percentile_of_too_few_samples(void **state)
{
    static const size_t counts[] = {99, 100, 9999, 10000, 99999, 100000};
    static struct result r;

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        double *pooled;

        fill_one_round(&r, counts[i], &pooled);
        assert_int_equal(!isnan(r.percentiles[7]), counts[i] >= 100);
        assert_int_equal(!isnan(r.percentiles[8]), counts[i] >= 10000);
        assert_int_equal(!isnan(r.percentiles[9]), counts[i] >= 100000);
        near(r.percentiles[3], ((double)counts[i] + 1) / 2);
        near(pooled[0], 1);
        free(pooled);
    }
    near(r.percentiles[9], 1 + 99999 * 0.9999);
}

static void a_result_is_filled_from_its_rounds(void **state)
{
    double a[] = {30, 10, 20}, b[] = {50, 40}, c[] = {60};
    double *rounds[] = {a, b, NULL, c}, pooled[6], medians[4];
    const size_t counts[] = {3, 2, 0, 1};
    static struct result r = {.sized = true, .bytes = 1000};

    (void)state;
    stats_fill(&r, rounds, counts, 4, pooled);
    assert_int_equal(r.rounds, 3);
    assert_int_equal(r.samples, 6);
    near(r.round_medians[0], 20);
    near(r.round_medians[1], 45);
    near(r.round_medians[2], 60);
    near(r.median, 45);
    near(r.median_interval.low, 20);
    near(r.median_interval.high, 60);
    near(r.mean, 35);
    near(r.min, 10);
    near(r.max, 60);
    near(r.ops_per_s, 1e9 / 45);
    near(r.bytes_per_s, 1e12 / 45);
    assert_ptr_equal(r.pooled, pooled);
    stats_round_medians(rounds, counts, 4, medians);
    near(medians[1], 45);
    assert_true(isnan(medians[2]));
    near(medians[3], 60);
}

static void a_result_without_samples_is_nan_throughout(void **state)
{
    const size_t counts[] = {0, 0};
    double *rounds[] = {NULL, NULL};
    static struct result r;

    (void)state;
    stats_fill(&r, rounds, counts, 2, NULL);
    assert_int_equal(r.rounds, 0);
    assert_int_equal(r.samples, 0);
    assert_null(r.pooled);
    assert_null(r.median_interval.kind);
    assert_true(isnan(r.median) && isnan(r.mean) && isnan(r.stddev));
    assert_true(isnan(r.mad) && isnan(r.min) && isnan(r.max));
    assert_true(isnan(r.percentiles[3]) && isnan(r.ops_per_s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sort_orders_and_puts_nan_behind),
        cmocka_unit_test(moments_are_those_of_python),
        cmocka_unit_test(percentiles_are_of_type_7),
        cmocka_unit_test(one_and_two_and_equal_values_make_sense),
        cmocka_unit_test(outliers_are_counted_on_both_sides),
        cmocka_unit_test(median_ns_leaves_the_samples_in_their_order),
        cmocka_unit_test(an_interval_states_its_exact_level),
        cmocka_unit_test(few_rounds_have_a_range_and_never_a_level),
        cmocka_unit_test(a_ratio_pairs_rounds_and_leaves_out_what_lacks_a_side),
        cmocka_unit_test(high_percentiles_need_their_samples),
        cmocka_unit_test(a_result_has_no_percentile_of_too_few_samples),
        cmocka_unit_test(a_result_is_filled_from_its_rounds),
        cmocka_unit_test(a_result_without_samples_is_nan_throughout),
    };

    return cmocka_run_group_tests_name("stats", tests, begin, NULL);
}
