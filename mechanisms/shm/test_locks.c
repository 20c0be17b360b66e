/* SPDX-License-Identifier: MIT */
/* test_locks.c - the lock of a Value or Array: whose it is, that each call is
 * one turn of it, and what comes of it when its owner is killed. */
#include "shm/test_types.h"

enum { ITEMS = 5 };

/* --- whose it is --- */

static void by_default_it_is_an_rlock_beside_the_items(void **state)
{
    struct value v;
    struct array a;
    const char *end;
    int seen = 0;

    (void)state;
    assert_int_equal(value_open(&v, 'i'), 0);
    assert_int_equal(array_open(&a, 'i', ITEMS), 0);
    assert_ptr_equal(value_get_lock(&v)->state,
                     (char *)value_get_obj(&v) + sizeof(void *));
    end = (char *)array_get_obj(&a) + ITEMS * sizeof(int);
    assert_true((char *)array_get_lock(&a)->state >= end &&
                (char *)array_get_lock(&a)->state < end + sizeof(void *));
    for (int i = 0; i < 3; i++)
        assert_int_equal(lock_acquire(value_get_lock(&v), 0), 0);
    assert_int_equal(value_add(&v, 1), 0); /* its owner may */
    assert_int_equal(value_get(&v, &seen), 0);
    assert_int_equal(seen, 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(lock_release(value_get_lock(&v)), 0);
    assert_int_equal(lock_release(value_get_lock(&v)), -EPERM);
    assert_int_equal(lock_owner(array_get_lock(&a)), 0);
    value_close(&v);
    array_close(&a);
    assert_null(value_get_lock(&v));
    assert_null(array_get_lock(&a));
}

static void a_given_one_is_used_and_outlives_it(void **state)
{
    struct value v;
    struct array a;
    struct lock l;

    (void)state;
    assert_int_equal(lock_open(&l, LOCK_PLAIN), 0);
    assert_int_equal(value_open_with(&v, 'i', &l), 0);
    assert_int_equal(array_open_with(&a, 'i', ITEMS, &l), 0);
    assert_ptr_equal(value_get_lock(&v), &l);
    assert_ptr_equal(array_get_lock(&a), &l);
    assert_int_equal(value_add(&v, 1), 0);
    assert_int_equal(array_add(&a, 0, 1), 0);
    value_close(&v);
    array_close(&a);
    assert_int_equal(lock_acquire(&l, 0), 0);
    assert_int_equal(lock_release(&l), 0);
    lock_close(&l);
}

static void a_raw_one_has_none(void **state)
{
    struct value v;
    struct array a;
    int two[2] = {4, 5}, seen[2] = {0, 0};

    (void)state;
    assert_int_equal(value_open_with(&v, 'i', NULL), 0);
    assert_int_equal(array_open_with(&a, 'i', ITEMS, NULL), 0);
    assert_null(value_get_lock(&v));
    assert_null(array_get_lock(&a));
    assert_true(heap_expect_good(heap_shared()).used == 8 + 24);
    assert_int_equal(value_set(&v, &two[1]), 0);
    assert_int_equal(value_add(&v, -2), 0);
    assert_int_equal(value_get(&v, &seen[0]), 0);
    assert_int_equal(seen[0], 3);
    assert_int_equal(array_write(&a, 3, 2, two), 0);
    assert_int_equal(array_read(&a, 3, 2, seen), 0);
    assert_memory_equal(seen, two, sizeof two);
    value_close(&v);
    array_close(&a);
}

/* --- a turn --- */

/* Every call that takes one, by its number: 0, or what it says. */
static int calls(struct value *v, struct array *a, int which)
{
    int one = 1, all[ITEMS] = {1, 1, 1, 1, 1};

    switch (which) {
    case 0:
        return value_get(v, &one);
    case 1:
        return value_set(v, &one);
    case 2:
        return value_add(v, 1);
    case 3:
        return array_get(a, 2, &one);
    case 4:
        return array_set(a, 2, &one);
    case 5:
        return array_add(a, 2, 1);
    case 6:
        return array_read(a, 0, ITEMS, all);
    default:
        return array_write(a, 0, ITEMS, all);
    }
}

enum { CALLS = 8 };

struct scene {
    struct value value;
    struct array array;
    struct lock lock; /* of both */
    int which;
};

static void scene_open(struct scene *s, enum lock_kind kind)
{
    assert_int_equal(lock_open(&s->lock, kind), 0);
    assert_int_equal(value_open_with(&s->value, 'i', &s->lock), 0);
    assert_int_equal(array_open_with(&s->array, 'i', ITEMS, &s->lock), 0);
}

static void scene_close(struct scene *s)
{
    value_close(&s->value);
    array_close(&s->array);
    lock_close(&s->lock);
}

static int calls_one(void *argument)
{
    struct scene *s = argument;

    return calls(&s->value, &s->array, s->which) ? test_line(__LINE__) : 0;
}

/* It sleeps on the lock while another has it, and gives it back after. */
static void every_call_is_one_turn(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, LOCK_PLAIN);
    for (s.which = 0; s.which < CALLS; s.which++) {
        pid_t pid;

        assert_int_equal(lock_acquire(&s.lock, 0), 0);
        pid = test_fork(calls_one, &s);
        assert_true(test_sleeps(pid, &s.lock.state->word));
        assert_int_equal(lock_release(&s.lock), 0);
        test_expect(pid);
        assert_int_equal(lock_owner(&s.lock), 0);
    }
    scene_close(&s);
}

