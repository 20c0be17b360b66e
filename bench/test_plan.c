/* SPDX-License-Identifier: MIT */
/* test_plan.c - what a plan promises. */
#include "test_plan.h"

static void what_is_named_is_taken_whole_with_its_company(void **state)
{
    const char *names[] = {"pipe/roundtrip", NULL};
    struct request q = ask();
    struct plan plan;

    (void)state;
    q.names = names;
    q.sizes[0] = 64;
    q.sizes[1] = 1048576;
    q.size_count = 2;
    q.placements[0] = PLACE_SAME;
    q.placement_count = 1;
    q.rounds = 15;
    make(&plan, &q);
    assert_int_equal(plan.rounds, 15);
    assert_int_equal(count(&plan, ROW_RESULT), 2);
    assert_int_equal(count(&plan, ROW_FLOOR), 2);
    assert_int_equal(count(&plan, ROW_REFERENCE), 2);
    assert_int_equal(count(&plan, ROW_TWIN), 1);
    for (size_t i = 0; i < plan.count; i++) {
        const struct row *row = &plan.rows[i];

        if (row->kind != ROW_RESULT)
            continue;
        assert_string_equal(plan.rows[row->floor].workload->name,
                            "pipe-pingpong");
        assert_int_equal(plan.rows[row->floor].bytes, row->bytes);
        assert_int_equal(plan.rows[row->floor].group, row->group);
        assert_int_equal(plan.rows[row->reference].group, row->group);
    }
    plan_free(&plan);
}

static void the_same_seed_makes_the_same_plan_and_another_another(void **state)
{
    size_t first[512], again[512], other[512];
    struct request q = ask();
    struct plan one, two;

    (void)state;
    make(&one, &q);
    make(&two, &q);
    assert_true(one.count > 20 && one.count < 512);
    assert_int_equal(one.count, two.count);
    plan_order(&one, 0, first);
    plan_order(&two, 0, again);
    assert_memory_equal(first, again, one.count * sizeof *first);
    plan_order(&one, 1, other);
    assert_memory_not_equal(first, other, one.count * sizeof *first);
    two.seed = 8;
    plan_order(&two, 0, other);
    assert_memory_not_equal(first, other, one.count * sizeof *first);
    plan_free(&one);
    plan_free(&two);
}

static void a_round_has_every_row_once_and_groups_together(void **state)
{
    size_t order[512], seen[512] = {0};
    struct request q = ask();
    struct plan plan;

    (void)state;
    make(&plan, &q);
    for (unsigned round = 0; round < 5; round++) {
        size_t changes = 0;

        plan_order(&plan, round, order);
        for (size_t i = 0; i < plan.count; i++) {
            seen[order[i]]++;
            changes +=
                i && plan.rows[order[i]].group != plan.rows[order[i - 1]].group;
        }
        assert_int_equal(changes + 1, plan.groups);
        for (size_t i = 0; i < plan.count; i++)
            assert_int_equal(seen[i], round + 1);
    }
    plan_free(&plan);
}

static void a_reader_finds_sizes_in_order(void **state)
{
    size_t order[512], last = 0;
    struct request q = ask();
    struct plan plan;

    (void)state;
    q.scale = SCALE_DEFAULT;
    make(&plan, &q);
    plan_reading_order(&plan, order);
    for (size_t i = 0; i < plan.count; i++) {
        const struct row *row = &plan.rows[order[i]];

        if (row->workload != workload_find("pipe", "roundtrip") ||
            row->placement != PLACE_SAME)
            continue;
        assert_true(row->bytes >= last);
        last = row->bytes;
    }
    assert_true(last > 65536);
    plan_free(&plan);
}

/* What a crowd does to a variant comes when all else is there; what a program
 * measures, that is started for it, is left out of a minute. */
static bool is_late(const struct mechanism *m, const struct workload *w)
{
    return w->program || (w->together && (w->variant || m->variant_of));
}

/* Is nothing held against it that comes before the last? */
static bool is_late_floor(const struct workload *floor)
{
    bool late = false;

    for (const struct mechanism *const *m = mechanisms; *m; m++)
        for (const struct workload *w = (*m)->workloads; w->name; w++)
            if (w->floor && strcmp(w->floor, floor->name) == 0) {
                if (!is_late(*m, w))
                    return false;
                late = true;
            }
    return late;
}

