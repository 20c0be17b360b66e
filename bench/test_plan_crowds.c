/* SPDX-License-Identifier: MIT */
/* test_plan_crowds.c - what a plan promises of what several do together, and of
 * the variants of a mechanism. */
#include "test_plan.h"

/* Of a workload, on a placement, by so many processes; results alone. */
static size_t by(const struct plan *plan, const struct workload *w,
                 enum placement placement, int64_t processes)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->count; i++) {
        const struct row *row = &plan->rows[i];
        const struct trial t = {.settings = row->settings};

        n += row->workload == w && row->kind == ROW_RESULT &&
             row->placement == placement &&
             trial_setting(&t, "processes", 0) == processes;
    }
    return n;
}

static const char *const contended[][2] = {{"lock", "contended"},
                                           {"lock", "contended-robust"},
                                           {"semaphore", "contended"}};

/* One alone, one a core, and twice as many: each beside the same of its floor.
 */
static void
contention_is_of_fewer_and_of_more_than_there_are_cores(void **state)
{
    const struct workload *round = workload_find("barrier", "round");
    struct request q = ask();
    struct plan plan;

    (void)state;
    for (q.scale = SCALE_QUICK; q.scale <= SCALE_FULL; q.scale++) {
        make(&plan, &q);
        for (size_t i = 0; i < sizeof contended / sizeof *contended; i++) {
            const struct workload *w =
                workload_find(contended[i][0], contended[i][1]);

            assert_int_equal(by(&plan, w, PLACE_CROSS, 2), 1);
            for (int64_t n = 1; n <= 4 && q.scale != SCALE_QUICK; n *= 2)
                assert_int_equal(by(&plan, w, PLACE_CROSS, n), 1);
            if (q.scale == SCALE_FULL)
                assert_int_equal(by(&plan, w, PLACE_CROSS, 3), 1);
            assert_int_equal(by(&plan, w, PLACE_CROSS, 5), 0);
        }
        assert_int_equal(by(&plan, round, PLACE_SAME, 2), 1);
        assert_int_equal(by(&plan, round, PLACE_SAME, 1), 0);
        if (q.scale == SCALE_FULL)
            assert_int_equal(by(&plan, round, PLACE_SAME, 4), 1);
        plan_free(&plan);
    }
}

static void contention_is_of_twice_the_cores_of_any_machine(void **state)
{
    static const int crowds[] = {1, 2, 3, 4, 5, 6, 7, 8, 12};
    struct place six_cores[PLACEMENTS];
    struct request q = ask();
    struct plan plan;
    char why[256] = "";

    (void)state;
    memcpy(six_cores, two_cores, sizeof six_cores);
    six_cores[PLACE_CROSS].more_count = 4;
    q.scale = SCALE_FULL;
    assert_int_equal(plan_make(&plan, &q, six_cores, why, sizeof why), 0);
    for (size_t i = 0; i < sizeof contended / sizeof *contended; i++) {
        const struct workload *w =
            workload_find(contended[i][0], contended[i][1]);
        size_t rows = 0;

        for (size_t k = 0; k < sizeof crowds / sizeof *crowds; k++)
            assert_int_equal(by(&plan, w, PLACE_CROSS, crowds[k]), 1);
        for (int n = 0; n <= PEERS_MOST + 1; n++)
            rows += by(&plan, w, PLACE_CROSS, n);
        assert_int_equal(rows, sizeof crowds / sizeof *crowds);
    }
    plan_free(&plan);
}

static void a_floor_is_disputed_by_as_many(void **state)
{
    struct request q = ask();
    struct plan plan;
    size_t seen = 0;

    (void)state;
    q.scale = SCALE_DEFAULT;
    make(&plan, &q);
    for (size_t i = 0; i < plan.count; i++) {
        const struct row *row = &plan.rows[i], *floor;

        if (row->kind != ROW_RESULT ||
            strncmp(row->workload->name, "contended", 9) != 0)
            continue;
        assert_true(row->floor >= 0);
        floor = &plan.rows[row->floor];
        assert_true(floor->workload->together);
        assert_int_equal(floor->settings[0].value, row->settings[0].value);
        assert_int_equal(floor->placement, row->placement);
        assert_int_equal(floor->group, row->group);
        seen++;
    }
    assert_true(seen >= 9);
    plan_free(&plan);
}

static void where_there_is_one_core_they_share_it(void **state)
{
    struct place one_core[PLACEMENTS];
    struct request q = ask();
    struct plan plan;
    char why[256] = "";

    (void)state;
    memcpy(one_core, two_cores, sizeof one_core);
    one_core[PLACE_CROSS].peer = one_core[PLACE_CROSS].timed;
    strcpy(one_core[PLACE_CROSS].missing, "core 1 is the only one");
    assert_int_equal(plan_make(&plan, &q, one_core, why, sizeof why), 0);
    for (size_t i = 0; i < sizeof contended / sizeof *contended; i++)
        assert_int_equal(by(&plan,
                            workload_find(contended[i][0], contended[i][1]),
                            PLACE_SAME, 2),
                         1);
    plan_free(&plan);
}

