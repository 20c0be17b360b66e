/* SPDX-License-Identifier: MIT */
/* test_repr_record.c - records as text, against Python's. */
#include "manager/test_text.h"

#include <errno.h>
#include <inttypes.h>
#include <wchar.h>

static const struct datum nothing = {0};

static void slices_and_ranges(void **state)
{
    struct python p;

    (void)state;
    python_start(&p);
    same(&p, "slice(1, None, 'x')",
         record_of(DATUM_SLICE, datum_tuple("iNs", INT64_C(1), "x")));
    same(&p, "range(3)",
         record_of(DATUM_RANGE,
                   datum_tuple("iii", INT64_C(0), INT64_C(3), INT64_C(1))));
    same(&p, "range(9, 3, -1)",
         record_of(DATUM_RANGE,
                   datum_tuple("iii", INT64_C(9), INT64_C(3), INT64_C(-1))));
    same(&p, "range(True, 3, True)",
         record_of(DATUM_RANGE, datum_tuple("bib", true, INT64_C(3), true)));
    python_end(&p);
}

static struct datum array_of(const char *code, const void *items, size_t n)
{
    return record_of(DATUM_ARRAY, datum_tuple("sy", code, items, n));
}

static void expect(const char *expected, struct datum d)
{
    struct buffer ours = {0};

    assert_int_equal(datum_repr(&ours, &d), 0);
    assert_int_equal(buffer_put(&ours, "", 1), 0);
    assert_string_equal((char *)ours.bytes, expected);
    buffer_free(&ours);
    datum_drop(&d);
}

static const unsigned char some_bytes[16] = {
    1, 0x80, 3, 4, 0xff, 0xff, 7, 0xc0, 0xf0, 10, 0xfe, 12, 0, 0, 0x80, 0xbf};

/* An empty array of each type, and one of 16 bytes. */
static void arrays(void **state)
{
    static const wchar_t text[] = {'a', 0xe9, 0x20ac, 0xd800, 0x1f600, '\''};
    char expression[256];
    struct python p;

    (void)state;
    python_start(&p);
    for (const char *code = "bBhHiIlLqQfd"; *code; code++) {
        const char name[2] = {*code, '\0'};

        snprintf(expression, sizeof expression, "array.array('%c')", *code);
        same(&p, expression, array_of(name, some_bytes, 0));
        snprintf(expression, sizeof expression,
                 "array.array('%c', bytes.fromhex("
                 "'01800304ffff07c0f00afe0c000080bf'))",
                 *code);
        same(&p, expression, array_of(name, some_bytes, sizeof some_bytes));
    }
    same(&p, "array.array('u')", array_of("u", text, 0));
    same(&p, "array.array('u', 'a\\xe9\\u20ac\\ud800\\U0001f600\\'')",
         array_of("u", text, sizeof text));
    python_end(&p);
}

/* Beyond the last character; and bytes that are left over are no item. */
static void arrays_that_python_has_not(void **state)
{
    static const wchar_t beyond[] = {0x110000};
    struct datum d = array_of("u", beyond, sizeof beyond);
    struct buffer ours = {0};

    (void)state;
    assert_int_equal(datum_repr(&ours, &d), -ERANGE);
    assert_int_equal(ours.length, 0);
    buffer_free(&ours);
    datum_drop(&d);
    expect("array('H', [257, 257])", array_of("H", "\1\1\1\1\1", 5));
}

/* --- exceptions --- */

/* Of a class, with those arguments. */
static struct datum error_of(const char *class, struct datum arguments)
{
    return record_of(DATUM_EXCEPTION, datum_tuple("sO", class, arguments));
}

static void exceptions(void **state)
{
    struct python p;

    (void)state;
    python_start(&p);
    same(&p, "ValueError()", datum_exception("ValueError", nothing));
    same(&p, "ValueError('a')", datum_exception("ValueError", datum_str("a")));
    same(&p, "ValueError('a', 1)",
         error_of("ValueError", datum_tuple("si", "a", INT64_C(1))));
    same(&p, "KeyError()", datum_exception("KeyError", nothing));
    same(&p, "KeyError('x')", datum_exception("KeyError", datum_str("x")));
    same(&p, "KeyError('x', 'y')",
         error_of("KeyError", datum_tuple("ss", "x", "y")));
    same(&p, "queue.Empty()", datum_exception("Empty", nothing));
    same(&p, "ValueError(KeyError('x'))",
         datum_exception("ValueError",
                         datum_exception("KeyError", datum_str("x"))));
    same(&p, "ValueError(None)", datum_exception("ValueError", datum_none()));
    same(&p, "[KeyError('x')][0].args", datum_tuple("s", "x"));
    same(&p, "RemoteError('Traceback\\n')",
         datum_exception("RemoteError", datum_str("Traceback\n")));
    same(&p, "RemoteError(1, 2)",
         error_of("RemoteError", datum_tuple("ii", INT64_C(1), INT64_C(2))));
    python_end(&p);
}

/* OSError(number, text) is of another class for some. */
static void each_number_of_the_system(void **state)
{
    struct python p;

    (void)state;
    python_start(&p);
    for (int64_t number = -1; number < 140; number++) {
        char expression[64];

        snprintf(expression, sizeof expression, "OSError(%" PRId64 ", 'x')",
                 number);
        same(&p, expression,
             error_of("OSError", datum_tuple("is", number, "x")));
    }
    same(&p, "OSError(True, 'x')",
         error_of("OSError", datum_tuple("bs", true, "x")));
    same(&p, "OSError(2.0, 'x')",
         error_of("OSError", datum_tuple("ds", 2.0, "x")));
    same(&p, "OSError(2)", error_of("OSError", datum_tuple("i", INT64_C(2))));
    same(&p, "IOError(2, 'x')",
         error_of("IOError", datum_tuple("is", INT64_C(2), "x")));
    same(&p, "TimeoutError(2, None)",
         error_of("TimeoutError", datum_tuple("iN", INT64_C(2))));
    same(&p, "ConnectionError(None, 'x')",
         error_of("ConnectionError", datum_tuple("Ns", "x")));
    python_end(&p);
}

