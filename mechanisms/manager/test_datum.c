/* SPDX-License-Identifier: MIT */
// wrap: malloc calloc realloc free
/* test_datum.c - data that are made, put together, and dropped. */
#include "manager/test_memory.h"

#include "manager/cell.h"

/* --- the smallest --- */

static void expect_long(const void *bytes, size_t n, enum datum_kind kind,
                        size_t length)
{
    struct datum d = datum_long(bytes, n);

    assert_int_equal(d.kind, kind);
    if (kind == DATUM_BIG)
        assert_int_equal(d.text->length, length);
    datum_drop(&d);
    assert_int_equal(d.kind, DATUM_NOTHING);
}

static void an_int_takes_no_byte_more_than_it_needs(void **state)
{
    static const unsigned char minus_one[] = {255, 255, 255, 255, 255,
                                              255, 255, 255, 255, 255};
    static const unsigned char plus[] = {1, 2, 3, 4, 5, 6, 7, 8, 0, 0};
    static const unsigned char high[] = {1, 2, 3, 4, 5, 6, 7, 128, 0, 0};
    static const unsigned char low[] = {1, 2, 3, 4, 5, 6, 7, 8, 255, 255};
    static const unsigned char least[] = {0, 0, 0, 0, 0, 0, 0, 128, 255};
    static const unsigned char short_minus[] = {0x01, 0xff};
    struct datum d = datum_long(least, 9);

    (void)state;
    assert_int_equal(d.kind, DATUM_INT);
    assert_true(d.integer == INT64_MIN);
    expect_long(minus_one, 10, DATUM_INT, 0);
    assert_true(datum_long(minus_one, 10).integer == -1);
    assert_true(datum_long(minus_one, 1).integer == -1);
    assert_true(datum_long(short_minus, 2).integer == -255);
    assert_true(datum_long(NULL, 0).integer == 0);
    assert_true(datum_long(plus, 10).integer == 0x0807060504030201);
    expect_long(high, 10, DATUM_BIG, 9);
    expect_long(low, 10, DATUM_BIG, 9);
}

static void a_text_is_its_bytes_and_a_zero(void **state)
{
    struct datum d = datum_text(DATUM_BYTES, "a\0b", 3);
    struct datum str = datum_str("abc");
    struct datum later = datum_text(DATUM_BYTEARRAY, NULL, 32);

    (void)state;
    assert_int_equal(d.text->length, 3);
    assert_memory_equal(d.text->bytes, "a\0b", 4);
    assert_true(datum_is_str(&str, "abc"));
    assert_false(datum_is_str(&str, "abcd"));
    assert_false(datum_is_str(&str, "ab"));
    assert_false(datum_is_str(&d, "a"));
    assert_int_equal(later.text->bytes[32], 0);
    assert_int_equal(datum_weight(&d), 1);
    assert_int_equal(datum_weight(&later), 3);
    datum_drop(&d);
    datum_drop(&str);
    datum_drop(&later);
    d = datum_text(DATUM_BYTES, NULL, SIZE_MAX);
    assert_int_equal(datum_error(&d), -E2BIG);
}

static void a_tuple_is_what_its_format_says(void **state)
{
    struct datum list = datum_list();
    struct datum d = datum_tuple("bidsyNO", 2, INT64_MIN, 0.5, "text", "b\0",
                                 (size_t)2, datum_share(&list));
    const struct datum *items = d.sequence->items;

    (void)state;
    assert_int_equal(d.kind, DATUM_TUPLE);
    assert_int_equal(d.sequence->length, 7);
    assert_true(items[0].kind == DATUM_BOOL && items[0].truth);
    assert_true(items[1].integer == INT64_MIN);
    assert_true(items[2].real == 0.5);
    assert_true(datum_is_str(&items[3], "text"));
    assert_int_equal(items[4].text->length, 2);
    assert_int_equal(items[5].kind, DATUM_NONE);
    assert_ptr_equal(items[6].cell, list.cell);
    datum_drop(&d);
    d = datum_tuple("");
    assert_int_equal(d.sequence->length, 0);
    datum_drop(&d);
    /* No such letter, before one that is taken all the same. */
    d = datum_tuple("?O", datum_share(&list));
    assert_int_equal(datum_error(&d), -EINVAL);
    assert_int_equal(list.cell->references, 1);
    datum_drop(&list);
}