static void a_number_of_processes_that_cannot_be_is_left_out(void **state)
{
    const char *names[] = {"lock/contended", NULL};
    struct request q = ask();
    struct plan plan;

    (void)state;
    q.names = names;
    q.sets[0].name = "processes";
    q.sets[0].values[0] = 0;
    q.sets[0].values[1] = PEERS_MOST + 1;
    q.sets[0].values[2] = PEERS_MOST + 2;
    q.sets[0].count = 3;
    q.set_count = 1;
    q.placements[0] = PLACE_CROSS;
    q.placement_count = 1;
    make(&plan, &q);
    assert_int_equal(count(&plan, ROW_RESULT), 1);
    assert_int_equal(plan.left_out_count, 2);
    assert_non_null(strstr(plan.left_out[0], "nobody would take part"));
    assert_non_null(
        strstr(plan.left_out[1], "more processes than the bench starts"));
    plan_free(&plan);
}

/* What the sizes of a queue show, those of its variants show once more. */
static void sizes_of_a_variant_come_last(void **state)
{
    const struct workload *of = workload_find("queue", "roundtrip");
    struct request q = ask();
    struct plan plan;

    (void)state;
    for (q.scale = SCALE_QUICK; q.scale <= SCALE_FULL; q.scale++) {
        make(&plan, &q);
        for (const struct mechanism *const *m = mechanisms; *m; m++) {
            const struct workload *w = (*m)->workloads;

            if (!(*m)->variant_of)
                continue;
            assert_non_null(mechanism_find((*m)->variant_of));
            assert_true(rows_of(&plan, w, 64) > 0);
            assert_true(rows_of(&plan, w, 4096) <= rows_of(&plan, of, 4096));
            if (q.scale == SCALE_FULL)
                assert_int_equal(rows_of(&plan, w, 4096), 1);
        }
        plan_free(&plan);
    }
}

/* What several do with a variant has a row where there is time for it, and is
 * named where there is none. */
static void fans_of_variants_come_last(void **state)
{
    static const char *const variants[] = {"queue-plain", "simple-queue",
                                           "joinable-queue"};
    struct request q = ask();
    struct plan plan;

    (void)state;
    for (q.scale = SCALE_QUICK; q.scale <= SCALE_FULL; q.scale++) {
        make(&plan, &q);
        for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
            size_t rows = rows_of(&plan, workload_find(variants[i], "fan"), 0);
            char command[80];
            bool named = false;

            snprintf(command, sizeof command, "ipclab bench %s/fan ",
                     variants[i]);
            for (size_t n = 0; n < plan.left_out_count; n++)
                named |= strstr(plan.left_out[n], command) == plan.left_out[n];
            assert_true(rows > 0 || (named && q.scale != SCALE_FULL));
        }
        plan_free(&plan);
    }
}

/* Where nothing else is asked for there is time for all of it. */
static void a_variant_alone_is_swept_as_well(void **state)
{
    const char *names[] = {"queue-plain", NULL};
    struct request q = ask();
    struct plan plan;
    size_t fans = 0, capacities = 0, held = 0;

    (void)state;
    q.names = names;
    q.scale = SCALE_FULL;
    make(&plan, &q);
    for (size_t i = 0; i < plan.count; i++) {
        const struct row *row = &plan.rows[i];
        const struct trial t = {.settings = row->settings};
        bool fan = strcmp(row->workload->name, "fan") == 0;

        if (row->kind != ROW_RESULT)
            continue;
        fans += fan;
        held += fan && row->reference >= 0;
        capacities += trial_setting(&t, "capacity", 0) != 0;
    }
    assert_int_equal(fans, 8); /* 2 x 2; 1, 4, 8 of each; on one core */
    assert_int_equal(held, 1);
    assert_int_equal(capacities, 5);
    plan_free(&plan);
}

static size_t with(const struct plan *plan, enum kind kind,
                   const char *workload, const char *name, int64_t value)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->count; i++) {
        const struct trial t = {.settings = plan->rows[i].settings};

        n += plan->rows[i].kind == kind &&
             strcmp(plan->rows[i].mechanism, "queue") == 0 &&
             strcmp(plan->rows[i].workload->name, workload) == 0 &&
             trial_setting(&t, name, -1) == value;
    }
    return n;
}

/* CPython has one way of a queue, whichever of ours it is held against. */
static void the_steps_of_a_queue_are_held_against_one_reference(void **state)
{
    struct request q = ask();
    struct plan plan;

    (void)state;
    for (q.scale = SCALE_DEFAULT; q.scale <= SCALE_FULL; q.scale++) {
        make(&plan, &q);
        assert_int_equal(with(&plan, ROW_RESULT, "stream", "steps", 1), 1);
        assert_int_equal(with(&plan, ROW_RESULT, "roundtrip", "steps", 3), 1);
        assert_int_equal(with(&plan, ROW_REFERENCE, "stream", "steps", 1), 0);
        assert_true(with(&plan, ROW_RESULT, "stream", "capacity", 1000) > 0);
        for (size_t i = 0; i < plan.count; i++) {
            const struct row *row = &plan.rows[i];

            if (row->kind != ROW_RESULT || row->reference < 0 ||
                strncmp(row->mechanism, "queue", 5) != 0)
                continue;
            assert_string_equal(plan.rows[row->reference].mechanism, "queue");
            assert_int_equal(plan.rows[row->reference].bytes, row->bytes);
            assert_int_equal(plan.rows[row->reference].group, row->group);
        }
        plan_free(&plan);
    }
}

