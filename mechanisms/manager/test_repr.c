/* SPDX-License-Identifier: MIT */
/* test_repr.c - containers and records as text, against Python's. */
// wrap: malloc calloc realloc
#include "manager/test_text.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);

/* How many more there are before there is no memory; negative: no end. */
static int before_none = -1;

static bool is_there(void)
{
    if (before_none > 0)
        before_none--;
    return before_none != 0;
}

void *__wrap_malloc(size_t size)
{
    return is_there() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t n, size_t size)
{
    return is_there() ? __real_calloc(n, size) : NULL;
}

void *__wrap_realloc(void *old, size_t size)
{
    return is_there() ? __real_realloc(old, size) : NULL;
}

/* --- what Python has too --- */

static struct datum list_of(struct datum tuple)
{
    struct datum list = datum_list();

    for (size_t i = 0; i < tuple.sequence->length; i++)
        assert_int_equal(
            datum_append(&list, datum_share(&tuple.sequence->items[i])), 0);
    datum_drop(&tuple);
    return list;
}

/* A set of one, since Python has its own order. */
static struct datum set_of(enum datum_kind kind, struct datum item)
{
    struct datum set = datum_set();

    if (item.kind != DATUM_NOTHING)
        assert_int_equal(table_set(set.table, item, datum_none()), 0);
    set.kind = kind;
    return set;
}

/* [7], in as many lists as make that depth. */
static struct datum nested(int depth)
{
    struct datum inner = list_of(datum_tuple("i", INT64_C(7)));

    for (int i = 1; i < depth; i++) {
        struct datum outer = datum_list();

        assert_int_equal(datum_append(&outer, inner), 0);
        inner = outer;
    }
    return inner;
}

static const struct datum nothing = {0};

static void scalars_and_containers(void **state)
{
    struct datum big =
        datum_long((const unsigned char[9]){1, 0, 0, 0, 0, 0, 0, 0, 1}, 9);
    struct python p;

    (void)state;
    python_start(&p);
    same(&p, "None", datum_none());
    same(&p, "True", datum_bool(true));
    same(&p, "False", datum_bool(false));
    same(&p, "-1 << 63", datum_int(INT64_MIN));
    same(&p, "(1 << 63) - 1", datum_int(INT64_MAX));
    same(&p, "(1 << 64) + 1", big);
    same(&p, "'it\\'s'", datum_str("it's"));
    same(&p, "b'\\0'", datum_text(DATUM_BYTES, "", 1));
    same(&p, "()", datum_tuple(""));
    same(&p, "('a',)", datum_tuple("s", "a"));
    same(&p, "(1, 2.5)", datum_tuple("id", INT64_C(1), 2.5));
    same(&p, "[]", datum_list());
    same(&p, "[None]", list_of(datum_tuple("N")));
    same(&p, "['x', []]", list_of(datum_tuple("sO", "x", datum_list())));
    same(&p, "{}", datum_dict());
    same(&p, "{'b': 1, 'a': {2: ()}}",
         dict_of(datum_tuple(
             "sisO", "b", INT64_C(1), "a",
             dict_of(datum_tuple("iO", INT64_C(2), datum_tuple(""))))));
    same(&p, "set()", datum_set());
    same(&p, "{'a'}", set_of(DATUM_SET, datum_str("a")));
    same(&p, "frozenset()", set_of(DATUM_FROZENSET, nothing));
    same(&p, "{frozenset({1})}",
         set_of(DATUM_SET, set_of(DATUM_FROZENSET, datum_int(1))));
    same(&p, "nested(500)", nested(500));
    python_end(&p);
}

/* --- what Python has not --- */

/* Of everything a little. */
static struct datum mixed(void)
{
    return list_of(datum_tuple(
        "isdOOOO", INT64_C(7), "it's\n", 0.1,
        dict_of(datum_tuple("ss", "a", "b")),
        record_of(DATUM_INSTANCE,
                  datum_tuple("sO", "Namespace",
                              dict_of(datum_tuple("sNsN", "y", "x")))),
        record_of(DATUM_ARRAY, datum_tuple("sy", "u", (const void *)L"ab",
                                           2 * sizeof(wchar_t))),
        datum_exception("KeyError", datum_bool(true))));
}

