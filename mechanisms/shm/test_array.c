/* SPDX-License-Identifier: MIT */
/* test_array.c - an Array's items and slices, at all of its ends. */
#include "shm/test_types.h"

enum { LENGTH = 5 };

static const int numbers[LENGTH] = {10, 11, 12, 13, 14};

static void open_numbers(struct array *a)
{
    assert_int_equal(array_open(a, 'i', LENGTH), 0);
    assert_true(array_length(a) == LENGTH);
    assert_int_equal(array_write(a, 0, LENGTH, numbers), 0);
}

/* They are as they were. */
static void close_numbers(struct array *a)
{
    assert_memory_equal(array_get_obj(a), numbers, sizeof numbers);
    array_close(a);
    array_close(a);
}

/* --- items --- */

static void an_index_below_0_counts_from_the_end(void **state)
{
    struct array a;

    (void)state;
    open_numbers(&a);
    for (int i = -LENGTH; i < LENGTH; i++) {
        int seen = 0, another = 77;

        assert_int_equal(array_get(&a, i, &seen), 0);
        assert_int_equal(seen, numbers[i < 0 ? i + LENGTH : i]);
        assert_int_equal(array_set(&a, i, &another), 0);
        assert_int_equal(((int *)array_get_obj(&a))[i < 0 ? i + LENGTH : i],
                         77);
        assert_int_equal(array_set(&a, i, &seen), 0);
    }
    close_numbers(&a);
}

static void an_index_of_none_is_erange(void **state)
{
    const int64_t bad[] = {
        LENGTH,        LENGTH + 1,          -LENGTH - 1, INT64_MAX,
        INT64_MIN,     INT64_MIN + 1,       1L << 32,    -(1L << 32),
        INT64_MAX / 4, (INT64_MIN + LENGTH)};
    struct array a;

    (void)state;
    open_numbers(&a);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t before = 4711;
        int seen = 4711;

        assert_int_equal(array_get(&a, bad[i], &seen), -ERANGE);
        assert_int_equal(array_set(&a, bad[i], &seen), -ERANGE);
        assert_int_equal(array_add(&a, bad[i], 1), -ERANGE);
        assert_int_equal(array_atomic_add(&a, bad[i], 1, &before), -ERANGE);
        assert_int_equal(seen, 4711);
        assert_int_equal(before, 4711);
    }
    close_numbers(&a);
}

static void an_add_is_to_that_item_alone(void **state)
{
    struct array a;
    int64_t before = 0;

    (void)state;
    open_numbers(&a);
    assert_int_equal(array_add(&a, 1, 100), 0);
    assert_int_equal(array_atomic_add(&a, -2, 200, &before), 0);
    assert_int_equal(before, 13);
    assert_int_equal(((int *)array_get_obj(&a))[1], 111);
    assert_int_equal(((int *)array_get_obj(&a))[3], 213);
    assert_int_equal(array_atomic_add(&a, -4, -100, &before), 0);
    assert_int_equal(before, 111);
    assert_int_equal(array_add(&a, 3, -200), 0);
    close_numbers(&a);
}

static void a_variable_of_another_type_is_einval(void **state)
{
    struct array a;
    unsigned wrong[LENGTH] = {1, 2, 3, 4, 5};

    (void)state;
    open_numbers(&a);
    assert_int_equal(array_get(&a, 0, &wrong[0]), -EINVAL);
    assert_int_equal(array_set(&a, 0, &wrong[0]), -EINVAL);
    assert_int_equal(array_read(&a, 0, LENGTH, wrong), -EINVAL);
    assert_int_equal(array_write(&a, 0, LENGTH, wrong), -EINVAL);
    for (unsigned i = 0; i < LENGTH; i++)
        assert_true(wrong[i] == i + 1);
    close_numbers(&a);
}

