/* SPDX-License-Identifier: MIT */
/* test_values.c - the hosted Value and Namespace do what python3's do; what all
 * types that hold data have in common: proxies, memory, and what is sent. */
#include "manager/test_hosted.h"

#include "sync/test_sharing.h"

static const struct hosted_case of_value[] = {
    {"('i', 5)", "get", "()"},
    {"", "set", "(6)"},
    {"", "get", "()"},
    {"", "set", "('any [thing]')"},
    {"", "set", "([1, {2: 3}])"},
    {"", "get", "()"},
    {"", "set", "(value=None)"},
    {"", "set", "()"},
    {"", "set", "(1, 2)"},
    {"", "set", "(v=2)"},
    {"", "set", "(1, value=2)"},
    {"", "get", "(1)"},
    {"", "get", "(x=1)"},
    {"('i', 5, True)", "get", "()"},
    {"('i', 5, lock=False)", "get", "()"},
    {"(typecode=3, value=4)", "get", "()"},
    {"('i', value=5)", "get", "()"},
    {"('i')", "", ""},
    {"()", "", ""},
    {"(value=1)", "", ""},
    {"('i', 5, True, 4)", "", ""},
    {"('i', 5, locks=True)", "", ""},
    {"('i', typecode='i')", "", ""},
};

static const struct hosted_case of_namespace[] = {
    {"()", "", ""},
    {"(x=1, a='b', _hidden=3)", "", ""},
    {"", "__getattribute__", "('x')"},
    {"", "__getattribute__", "('_hidden')"},
    {"", "__getattribute__", "('y')"},
    {"", "__getattribute__", "('__dict__')"},
    {"", "__getattribute__", "('h\\u00e9\\x00\\U0001f600')"},
    {"", "__getattribute__", "(5)"},
    {"", "__getattribute__", "(None)"},
    {"", "__getattribute__", "()"},
    {"", "__setattr__", "('y', [1, 2])"},
    {"", "__setattr__", "('x', None)"},
    {"", "__setattr__", "('_y', 1)"},
    {"", "__setattr__", "(b'y', 1)"},
    {"", "__setattr__", "('with blank', 1)"},
    {"", "__getattribute__", "('y')"},
    {"", "__delattr__", "('y')"},
    {"", "__delattr__", "('y')"},
    {"", "__delattr__", "(5)"},
    {"", "__getattribute__", "('y')"},
    {"(b=1, a=2, aa=3, B=4)", "__getattribute__", "('B')"},
    {"(1)", "", ""},
    {"(1, 2, x=3)", "", ""},
    {"({'a': 1})", "", ""},
};

static void a_value_does_what_pythons_does(void **state)
{
    (void)state;
    test_need_python("multiprocessing.managers");
    hosted_compare_all(&value_type, "Value", "", 0, of_value,
                       sizeof of_value / sizeof *of_value);
}

static void a_namespace_does_what_pythons_does(void **state)
{
    (void)state;
    test_need_python("multiprocessing.managers");
    hosted_compare_all(&namespace_type, "Namespace", "", 0, of_namespace,
                       sizeof of_namespace / sizeof *of_namespace);
}

/* --- by hand --- */

static struct object *open_with(const struct hosted_type *type,
                                struct datum arguments)
{
    struct datum raised = {0};
    struct object *o = hosted_open(type, &arguments, NULL, &raised);

    if (!o)
        abort(); /* an assert does not end a path for the analyzer */
    datum_drop(&arguments);
    return o;
}

static struct datum numbers(int64_t n)
{
    struct datum list = datum_list();

    for (int64_t i = 0; i < n; i++)
        datum_append(&list, datum_int(i));
    return list;
}

static void unpin(void *pin)
{
    object_unpin(pin);
}

/* A proxy of the object, as it arrives at a server. */
static struct datum proxy_of(struct object *o)
{
    struct datum token[3] = {datum_str(o->type->name), datum_str("/"),
                             datum_str("1")};
    struct datum fields[3] = {datum_str(o->type->proxy),
                              datum_record(DATUM_TOKEN, token, 3),
                              datum_none()};
    struct datum proxy = datum_record(DATUM_PROXY, fields, 3);

    assert_int_equal(proxy.kind, DATUM_PROXY);
    object_pin(o);
    proxy.record->pin = o;
    proxy.record->unpin = unpin;
    return proxy;
}

static void a_proxy_is_gone_over_as_what_it_is_of(void **state)
{
    struct object *a = open_with(&list_type, datum_tuple("O", numbers(2)));
    struct object *b = open_with(&list_type, datum_tuple("O", proxy_of(a)));
    struct object *d, *s;

    (void)state;
    hosted_expect(b, "extend", datum_tuple("O", proxy_of(a)), 0, "None");
    hosted_expect(b, "copy", datum_tuple(""), 0, "[0, 1, 0, 1]");
    hosted_expect(a, "extend", datum_tuple("O", proxy_of(a)), 0, "None");
    hosted_expect(a, "copy", datum_tuple(""), 0, "[0, 1, 0, 1]");
    hosted_expect(
        a, "__setitem__",
        datum_tuple("OO",
                    datum_record(DATUM_SLICE,
                                 (struct datum[]){datum_int(0), datum_int(3),
                                                  datum_none()},
                                 3),
                    proxy_of(a)),
        0, "None");
    hosted_expect(a, "copy", datum_tuple(""), 0, "[0, 1, 0, 1, 1]");
    hosted_expect(a, "__add__", datum_tuple("O", proxy_of(b)), RAISED,
                  "TypeError('can only concatenate list (not \"ListProxy\") to "
                  "list')");
    s = open_with(&set_type, datum_tuple("O", proxy_of(a)));
    hosted_expect(s, "isdisjoint", datum_tuple("O", proxy_of(s)), 0, "False");
    hosted_expect(s, "update", datum_tuple("O", proxy_of(s)), 0, "None");
    hosted_expect(s, "copy", datum_tuple(""), 0, "set{0, 1}");
    d = open_with(&dict_type, datum_tuple(""));
    hosted_expect(d, "__setitem__", datum_tuple("si", "k", INT64_C(4)), 0,
                  "None");
    hosted_expect(a, "extend", datum_tuple("O", proxy_of(d)), 0, "None");
    hosted_expect(d, "update", datum_tuple("O", proxy_of(d)), 0, "None");
    hosted_close(d);
    d = open_with(&value_type, datum_tuple("si", "i", INT64_C(4)));
    hosted_expect(a, "extend", datum_tuple("O", proxy_of(d)), RAISED,
                  "TypeError(\"'ValueProxy' object is not iterable\")");
    hosted_close(d);
    hosted_close(s);
    hosted_close(b);
    hosted_close(a);
}

