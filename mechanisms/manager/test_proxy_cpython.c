/* SPDX-License-Identifier: MIT */
/* test_proxy_cpython.c - our proxies, and CPython's own server: what its types
 * return and raise. */
#include "manager/test_proxies.h"

static void a_list_does_what_pythons_does(void **state)
{
    struct served py;
    struct proxy p;

    (void)state;
    test_serve(&py, PYTHON);
    assert_int_equal(
        manager_create(&py.manager, &p, "list", "O", test_numbers(3)), 0);
    assert_string_equal(test_call(&p, "append", "s", "x"), "None");
    assert_string_equal(test_call(&p, "__len__", ""), "4");
    assert_string_equal(test_call(&p, "__getitem__", "i", INT64_C(-1)), "'x'");
    assert_string_equal(test_call(&p, "pop", "i", INT64_C(0)), "0");
    assert_string_equal(test_call(&p, "__repr__", ""), "\"[1, 2, 'x']\"");
    assert_string_equal(test_call(&p, "#GETVALUE", ""), "[1, 2, 'x']");
    assert_string_equal(test_call(&p, "__add__", "O", test_numbers(1)),
                        "[1, 2, 'x', 0]");
    assert_string_equal(test_call(&p, "__contains__", "d", 2.0), "True");
    assert_string_equal(test_call(&p, "index", "s", "y"),
                        "ValueError(\"'y' is not in list\")");
    assert_string_equal(test_call(&p, "__getitem__", "i", INT64_C(9)),
                        "IndexError('list index out of range')");
    assert_string_equal(test_call(&p, "sort", ""),
                        "TypeError(\"'<' not supported between instances of "
                        "'str' and 'int'\")");
    proxy_close(&p);
    proxy_close(&p); /* harmless */
    assert_string_equal(test_call(&p, "__len__", ""), "error -22");
    test_end_server(&py);
}

static void a_dict_does_what_pythons_does(void **state)
{
    struct served py;
    struct proxy p;

    (void)state;
    test_serve(&py, PYTHON);
    p = test_create(&py.manager, "dict");
    assert_string_equal(test_call(&p, "__setitem__", "sy", "a", "b\0", 2),
                        "None");
    assert_string_equal(test_call(&p, "setdefault", "iN", INT64_C(7)), "None");
    assert_string_equal(test_call(&p, "items", ""),
                        "[('a', b'b\\x00'), (7, None)]");
    assert_string_equal(test_call(&p, "keys", ""), "['a', 7]");
    assert_string_equal(test_call(&p, "copy", ""), "{'a': b'b\\x00', 7: None}");
    assert_string_equal(test_call(&p, "__getitem__", "s", "b"),
                        "KeyError('b')");
    assert_string_equal(test_call(&p, "__delitem__", "O", test_numbers(0)),
                        "TypeError(\"unhashable type: 'list'\")");

    proxy_close(&p);
    test_end_server(&py);
}

static void an_iterator_is_an_object_of_its_own(void **state)
{
    struct served py;
    struct proxy p, iterator;
    struct datum result;

    (void)state;
    test_serve(&py, PYTHON);
    p = test_create(&py.manager, "dict");
    test_call(&p, "setdefault", "sN", "a");
    test_call(&p, "setdefault", "iN", INT64_C(7));
    assert_int_equal(proxy_call(&p, &result, "__iter__", ""), 0);
    assert_int_equal(test_objects(&py.manager, py.objects), 2);
    assert_int_equal(proxy_from(&iterator, &p, &result), 0);
    datum_drop(&result);
    assert_int_equal(test_objects(&py.manager, py.objects), 2);
    assert_string_equal(test_call(&iterator, "__next__", ""), "'a'");
    assert_string_equal(test_call(&iterator, "__next__", ""), "7");
    assert_string_equal(test_call(&iterator, "__next__", ""),
                        "StopIteration()");
    proxy_close(&iterator);
    assert_int_equal(test_objects(&py.manager, py.objects), 1);

    /* One that is not wanted goes with the datum. */
    assert_int_equal(proxy_call(&p, &result, "__iter__", ""), 0);
    datum_drop(&result);
    assert_int_equal(test_objects(&py.manager, py.objects), 1);
    proxy_close(&p);
    test_end_server(&py);
}

