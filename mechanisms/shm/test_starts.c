/* SPDX-License-Identifier: MIT */
/* test_starts.c - Values and Arrays between a parent and its child, under every
 * start method. */
#include "shm/test_types.h"

/* --- what a child writes --- */

static int change_values(struct parcel *arguments)
{
    struct value v[TEST_TYPES];
    int line = 0;

    for (size_t i = 0; i < TEST_TYPES && !line; i++) {
        const struct test_type *t = &test_types[i];

        if (value_unpack(&v[i], arguments))
            return test_line(__LINE__);
        line = item_is(&v[i].typed, 0, t, &t->lowest);
        if (!line && typed_set(&v[i].typed, 0, t->code, &t->highest))
            line = test_line(__LINE__);
    }
    for (size_t i = 0; i < TEST_TYPES && !line; i++)
        value_close(&v[i]);
    return line;
}
TARGET(change_values)

static void what_a_child_writes_is_seen_of_every_type(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct value v[TEST_TYPES];
        struct parcel arguments;
        struct process p;

        parcel_init(&arguments);
        for (size_t i = 0; i < TEST_TYPES; i++) {
            const struct test_type *t = &test_types[i];

            assert_int_equal(value_open(&v[i], t->code), 0);
            assert_int_equal(typed_set(&v[i].typed, 0, t->code, &t->lowest), 0);
            assert_int_equal(value_pack(&v[i], &arguments), 0);
        }
        test_start(&p, test_methods[m], "change_values", &arguments);
        assert_int_equal(test_finish(&p), 0);
        for (size_t i = 0; i < TEST_TYPES; i++) {
            const struct test_type *t = &test_types[i];

            assert_int_equal(item_is(&v[i].typed, 0, t, &t->highest), 0);
            value_close(&v[i]);
        }
        parcel_free(&arguments);
    }
}

enum { LENGTH = 100 };

/* Each item becomes what its counterpart from the end was. */
static int turn_round(struct parcel *arguments)
{
    for (size_t i = 0; i < TEST_TYPES; i++) {
        size_t size = test_types[i].size;
        char items[LENGTH * 8], turned[LENGTH * 8];
        char code = test_types[i].code;
        struct array a;

        if (array_unpack(&a, arguments) || array_length(&a) != LENGTH ||
            typed_read(&a.typed, 0, LENGTH, code, items))
            return test_line(__LINE__);
        for (size_t k = 0; k < LENGTH; k++)
            memcpy(turned + k * size, items + (LENGTH - 1 - k) * size, size);
        if (typed_write(&a.typed, 0, LENGTH, code, turned))
            return test_line(__LINE__);
        array_close(&a);
    }
    return 0;
}
TARGET(turn_round)

/* As the first half is the lowest, and the second the highest. */
static void open_halves(struct array *a, const struct test_type *t)
{
    assert_int_equal(array_open(a, t->code, LENGTH), 0);
    for (int i = 0; i < LENGTH; i++)
        assert_int_equal(typed_set(&a->typed, i, t->code,
                                   i < LENGTH / 2 ? &t->lowest : &t->highest),
                         0);
}

static void expect_turned(struct array *a, const struct test_type *t)
{
    for (int i = 0; i < LENGTH; i++)
        assert_int_equal(
            item_is(&a->typed, i, t, i < LENGTH / 2 ? &t->highest : &t->lowest),
            0);
}

static void what_a_child_writes_to_an_array_is_seen_of_every_type(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct array a[TEST_TYPES];
        struct parcel arguments;
        struct process p;

        parcel_init(&arguments);
        for (size_t i = 0; i < TEST_TYPES; i++) {
            open_halves(&a[i], &test_types[i]);
            assert_int_equal(array_pack(&a[i], &arguments), 0);
        }
        test_start(&p, test_methods[m], "turn_round", &arguments);
        assert_int_equal(test_finish(&p), 0);
        for (size_t i = 0; i < TEST_TYPES; i++) {
            expect_turned(&a[i], &test_types[i]);
            array_close(&a[i]);
        }
        parcel_free(&arguments);
    }
}

/* --- its lock --- */

enum whose { OWN, GIVEN, ANOTHERS, RAW, ALL_OF_THEM };

struct locked {
    struct value value, other;
    struct lock lock;
};

static void locked_open(struct locked *l, enum whose whose)
{
    struct lock *given = NULL;

    assert_int_equal(lock_open(&l->lock, LOCK_RECURSIVE), 0);
    assert_int_equal(value_open(&l->other, 'd'), 0);
    if (whose == GIVEN)
        given = &l->lock;
    if (whose == ANOTHERS)
        given = value_get_lock(&l->other);
    if (whose == OWN)
        assert_int_equal(value_open(&l->value, 'i'), 0);
    else
        assert_int_equal(value_open_with(&l->value, 'i', given), 0);
}

static void locked_close(struct locked *l)
{
    value_close(&l->value);
    value_close(&l->other);
    lock_close(&l->lock);
}

