/* SPDX-License-Identifier: MIT */
/* test_crowds.c - processes that count in one Value or Array at once lose
 * nothing. */
#include "shm/test_types.h"

/*
 * An atomic add is soon done, and a turn of the scheduler may be long enough
 * for all of one's own: so it goes on until it has met others so often, or
 * there are none to be met.
 */
enum { CROWD = 4, EACH = 20000, EACH_AT_MOST = 100 * EACH, MEETINGS = 200 };

struct crowd {
    struct value value;
    struct array array;
    _Atomic uint32_t *here;     /* how many have come */
    _Atomic uint64_t *done;     /* how often all together have added */
    _Atomic unsigned char *had; /* how often each number was what it was */
};

/* Until all are there: they begin together, each busy until it does. */
static bool begins(struct crowd *c)
{
    atomic_fetch_add(c->here, 1);
    return test_becomes(c->here, CROWD);
}

static void crowd_counts(struct crowd *c, int (*f)(void *))
{
    pid_t pids[CROWD];

    c->here = test_memory(sizeof *c->here);
    for (int i = 0; i < CROWD; i++)
        pids[i] = test_fork(f, c);
    for (int i = 0; i < CROWD; i++)
        test_expect(pids[i]);
    munmap((void *)c->here, sizeof *c->here);
}

static int adds_three(void *argument)
{
    struct crowd *c = argument;

    if (!begins(c))
        return test_line(__LINE__);
    for (int i = 0; i < EACH; i++)
        if (value_add(&c->value, 3))
            return test_line(__LINE__);
    atomic_fetch_add(c->done, EACH);
    return 0;
}

/* Was it not what our own had made of it? */
static bool meets(const struct crowd *c, int64_t last, int64_t before)
{
    uint64_t others = (uint64_t)before - (uint64_t)last - 3;

    return others << (64 - 8 * c->value.typed.size) != 0;
}

static int adds_three_atomically(void *argument)
{
    struct crowd *c = argument;
    int n = 0, meetings = 0;
    int64_t before = -3, last;

    if (!begins(c))
        return test_line(__LINE__);
    while (n < EACH || (n < EACH_AT_MOST && meetings < MEETINGS)) {
        last = before;
        if (value_atomic_add(&c->value, 3, &before))
            return test_line(__LINE__);
        meetings += meets(c, last, before);
        n++;
    }
    atomic_fetch_add(c->done, (uint64_t)n);
    return 0;
}

/* What so many threes are, as that type has it. */
static union item threes(const struct test_type *t, uint64_t n)
{
    const uint64_t sum = 3 * n;
    union item item = {{0}};

    if (t->code == 'f')
        item.f = (float)sum; /* below 2^24: exact */
    else if (t->code == 'd')
        item.d = (double)sum;
    else
        memcpy(&item, &sum, t->size);
    return item;
}

static void count(const struct test_type *t, int (*f)(void *))
{
    struct crowd c = {.done = test_memory(sizeof *c.done)};
    union item all;

    assert_int_equal(value_open(&c.value, t->code), 0);
    crowd_counts(&c, f);
    assert_true(*c.done >= CROWD * EACH);
    all = threes(t, *c.done);
    assert_int_equal(item_is(&c.value.typed, 0, t, &all), 0);
    value_close(&c.value);
    munmap((void *)c.done, sizeof *c.done);
}

static void value_add_loses_nothing_of_any_type(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_TYPES; i++)
        if (is_integer(&test_types[i]) || test_types[i].group == FRACTION)
            count(&test_types[i], adds_three);
}

static void an_atomic_add_loses_nothing_of_any_integer(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_TYPES; i++)
        if (is_integer(&test_types[i]))
            count(&test_types[i], adds_three_atomically);
}

/* --- what it was before --- */

static int notes_what_it_was(void *argument)
{
    struct crowd *c = argument;

    if (!begins(c))
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

    if (!begins(c))
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
    struct crowd c = {.done = NULL};
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

    if (!begins(c))
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
    struct crowd c = {.done = NULL};

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
