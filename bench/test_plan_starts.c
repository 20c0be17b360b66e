/* SPDX-License-Identifier: MIT */
/* test_plan_starts.c - what a plan promises of the start methods. */
#include "test_plan.h"

#include "row.h"

/* Rows of a start, by what the parent holds; results alone. */
static size_t starts(const struct plan *plan, const char *mechanism,
                     const char *workload, int64_t resident, int64_t huge)
{
    const struct workload *w = workload_find(mechanism, workload);
    size_t n = 0;

    assert_non_null(w);
    for (size_t i = 0; i < plan->count; i++) {
        const struct setting *s = plan->rows[i].settings;

        n += plan->rows[i].workload == w && plan->rows[i].kind == ROW_RESULT &&
             s[0].value == resident && s[1].value == huge && s[2].value == 0;
    }
    return n;
}

static void each_method_is_held_against_what_its_parent_holds(void **state)
{
    static const char *const parts[] = {"call", "first-instruction", "joined"};
    const int64_t mib = 1 << 20;
    struct request q = ask();
    struct plan plan;

    (void)state;
    for (q.scale = SCALE_QUICK; q.scale <= SCALE_FULL; q.scale++) {
        make(&plan, &q);
        for (int m = 0; start_method_names[m]; m++) {
            const char *name = start_method_names[m];
            bool copies = m == START_FORK, all = q.scale != SCALE_QUICK;

            assert_int_equal(starts(&plan, name, "joined", 64 * mib, 0), 1);
            for (int64_t size = 64; size <= 256; size *= 4)
                assert_int_equal(starts(&plan, name, "joined", size * mib, 1),
                                 all && copies);
            for (size_t i = 0; i < 3; i++) {
                assert_int_equal(starts(&plan, name, parts[i], 0, 0), 1);
                assert_int_equal(starts(&plan, name, parts[i], 256 * mib, 0),
                                 i == 2 ? all : q.scale == SCALE_FULL);
                assert_int_equal(starts(&plan, name, parts[i], 1024 * mib, 0),
                                 q.scale == SCALE_FULL);
            }
        }
        plan_free(&plan);
    }
}

static void a_start_is_of_its_own_method_and_held_beside_its_floor(void **state)
{
    static const char *const expected[] = {"fork-self", "posix-spawn",
                                           "fork-tiny"};
    struct request q = ask();
    struct plan plan;

    (void)state;
    make(&plan, &q);
    for (size_t i = 0; i < plan.count; i++) {
        const struct row *row = &plan.rows[i];

        if (row->kind == ROW_RESULT && row->workload->peers)
            assert_int_equal(row->start, START_FORK);
        if (row->kind != ROW_RESULT || !has_setting(row->workload, "resident"))
            continue;
        assert_string_equal(row->mechanism, start_method_names[row->start]);
        assert_string_equal(plan.rows[row->floor].workload->name,
                            expected[row->start]);
        assert_int_equal(plan.rows[row->floor].start, START_FORK);
        assert_int_equal(plan.rows[row->floor].group, row->group);
        if (row->start == START_SPAWN) /* flat only if its floor is */
            assert_int_equal(plan.rows[row->floor].settings[0].value,
                             row->settings[0].value);
    }
    plan_free(&plan);
}

static void the_tiny_process_and_the_interpreter_are_there_once(void **state)
{
    static const char *const asked[][3] = {{NULL},
                                           {"fork/joined", NULL},
                                           {"forkserver/joined", NULL},
                                           {"forkserver", "fork", NULL},
                                           {"spawn/joined", NULL}};
    const struct workload *tiny = workload_find("floor", "fork-tiny");
    const struct workload *python = workload_find("floor", "python");
    struct request q = ask();
    struct plan plan;

    (void)state;
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        q.names = asked[i][0] ? asked[i] : NULL;
        make(&plan, &q);
        assert_int_equal(rows_of(&plan, tiny, 0), i != 4);
        assert_int_equal(rows_of(&plan, python, 0), i == 0 || i == 4);
        plan_free(&plan);
    }
    q.reference = false;
    make(&plan, &q);
    assert_int_equal(rows_of(&plan, python, 0), 0);
    assert_true(plan.left_out_count > 0);
    assert_string_equal(plan.left_out[0],
                        "floor/python, same: there is no python3, or CPython "
                        "is left out");
    plan_free(&plan);
}