static void values_and_arrays(void **state)
{
    struct served py;
    struct proxy value, array;

    (void)state;
    test_serve(&py, PYTHON);
    assert_int_equal(
        manager_create(&py.manager, &value, "Value", "sd", "d", 1.5), 0);
    assert_string_equal(test_call(&value, "get", ""), "1.5");
    assert_string_equal(test_call(&value, "set", "b", true), "None");
    assert_string_equal(test_call(&value, "__repr__", ""),
                        "\"Value('d', True)\"");
    assert_int_equal(manager_create(&py.manager, &array, "Array", "sO", "h",
                                    test_numbers(4)),
                     0);
    assert_string_equal(
        test_call(&array, "__setitem__", "ii", INT64_C(1), INT64_C(-5)),
        "None");
    assert_string_equal(test_call(&array, "#GETVALUE", ""),
                        "array('h', [0, -5, 2, 3])");
    assert_string_equal(
        test_call(&array, "__setitem__", "ii", INT64_C(1), INT64_C(1) << 40),
        "OverflowError('signed short integer is greater than "
        "maximum')");
    proxy_close(&array);
    proxy_close(&value);
    test_end_server(&py);
}

static void a_namespace_has_what_it_is_given(void **state)
{
    struct served py;
    struct proxy space, none;
    struct datum arguments = datum_tuple(""), keywords = datum_dict(), r;

    (void)state;
    test_serve(&py, PYTHON);
    assert_int_equal(table_set(keywords.table, datum_str("x"), datum_int(5)),
                     0);
    assert_int_equal(manager_create_with(&py.manager, &space, NULL, "Namespace",
                                         &arguments, &keywords),
                     0);
    assert_string_equal(test_call(&space, "__getattribute__", "s", "x"), "5");
    assert_string_equal(test_call(&space, "__setattr__", "sN", "y"), "None");
    assert_string_equal(test_call(&space, "__repr__", ""),
                        "'Namespace(x=5, y=None)'");
    assert_string_equal(test_call(&space, "__delattr__", "s", "z"),
                        "AttributeError(\"'Namespace' object has no attribute "
                        "'z'\")");
    assert_int_equal(proxy_call(&space, &r, "#GETVALUE", ""), 0);
    assert_int_equal(r.kind, DATUM_INSTANCE);
    assert_int_equal(proxy_from(&none, &space, &r), -EINVAL);
    datum_drop(&r);
    datum_drop(&arguments);
    datum_drop(&keywords);
    proxy_close(&space);
    test_end_server(&py);
}

static void locks_and_semaphores(void **state)
{
    static const char *const locks[] = {"Lock", "RLock", "BoundedSemaphore",
                                        "Semaphore", "Condition"};
    static const char *const again[] = {
        "RuntimeError('release unlocked lock')",
        "RuntimeError('cannot release un-acquired lock')",
        "ValueError('Semaphore released too many times')", "None",
        "RuntimeError('cannot release un-acquired lock')"};
    struct served py;
    struct proxy p;

    (void)state;
    test_serve(&py, PYTHON);
    for (size_t i = 0; i < 5; i++) {
        p = test_create(&py.manager, locks[i]);
        assert_string_equal(test_call(&p, "acquire", ""), "True");
        assert_string_equal(test_call(&p, "release", ""), "None");
        assert_string_equal(test_call(&p, "release", ""), again[i]);
        proxy_close(&p);
    }
    test_end_server(&py);
}

static void events_queues_and_barriers(void **state)
{
    struct served py;
    struct proxy p;

    (void)state;
    test_serve(&py, PYTHON);
    p = test_create(&py.manager, "Event");
    assert_string_equal(test_call(&p, "wait", "d", 0.001), "False");
    assert_string_equal(test_call(&p, "set", ""), "None");
    assert_string_equal(test_call(&p, "wait", ""), "True");
    proxy_close(&p);
    assert_int_equal(
        manager_create(&py.manager, &p, "JoinableQueue", "i", INT64_C(1)), 0);
    assert_string_equal(test_call(&p, "put", "s", "one"), "None");
    assert_string_equal(test_call(&p, "put_nowait", "s", "two"), "Full()");
    assert_string_equal(test_call(&p, "get", ""), "'one'");
    assert_string_equal(test_call(&p, "get", "bd", true, 0.001), "Empty()");
    assert_string_equal(test_call(&p, "task_done", ""), "None");
    assert_string_equal(test_call(&p, "join", ""), "None");
    proxy_close(&p);
    assert_int_equal(
        manager_create(&py.manager, &p, "Barrier", "i", INT64_C(1)), 0);
    assert_string_equal(test_call(&p, "wait", ""), "0");
    assert_string_equal(test_call(&p, "abort", ""), "None");
    assert_string_equal(test_call(&p, "wait", ""), "BrokenBarrierError()");
    assert_string_equal(test_call(&p, "__getattribute__", "s", "broken"),
                        "True");
    proxy_close(&p);
    test_end_server(&py);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_list_does_what_pythons_does,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(a_dict_does_what_pythons_does,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(an_iterator_is_an_object_of_its_own,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(values_and_arrays, census_begin,
                                        census_end),
        cmocka_unit_test_setup_teardown(a_namespace_has_what_it_is_given,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(locks_and_semaphores, census_begin,
                                        census_end),
        cmocka_unit_test_setup_teardown(events_queues_and_barriers,
                                        census_begin, census_end),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
