/* SPDX-License-Identifier: MIT */
/* test_handing.c - Values and Arrays go through a parcel with their locks,
 * wherever those lie; and who closes one frees it only where it is his. */
#include "shm/test_types.h"

/* What comes out of a parcel that it went into. */
static void hand(const struct value *v, struct value *again)
{
    struct parcel parcel;

    parcel_init(&parcel);
    assert_int_equal(value_pack(v, &parcel), 0);
    assert_int_equal(value_unpack(again, &parcel), 0);
    assert_true(parcel.taken == parcel.length &&
                parcel.fds_taken == parcel.fd_count);
    parcel_free(&parcel);
}

/* Their items are the same memory, and their locks the same word. */
static void expect_same(struct value *v, struct value *again)
{
    struct lock *l = value_get_lock(v), *other = value_get_lock(again);
    int one = 1, seen = 0;

    assert_int_equal(value_set(v, &one), 0);
    assert_int_equal(value_add(again, 1), 0);
    assert_int_equal(value_get(v, &seen), 0);
    assert_int_equal(seen, 2);
    assert_true((l == NULL) == (other == NULL));
    if (!l)
        return;
    assert_int_equal(lock_acquire(l, 0), 0);
    assert_int_equal(lock_owner(other), lock_owner(l));
    assert_int_equal(lock_release(l), 0);
    assert_int_equal(lock_owner(other), 0);
}

/* Through two parcels, one after the other; then all are closed. */
static void expect_handed_on(struct value *v)
{
    struct value second, third;

    hand(v, &second);
    expect_same(v, &second);
    hand(&second, &third);
    value_close(&second);
    value_close(&second);
    expect_same(v, &third);
    value_close(v);
    value_close(v);
    value_close(&third);
}

/* --- locks --- */

static void its_own_lock_goes_with_it(void **state)
{
    struct value v;

    (void)state;
    assert_int_equal(value_open(&v, 'i'), 0);
    expect_handed_on(&v);
    assert_int_equal(value_open_apart(&v, 'i'), 0);
    expect_handed_on(&v);
}

static void a_raw_one_stays_raw(void **state)
{
    struct value v;

    (void)state;
    assert_int_equal(value_open_with(&v, 'i', NULL), 0);
    expect_handed_on(&v);
}

static void a_given_lock_goes_with_it(void **state)
{
    const enum lock_kind kinds[] = {LOCK_PLAIN, LOCK_RECURSIVE, LOCK_ROBUST};

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct value v;
        struct lock l;

        assert_int_equal(lock_open(&l, kinds[i]), 0);
        assert_int_equal(value_open_with(&v, 'i', &l), 0);
        expect_handed_on(&v);
        lock_close(&l);
    }
}

static void the_lock_of_another_goes_with_it(void **state)
{
    struct value v, other;
    struct array large;

    (void)state;
    assert_int_equal(value_open(&other, 'd'), 0);
    assert_int_equal(value_open_with(&v, 'i', value_get_lock(&other)), 0);
    expect_handed_on(&v);
    value_close(&other);
    /* Of one that is in another arena. */
    assert_int_equal(array_open(&large, 'c', (size_t)5 << 20), 0);
    assert_int_equal(value_open_with(&v, 'i', array_get_lock(&large)), 0);
    expect_handed_on(&v);
    array_close(&large);
}

/* The lock of an array of no items is all that there is of it; and so it can
 * lie where a lock of the Value's own would be. */
static void the_lock_of_a_neighbour_is_not_taken_for_its_own(void **state)
{
    struct value raw, v;
    struct array none;

    (void)state;
    assert_int_equal(value_open_with(&raw, 'i', NULL), 0);
    assert_int_equal(array_open(&none, 'i', 0), 0);
    value_close(&raw);
    assert_int_equal(value_open_with(&v, 'i', array_get_lock(&none)), 0);
    assert_ptr_equal((char *)value_get_obj(&v) + 8,
                     array_get_lock(&none)->state);
    expect_handed_on(&v);
    array_close(&none);
}

/* Processes that use it would each have another. */
static void a_lock_in_memory_of_the_callers_is_efault(void **state)
{
    static struct lock_state in_static_memory;
    struct lock_state *shared = test_memory(sizeof *shared);
    struct lock_state *states[] = {&in_static_memory, shared};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct parcel parcel;
        struct value v;
        struct array a;
        struct lock l;

        lock_init(&l, states[i], LOCK_PLAIN);
        assert_int_equal(value_open_with(&v, 'i', &l), 0);
        assert_int_equal(array_open_with(&a, 'i', 3, &l), 0);
        assert_int_equal(value_add(&v, 1), 0);
        parcel_init(&parcel);
        assert_int_equal(value_pack(&v, &parcel), -EFAULT);
        assert_int_equal(array_pack(&a, &parcel), -EFAULT);
        parcel_free(&parcel);
        value_close(&v);
        array_close(&a);
    }
    munmap(shared, sizeof *shared);
}