static void the_names_of_files(void **state)
{
    const int64_t n = ENOENT;
    struct python p;

    (void)state;
    python_start(&p);
    same(&p, "OSError(2, 'x', 'f')",
         error_of("OSError", datum_tuple("iss", n, "x", "f")));
    same(&p, "FileNotFoundError(2, 'x', b'f')",
         error_of("FileNotFoundError",
                  datum_tuple("isy", n, "x", (const void *)"f", (size_t)1)));
    same(&p, "OSError(2, 'x', None)",
         error_of("OSError", datum_tuple("isN", n, "x")));
    same(&p, "OSError(2, 'x', 'f', 0)",
         error_of("OSError", datum_tuple("issi", n, "x", "f", INT64_C(0))));
    same(&p, "OSError(2, 'x', 'f', None, 'g')",
         error_of("OSError", datum_tuple("issNs", n, "x", "f", "g")));
    same(&p, "OSError(2, 'x', 'f', None, None)",
         error_of("OSError", datum_tuple("issNN", n, "x", "f")));
    same(&p, "OSError(2, 'x', None, None, 'g')",
         error_of("OSError", datum_tuple("isNNs", n, "x", "g")));
    same(&p, "OSError(2, 'x', 'f', 0, 'g', 1)",
         error_of("OSError", datum_tuple("issisi", n, "x", "f", INT64_C(0), "g",
                                         INT64_C(1))));
    same(&p, "BlockingIOError(11, 'x', 3)",
         error_of("BlockingIOError",
                  datum_tuple("isi", INT64_C(11), "x", INT64_C(3))));
    same(
        &p, "BlockingIOError(11, 'x', '3')",
        error_of("BlockingIOError", datum_tuple("iss", INT64_C(11), "x", "3")));
    same(&p, "ValueError(2, 'x', 'f')",
         error_of("ValueError", datum_tuple("iss", n, "x", "f")));
    python_end(&p);
}

/* --- of multiprocessing.managers --- */

static struct datum instance_of(const char *class, struct datum state)
{
    return record_of(DATUM_INSTANCE, datum_tuple("sO", class, dict_of(state)));
}

static void values_namespaces_and_tokens(void **state)
{
    struct python p;

    (void)state;
    python_start(&p);
    same(&p, "Value('i', 7)",
         instance_of("Value", datum_tuple("sssi", "_typecode", "i", "_value",
                                          INT64_C(7))));
    same(&p, "Namespace()", instance_of("Namespace", datum_tuple("")));
    same(&p, "Namespace(b=1, a=2, _c=3, __d=4)",
         instance_of("Namespace",
                     datum_tuple("sisisisi", "b", INT64_C(1), "a", INT64_C(2),
                                 "_c", INT64_C(3), "__d", INT64_C(4))));
    same(
        &p, "Namespace(a=1, a0=2, aa=3, A=4, **{'': 5})",
        instance_of("Namespace", datum_tuple("sisisisisi", "a", INT64_C(1),
                                             "a0", INT64_C(2), "aa", INT64_C(3),
                                             "A", INT64_C(4), "", INT64_C(5))));
    same(&p, "Token('list', '/tmp/a', '7f')",
         record_of(DATUM_TOKEN, datum_tuple("sss", "list", "/tmp/a", "7f")));
    same(&p, "Token('list', ('::1', 80), '7f')",
         record_of(DATUM_TOKEN,
                   datum_tuple("sOs", "list",
                               datum_tuple("si", "::1", INT64_C(80)), "7f")));
    python_end(&p);
}

static void no_unpin(void *pin)
{
    (void)pin;
}

/* (Where they lie is said by us alone.) */
static void proxies_and_iterators(void **state)
{
    struct datum d =
        record_of(DATUM_REVERSED, datum_tuple("Oi", datum_list(), INT64_C(-1)));
    char expected[128];

    (void)state;
    snprintf(expected, sizeof expected, "<list_reverseiterator object at %p>",
             (void *)d.record);
    expect(expected, d);
    for (int pinned = 0; pinned < 2; pinned++) {
        d = record_of(
            DATUM_PROXY,
            datum_tuple("sON", "ListProxy",
                        record_of(DATUM_TOKEN,
                                  datum_tuple("sss", "list", "/tmp/a", "7f"))));
        if (pinned) {
            d.record->pin = expected;
            d.record->unpin = no_unpin;
        }
        snprintf(expected, sizeof expected,
                 "<ListProxy object, typeid 'list' at %p>",
                 pinned ? (void *)expected : (void *)d.record);
        expect(expected, d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(slices_and_ranges, census_begin,
                                        census_end),
        cmocka_unit_test_setup_teardown(arrays, census_begin, census_end),
        cmocka_unit_test_setup_teardown(arrays_that_python_has_not,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(exceptions, census_begin, census_end),
        cmocka_unit_test_setup_teardown(each_number_of_the_system, census_begin,
                                        census_end),
        cmocka_unit_test_setup_teardown(the_names_of_files, census_begin,
                                        census_end),
        cmocka_unit_test_setup_teardown(values_namespaces_and_tokens,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(proxies_and_iterators, census_begin,
                                        census_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
