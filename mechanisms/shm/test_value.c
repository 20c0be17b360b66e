/* SPDX-License-Identifier: MIT */
/* test_value.c - a Value of every type: what it holds, what it refuses, and how
 * it is added to. */
#include "shm/test_types.h"

static const union item zero = {{0}};

/* --- what it holds --- */

static void every_type_holds_its_limits_and_is_zero_at_first(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_TYPES; i++) {
        const struct test_type *t = &test_types[i];
        struct value v;

        assert_int_equal(value_open(&v, t->code), 0);
        assert_true(type_size(t->code) == t->size);
        assert_int_equal(item_is(&v.typed, 0, t, &zero), 0);
        assert_int_equal(typed_set(&v.typed, 0, t->code, &t->highest), 0);
        assert_int_equal(item_is(&v.typed, 0, t, &t->highest), 0);
        assert_int_equal(typed_set(&v.typed, 0, t->code, &t->lowest), 0);
        assert_int_equal(item_is(&v.typed, 0, t, &t->lowest), 0);
        assert_memory_equal(value_get_obj(&v), &t->lowest, t->size);
        value_close(&v);
    }
}

/* By the macros, whose variable says its type. */
#define HOLDS(code, type, is)                                                  \
    do {                                                                       \
        const type in = (type)(is);                                            \
        type out = (type)0;                                                    \
        struct value v;                                                        \
                                                                               \
        assert_int_equal(value_open(&v, (code)), 0);                           \
        assert_int_equal(TYPE_OF(out), (code));                                \
        assert_int_equal(value_set(&v, &in), 0);                               \
        assert_int_equal(value_get(&v, &out), 0);                              \
        assert_true(out == in);                                                \
        value_close(&v);                                                       \
    } while (0)

static void a_variable_says_its_type(void **state)
{
    (void)state;
    HOLDS('c', char, 'x');
    HOLDS('b', signed char, -7);
    HOLDS('B', unsigned char, 200);
    HOLDS('h', short, -30000);
    HOLDS('H', unsigned short, 60000);
    HOLDS('i', int, -2000000000);
    HOLDS('I', unsigned, 4000000000u);
    HOLDS('l', long, -5);
    HOLDS('L', unsigned long, 5);
    HOLDS('q', long long, INT64_MIN);
    HOLDS('Q', unsigned long long, UINT64_MAX);
    HOLDS('f', float, 0.25f);
    HOLDS('d', double, 3.1415927);
    HOLDS('?', bool, true);
}

/* --- what it refuses --- */

/* Each type against each: l and q are alike, and nothing that is refused has
 * changed anything. */
static void a_variable_of_another_type_is_einval(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_TYPES; i++)
        for (size_t k = 0; k < TEST_TYPES; k++) {
            const struct test_type *t = &test_types[i], *u = &test_types[k];
            int expected = are_alike(t, u) ? 0 : -EINVAL;
            union item to = {{1, 2, 3, 4, 5, 6, 7, 8}}, kept = to;
            struct value v;

            assert_int_equal(value_open(&v, t->code), 0);
            assert_int_equal(typed_set(&v.typed, 0, u->code, &u->highest),
                             expected);
            assert_int_equal(
                item_is(&v.typed, 0, t, expected ? &zero : &u->highest), 0);
            assert_int_equal(typed_get(&v.typed, 0, u->code, &to), expected);
            if (expected)
                assert_memory_equal(&to, &kept, sizeof to);
            value_close(&v);
        }
}

static bool is_a_type(int code)
{
    for (size_t i = 0; i < TEST_TYPES; i++)
        if (test_types[i].code == code)
            return true;
    return false;
}

static void an_unknown_type_is_einval(void **state)
{
    struct value v;
    struct array a;

    (void)state;
    for (int code = CHAR_MIN; code <= CHAR_MAX; code++) {
        if (is_a_type(code))
            continue;
        assert_true(type_size((char)code) == 0);
        assert_int_equal(value_open(&v, (char)code), -EINVAL);
        value_close(&v);
        assert_int_equal(value_open_with(&v, (char)code, NULL), -EINVAL);
        assert_null(value_get_lock(&v));
        assert_int_equal(value_open_apart(&v, (char)code), -EINVAL);
        assert_int_equal(array_open(&a, (char)code, 3), -EINVAL);
        assert_int_equal(array_open_with(&a, (char)code, 3, NULL), -EINVAL);
        array_close(&a);
    }
    heap_expect_empty(heap_shared());
    assert_int_equal(value_open(&v, 'i'), 0);
    assert_int_equal(typed_get(&v.typed, 0, 'u', &a), -EINVAL);
    assert_int_equal(typed_set(&v.typed, 0, 0, &a), -EINVAL);
    value_close(&v);
}

/* --- adding --- */

/* The value of an integer, as int64_t has its bits. */
static int64_t number_of(const struct test_type *t, const union item *item)
{
    uint64_t bits = 0;

    memcpy(&bits, item->bytes, t->size);
    if (t->group == WITH_SIGN && t->size < 8)
        return (int64_t)(bits ^ (UINT64_C(1) << (t->size * 8 - 1))) -
               (int64_t)(UINT64_C(1) << (t->size * 8 - 1));
    return (int64_t)bits;
}

