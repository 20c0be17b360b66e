/* SPDX-License-Identifier: MIT */
// wrap: read readv write writev sendmsg send ppoll
/* test_proxy_calls.c - what is called and comes back, whatever the type: what
 * cannot be said, long messages, proxies within others, keys, system calls. */
#include "manager/test_proxies.h"

#include "common/test_inject.h"

#include <poll.h>

static int waits; /* calls of ppoll */

int __real_ppoll(struct pollfd *list, nfds_t n, const struct timespec *timeout,
                 const sigset_t *mask);
int __wrap_ppoll(struct pollfd *list, nfds_t n, const struct timespec *timeout,
                 const sigset_t *mask);

int __wrap_ppoll(struct pollfd *list, nfds_t n, const struct timespec *timeout,
                 const sigset_t *mask)
{
    waits++;
    return __real_ppoll(list, n, timeout, mask);
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
    struct served py;
    struct proxy p;

    (void)state;
    test_serve(&py, PYTHON);
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
    struct served py;
    struct proxy p;
    struct datum raised, arguments = datum_tuple("i", INT64_C(7));

    (void)state;
    test_serve(&py, PYTHON);
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
    struct served py;
    struct proxy p;

    (void)state;
    test_serve(&py, PYTHON);
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
static void a_proxy_within_a_proxy(enum server_kind kind)
{
    struct served py;
    struct proxy outer, inner, again;
    struct datum result;

    test_serve(&py, kind);
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
    a_proxy_within_a_proxy(PYTHON);
    a_proxy_within_a_proxy(PYTHON_TCP);
    a_proxy_within_a_proxy(OURS);
    a_proxy_within_a_proxy(OURS_TCP);
}

/* Python's list may have a proxy of another manager's object, whose ident means
 * nothing, or another object, to its own server. */
static void a_proxy_of_anothers_object_finds_it(void **state)
{
    static const enum server_kind kinds[] = {PYTHON, PYTHON_TCP};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct served py, other;
        struct proxy outer, inner, again;
        struct datum result;

        test_serve(&py, PYTHON);
        test_serve(&other, kinds[i]);
        outer = test_create(&py.manager, "list");
        inner = test_create(&other.manager, "dict");
        assert_string_equal(
            test_call(&outer, "append", "O", proxy_datum(&inner)), "None");
        assert_int_equal(
            proxy_call(&outer, &result, "__getitem__", "i", INT64_C(0)), 0);
        assert_int_equal(proxy_from(&again, &outer, &result), 0);
        datum_drop(&result);
        test_call(&again, "__setitem__", "si", "k", INT64_C(1));
        assert_string_equal(test_call(&inner, "copy", ""), "{'k': 1}");
        proxy_close(&again);
        proxy_close(&inner);
        assert_int_equal(test_objects(&other.manager, other.objects), 1);
        proxy_close(&outer);
        test_end_server(&other);
        test_end_server(&py);
    }
}

static void the_wrong_key_and_no_server_are_told(void **state)
{
    struct served py;
    struct manager m;

    (void)state;
    test_serve(&py, PYTHON);
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
    struct served py;
    struct proxy p;

    (void)state;
    test_serve(&py, PYTHON);
    p = test_create(&py.manager, "list");
    test_call(&p, "__len__", ""); /* connects */
    inject.reads = inject.writes = waits = 0;
    for (int i = 0; i < 10; i++)
        assert_string_equal(test_call(&p, "__len__", ""), "0");
    assert_int_equal(inject.writes, 10);
    assert_int_equal(inject.reads, 10);
    assert_int_equal(waits, 0);
    proxy_close(&p);
    test_end_server(&py);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_cannot_be_said_is_a_remote_error,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(an_object_that_cannot_be_made_says_why,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(long_messages_and_keywords,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(
            a_proxy_within_a_proxy_is_the_same_object, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(a_proxy_of_anothers_object_finds_it,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(the_wrong_key_and_no_server_are_told,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(a_call_is_one_write_and_one_read,
                                        census_begin, census_end),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
