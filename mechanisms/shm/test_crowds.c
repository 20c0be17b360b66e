/* SPDX-License-Identifier: MIT */
/* test_crowds.c - processes that count in one Value or Array at once lose
 * nothing. */
#include "shm/test_types.h"

enum { CROWD = 4, EACH = 20000 };

struct crowd {
    struct value value;
    struct array array;
    struct event begin;
    _Atomic unsigned char *had; /* how often each number was what it was */
    bool atomic;
};

/* They begin together. */
static void crowd_counts(struct crowd *c, int (*f)(void *))
{
    pid_t pids[CROWD];

    assert_int_equal(event_open(&c->begin), 0);
    for (int i = 0; i < CROWD; i++)
        pids[i] = test_fork(f, c);
    event_set(&c->begin);
    for (int i = 0; i < CROWD; i++)
        test_expect(pids[i]);
    event_close(&c->begin);
}

static int adds_three(void *argument)
{
    struct crowd *c = argument;

    if (event_wait(&c->begin, TEST_BOUND))
        return test_line(__LINE__);
    for (int i = 0; i < EACH; i++)
        if (c->atomic ? value_atomic_add(&c->value, 3, NULL)
                      : value_add(&c->value, 3))
            return test_line(__LINE__);
    return 0;
}

/* What so many threes are, as that type has it. */
static union item all_of_them(const struct test_type *t)
{
    const uint64_t sum = UINT64_C(3) * CROWD * EACH;
    union item item = {{0}};

    if (t->code == 'f')
        item.f = (float)sum; /* below 2^24: exact */
    else if (t->code == 'd')
        item.d = (double)sum;
    else
        memcpy(&item, &sum, t->size);
    return item;
}

static void count(const struct test_type *t, bool atomic)
{
    struct crowd c = {.atomic = atomic};
    union item all = all_of_them(t);

    assert_int_equal(value_open(&c.value, t->code), 0);
    crowd_counts(&c, adds_three);
    assert_int_equal(item_is(&c.value.typed, 0, t, &all), 0);
    value_close(&c.value);
}

static void value_add_loses_nothing_of_any_type(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_TYPES; i++)
        if (is_integer(&test_types[i]) || test_types[i].group == FRACTION)
            count(&test_types[i], false);
}

static void an_atomic_add_loses_nothing_of_any_integer(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_TYPES; i++)
        if (is_integer(&test_types[i]))
            count(&test_types[i], true);
}

/* --- what it was before --- */

static int notes_what_it_was(void *argument)
{
    struct crowd *c = argument;

    if (event_wait(&c->begin, TEST_BOUND))
        return test_line(__LINE__);
    for (int i = 0; i < EACH; i++) {
        int64_t before = -1;

        if (value_atomic_add(&c->value, 1, &before) || before < 0 ||
            before >= CROWD * EACH)
            return test_line(__LINE__);
        atomic_fetch_add(&c->had[before], 1);
    }
    return 0;
}

/* A ticket each, and no ticket twice. */
static void no_two_are_told_that_it_was_the_same(void **state)
{
    struct crowd c = {.had = test_memory(CROWD * EACH)};

    (void)state;
    assert_int_equal(value_open_with(&c.value, 'q', NULL), 0);
    crowd_counts(&c, notes_what_it_was);
    for (size_t i = 0; i < CROWD * EACH; i++)
        assert_int_equal(c.had[i], 1);
    value_close(&c.value);
    munmap((void *)c.had, CROWD * EACH);
}

/* --- a turn of one's own --- */

static int counts_both_ends(void *argument)
{
    struct crowd *c = argument;
    struct lock *l = array_get_lock(&c->array);

    if (event_wait(&c->begin, TEST_BOUND))
        return test_line(__LINE__);
    for (int i = 0; i < EACH / 4; i++) {
        int first = 0, last = 0;

        if (lock_acquire(l, TEST_BOUND) || array_get(&c->array, 0, &first) ||
            array_get(&c->array, -1, &last) || first != last)
            return test_line(__LINE__);
        first++;
        last++;
        if (array_set(&c->array, 0, &first) ||
            array_set(&c->array, -1, &last) || lock_release(l))
            return test_line(__LINE__);
    }
    return 0;
}

/* Several calls are one turn for who takes the lock himself. */
static void who_takes_the_lock_has_a_turn_of_many_calls(void **state)
{
    struct crowd c = {.atomic = false};
    int seen[2] = {0, 0};

    (void)state;
    assert_int_equal(array_open(&c.array, 'i', 2), 0);
    crowd_counts(&c, counts_both_ends);
    assert_int_equal(array_read(&c.array, 0, 2, seen), 0);
    assert_int_equal(seen[0], CROWD * (EACH / 4));
    assert_int_equal(seen[1], CROWD * (EACH / 4));
    array_close(&c.array);
}

/* --- whole slices --- */

enum { LENGTH = 1000 };

static int writes_and_reads_whole(void *argument)
{
    static int all[LENGTH];
    struct crowd *c = argument;

    if (event_wait(&c->begin, TEST_BOUND))
        return test_line(__LINE__);
    for (int turn = 0; turn < 500; turn++) {
        for (int i = 0; i < LENGTH; i++)
            all[i] = getpid() + turn;
        if (array_write(&c->array, 0, LENGTH, all) ||
            array_read(&c->array, 0, LENGTH, all))
            return test_line(__LINE__);
        for (int i = 0; i < LENGTH; i++)
            if (all[i] != all[0])
                return test_line(__LINE__); /* of two writers */
    }
    return 0;
}

static void a_slice_is_of_one_writer(void **state)
{
    struct crowd c = {.atomic = false};

    (void)state;
    assert_int_equal(array_open(&c.array, 'i', LENGTH), 0);
    crowd_counts(&c, writes_and_reads_whole);
    array_close(&c.array);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(value_add_loses_nothing_of_any_type),
        TEST(an_atomic_add_loses_nothing_of_any_integer),
        TEST(no_two_are_told_that_it_was_the_same),
        TEST(who_takes_the_lock_has_a_turn_of_many_calls),
        TEST(a_slice_is_of_one_writer),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