static void every_workload_keeps_a_row_and_the_budget_is_kept(void **state)
{
    struct request q = ask();
    struct plan plan;
    size_t commands = 0;

    (void)state;
    for (q.scale = SCALE_QUICK; q.scale <= SCALE_FULL; q.scale++) {
        make(&plan, &q);
        assert_true(plan.expected < plan.budget - plan.reserve);
        plan_free(&plan);
    }
    q.scale = SCALE_QUICK;
    make(&plan, &q);
    for (const struct mechanism *const *m = mechanisms; *m; m++)
        for (const struct workload *w = (*m)->workloads; w->name; w++) {
            bool there = false;

            for (size_t i = 0; i < plan.count; i++)
                there |= plan.rows[i].workload == w &&
                         plan.rows[i].kind == ROW_RESULT;
            /* These are named: test_plan_crowds.c. */
            if (!there && !is_late(*m, w))
                fail_msg("%s/%s has no row", (*m)->name, w->name);
        }
    for (size_t i = 0; i < plan.left_out_count; i++)
        commands += strncmp(plan.left_out[i], "ipclab bench ", 13) == 0;
    assert_true(commands > 0);
    plan_free(&plan);
}

static void a_run_of_everything_measures_every_floor(void **state)
{
    struct request q = ask();
    struct plan plan;

    (void)state;
    for (q.scale = SCALE_QUICK; q.scale <= SCALE_FULL; q.scale++) {
        make(&plan, &q);
        for (const struct workload *const *g = floors; *g; g++)
            for (const struct workload *w = *g; w->name; w++)
                if (rows_of(&plan, w, w->sized ? 64 : 0) == 0 &&
                    !is_late_floor(w))
                    fail_msg("floor/%s has no row", w->name);
        plan_free(&plan);
    }
}

static void a_stream_has_the_memcpy_of_its_size_beside_it(void **state)
{
    const struct workload *copy = workload_find("floor", "memcpy");
    const char *names[] = {"pipe/stream", NULL};
    struct request q = ask();
    struct plan plan;

    (void)state;
    for (q.scale = SCALE_QUICK; q.scale <= SCALE_FULL; q.scale++)
        for (unsigned named = 0; named < 2; named++) {
            size_t streams = 0;

            q.names = named ? names : NULL;
            make(&plan, &q);
            for (size_t i = 0; i < plan.count; i++) {
                if (!plan.rows[i].workload->one_way)
                    continue;
                streams++;
                assert_int_equal(rows_of(&plan, copy, plan.rows[i].bytes), 1);
            }
            assert_true(streams > 2);
            plan_free(&plan);
        }
}

static size_t spinning(const struct plan *plan)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->count; i++) {
        n += plan->rows[i].workload->spins && plan->rows[i].kind != ROW_TWIN;
        if (plan->rows[i].workload->spins &&
            plan->rows[i].placement == PLACE_SAME)
            fail_msg("%s on one core", plan->rows[i].workload->name);
    }
    return n;
}

/* Of each class two rows that are the same, side by side. */
static void each_class_has_a_pair_of_twins(void **state)
{
    struct request q = ask();
    struct plan plan;
    unsigned spinning_twins = 0;

    (void)state;
    make(&plan, &q);
    assert_int_equal(count(&plan, ROW_TWIN), 3);
    for (size_t i = 0; i < plan.count; i++) {
        const struct row *row = &plan.rows[i];

        if (row->kind != ROW_TWIN)
            continue;
        assert_ptr_equal(plan.rows[row->twin].workload, row->workload);
        assert_int_equal(plan.rows[row->twin].placement, row->placement);
        assert_int_equal(plan.rows[row->twin].group, row->group);
        spinning_twins += row->workload->spins;
    }
    assert_int_equal(spinning_twins, 1);
    plan_free(&plan);
}

static void what_spins_never_stands_on_one_core(void **state)
{
    const char *names[] = {"floor/line-pingpong", NULL};
    struct request q = ask();
    struct plan plan;
    char why[256] = "";

    (void)state;
    for (q.scale = SCALE_QUICK; q.scale <= SCALE_FULL; q.scale++)
        for (unsigned named = 0; named < 2; named++) {
            q.names = named ? names : NULL;
            make(&plan, &q);
            assert_in_range(spinning(&plan), named ? 1 : 3, named ? 1 : 30);
            plan_free(&plan);
        }
    q.scale = SCALE_QUICK;
    q.rounds = 3;
    q.placements[0] = PLACE_SAME;
    q.placements[1] = PLACE_CROSS;
    q.placement_count = 2;
    make(&plan, &q);
    assert_int_equal(spinning(&plan), 1);
    assert_int_equal(plan.left_out_count, 1);
    plan_free(&plan);
    q.placement_count = 1;
    assert_int_equal(plan_make(&plan, &q, two_cores, why, sizeof why),
                     -ENOTSUP);
    assert_string_equal(why, "nothing to measure: floor/line-pingpong, same: "
                             "it spins, and would wait on one core for its "
                             "turn");
    plan_free(&plan);
}

