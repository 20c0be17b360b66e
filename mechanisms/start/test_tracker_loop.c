/* SPDX-License-Identifier: MIT */
/* test_tracker_loop.c - a program without mechanisms_init gets no tracker: it
 * would be the program once more, which starts one, and so on without end. */
#include "common/test_census.h"

#include "common/tracker.h"

static void a_program_that_cannot_turn_off_has_none(void **state)
{
    (void)state;
    assert_int_equal(tracker_ensure_running(), -ELOOP);
    assert_int_equal(tracker_register("noop", "name"), -ELOOP);
    assert_int_equal(tracker_pid(), 0);
}

/* If it is run as its own tracker, it must not start yet another. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_program_that_cannot_turn_off_has_none,
                                        census_begin, census_end),
    };

    (void)argv;
    if (argc > 1)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