static const char mixed_text[] =
    "[7, \"it's\\n\", 0.1, {'a': 'b'}, Namespace(x=None, y=None), "
    "array('u', 'ab'), KeyError(True)]";

/* What is in the buffer already stays, and nothing else. */
static void beyond_the_limit_nothing_is_left(void **state)
{
    const size_t length = sizeof mixed_text - 1;
    struct datum d = mixed();

    (void)state;
    for (size_t limit = 3; limit < length + 5; limit++) {
        struct buffer ours = {.limit = limit};

        assert_int_equal(buffer_text(&ours, "abc"), 0);
        assert_int_equal(datum_repr(&ours, &d),
                         limit < length + 3 ? -E2BIG : 0);
        assert_int_equal(ours.length, limit < length + 3 ? 3 : length + 3);
        assert_memory_equal(ours.bytes, "abc", 3);
        if (limit >= length + 3)
            assert_memory_equal(ours.bytes + 3, mixed_text, length);
        buffer_free(&ours);
    }
    datum_drop(&d);
}

static void without_memory_nothing_is_left(void **state)
{
    struct datum d = mixed();
    int error = -ENOMEM;

    (void)state;
    for (int n = 1; error; n++) {
        struct buffer ours = {0};

        before_none = n;
        error = datum_repr(&ours, &d);
        before_none = -1;
        assert_int_equal(error, error ? -ENOMEM : 0);
        assert_int_equal(ours.length, error ? 0 : sizeof mixed_text - 1);
        assert_true(error || n > 3);
        buffer_free(&ours);
    }
    datum_drop(&d);
}

static void what_is_no_datum_has_no_text(void **state)
{
    struct buffer ours = {0};

    (void)state;
    assert_int_equal(datum_repr(&ours, &nothing), -ENOMEM);
    assert_int_equal(datum_print(&ours, &nothing), -ENOMEM);
    buffer_free(&ours);
}

/* (Made by hand: by datum_append nothing becomes so deep.) */
static void what_is_too_deep_is_refused(void **state)
{
    struct datum inner = nested(DATUM_DEPTH);
    struct buffer ours = {0};

    (void)state;
    assert_int_equal(datum_repr(&ours, &inner), 0);
    buffer_free(&ours);
    for (int i = 0; i < 2; i++) {
        struct datum outer = datum_list();

        assert_int_equal(sequence_reserve(outer.sequence, 1), 0);
        outer.sequence->items[outer.sequence->length++] = inner;
        inner = outer;
    }
    assert_int_equal(datum_repr(&ours, &inner), -E2BIG);
    assert_int_equal(datum_print(&ours, &inner), -E2BIG);
    assert_int_equal(ours.length, 0);
    buffer_free(&ours);
    datum_drop(&inner);
}

/* An int that Python does not print fails all that it is in. */
static void too_many_digits_within(void **state)
{
    struct datum big = datum_text(DATUM_BIG, NULL, 2000);
    struct buffer ours = {0};
    struct datum d;

    (void)state;
    memset(big.text->bytes, 1, 2000);
    d = dict_of(datum_tuple("sO", "a", datum_tuple("O", big)));
    assert_int_equal(datum_repr(&ours, &d), -ERANGE);
    assert_int_equal(ours.length, 0);
    buffer_free(&ours);
    datum_drop(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(scalars_and_containers, census_begin,
                                        census_end),
        cmocka_unit_test_setup_teardown(beyond_the_limit_nothing_is_left,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(without_memory_nothing_is_left,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(what_is_no_datum_has_no_text,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(what_is_too_deep_is_refused,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(too_many_digits_within, census_begin,
                                        census_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