/* One row of each shows how far CPython's are apart: a fan's where there is
 * time for it. */
static void a_variant_has_one_reference_and_in_haste_none(void **state)
{
    struct request q = ask();
    struct plan plan;

    (void)state;
    for (q.scale = SCALE_QUICK; q.scale <= SCALE_FULL; q.scale++) {
        size_t held = 0;

        make(&plan, &q);
        for (size_t i = 0; i < plan.count; i++)
            held += plan.rows[i].kind == ROW_RESULT &&
                    plan.rows[i].reference >= 0 &&
                    strcmp(plan.rows[i].mechanism, "simple-queue") == 0;
        assert_int_equal(held, q.scale == SCALE_QUICK  ? 0
                               : q.scale == SCALE_FULL ? 3
                                                       : 2);
        plan_free(&plan);
    }
}

/* Clients of ours and of Python's, beside Python's that its own server serves.
 */
static void clients_of_python_are_held_against_its_own_server(void **state)
{
    const struct workload *own = workload_find("manager", "clients");
    const struct workload *python =
        workload_find("manager", "clients-from-python");
    struct request q = ask();
    struct plan plan;

    (void)state;
    for (q.scale = SCALE_DEFAULT; q.scale <= SCALE_FULL; q.scale++) {
        unsigned ours = 0, theirs = 0;

        make(&plan, &q);
        for (size_t i = 0; i < plan.count; i++) {
            const struct row *row = &plan.rows[i], *reference;

            if (row->kind != ROW_RESULT || row->reference < 0 ||
                (row->workload != own && row->workload != python))
                continue;
            reference = &plan.rows[row->reference];
            assert_ptr_equal(reference->workload, own);
            assert_int_equal(reference->settings[0].value,
                             row->settings[0].value);
            if (row->settings[0].value == 1 || row->settings[0].value == 4)
                *(row->workload == own ? &ours : &theirs) += 1;
        }
        /* One alone where there is time for it. */
        assert_true(ours >= (q.scale == SCALE_FULL ? 2 : 1));
        assert_int_equal(theirs, ours);
        plan_free(&plan);
    }
    q.scale = SCALE_DEFAULT;
    q.reference = false;
    make(&plan, &q);
    assert_int_equal(rows_of(&plan, python, 0), 0);
    assert_true(rows_of(&plan, own, 0) > 0);
    plan_free(&plan);
}

/* What is printed is what there was. */
static void no_capacity_is_more_than_memory(void **state)
{
    const char *names[] = {"ring/stream", "queue/stream", NULL};
    struct request q = ask();
    struct plan plan;
    size_t large = 0;

    (void)state;
    q.names = names;
    q.sizes[0] = 64;
    q.sizes[1] = 16 << 20;
    q.size_count = 2;
    q.sets[0].name = "capacity";
    q.sets[0].values[0] = 1000;
    q.sets[0].count = q.set_count = 1;
    make(&plan, &q);
    for (size_t i = 0; i < plan.count; i++) {
        const struct row *row = &plan.rows[i];
        const struct trial t = {.settings = row->settings};

        if (row->kind != ROW_RESULT)
            continue;
        assert_int_equal(trial_setting(&t, "capacity", 0),
                         row->bytes == 64 ? 1000 : 3);
        large += row->bytes != 64;
    }
    assert_int_equal(large, 4);
    plan_free(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(
            contention_is_of_fewer_and_of_more_than_there_are_cores, bounded),
        cmocka_unit_test_setup(contention_is_of_twice_the_cores_of_any_machine,
                               bounded),
        cmocka_unit_test_setup(a_floor_is_disputed_by_as_many, bounded),
        cmocka_unit_test_setup(where_there_is_one_core_they_share_it, bounded),
        cmocka_unit_test_setup(a_number_of_processes_that_cannot_be_is_left_out,
                               bounded),
        cmocka_unit_test_setup(sizes_of_a_variant_come_last, bounded),
        cmocka_unit_test_setup(fans_of_variants_come_last, bounded),
        cmocka_unit_test_setup(a_variant_alone_is_swept_as_well, bounded),
        cmocka_unit_test_setup(
            the_steps_of_a_queue_are_held_against_one_reference, bounded),
        cmocka_unit_test_setup(a_variant_has_one_reference_and_in_haste_none,
                               bounded),
        cmocka_unit_test_setup(
            clients_of_python_are_held_against_its_own_server, bounded),
        cmocka_unit_test_setup(no_capacity_is_more_than_memory, bounded),
    };

    return cmocka_run_group_tests_name("plan of crowds", tests, NULL, NULL);
}