/* While its parent has the lock, and then when nobody has. */
static int tries_and_takes_it(struct parcel *arguments)
{
    struct value v;
    struct event tried, released;
    uint64_t owner;
    struct lock *l;

    if (value_unpack(&v, arguments) || event_unpack(&tried, arguments) ||
        event_unpack(&released, arguments) ||
        parcel_take_u64(arguments, &owner))
        return test_line(__LINE__);
    l = value_get_lock(&v);
    if (!l)
        return 100;
    if (lock_owner(l) != (pid_t)owner || lock_acquire(l, 0) != -ETIMEDOUT)
        return test_line(__LINE__);
    event_set(&tried);
    if (event_wait(&released, TEST_BOUND) || lock_acquire(l, TEST_BOUND) ||
        value_add(&v, 1))
        return test_line(__LINE__);
    event_close(&tried);
    event_close(&released);
    value_close(&v); /* and keeps the lock */
    return 0;
}
TARGET(tries_and_takes_it)

static void start_with(struct process *p, enum start_method method,
                       const struct value *v, const struct event *tried,
                       const struct event *released)
{
    struct parcel arguments;

    parcel_init(&arguments);
    assert_int_equal(value_pack(v, &arguments), 0);
    assert_int_equal(event_pack(tried, &arguments), 0);
    assert_int_equal(event_pack(released, &arguments), 0);
    assert_int_equal(parcel_put_u64(&arguments, (uint64_t)getpid()), 0);
    test_start(p, method, "tries_and_takes_it", &arguments);
    parcel_free(&arguments);
}

static void try_lock(enum start_method method, enum whose whose)
{
    struct event tried, released;
    struct locked l;
    struct process p;
    struct lock *lock;
    pid_t child;

    locked_open(&l, whose);
    assert_int_equal(event_open(&tried), 0);
    assert_int_equal(event_open(&released), 0);
    lock = value_get_lock(&l.value);
    if (lock)
        assert_int_equal(lock_acquire(lock, 0), 0);
    start_with(&p, method, &l.value, &tried, &released);
    child = p.pid;
    if (lock) {
        assert_int_equal(event_wait(&tried, TEST_BOUND), 0);
        assert_int_equal(lock_release(lock), 0);
        event_set(&released);
    }
    assert_int_equal(test_finish(&p), lock ? 0 : 100);
    if (lock)
        assert_int_equal(lock_owner(lock), child);
    assert_int_equal(*(int *)value_get_obj(&l.value), lock ? 1 : 0);
    locked_close(&l);
    event_close(&tried);
    event_close(&released);
}

static void the_lock_in_a_child_is_the_same(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++)
        for (unsigned whose = 0; whose < ALL_OF_THEM; whose++)
            try_lock(test_methods[m], (enum whose)whose);
}

/* --- an arena is mapped once --- */

enum { HANDED = 5 };

/*
 * Of one arena, and the first of them twice: the descriptors and mappings that
 * are more than before are 1, or 0 in a forked child, which has its parent's.
 * To the others the parcel has brought a descriptor with each.
 */
static int count_what_is_mapped(struct parcel *arguments)
{
    unsigned mappings = count_mappings(), descriptors = count_descriptors();
    struct value v[HANDED];
    uint64_t more;
    int one = 0, seen = 0;

    if (parcel_take_u64(arguments, &more))
        return test_line(__LINE__);
    descriptors -= more ? HANDED : 0;
    for (int i = 0; i < HANDED; i++)
        if (value_unpack(&v[i], arguments))
            return test_line(__LINE__);
    if (count_mappings() != mappings + more ||
        count_descriptors() != descriptors + more)
        return test_line(__LINE__);
    value_close(&v[0]);
    if (value_get(&v[1], &one) || value_get(&v[HANDED - 1], &seen))
        return test_line(__LINE__);
    if (one != 1 || seen != HANDED - 1)
        return test_line(__LINE__);
    for (int i = 1; i < HANDED; i++)
        value_close(&v[i]);
    return count_mappings() == mappings && count_descriptors() == descriptors
               ? 0
               : test_line(__LINE__);
}
TARGET(count_what_is_mapped)

static void a_child_maps_an_arena_once_however_much_of_it_it_has(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        bool forked = test_methods[m] == START_FORK;
        struct value v[HANDED];
        struct parcel arguments;
        struct process p;

        parcel_init(&arguments);
        assert_int_equal(parcel_put_u64(&arguments, forked ? 0 : 1), 0);
        for (int i = 1; i < HANDED; i++) {
            assert_int_equal(value_open(&v[i], 'i'), 0);
            assert_int_equal(value_set(&v[i], &i), 0);
            assert_int_equal(value_pack(&v[i], &arguments), 0);
            if (i == 1)
                assert_int_equal(value_pack(&v[i], &arguments), 0);
        }
        test_start(&p, test_methods[m], "count_what_is_mapped", &arguments);
        assert_int_equal(test_finish(&p), 0);
        parcel_free(&arguments);
        for (int i = 1; i < HANDED; i++)
            value_close(&v[i]);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(what_a_child_writes_is_seen_of_every_type),
        TEST(what_a_child_writes_to_an_array_is_seen_of_every_type),
        TEST(the_lock_in_a_child_is_the_same),
        TEST(a_child_maps_an_arena_once_however_much_of_it_it_has),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