/* All that it can hold, beside each other: no item is another. */
static void every_type_has_items_beside_each_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_TYPES; i++) {
        const struct test_type *t = &test_types[i];
        const union item zero = {{0}};
        struct array a;

        assert_int_equal(array_open(&a, t->code, 3), 0);
        for (int k = 0; k < 3; k++)
            assert_int_equal(item_is(&a.typed, k, t, &zero), 0);
        assert_int_equal(typed_set(&a.typed, 1, t->code, &t->highest), 0);
        assert_int_equal(item_is(&a.typed, 0, t, &zero), 0);
        assert_int_equal(item_is(&a.typed, 2, t, &zero), 0);
        assert_int_equal(typed_set(&a.typed, 0, t->code, &t->lowest), 0);
        assert_int_equal(typed_set(&a.typed, 2, t->code, &t->lowest), 0);
        assert_int_equal(item_is(&a.typed, 1, t, &t->highest), 0);
        assert_memory_equal((char *)array_get_obj(&a) + t->size, &t->highest,
                            t->size);
        assert_int_equal(lock_owner(array_get_lock(&a)), 0);
        array_close(&a);
    }
}

/* --- slices --- */

/* Each start and each n: all that there is, or nothing. */
static void a_slice_is_whole_or_erange(void **state)
{
    struct array a;

    (void)state;
    open_numbers(&a);
    for (size_t start = 0; start <= LENGTH + 1; start++)
        for (size_t n = 0; n <= LENGTH + 1; n++) {
            int expected = start + n <= LENGTH ? 0 : -ERANGE;
            int seen[LENGTH + 1] = {1, 1, 1, 1, 1, 1};
            size_t copied = expected ? 0 : n;

            if (start > LENGTH)
                expected = -ERANGE;
            assert_int_equal(array_read(&a, start, n, seen), expected);
            assert_memory_equal(seen, numbers + (copied ? start : 0),
                                copied * sizeof *seen);
            for (size_t i = copied; i <= LENGTH; i++)
                assert_int_equal(seen[i], 1);
            if (expected)
                assert_int_equal(array_write(&a, start, n, seen), -ERANGE);
            else
                assert_int_equal(
                    array_write(&a, start, n, numbers + (n ? start : 0)), 0);
        }
    close_numbers(&a);
}

static void a_slice_beyond_all_numbers_is_erange(void **state)
{
    const size_t bad[][2] = {{0, SIZE_MAX},
                             {1, SIZE_MAX},
                             {LENGTH, SIZE_MAX},
                             {LENGTH, SIZE_MAX - LENGTH + 1},
                             {SIZE_MAX, 0},
                             {SIZE_MAX, 1},
                             {SIZE_MAX, SIZE_MAX},
                             {SIZE_MAX - 1, 3},
                             {1, SIZE_MAX / sizeof(int) + 1}};
    struct array a;

    (void)state;
    open_numbers(&a);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int item = 4711;

        assert_int_equal(array_read(&a, bad[i][0], bad[i][1], &item), -ERANGE);
        assert_int_equal(array_write(&a, bad[i][0], bad[i][1], &item), -ERANGE);
        assert_int_equal(item, 4711);
    }
    close_numbers(&a);
}

static void a_written_slice_changes_nothing_else(void **state)
{
    const int two[] = {1, 2};
    struct array a;

    (void)state;
    for (size_t start = 0; start <= LENGTH - 2; start++) {
        int expected[LENGTH];

        open_numbers(&a);
        memcpy(expected, numbers, sizeof numbers);
        memcpy(expected + start, two, sizeof two);
        assert_int_equal(array_write(&a, start, 2, two), 0);
        assert_memory_equal(array_get_obj(&a), expected, sizeof expected);
        array_close(&a);
    }
}

/* --- lengths --- */

