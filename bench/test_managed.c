/* SPDX-License-Identifier: MIT */
/*
 * test_managed.c - the manager's workloads: each does what it is said to do,
 * with as many clients and as long a payload as it is asked for.
 */
#include "trial.h"

#include "common/hooks.h"
#include "common/test_census.h"
#include "registry.h"

#define BOUND (10 * SECOND)

static volatile sig_atomic_t stop;

static bool has_python(void)
{
    return system("python3 -I -c 'import multiprocessing.managers' "
                  "2>/dev/null") == 0;
}

/* How many operations were done in the window; their count of switches shows
 * that the server is among those who did it. */
static int64_t try_one(const struct workload *w, size_t bytes, int64_t clients)
{
    struct trial_spec spec = {
        .mechanism = "manager",
        .workload = w,
        .bytes = w->sized ? bytes : 0,
        .settings = {{.name = "clients", .value = clients}},
        .timed_cpu = -1,
        .peer_cpu = -1,
        .clock_cost = 30,
        .warm = SECOND / 100,
        .window = SECOND / 100,
        .patience = BOUND};
    const struct findings *f;
    struct region shared;
    int64_t operations;
    char why[160] = "";

    assert_int_equal(region_open(&shared, sizeof *f), 0);
    if (trial_run(&spec, &shared, &stop, why, sizeof why))
        fail_msg("manager/%s %zu B: %s", w->name, bytes, why);
    f = shared.base;
    operations = f->operations;
    assert_true(f->samples > 0);
    assert_true(w->python || f->peers.cpu_ns > 0);
    region_close(&shared);
    return operations;
}

static void each_is_done_and_checked(void **state)
{
    const struct mechanism *m = mechanism_find("manager");
    bool python = has_python();

    (void)state;
    assert_non_null(m);
    for (const struct workload *w = m->workloads; w->name; w++) {
        alarm(CENSUS_SECONDS);
        if (w->program || (w->python && !python))
            continue; /* scripts/test_reference has what a program measures */
        assert_true(try_one(w, 64, 4) > 0);
    }
}

static void a_payload_is_of_any_size(void **state)
{
    static const size_t sizes[] = {0, 1, 1024, 70000, 16 << 20};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        assert_true(try_one(workload_find("manager", "payload"), sizes[i], 0) >
                    0);
}

/* Beside them there is the server. */
static void clients_are_as_many_as_are_asked_for(void **state)
{
    const struct workload *w = workload_find("manager", "clients");
    const struct setting one[] = {{.name = "clients", .value = 1},
                                  {.name = NULL}};

    (void)state;
    assert_int_equal(workload_peers(w, one), 1);
    for (int64_t n = 1; n <= 8; n += 7)
        assert_true(try_one(w, 0, n) > 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, census_begin, census_end)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(each_is_done_and_checked),
        TEST(a_payload_is_of_any_size),
        TEST(clients_are_as_many_as_are_asked_for),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests_name("managed", tests, NULL, NULL);
}