/* --- deep, and much --- */

static struct datum within_tuple(struct datum d)
{
    return datum_sequence(DATUM_TUPLE, &d, 1);
}

static struct datum within_exception(struct datum d)
{
    return datum_exception("KeyError", d);
}

static struct datum within_list(struct datum d)
{
    struct datum list = datum_list();
    int error = datum_append(&list, d);

    if (error)
        datum_drop(&list);
    return error ? datum_nothing(error) : list;
}

static struct datum within_dict(struct datum d)
{
    struct datum dict = datum_dict();
    int error = table_set(dict.table, datum_int(1), d);

    if (error)
        datum_drop(&dict);
    return error ? datum_nothing(error) : dict;
}

static struct datum (*const within[])(struct datum) = {
    within_tuple, within_list, within_dict, within_exception};
enum { WITHINS = sizeof within / sizeof *within };

static void deep_is_dropped_and_deeper_refused(void **state)
{
    struct datum d = datum_int(7), deeper;

    (void)state;
    /* (An exception is two deep: its arguments are a tuple.) */
    for (int i = 0; i < DATUM_DEPTH; i++)
        d = within[i % (WITHINS - 1)](d);
    assert_int_equal(datum_error(&d), 0);
    assert_int_equal(datum_depth(&d), DATUM_DEPTH);
    for (int i = 0; i < WITHINS; i++) {
        deeper = within[i](datum_share(&d));
        assert_int_equal(datum_error(&deeper), -E2BIG);
        assert_int_equal(d.cell->references, 1);
    }
    datum_drop(&d);
}

/* What a few bytes of a pickle can say: each is twice the one before. */
static void what_unfolds_to_too_much_is_refused(void **state)
{
    struct datum d = datum_list(), pair[2], list = datum_list();
    uint32_t weight;

    (void)state;
    for (;;) {
        weight = datum_weight(&d);
        pair[0] = datum_share(&d);
        pair[1] = datum_share(&d);
        if (weight > DATUM_WEIGHT / 2)
            break;
        datum_drop(&d);
        d = datum_sequence(DATUM_TUPLE, pair, 2);
        assert_int_equal(datum_error(&d), 0);
        assert_int_equal(datum_weight(&d), 2 * weight + 1);
    }
    assert_int_equal(d.cell->references, 3);
    assert_int_equal(datum_append(&list, pair[0]), 0);
    assert_int_equal(datum_append(&list, pair[1]), -E2BIG);
    assert_int_equal(datum_weight(&list), weight + 1);
    pair[0] = datum_share(&d);
    pair[1] = datum_share(&d);
    pair[0] = datum_sequence(DATUM_TUPLE, pair, 2);
    assert_int_equal(datum_error(&pair[0]), -E2BIG);
    /* What is taken out makes room again. */
    sequence_remove(list.sequence, 0, 1);
    assert_int_equal(datum_append(&list, d), 0);
    datum_drop(&list);
}

/* --- lists --- */

enum { MODEL = 64 };

/* Insert and remove at random, as a plain array has it. */
static void a_list_is_what_an_array_would_be(void **state)
{
    struct datum list = datum_list();
    struct sequence *s = list.sequence;
    int64_t model[MODEL];
    size_t n = 0, at, count;
    uint64_t seed = 1;

    (void)state;
    for (int64_t turn = 0; turn < 20000; turn++) {
        at = memory_random(&seed) % (n + 1);
        if (n < MODEL && memory_random(&seed) % 5 > 1) {
            memmove(model + at + 1, model + at, (n++ - at) * sizeof *model);
            model[at] = turn;
            assert_int_equal(sequence_insert(s, at, datum_int(turn)), 0);
        } else {
            count = memory_random(&seed) % 3;
            count = count < n - at ? count : n - at;
            sequence_remove(s, at, count);
            n -= count;
            memmove(model + at, model + at + count, (n - at) * sizeof *model);
        }
        assert_int_equal(s->length, n);
        assert_int_equal(s->cell.weight, n + 1);
        for (size_t i = 0; i < n; i++)
            assert_true(s->items[i].integer == model[i]);
    }
    datum_drop(&list);
}