static int adds_without_a_turn(void *argument)
{
    struct scene *s = argument;

    if (value_atomic_add(&s->value, 1, NULL) ||
        array_atomic_add(&s->array, -1, 1, NULL))
        return test_line(__LINE__);
    return 0;
}

static void an_atomic_add_waits_for_nobody(void **state)
{
    struct scene s;
    int seen = 0;

    (void)state;
    scene_open(&s, LOCK_PLAIN);
    assert_int_equal(lock_acquire(&s.lock, 0), 0);
    test_expect(test_fork(adds_without_a_turn, &s));
    assert_int_equal(lock_release(&s.lock), 0);
    assert_int_equal(value_get(&s.value, &seen), 0);
    assert_int_equal(seen, 1);
    assert_int_equal(array_get(&s.array, ITEMS - 1, &seen), 0);
    assert_int_equal(seen, 1);
    scene_close(&s);
}

/* Nor is there a turn where nothing can come of it. */
static void what_is_refused_takes_no_turn(void **state)
{
    struct scene s;
    double wrong = 1;
    int right = 1;

    (void)state;
    scene_open(&s, LOCK_PLAIN);
    assert_int_equal(lock_acquire(&s.lock, 0), 0);
    assert_int_equal(value_get(&s.value, &wrong), -EINVAL);
    assert_int_equal(value_set(&s.value, &wrong), -EINVAL);
    assert_int_equal(array_get(&s.array, ITEMS, &right), -ERANGE);
    assert_int_equal(array_set(&s.array, ITEMS, &right), -ERANGE);
    assert_int_equal(array_add(&s.array, ITEMS, 1), -ERANGE);
    assert_int_equal(array_read(&s.array, 1, ITEMS, &right), -ERANGE);
    assert_int_equal(array_write(&s.array, 0, 1, &wrong), -EINVAL);
    assert_int_equal(lock_release(&s.lock), 0);
    scene_close(&s);
}

/* --- whose owner was killed --- */

static int is_killed_with_it(void *lock)
{
    int error = lock_acquire(lock, TEST_BOUND);

    if (error == 0 || error == -EOWNERDEAD)
        raise(SIGKILL);
    return test_line(__LINE__);
}

/* Whatever the call is: once told, its work done, and the lock good again. */
static void a_robust_one_tells_of_its_killed_owner_once(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, LOCK_ROBUST);
    for (int which = 0; which < CALLS; which++) {
        pid_t pid = test_fork(is_killed_with_it, &s.lock);

        assert_int_equal(test_reap(pid), SIGKILL);
        assert_int_equal(calls(&s.value, &s.array, which), -EOWNERDEAD);
        assert_int_equal(lock_owner(&s.lock), 0);
        assert_int_equal(calls(&s.value, &s.array, which), 0);
    }
    scene_close(&s);
}

static void what_was_told_of_it_was_done(void **state)
{
    struct scene s;
    int seen = 0, five = 5, all[ITEMS] = {1, 2, 3, 4, 5}, back[ITEMS] = {0};

    (void)state;
    scene_open(&s, LOCK_ROBUST);
    assert_int_equal(test_reap(test_fork(is_killed_with_it, &s.lock)), SIGKILL);
    assert_int_equal(value_set(&s.value, &five), -EOWNERDEAD);
    assert_int_equal(test_reap(test_fork(is_killed_with_it, &s.lock)), SIGKILL);
    assert_int_equal(value_add(&s.value, 2), -EOWNERDEAD);
    assert_int_equal(test_reap(test_fork(is_killed_with_it, &s.lock)), SIGKILL);
    assert_int_equal(value_get(&s.value, &seen), -EOWNERDEAD);
    assert_int_equal(seen, 7);
    assert_int_equal(test_reap(test_fork(is_killed_with_it, &s.lock)), SIGKILL);
    assert_int_equal(array_write(&s.array, 0, ITEMS, all), -EOWNERDEAD);
    assert_int_equal(test_reap(test_fork(is_killed_with_it, &s.lock)), SIGKILL);
    assert_int_equal(array_read(&s.array, 0, ITEMS, back), -EOWNERDEAD);
    assert_memory_equal(back, all, sizeof all);
    scene_close(&s);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(by_default_it_is_an_rlock_beside_the_items),
        TEST(a_given_one_is_used_and_outlives_it),
        TEST(a_raw_one_has_none),
        TEST(every_call_is_one_turn),
        TEST(an_atomic_add_waits_for_nobody),
        TEST(what_is_refused_takes_no_turn),
        TEST(a_robust_one_tells_of_its_killed_owner_once),
        TEST(what_was_told_of_it_was_done),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
