/* SPDX-License-Identifier: MIT */
// wrap: read readv write writev sendmsg send
/* test_proxy_cpython.c - our proxies, and CPython's own server: what its types
 * return and raise, and what a call costs. */
#include "manager/test_proxies.h"

#include "common/test_inject.h"

static void a_list_does_what_pythons_does(void **state)
{
    struct python py;
    struct proxy p;

    (void)state;
    test_serve(&py, false);
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
    struct python py;
    struct proxy p, iterator;
    struct datum result;

    (void)state;
    test_serve(&py, false);
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

    /* Iteration: an object of its own. */
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

static void values_arrays_and_namespaces(void **state)
{
    struct python py;
    struct proxy value, array, space, iterator;
    struct datum arguments = datum_tuple(""), keywords = datum_dict(), r;

    (void)state;
    test_serve(&py, false);
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
    assert_int_equal(proxy_from(&iterator, &space, &r), -EINVAL);
    datum_drop(&r);
    datum_drop(&arguments);
    datum_drop(&keywords);
    proxy_close(&space);
    proxy_close(&array);
    proxy_close(&value);
    test_end_server(&py);
}

static void queues_and_locks(void **state)
{
    static const char *const locks[] = {"Lock", "RLock", "BoundedSemaphore",
                                        "Semaphore", "Condition"};
    static const char *const again[] = {
        "RuntimeError('release unlocked lock')",
        "RuntimeError('cannot release un-acquired lock')",
        "ValueError('Semaphore released too many times')", "None",
        "RuntimeError('cannot release un-acquired lock')"};
    struct python py;
    struct proxy p;

    (void)state;
    test_serve(&py, false);
    for (size_t i = 0; i < 5; i++) {
        p = test_create(&py.manager, locks[i]);
        assert_string_equal(test_call(&p, "acquire", ""), "True");
        assert_string_equal(test_call(&p, "release", ""), "None");
        assert_string_equal(test_call(&p, "release", ""), again[i]);
        proxy_close(&p);
    }
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

static void expect_remote(struct proxy *p, const char *method, const char *word)
{
    struct datum result;
    const struct datum *arguments;

    assert_int_equal(proxy_call(p, &result, method, ""), -EREMOTEIO);
    assert_int_equal(result.kind, DATUM_EXCEPTION);
    assert_true(datum_is_str(&result.record->fields[0], "RemoteError"));
    arguments = &result.record->fields[1];
    assert_int_equal(arguments->sequence->length, 1);
    if (!strstr((const char *)arguments->sequence->items[0].text->bytes, word))
        fail_msg("%s: no '%s' in '%s'", method, word,
                 arguments->sequence->items[0].text->bytes);
    datum_drop(&result);
}

static void what_cannot_be_said_is_a_remote_error(void **state)
{
    struct python py;
    struct proxy p;

    (void)state;
    test_serve(&py, false);
    p = test_create(&py.manager, "Odd");
    expect_remote(&p, "raise_unheard", "Unheard");
    expect_remote(&p, "get_fraction", "Fraction");
    expect_remote(&p, "get_function", "lambda");
    expect_remote(&p, "unexposed", "unexposed");
    assert_string_equal(
        test_call(&p, "fail", "O", datum_exception("OSError", datum_int(5))),
        "OSError(5)");
    assert_string_equal(test_call(&p, "echo", "s", "still here"),
                        "(('still here',), {})");
    proxy_close(&p);
    test_end_server(&py);
}

static void an_object_that_cannot_be_made_says_why(void **state)
{
    struct python py;
    struct proxy p;
    struct datum raised, arguments = datum_tuple("i", INT64_C(7));

    (void)state;
    test_serve(&py, false);
    assert_int_equal(manager_create(&py.manager, &p, "list", "i", INT64_C(7)),
                     -EREMOTEIO);
    assert_null(p.hold);
    assert_int_equal(manager_create(&py.manager, &p, "nonsense", ""),
                     -EREMOTEIO);
    assert_int_equal(
        manager_create_with(&py.manager, &p, &raised, "list", &arguments, NULL),
        -EREMOTEIO);
    assert_non_null(strstr(test_text(0, &raised), "not iterable"));
    assert_int_equal(manager_create(&py.manager, &p, "list", "?"), -EINVAL);
    datum_drop(&arguments);
    test_end_server(&py);
}

static struct datum test_bytes(size_t n)
{
    struct datum bytes = datum_text(DATUM_BYTES, NULL, n);

    assert_int_equal(bytes.kind, DATUM_BYTES);
    memset(bytes.text->bytes, 'y', n);
    return bytes;
}

static void long_messages_and_keywords(void **state)
{
    const size_t sizes[] = {0, 100, 4096, 70000, 3 << 20};
    struct datum keywords = datum_dict(),
                 arguments = datum_tuple("i", INT64_C(1)), r;
    struct python py;
    struct proxy p;

    (void)state;
    test_serve(&py, false);
    p = test_create(&py.manager, "Odd");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_int_equal(proxy_call(&p, &r, "fill", "i", (int64_t)sizes[i]), 0);
        assert_int_equal(r.kind, DATUM_BYTES);
        assert_int_equal(r.text->length, sizes[i]);
        datum_drop(&r);
        assert_int_equal(proxy_call(&p, &r, "echo", "O", test_bytes(sizes[i])),
                         0);
        assert_int_equal(r.kind, DATUM_TUPLE);
        datum_drop(&r);
    }
    assert_int_equal(table_set(keywords.table, datum_str("k"), datum_int(2)),
                     0);
    assert_int_equal(proxy_call_with(&p, &r, "echo", &arguments, &keywords), 0);
    assert_string_equal(test_text(0, &r), "((1,), {'k': 2})");
    datum_drop(&keywords);
    datum_drop(&arguments);
    proxy_close(&p);
    test_end_server(&py);
}

/* Over TCP a token's address is a tuple: it must be the server's own for it to
 * know its object. */
static void a_proxy_within_a_proxy(bool tcp)
{
    struct python py;
    struct proxy outer, inner, again;
    struct datum result;

    test_serve(&py, tcp);
    outer = test_create(&py.manager, "list");
    inner = test_create(&py.manager, "dict");
    assert_string_equal(test_call(&outer, "append", "O", proxy_datum(&inner)),
                        "None");
    assert_string_equal(test_call(&inner, "__setitem__", "si", "k", INT64_C(1)),
                        "None");
    assert_int_equal(
        proxy_call(&outer, &result, "__getitem__", "i", INT64_C(0)), 0);
    assert_int_equal(result.kind, DATUM_PROXY);
    assert_int_equal(proxy_from(&again, &outer, &result), 0);
    datum_drop(&result);
    proxy_close(&inner);
    assert_int_equal(test_objects(&py.manager, py.objects), 2);
    assert_string_equal(test_call(&again, "copy", ""), "{'k': 1}");
    proxy_close(&again);

    /* The list alone has it now, and gives it again. */
    assert_int_equal(test_objects(&py.manager, py.objects), 1);
    assert_int_equal(
        proxy_call(&outer, &result, "__getitem__", "i", INT64_C(0)), 0);
    assert_int_equal(proxy_from(&again, &outer, &result), 0);
    datum_drop(&result);
    assert_string_equal(test_call(&again, "get", "s", "k"), "1");
    proxy_close(&again);
    proxy_close(&outer);
    test_end_server(&py);
}

static void a_proxy_within_a_proxy_is_the_same_object(void **state)
{
    (void)state;
    a_proxy_within_a_proxy(false);
    a_proxy_within_a_proxy(true);
}

static void the_wrong_key_and_no_server_are_told(void **state)
{
    struct python py;
    struct manager m;

    (void)state;
    test_serve(&py, false);
    assert_int_equal(manager_connect(&m, py.manager.place.address, "wrong", 5),
                     -EACCES);
    assert_int_equal(manager_connect(&m, py.manager.place.address, NULL, 0),
                     -EACCES);
    assert_int_equal(manager_dummy(&py.manager), 0);
    assert_int_equal(manager_connect(&m, "/nowhere/socket", "key", 3), -ENOENT);
    assert_int_equal(manager_connect(&m, "", "key", 3), -EINVAL);
    assert_int_equal(manager_connect(&m, NULL, "key", 3), -EINVAL);
    test_end_server(&py);
}

static void a_call_is_one_write_and_one_read(void **state)
{
    struct python py;
    struct proxy p;

    (void)state;
    test_serve(&py, false);
    p = test_create(&py.manager, "list");
    test_call(&p, "__len__", ""); /* connects */
    inject.reads = inject.writes = 0;
    for (int i = 0; i < 10; i++)
        assert_string_equal(test_call(&p, "__len__", ""), "0");
    assert_int_equal(inject.writes, 10);
    assert_int_equal(inject.reads, 10);
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
        cmocka_unit_test_setup_teardown(values_arrays_and_namespaces,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(queues_and_locks, census_begin,
                                        census_end),
        cmocka_unit_test_setup_teardown(what_cannot_be_said_is_a_remote_error,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(an_object_that_cannot_be_made_says_why,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(long_messages_and_keywords,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(
            a_proxy_within_a_proxy_is_the_same_object, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(the_wrong_key_and_no_server_are_told,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(a_call_is_one_write_and_one_read,
                                        census_begin, census_end),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
