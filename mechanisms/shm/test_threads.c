/* SPDX-License-Identifier: MIT */
// tsan: yes
/*
 * test_threads.c - many threads of one process use one heap, and one Value.
 *
 * One process, no fork: what a race detector can see.
 */
#include "shm/test_memory.h"
#include "sync/test_together.h"

enum { TURNS = 20000, LIVE = 12 };

/* --- blocks --- */

static struct heap shared;

struct own {
    struct block block;
    unsigned char byte;
};

static int open_one(struct own *o, uint64_t *state)
{
    size_t alignment = (size_t)HEAP_ALIGNMENT << test_mix(state) % 6;
    size_t size = test_mix(state) % (test_mix(state) % 50 ? 3000 : 200000);

    o->byte = (unsigned char)(1 + test_mix(state) % 255);
    if (heap_malloc(&shared, size, alignment, &o->block))
        return test_line(__LINE__);
    if (!block_is(&o->block, 0))
        return test_line(__LINE__);
    memset(o->block.base, o->byte, size);
    return 0;
}

static int close_one(struct own *o)
{
    if (!block_is(&o->block, o->byte))
        return test_line(__LINE__);
    return heap_free(&shared, &o->block) ? test_line(__LINE__) : 0;
}

/* It finds its own in its blocks, whatever the others do to theirs. */
static void *allocates_and_frees(void *who)
{
    uint64_t state = test_seed + (uint64_t)(intptr_t)who;
    struct own live[LIVE] = {{.byte = 0}};

    pthread_barrier_wait(&together);
    for (int i = 0; i < TURNS; i++) {
        struct own *o = &live[test_mix(&state) % LIVE];

        note(o->block.base ? close_one(o) : open_one(o, &state));
        if (i % 100 == 99)
            heap_trim(&shared);
    }
    for (int i = 0; i < LIVE; i++)
        if (live[i].block.base)
            note(close_one(&live[i]));
    return NULL;
}

static void threads_allocate_and_free_at_once(void **state)
{
    (void)state;
    heap_open(&shared);
    shared.discard = 16 * test_page();
    run_all(allocates_and_frees);
    assert_true(heap_expect_good(&shared).used == 0);
    heap_trim(&shared);
    heap_expect_empty(&shared);
    heap_close(&shared);
}

/* --- Values come and go, and are handed on within the process --- */

static int use_twice(struct value *v, struct value *again, int64_t number)
{
    int64_t seen = 0;

    if (value_set(v, &number) || value_add(again, 1) || value_get(v, &seen))
        return test_line(__LINE__);
    return seen == number + 1 ? 0 : test_line(__LINE__);
}

static int hand_to_self(struct value *v, struct value *again)
{
    struct parcel parcel;
    int error;

    parcel_init(&parcel);
    error = value_pack(v, &parcel);
    if (!error)
        error = value_unpack(again, &parcel);
    parcel_free(&parcel);
    return error;
}

static void *makes_values(void *who)
{
    pthread_barrier_wait(&together);
    for (int i = 0; i < TURNS / 4; i++) {
        struct value v, again;

        if (value_open(&v, 'q') || hand_to_self(&v, &again)) {
            note(__LINE__);
            return NULL;
        }
        note(use_twice(&v, &again, (intptr_t)who * TURNS + i));
        value_close(i % 2 ? &v : &again);
        value_close(i % 2 ? &again : &v);
    }
    return NULL;
}

static void threads_make_values_at_once(void **state)
{
    (void)state;
    run_all(makes_values);
    assert_true(heap_expect_good(heap_shared()).used == 0);
}

/* --- one Value --- */

static struct value counter, atomic_counter;

static void *counts(void *unused)
{
    pthread_barrier_wait(&together);
    for (int i = 0; i < TURNS; i++)
        if (value_add(&counter, 1) ||
            value_atomic_add(&atomic_counter, 1, NULL))
            note(__LINE__);
    return unused;
}

static void threads_count_in_one_value(void **state)
{
    int64_t seen;

    (void)state;
    assert_int_equal(value_open(&counter, 'q'), 0);
    assert_int_equal(value_open_with(&atomic_counter, 'q', NULL), 0);
    run_all(counts);
    assert_int_equal(value_get(&counter, &seen), 0);
    assert_int_equal(seen, THREADS * TURNS);
    assert_int_equal(value_get(&atomic_counter, &seen), 0);
    assert_int_equal(seen, THREADS * TURNS);
    value_close(&counter);
    value_close(&atomic_counter);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(threads_allocate_and_free_at_once),
        TEST(threads_make_values_at_once),
        TEST(threads_count_in_one_value),
    };

    mechanisms_init(argc, argv);
    test_take_seed();
    start_the_first_thread();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
