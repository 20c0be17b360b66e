/* SPDX-License-Identifier: MIT */
/* test_proxy_references.c - whose a reference is: of a process that was forked
 * with it. */
#include "manager/test_proxies.h"

/* --- a result with a reference, and a fork --- */

struct given {
    struct proxy dict;
    struct datum result; /* of __iter__: a proxy datum */
};

static int drop_it(void *argument)
{
    struct given *g = argument;

    datum_drop(&g->result);
    return 0;
}

static int use_it(void *argument)
{
    struct given *g = argument;
    struct proxy own;

    if (proxy_from(&own, &g->dict, &g->result))
        return test_line(__LINE__);
    datum_drop(&g->result);
    proxy_close(&own);
    return 0;
}

static void a_results_reference_is_of_one_process(void **state)
{
    static int (*const children[])(void *) = {drop_it, use_it};
    struct served py;
    struct given g;

    test_serve(&py, *(enum server_kind *)*state);
    g.dict = test_create(&py.manager, "dict");
    assert_string_equal(
        test_call(&g.dict, "__setitem__", "si", "a", INT64_C(1)), "None");
    for (size_t i = 0; i < 2; i++) {
        struct proxy iterator;

        assert_int_equal(proxy_call(&g.dict, &g.result, "__iter__", ""), 0);
        test_expect(test_fork(children[i], &g));
        assert_int_equal(proxy_from(&iterator, &g.dict, &g.result), 0);
        datum_drop(&g.result);
        assert_string_equal(test_call(&iterator, "__next__", ""), "'a'");
        proxy_close(&iterator);
    }
    proxy_close(&g.dict);
    test_end_server(&py);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate_setup_teardown(
            a_results_reference_is_of_one_process, census_begin, children_end,
            test_with(PYTHON)),
        cmocka_unit_test_prestate_setup_teardown(
            a_results_reference_is_of_one_process, census_begin, children_end,
            test_with(OURS)),
    };

    assert_int_equal(manager_register(&odd_type), 0);
    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