struct mutual {
    struct object *own, *other;
};

/* It keeps two of its items: what they have of each other would grow. */
static void *extend_often(void *argument)
{
    struct mutual *m = argument;
    struct datum fields[3] = {datum_int(2), datum_none(), datum_none()};
    struct datum rest = datum_tuple("O", datum_record(DATUM_SLICE, fields, 3));
    struct datum other = datum_tuple("O", proxy_of(m->other)), result;
    size_t failed = 0;

    for (int i = 0; i < 2000; i++) {
        failed += hosted_call(m->own, "extend", &other, NULL, &result) != 0;
        failed += hosted_call(m->own, "clear", &other, NULL, &result) != RAISED;
        datum_drop(&result);
        failed += hosted_call(m->own, "__delitem__", &rest, NULL, &result) != 0;
        datum_drop(&result);
    }
    datum_drop(&other);
    datum_drop(&rest);
    return failed ? m : NULL;
}

/* Each takes the other's lock; alarm() ends what hangs. */
static void two_lists_that_extend_each_other_do_not_hang(void **state)
{
    struct object *a = open_with(&list_type, datum_tuple("O", numbers(2)));
    struct object *b = open_with(&list_type, datum_tuple("O", numbers(2)));
    struct mutual one = {a, b}, two = {b, a};
    pthread_t thread;
    void *failed = NULL;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, extend_often, &one), 0);
    assert_null(extend_often(&two));
    assert_int_equal(pthread_join(thread, &failed), 0);
    assert_null(failed);
    hosted_close(a);
    hosted_close(b);
}

/* What would take all memory is refused before it does; so is a list that
 * unfolds to that, though it is small. */
static void what_is_too_much_is_refused_and_changes_nothing(void **state)
{
    struct object *o = open_with(&list_type, datum_tuple("O", numbers(3)));
    struct datum range =
        datum_record(DATUM_RANGE,
                     (struct datum[]){datum_int(INT64_MIN),
                                      datum_int(INT64_MAX), datum_int(1)},
                     3);
    int doublings = 0, error = 0;
    char length[16];

    (void)state;
    hosted_expect(o, "__mul__", datum_tuple("i", INT64_C(1) << 40), -E2BIG, "");
    hosted_expect(o, "__imul__", datum_tuple("i", INT64_MAX), -E2BIG, "");
    hosted_expect(o, "extend", datum_tuple("O", range), -E2BIG, "");
    hosted_expect(o, "copy", datum_tuple(""), 0, "[0, 1, 2]");
    hosted_expect(o, "append", datum_tuple("N"), 0, "None");
    for (; doublings < 64 && !error; doublings++) {
        struct datum arguments = datum_tuple("O", hosted_value(o)), result;

        error = hosted_call(o, "append", &arguments, NULL, &result);
        datum_drop(&arguments);
    }
    assert_int_equal(error, -E2BIG);
    assert_in_range(doublings, 24, 28);
    snprintf(length, sizeof length, "%d", doublings + 3);
    hosted_expect(o, "__len__", datum_tuple(""), 0, length);
    hosted_close(o);
}

static void what_is_being_sent_does_not_change(void **state)
{
    static const struct {
        const char *method, *format;
    } changes[] = {{"append", "i"},      {"insert", "ii"},
                   {"pop", ""},          {"remove", "i"},
                   {"reverse", ""},      {"sort", ""},
                   {"clear", ""},        {"__imul__", "i"},
                   {"__delitem__", "i"}, {"__setitem__", "ii"}};

    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct datum three = datum_list(), sent;
        struct buffer text = {0};
        struct object *o;

        for (int k = 3; k > 0; k--)
            datum_append(&three, datum_int(k));
        o = open_with(&list_type, datum_tuple("O", three));
        sent = hosted_value(o);
        for (int k = 0; k < 2; k++) {
            struct datum arguments = datum_tuple(changes[i].format, INT64_C(2),
                                                 INT64_C(7)),
                         result;

            hosted_call(o, changes[i].method, &arguments, NULL, &result);
            datum_drop(&result);
            datum_drop(&arguments);
        }
        hosted_text(&text, &sent);
        assert_int_equal(buffer_put(&text, "", 1), 0);
        assert_string_equal((const char *)text.bytes, "[3, 2, 1]");
        buffer_free(&text);
        datum_drop(&sent);
        hosted_close(o);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, census_begin, census_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_value_does_what_pythons_does),
        TEST(a_namespace_does_what_pythons_does),
        TEST(a_proxy_is_gone_over_as_what_it_is_of),
        TEST(two_lists_that_extend_each_other_do_not_hang),
        TEST(what_is_too_much_is_refused_and_changes_nothing),
        TEST(what_is_being_sent_does_not_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