static void one_of_no_items_is_an_array(void **state)
{
    (void)state;
    for (int raw = 0; raw < 2; raw++) {
        struct array a;
        double item = 1;

        if (raw)
            assert_int_equal(array_open_with(&a, 'd', 0, NULL), 0);
        else
            assert_int_equal(array_open(&a, 'd', 0), 0);
        assert_true(array_length(&a) == 0);
        assert_int_equal(array_get(&a, 0, &item), -ERANGE);
        assert_int_equal(array_get(&a, -1, &item), -ERANGE);
        assert_int_equal(array_add(&a, 0, 1), -ERANGE);
        assert_int_equal(array_read(&a, 0, 0, &item), 0);
        assert_int_equal(array_write(&a, 0, 0, &item), 0);
        assert_int_equal(array_write(&a, 0, 1, &item), -ERANGE);
        assert_int_equal(array_read(&a, 1, 0, &item), -ERANGE);
        if (!raw)
            assert_int_equal(lock_acquire(array_get_lock(&a), 0), 0);
        array_close(&a);
    }
}

static void one_of_one_item_is_a_value(void **state)
{
    struct array a;
    float item = 2.5f, seen = 0;

    (void)state;
    assert_int_equal(array_open(&a, 'f', 1), 0);
    assert_int_equal(array_set(&a, -1, &item), 0);
    assert_int_equal(array_get(&a, 0, &seen), 0);
    assert_true(seen == item);
    assert_int_equal(array_get(&a, 1, &seen), -ERANGE);
    assert_int_equal(array_get(&a, -2, &seen), -ERANGE);
    array_close(&a);
}

/* One that is as large as two cache lines does not share them. */
static void a_large_one_is_on_cache_lines_of_its_own(void **state)
{
    struct array small, large, next;

    (void)state;
    assert_int_equal(array_open_with(&small, 'c', HEAP_APART - 1, NULL), 0);
    assert_int_equal(array_open_with(&large, 'c', HEAP_APART, NULL), 0);
    assert_int_equal(array_open_with(&next, 'q', HEAP_APART / 8 + 1, NULL), 0);
    assert_true((uintptr_t)array_get_obj(&large) % HEAP_APART == 0);
    assert_true((uintptr_t)array_get_obj(&next) % HEAP_APART == 0);
    assert_true(heap_expect_good(heap_shared()).used ==
                HEAP_APART + HEAP_APART + 2 * HEAP_APART);
    array_close(&small);
    array_close(&large);
    array_close(&next);
}

static void more_items_than_there_can_be_are_enomem(void **state)
{
    const size_t too_many[] = {
        SIZE_MAX,        SIZE_MAX / 8,         SIZE_MAX / 8 + 1,
        PTRDIFF_MAX / 8, PTRDIFF_MAX / 8 - 64, (size_t)1 << 48};
    unsigned descriptors = count_descriptors();

    (void)state;
    for (size_t i = 0; i < sizeof too_many / sizeof *too_many; i++) {
        struct array a;

        assert_int_equal(array_open(&a, 'q', too_many[i]), -ENOMEM);
        assert_null(array_get_obj(&a));
        array_close(&a);
        assert_int_equal(array_open_with(&a, 'q', too_many[i], NULL), -ENOMEM);
        assert_null(array_get_lock(&a));
        assert_int_equal(count_descriptors(), descriptors);
    }
    heap_expect_empty(heap_shared());
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(an_index_below_0_counts_from_the_end),
        TEST(an_index_of_none_is_erange),
        TEST(an_add_is_to_that_item_alone),
        TEST(a_variable_of_another_type_is_einval),
        TEST(every_type_has_items_beside_each_other),
        TEST(a_slice_is_whole_or_erange),
        TEST(a_slice_beyond_all_numbers_is_erange),
        TEST(a_written_slice_changes_nothing_else),
        TEST(one_of_no_items_is_an_array),
        TEST(one_of_one_item_is_a_value),
        TEST(a_large_one_is_on_cache_lines_of_its_own),
        TEST(more_items_than_there_can_be_are_enomem),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