/* The reference of the only result, or -1. */
static int reference_of_only(const struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan->rows[i].kind == ROW_RESULT)
            return plan->rows[i].reference;
    fail_msg("no result");
    return -1;
}

static void
what_takes_cpython_too_long_is_left_out_unless_asked_for(void **state)
{
    static const char *const names[] = {"spawn/burst", NULL};
    struct request q = ask();
    struct plan plan;

    (void)state;
    q.names = names;
    for (q.scale = SCALE_QUICK; q.scale < SCALE_FULL; q.scale++) {
        make(&plan, &q);
        assert_int_equal(reference_of_only(&plan), -1);
        assert_int_equal(plan.left_out_count, 1);
        assert_string_equal(plan.left_out[0],
                            "CPython spawn/burst: too long: ipclab bench "
                            "spawn/burst --placement same");
        plan_free(&plan);
    }
    make(&plan, &q); /* there is time in an hour */
    assert_true(reference_of_only(&plan) >= 0);
    plan_free(&plan);
    q.scale = SCALE_QUICK;
    q.placements[0] = PLACE_SAME;
    q.placement_count = 1;
    make(&plan, &q);
    assert_true(reference_of_only(&plan) >= 0);
    assert_true(plan.expected < plan.budget);
    plan_free(&plan);
}

static void peers_are_started_by_each_method_that_was_asked_for(void **state)
{
    static const char *const names[] = {"pipe/roundtrip", NULL};
    struct request q = ask();
    struct plan plan;
    unsigned seen = 0;

    (void)state;
    q.names = names;
    q.placements[0] = PLACE_SAME;
    q.placement_count = 1;
    q.starts[0] = START_SPAWN;
    q.starts[1] = START_FORKSERVER;
    q.starts[2] = START_FORK;
    q.start_count = 3;
    make(&plan, &q);
    assert_int_equal(count(&plan, ROW_RESULT), 3);
    assert_int_equal(count(&plan, ROW_FLOOR), 1);
    assert_int_equal(count(&plan, ROW_REFERENCE), 1);
    assert_int_equal(plan.groups, 1);
    for (size_t i = 0; i < plan.count; i++) {
        const struct row *row = &plan.rows[i];

        if (row->kind != ROW_RESULT) {
            assert_int_equal(row->start, START_FORK);
            continue;
        }
        seen |= 1u << row->start;
        assert_true(row->floor >= 0 && row->reference >= 0);
    }
    assert_int_equal(seen, 7);
    plan_free(&plan);
}

static void a_method_for_peers_that_are_none_is_refused(void **state)
{
    static const char *const names[] = {"fork/joined", NULL};
    struct request q = ask();
    struct plan plan;
    char why[256] = "";

    (void)state;
    q.names = names;
    q.starts[0] = START_SPAWN;
    q.start_count = 1;
    assert_int_equal(plan_make(&plan, &q, two_cores, why, sizeof why), -EINVAL);
    assert_string_equal(why, "--start: no workload here has a peer to start; a "
                             "start itself is fork, spawn or forkserver, as in "
                             "spawn/joined");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(
            each_method_is_held_against_what_its_parent_holds, bounded),
        cmocka_unit_test_setup(
            a_start_is_of_its_own_method_and_held_beside_its_floor, bounded),
        cmocka_unit_test_setup(
            the_tiny_process_and_the_interpreter_are_there_once, bounded),
        cmocka_unit_test_setup(
            what_takes_cpython_too_long_is_left_out_unless_asked_for, bounded),
        cmocka_unit_test_setup(
            peers_are_started_by_each_method_that_was_asked_for, bounded),
        cmocka_unit_test_setup(a_method_for_peers_that_are_none_is_refused,
                               bounded),
    };

    return cmocka_run_group_tests_name("plan of starts", tests, NULL, NULL);
}
