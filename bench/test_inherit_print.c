/* SPDX-License-Identifier: MIT */
/* test_inherit_print.c - what is printed of a run, for people and programs, and
 * a run that is interrupted. */
#include "test_inherit.h"

#include <jansson.h>
#include <pthread.h>

static struct inheritance whole_run;

static int run_once(void **state)
{
    (void)state;
    return inherit_run(&whole_run);
}

/* --- printing --- */

/* What is printed, as a text; to be freed. */
static char *printed(const struct inheritance *i, bool json)
{
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    assert_non_null(out);
    if (json)
        assert_int_equal(inherit_print_json(out, i), 0);
    else
        inherit_print(out, i);
    fclose(out);
    return text;
}

static void no_line_is_wider_than_80_columns(void **state)
{
    static struct inheritance poor;
    const struct inheritance *const all[] = {&whole_run, &poor};

    (void)state;
    poor = whole_run;
    for (int method = 0; method < METHODS; method++)
        poor.child[method].told = 0;
    for (size_t n = 0; n < 2; n++) {
        char *text = printed(all[n], false), *at = text;

        for (; *at; at += strcspn(at, "\n") + 1)
            assert_true(strcspn(at, "\n") <= 80);
        assert_int_equal(strstr(text, "\n! ") != NULL, all[n] == &poor);
        free(text);
    }
}

/* Nothing that another run would have otherwise: a lesson shows it. */
static void a_table_is_the_same_on_every_run(void **state)
{
    static struct inheritance again;
    char *first = printed(&whole_run, false), *second;

    (void)state;
    assert_int_equal(inherit_run(&again), 0);
    assert_int_not_equal(again.now.pid, whole_run.now.pid);
    second = printed(&again, false);
    if (!scenario_sanitizer()) /* which prints how large it is */
        assert_string_equal(first, second);
    free(first);
    free(second);
}

static void programs_get_every_fact_and_no_key(void **state)
{
    char *text = printed(&whole_run, true);
    json_t *root = json_loads(text, 0, NULL), *child, *cells;
    size_t n;

    (void)state;
    free(text);
    assert_non_null(root);
    assert_null(json_object_get(json_object_get(root, "now"), "authkey"));
    assert_int_equal(json_array_size(json_object_get(root, "children")),
                     METHODS);
    json_array_foreach(json_object_get(root, "children"), n, child)
    {
        cells = json_object_get(child, "cells");
        for (const struct inherit_row *row = inherit_rows; row->name; row++)
            assert_string_equal(
                json_string_value(
                    json_object_get(json_object_get(cells, row->key), "is")),
                word(&whole_run, row->key, (enum start_method)n));
    }
    json_decref(root);
}

/* --- interrupted --- */

static void a_signal_ends_all_of_it(void **state)
{
    static struct inheritance cut;
    sigset_t interrupt, before;

    (void)state;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    pthread_sigmask(SIG_BLOCK, &interrupt, &before);
    kill(getpid(), SIGINT); /* it waits for the run to look */
    assert_int_equal(inherit_run(&cut), -EINTR);
    assert_int_equal(cut.signal, SIGINT);
    assert_false(cut.done);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_line_is_wider_than_80_columns,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(a_table_is_the_same_on_every_run,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(programs_get_every_fact_and_no_key,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(a_signal_ends_all_of_it, census_begin,
                                        children_end),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, run_once, NULL);
}