/* From `from`, n on, it is `to`; and so it is by one instruction. */
static void expect_sum(const struct test_type *t, const union item *from,
                       int64_t n, const union item *to)
{
    int64_t before = 4711;
    struct value v;

    assert_int_equal(value_open(&v, t->code), 0);
    assert_int_equal(typed_set(&v.typed, 0, t->code, from), 0);
    assert_int_equal(value_add(&v, n), 0);
    assert_int_equal(item_is(&v.typed, 0, t, to), 0);
    assert_int_equal(typed_set(&v.typed, 0, t->code, from), 0);
    assert_int_equal(value_atomic_add(&v, n, &before), 0);
    assert_true(before == number_of(t, from));
    assert_int_equal(item_is(&v.typed, 0, t, to), 0);
    assert_int_equal(typed_set(&v.typed, 0, t->code, from), 0);
    assert_int_equal(value_atomic_add(&v, n, NULL), 0);
    assert_int_equal(item_is(&v.typed, 0, t, to), 0);
    value_close(&v);
}

static void an_integer_wraps_at_both_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_TYPES; i++) {
        const struct test_type *t = &test_types[i];
        const int64_t odd = INT64_MIN + 1; /* 1, modulo all that are shorter */
        const int64_t odd_of_it = t->size < 8 ? 1 : odd;
        union item one = {{0}};

        if (!is_integer(t))
            continue;
        memcpy(&one, &odd_of_it, t->size);
        expect_sum(t, &t->highest, 1, &t->lowest);
        expect_sum(t, &t->lowest, -1, &t->highest);
        expect_sum(t, &zero, odd, &one);
        expect_sum(t, &t->highest, 0, &t->highest);
    }
}

static void a_fraction_is_added_to_by_value_add_alone(void **state)
{
    struct value f, d;
    double seen = 0;
    float seen_f = 0;

    (void)state;
    assert_int_equal(value_open(&f, 'f'), 0);
    assert_int_equal(value_open(&d, 'd'), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(value_add(&f, -5), 0);
        assert_int_equal(value_add(&d, INT64_C(1) << 40), 0);
    }
    assert_int_equal(value_atomic_add(&f, 1, NULL), -EINVAL);
    assert_int_equal(value_atomic_add(&d, 1, NULL), -EINVAL);
    assert_int_equal(value_get(&f, &seen_f), 0);
    assert_int_equal(value_get(&d, &seen), 0);
    assert_true(seen_f == -15.0f);
    assert_true(seen == 3.0 * (double)(INT64_C(1) << 40));
    value_close(&f);
    value_close(&d);
}

static void what_is_no_number_cannot_be_added_to(void **state)
{
    const struct test_type *types[] = {&test_types[0],
                                       &test_types[TEST_TYPES - 1]};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        int64_t before = 4711;
        struct value v;

        assert_int_equal(value_open(&v, types[i]->code), 0);
        assert_int_equal(value_add(&v, 1), -EINVAL);
        assert_int_equal(value_atomic_add(&v, 1, &before), -EINVAL);
        assert_int_equal(before, 4711);
        assert_int_equal(item_is(&v.typed, 0, types[i], &zero), 0);
        value_close(&v);
    }
}

/* --- where it lies --- */

/* Written to their ends, those that lie side by side leave each other be. */
static void neighbours_are_8_bytes_apart_unless_told_otherwise(void **state)
{
    struct value near[4], apart[4];

    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(value_open_with(&near[i], 'Q', NULL), 0);
        assert_int_equal(value_open_apart(&apart[i], 'Q'), 0);
        assert_true((uintptr_t)value_get_obj(&near[i]) % 8 == 0);
        assert_true((uintptr_t)value_get_obj(&apart[i]) % HEAP_APART == 0);
        assert_true(heap_expect_good(heap_shared()).used ==
                    (size_t)(i + 1) * (8 + HEAP_APART));
    }
    for (int i = 0; i < 8; i++)
        memset(value_get_obj(i < 4 ? &near[i] : &apart[i - 4]), i + 1, 8);
    for (int i = 0; i < 8; i++) {
        unsigned long long seen = 0;

        assert_int_equal(value_get(i < 4 ? &near[i] : &apart[i - 4], &seen), 0);
        assert_true(seen == (unsigned)(i + 1) * 0x0101010101010101u);
    }
    for (int i = 0; i < 4; i++) {
        value_close(&near[i]);
        value_close(&apart[i]);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(every_type_holds_its_limits_and_is_zero_at_first),
        TEST(a_variable_says_its_type),
        TEST(a_variable_of_another_type_is_einval),
        TEST(an_unknown_type_is_einval),
        TEST(an_integer_wraps_at_both_ends),
        TEST(a_fraction_is_added_to_by_value_add_alone),
        TEST(what_is_no_number_cannot_be_added_to),
        TEST(neighbours_are_8_bytes_apart_unless_told_otherwise),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
