/* SPDX-License-Identifier: MIT */
/* test_hyperfine.c - what hyperfine exports is read, or refused. */
#include "hyperfine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#define ONE(command, median)                                                   \
    "{\"command\": \"" command "\", \"mean\": 0.2, \"stddev\": 1e-3, "         \
    "\"median\": " median ", \"min\": 0.1, \"max\": 0.3, "                     \
    "\"times\": [0.1, 0.2, 0.3]}"

static int bounded(void **state)
{
    (void)state;
    alarm(20);
    return 0;
}

static const char first_one_then_both[] = "{\"results\": [" ONE(
    "'x/lessons/01/demo' 9",
    "0.02") "]}\n"
            "{\"results\": [" ONE("'x/lessons/01/demo' 9", "0.02") ", " ONE(
                "'/p/python3' 'x/lessons/01/twin.py' 9", "0.25") "]}\n";

static void the_last_document_has_the_pair(void **state)
{
    struct run run = {.program_count = 0};

    (void)state;
    assert_int_equal(hyperfine_read(&run, "9 starts", first_one_then_both), 0);
    assert_int_equal(run.program_count, 2);
    assert_string_equal(run.programs[0].command, "lessons/01/demo 9");
    assert_string_equal(run.programs[0].name, "9 starts, whole program, C");
    assert_string_equal(run.programs[1].name,
                        "9 starts, whole program, CPython");
    assert_true(run.programs[0].median_ns > 19999999 &&
                run.programs[0].median_ns < 20000001);
    assert_true(run.programs[0].times_faster > 12.49 &&
                run.programs[0].times_faster < 12.51);
    assert_int_equal(run.programs[1].runs, 3);
    assert_true(run.programs[1].times_faster != run.programs[1].times_faster);
}

static void what_is_no_pair_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "{",
        "[]",
        "{\"results\": []}",
        "{\"results\": [1, 2]}",
        "{\"results\": [" ONE("a", "0.1") "]}",
        "{\"results\": [" ONE("a", "0.1") "," ONE("b", "null") "]}"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct run run = {.program_count = 0};

        assert_int_equal(hyperfine_read(&run, "none", bad[i]), -EBADMSG);
        assert_int_equal(run.program_count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_last_document_has_the_pair, bounded),
        cmocka_unit_test_setup(what_is_no_pair_is_refused, bounded),
    };

    return cmocka_run_group_tests_name("hyperfine", tests, NULL, NULL);
}
