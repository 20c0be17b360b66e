/* SPDX-License-Identifier: MIT */
/* test_place.c - which processors a placement means, on machines we lack. */
#include "place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static int bounded(void **state)
{
    (void)state;
    alarm(20);
    return 0;
}

static void find(const char *machine, struct place *places)
{
    hwloc_topology_t topology;

    assert_int_equal(hwloc_topology_init(&topology), 0);
    assert_int_equal(hwloc_topology_set_synthetic(topology, machine), 0);
    assert_int_equal(hwloc_topology_load(topology), 0);
    assert_int_equal(places_find(places, topology), 0);
    hwloc_topology_destroy(topology);
}

static void one_core_has_only_same_and_free(void **state)
{
    struct place p[PLACEMENTS];

    (void)state;
    find("pack:1 core:1 pu:1", p);
    assert_string_equal(p[PLACE_SAME].missing, "");
    assert_int_equal(p[PLACE_SAME].timed, p[PLACE_SAME].peer);
    assert_string_equal(p[PLACE_FREE].missing, "");
    assert_int_equal(p[PLACE_FREE].timed, -1);
    assert_string_equal(p[PLACE_CROSS].missing,
                        "core 0 is the only one that may be used here");
    assert_true(p[PLACE_SMT].missing[0] && p[PLACE_PACKAGE].missing[0]);
}

static void two_cores_are_crossed_and_named(void **state)
{
    struct place p[PLACEMENTS];

    (void)state;
    find("pack:1 l3:1 core:2 pu:1", p);
    assert_int_equal(p[PLACE_SAME].timed, 1);
    assert_int_equal(p[PLACE_CROSS].timed, 1);
    assert_int_equal(p[PLACE_CROSS].peer, 0);
    assert_string_equal(p[PLACE_CROSS].where, "cores 1 and 0, one L3");
    assert_true(p[PLACE_SMT].missing[0]);
}

static void cross_prefers_a_core_that_shares_the_cache(void **state)
{
    struct place p[PLACEMENTS];

    (void)state;
    find("pack:2 l3:2 core:2 pu:2", p); /* 16 threads, 4 a cache */
    assert_int_equal(p[PLACE_SAME].timed, 15);
    assert_in_range(p[PLACE_CROSS].peer, 12, 13);
    assert_int_equal(p[PLACE_SMT].peer, 14);
    assert_string_equal(p[PLACE_SMT].where, "cores 15 and 14, one core");
    assert_in_range(p[PLACE_PACKAGE].peer, 0, 7);
    assert_non_null(strstr(p[PLACE_PACKAGE].where, ", two packages"));
}

static void a_cross_without_a_shared_cache_says_so(void **state)
{
    struct place p[PLACEMENTS];

    (void)state;
    find("pack:1 l3:2 core:1 pu:1", p);
    assert_string_equal(p[PLACE_CROSS].where, "cores 1 and 0, two L3");
}

static void
the_further_cores_of_a_spread_come_before_second_threads(void **state)
{
    static const int more[] = {2, 4, 1, 3, 5, 6};
    struct place p[PLACEMENTS];

    (void)state;
    find("pack:1 l3:1 core:4 pu:2", p); /* of core 0: 0 and 1, and so on */
    assert_int_equal(p[PLACE_CROSS].timed, 7);
    assert_int_equal(p[PLACE_CROSS].peer, 0);
    assert_int_equal(p[PLACE_CROSS].more_count, 6);
    assert_memory_equal(p[PLACE_CROSS].more, more, sizeof more);
    assert_int_equal(place_cores(&p[PLACE_CROSS]), 8);
    assert_int_equal(place_cores(&p[PLACE_SAME]), 1);
    assert_int_equal(place_cores(&p[PLACE_FREE]), 0);
    find("pack:1 l3:1 core:64 pu:1", p);
    assert_int_equal(p[PLACE_CROSS].more_count, PEERS_MOST - 1);
    find("pack:1 core:1 pu:2", p);
    assert_int_equal(p[PLACE_CROSS].more_count, 0); /* it is missing */
    assert_int_equal(place_cores(&p[PLACE_SMT]), 2);
}

/* By the number of processors. */
static void a_crowd_grows_to_twice_the_processors(void **state)
{
    static const struct {
        const char *machine;
        int crowds[12];
    } expected[] = {
        {"pack:1 core:1 pu:1", {1, 2}},
        {"pack:1 core:2 pu:1", {1, 2, 3, 4}},
        {"pack:1 core:3 pu:1", {1, 2, 3, 4, 5, 6}},
        {"pack:1 core:2 pu:2", {1, 2, 3, 4, 5, 6, 7, 8}},
        {"pack:1 core:6 pu:1", {1, 2, 3, 4, 5, 6, 7, 8, 12}},
        {"pack:1 core:8 pu:1", {1, 2, 3, 4, 5, 6, 7, 8, 16}},
        {"pack:2 core:32 pu:2", {1, 2, 3, 4, 5, 6, 7, 8, 16}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const int *crowd = expected[i].crowds;
        struct place p[PLACEMENTS];
        int n = 0;

        find(expected[i].machine, p);
        do {
            n = place_crowd_after(&p[PLACE_CROSS], n);
            assert_int_equal(n, *crowd);
        } while (*crowd++);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_core_has_only_same_and_free, bounded),
        cmocka_unit_test_setup(two_cores_are_crossed_and_named, bounded),
        cmocka_unit_test_setup(cross_prefers_a_core_that_shares_the_cache,
                               bounded),
        cmocka_unit_test_setup(a_cross_without_a_shared_cache_says_so, bounded),
        cmocka_unit_test_setup(
            the_further_cores_of_a_spread_come_before_second_threads, bounded),
        cmocka_unit_test_setup(a_crowd_grows_to_twice_the_processors, bounded),
    };

    return cmocka_run_group_tests_name("place", tests, NULL, NULL);
}
