/* SPDX-License-Identifier: MIT */
/*
 * test_costs_sync.c - what taking a lock may cost, and an increment or a copy
 * under it, in counts and not in time; and that what is done under one is
 * looked at.
 */
#include "test_costs.h"

static const char *const pairs[][2] = {{"lock", "pair"},
                                       {"lock", "pair-recursive"},
                                       {"lock", "pair-robust"},
                                       {"semaphore", "pair"},
                                       {"floor", "mutex-pair"},
                                       {"floor", "mutex-pair-recursive"},
                                       {"floor", "sem-pair"},
                                       {"floor", "mutex-pair-robust"},
                                       {"value", "increment"},
                                       {"value", "increment-plain"},
                                       {"value", "increment-robust"},
                                       {"value", "increment-atomic"},
                                       {"value", "increment-raw"},
                                       {"array", "element"},
                                       {"array", "copy"},
                                       {"array", "copy-raw"},
                                       {"floor", "increment"},
                                       {"floor", "increment-recursive"},
                                       {"floor", "increment-robust"},
                                       {"floor", "increment-raw"},
                                       {"floor", "increment-atomic"},
                                       {"floor", "element"}};

static const char *const contentions[][2] = {
    {"lock", "contended"},
    {"lock", "contended-robust"},
    {"semaphore", "contended"},
    {"floor", "mutex-contended"},
    {"floor", "sem-contended"},
    {"floor", "mutex-contended-robust"},
    {"value", "contended"},
    {"value", "contended-plain"},
    {"value", "contended-robust"},
    {"value", "contended-atomic"},
    {"value", "neighbours"},
    {"value", "apart"},
    {"floor", "increment-contended"},
    {"floor", "increment-contended-recursive"},
    {"floor", "increment-contended-robust"},
    {"floor", "increment-apart"},
    {"floor", "atomic-contended"}};

enum { PAIRS = sizeof pairs / sizeof *pairs };
enum { CONTENTIONS = sizeof contentions / sizeof *contentions };

/* The trial of a workload whose participant is alone. */
static struct trial trial_alone(void)
{
    return (struct trial){.bytes = 64, .line = 64, .participants = 1};
}

/* What strace runs: the n operations of "lock/pair". */
static int perform(const char *name, unsigned n)
{
    const char *slash = strchr(name, '/');
    struct trial t = trial_alone();
    const struct workload *w;
    char mechanism[32];
    int error;

    if (!slash)
        return 1;
    snprintf(mechanism, sizeof mechanism, "%.*s", (int)(slash - name), name);
    w = workload_find(mechanism, slash + 1);
    if (!w)
        return 1;
    error = w->open(&t);
    if (!error)
        error = w->op(&t, n);
    w->close(&t);
    return error ? 1 : 0;
}

static void a_pair_that_nobody_disputes_makes_no_call(void **state)
{
    char name[64];

    (void)state;
    for (size_t i = 0; i < PAIRS; i++) {
        snprintf(name, sizeof name, "%s/%s", pairs[i][0], pairs[i][1]);
        costs(name, NULL, 0);
    }
}

/* Fewer than one in a thousand: the kernel may fault in a page of its own. */
static void a_pair_neither_sleeps_nor_faults(void **state)
{
    static struct findings f;

    (void)state;
    for (size_t i = 0; i < PAIRS; i++) {
        count(pairs[i][0], pairs[i][1], &f);
        assert_true(f.operations > 10000);
        assert_true(f.timed.voluntary < f.operations / 1000);
        assert_true(f.timed.minor_faults < f.operations / 1000);
    }
}

static void a_count_that_was_lost_fails_the_run(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONTENTIONS; i++) {
        const struct workload *w =
            workload_find(contentions[i][0], contentions[i][1]);
        struct trial t = trial_alone();

        assert_int_equal(w->open(&t), 0);
        assert_int_equal(w->op(&t, COUNTED), 0);
        assert_int_equal(w->check(&t, COUNTED), 0);
        assert_int_equal(w->op(&t, FEW), 0);
        assert_int_equal(w->check(&t, MANY), 0);
        assert_int_equal(w->check(&t, MANY + 1), -EILSEQ);
        w->close(&t);
    }
}

static void two_in_it_at_once_are_found_out(void **state)
{
    struct guarded g = {.count = 7, .again = 7};

    (void)state;
    assert_int_equal(guarded_add(&g), 0);
    assert_int_equal(guarded_check(&g, 8), 0);
    g.count = 9; /* another has written the first word alone */
    assert_int_equal(guarded_add(&g), -EILSEQ);
    assert_int_equal(guarded_check(&g, 9), -EILSEQ);
    assert_int_equal(guarded_check(&g, 8), -EILSEQ);
}

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_pair_that_nobody_disputes_makes_no_call),
        TEST(a_pair_neither_sleeps_nor_faults),
        TEST(a_count_that_was_lost_fails_the_run),
        TEST(two_in_it_at_once_are_found_out),
    };

    return cmocka_run_group_tests_name("costs of locks", tests, NULL, NULL);
}

int main(int argc, char **argv)
{
    return costs_main(argc, argv, perform, run_all);
}