static void what_spins_is_left_out_where_there_is_one_core(void **state)
{
    struct place one_core[PLACEMENTS];
    struct request q = ask();
    struct plan plan;
    char why[256] = "";
    unsigned reasons = 0;

    (void)state;
    memcpy(one_core, two_cores, sizeof one_core);
    strcpy(one_core[PLACE_CROSS].missing, "core 1 is the only one");
    assert_int_equal(plan_make(&plan, &q, one_core, why, sizeof why), 0);
    assert_int_equal(spinning(&plan), 0);
    for (size_t i = 0; i < plan.left_out_count; i++)
        reasons += strcmp(plan.left_out[i], "floor/line-pingpong, cross: core "
                                            "1 is the only one") == 0;
    assert_int_equal(reasons, 1);
    plan_free(&plan);
}

static void what_this_machine_lacks_is_left_out_with_its_reason(void **state)
{
    const char *names[] = {"fork/joined", "pipe/stream", NULL};
    struct request q = ask();
    struct plan plan;
    unsigned reasons = 0;

    (void)state;
    q.names = names;
    q.memory = 1 << 20;
    q.sets[0].name = "resident";
    q.sets[0].values[0] = 0;
    q.sets[0].values[1] = 64 << 20;
    q.sets[0].count = 2;
    q.set_count = 1;
    q.placements[0] = PLACE_SMT;
    q.placements[1] = PLACE_SAME;
    q.placement_count = 2;
    make(&plan, &q);
    for (size_t i = 0; i < plan.left_out_count; i++)
        reasons += strstr(plan.left_out[i], "one hardware thread") ||
                   strstr(plan.left_out[i], "available memory");
    assert_int_equal(reasons, 2);
    assert_int_equal(count(&plan, ROW_RESULT), 2);
    plan_free(&plan);
}

static void refused(const char *name, const char *setting, int error,
                    const char *text)
{
    const char *names[] = {name, NULL};
    struct request q = ask();
    struct plan plan;
    char why[256] = "";

    q.names = names;
    if (setting) {
        q.sets[0].name = setting;
        q.sets[0].count = 1;
        q.set_count = 1;
    }
    assert_int_equal(plan_make(&plan, &q, two_cores, why, sizeof why), error);
    assert_string_equal(why, text);
}

static void unknown_names_are_answered_with_the_nearest(void **state)
{
    (void)state;
    refused("pip", NULL, -ENOENT,
            "no mechanism 'pip'; did you mean 'pipe'?  (ipclab list shows "
            "all)");
    refused("pipe/roundtrp", NULL, -ENOENT,
            "pipe has no workload 'roundtrp'; did you mean 'roundtrip'?  "
            "(ipclab list shows all)");
    refused("floor/clok", NULL, -ENOENT,
            "floor has no workload 'clok'; did you mean 'clock'?  (ipclab "
            "list shows all)");
    refused("pipe", "resident", -ENOENT,
            "no workload here has a setting 'resident'  (ipclab list shows "
            "all)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_is_named_is_taken_whole_with_its_company,
                               bounded),
        cmocka_unit_test_setup(
            the_same_seed_makes_the_same_plan_and_another_another, bounded),
        cmocka_unit_test_setup(a_round_has_every_row_once_and_groups_together,
                               bounded),
        cmocka_unit_test_setup(a_reader_finds_sizes_in_order, bounded),
        cmocka_unit_test_setup(
            every_workload_keeps_a_row_and_the_budget_is_kept, bounded),
        cmocka_unit_test_setup(a_run_of_everything_measures_every_floor,
                               bounded),
        cmocka_unit_test_setup(a_stream_has_the_memcpy_of_its_size_beside_it,
                               bounded),
        cmocka_unit_test_setup(each_class_has_a_pair_of_twins, bounded),
        cmocka_unit_test_setup(what_spins_never_stands_on_one_core, bounded),
        cmocka_unit_test_setup(what_spins_is_left_out_where_there_is_one_core,
                               bounded),
        cmocka_unit_test_setup(
            what_this_machine_lacks_is_left_out_with_its_reason, bounded),
        cmocka_unit_test_setup(unknown_names_are_answered_with_the_nearest,
                               bounded),
    };

    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