static void a_long_list_gives_memory_back(void **state)
{
    struct datum list = datum_list();

    (void)state;
    for (int i = 0; i < 10000; i++)
        assert_int_equal(datum_append(&list, within_tuple(datum_none())), 0);
    assert_int_equal(list.cell->depth, 2);
    while (list.sequence->length)
        sequence_remove(list.sequence, list.sequence->length - 1, 1);
    assert_true(list.sequence->capacity <= 64);
    assert_int_equal(list.cell->depth, 1);
    assert_int_equal(sequence_reserve(list.sequence, SIZE_MAX / 8), -ENOMEM);
    assert_int_equal(datum_append(&list, datum_nothing(0)), -ENOMEM);
    assert_int_equal(datum_append(&list, datum_nothing(-E2BIG)), -E2BIG);
    assert_int_equal(list.sequence->length, 0);
    datum_drop(&list);
}

/* --- no memory --- */

static int make_all_kinds(void)
{
    static const unsigned char big[9] = {[8] = 1};
    struct datum d =
        datum_tuple("sybidN", "a", "b", (size_t)1, 1, INT64_C(1), 1.0);
    struct datum items[] = {datum_str("a"), datum_long(big, 9)};
    struct datum e, list = datum_list();
    int error;

    e = datum_exception("KeyError", datum_sequence(DATUM_LIST, items, 2));
    /* (No memory for its argument would be: no argument.) */
    if (!datum_error(&e) && e.record->fields[1].sequence->length == 0)
        datum_drop(&e);
    d = datum_tuple("OO", d, e);
    error = datum_append(&list, d);
    for (int64_t i = 0; i < 20 && !error; i++)
        error = sequence_insert(list.sequence, 0, datum_int(i));
    datum_drop(&list);
    return error;
}

static int fill_buffer(void)
{
    struct buffer b = {0};
    int error = 0;

    for (int i = 0; i < 100 && !error; i++)
        error = buffer_format(&b, "%0*d", 400, i);
    if (!error && !buffer_room(&b, 1 << 20))
        error = -ENOMEM;
    buffer_free(&b);
    return error;
}

static void without_memory_nothing_is_kept(void **state)
{
    (void)state;
    memory_runs_out(make_all_kinds, 12);
    memory_runs_out(fill_buffer, 5);
}

/* --- buffers --- */

static void a_buffer_grows_to_its_limit(void **state)
{
    struct buffer b = {.limit = 1000};
    char letters[601];

    (void)state;
    memset(letters, 'x', 600);
    letters[600] = '\0';
    assert_int_equal(buffer_put(&b, NULL, 0), 0);
    assert_non_null(buffer_room(&b, 0));
    assert_int_equal(buffer_text(&b, letters), 0);
    assert_int_equal(buffer_put(&b, letters, 401), -E2BIG);
    assert_int_equal(buffer_format(&b, "%s", letters), -E2BIG);
    assert_null(buffer_room(&b, SIZE_MAX));
    assert_int_equal(buffer_put(&b, letters, SIZE_MAX), -E2BIG);
    assert_int_equal(b.length, 600);
    assert_int_equal(buffer_format(&b, "%.300s%d", letters, 1234567), 0);
    assert_int_equal(b.length, 907);
    assert_memory_equal(b.bytes + 899, "x1234567", 8);
    assert_int_equal(buffer_put(&b, letters, 93), 0);
    assert_int_equal(buffer_put(&b, letters, 1), -E2BIG);
    buffer_free(&b);
    b.limit = 0;
    assert_int_equal(buffer_put(&b, letters, 1), 0);
    assert_null(buffer_room(&b, SIZE_MAX));
    assert_null(buffer_room(&b, SIZE_MAX / 2));
    buffer_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_int_takes_no_byte_more_than_it_needs),
        TEST(a_text_is_its_bytes_and_a_zero),
        TEST(a_tuple_is_what_its_format_says),
        TEST(deep_is_dropped_and_deeper_refused),
        TEST(what_unfolds_to_too_much_is_refused),
        TEST(a_list_is_what_an_array_would_be),
        TEST(a_long_list_gives_memory_back),
        TEST(without_memory_nothing_is_kept),
        TEST(a_buffer_grows_to_its_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