/* --- whose it is --- */

/* Who unpacked it lets go of it; the maker frees it. */
static void a_close_of_what_was_unpacked_frees_nothing(void **state)
{
    struct value v, again, next;
    size_t used;
    int seven = 7, seen = 0;

    (void)state;
    assert_int_equal(value_open(&v, 'i'), 0);
    assert_int_equal(value_set(&v, &seven), 0);
    used = heap_expect_good(heap_shared()).used;
    hand(&v, &again);
    value_close(&again);
    assert_true(heap_expect_good(heap_shared()).used == used);
    assert_int_equal(value_open(&next, 'i'), 0);
    assert_true(value_get_obj(&next) != value_get_obj(&v));
    assert_int_equal(value_get(&v, &seen), 0);
    assert_int_equal(seen, 7);
    value_close(&v);
    value_close(&next);
}

static int closes(void *argument)
{
    struct value *v = argument;
    int seen = 0;

    if (value_get(v, &seen) || seen != 7)
        return test_line(__LINE__);
    value_close(v);
    value_close(v);
    heap_trim(heap_shared());
    return value_get_obj(v) || value_get_lock(v) ? test_line(__LINE__) : 0;
}

static void a_close_in_a_forked_child_frees_nothing(void **state)
{
    struct value v, next;
    int seven = 7, eight = 8, seen = 0;

    (void)state;
    assert_int_equal(value_open(&v, 'i'), 0);
    assert_int_equal(value_set(&v, &seven), 0);
    test_expect(test_fork(closes, &v));
    assert_int_equal(value_open(&next, 'i'), 0);
    assert_int_equal(value_set(&next, &eight), 0);
    assert_int_equal(value_get(&v, &seen), 0);
    assert_int_equal(seen, 7);
    value_close(&v);
    value_close(&next);
}

/* Its maker may free it first; then its memory is another's, which here looks
 * like a lock that this thread has. */
static void a_close_after_the_makers_touches_nothing(void **state)
{
    struct lock_state looks = {.word = (uint32_t)gettid(), .kind = LOCK_ROBUST};
    struct value v, again;
    struct array bytes;
    char *at;

    (void)state;
    assert_int_equal(value_open(&v, 'q'), 0);
    hand(&v, &again);
    value_close(&v);
    assert_int_equal(array_open_with(&bytes, 'q', 1 + sizeof looks / 8, NULL),
                     0);
    at = array_get_obj(&bytes);
    assert_ptr_equal(at, value_get_obj(&again));
    memcpy(at + 8, &looks, sizeof looks);
    value_close(&again);
    assert_memory_equal(at + 8, &looks, sizeof looks);
    array_close(&bytes);
}

/* The last to let go unmaps it, whoever that is. */
static void what_was_unpacked_outlives_its_maker(void **state)
{
    unsigned descriptors = count_descriptors(), mappings = count_mappings();
    struct parcel parcel;
    struct array a, again;
    char seen[3] = "";

    (void)state;
    assert_int_equal(array_open(&a, 'c', (size_t)4 << 20), 0);
    assert_int_equal(array_write(&a, 0, 3, "abc"), 0);
    parcel_init(&parcel);
    assert_int_equal(array_pack(&a, &parcel), 0);
    assert_int_equal(array_unpack(&again, &parcel), 0);
    parcel_free(&parcel);
    array_close(&a);
    assert_int_equal(count_mappings(), mappings + 1);
    assert_int_equal(array_read(&again, 0, 3, seen), 0);
    assert_memory_equal(seen, "abc", 3);
    array_close(&again);
    assert_int_equal(count_mappings(), mappings);
    assert_int_equal(count_descriptors(), descriptors);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(its_own_lock_goes_with_it),
        TEST(a_raw_one_stays_raw),
        TEST(a_given_lock_goes_with_it),
        TEST(the_lock_of_another_goes_with_it),
        TEST(the_lock_of_a_neighbour_is_not_taken_for_its_own),
        TEST(a_lock_in_memory_of_the_callers_is_efault),
        TEST(a_close_of_what_was_unpacked_frees_nothing),
        TEST(a_close_in_a_forked_child_frees_nothing),
        TEST(a_close_after_the_makers_touches_nothing),
        TEST(what_was_unpacked_outlives_its_maker),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
