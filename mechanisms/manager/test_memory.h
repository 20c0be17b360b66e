/* SPDX-License-Identifier: MIT */
/*
 * test_memory.h - memory that runs out, and none that is left.
 *
 * A test that includes this has the line
 *
 *     // wrap: malloc calloc realloc free
 *
 * near its head.  Only what the program itself asks for is counted.
 */
#ifndef IPCLAB_MANAGER_TEST_MEMORY_H
#define IPCLAB_MANAGER_TEST_MEMORY_H

#include "common/test_census.h"

#include "manager/datum.h"

static _Atomic long memory_blocks; /* that are not freed */
static long memory_left;           /* calls, of which the last fails; or 0 */

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t n);
void __real_free(void *block);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t n);
void __wrap_free(void *block);

/* (Threads only run where nothing is to fail.) */
static bool memory_fails(void)
{
    return memory_left && --memory_left == 0;
}

void *__wrap_malloc(size_t n)
{
    void *block = memory_fails() ? NULL : __real_malloc(n);

    memory_blocks += block != NULL;
    return block;
}

void *__wrap_calloc(size_t count, size_t size)
{
    void *block = memory_fails() ? NULL : __real_calloc(count, size);

    memory_blocks += block != NULL;
    return block;
}

void *__wrap_realloc(void *old, size_t n)
{
    void *block = memory_fails() ? NULL : __real_realloc(old, n);

    memory_blocks += !old && block;
    return block;
}

void __wrap_free(void *block)
{
    memory_blocks -= block != NULL;
    __real_free(block);
}

/*
 * Without memory for its first call, then its second ...: as long as that is so
 * f says -ENOMEM, and keeps nothing.  In the end it has all that it asks for
 * and says 0, and keeps nothing either.  At least `least` calls are made.
 */
static inline void memory_runs_out(int (*f)(void), long least)
{
    const long before = memory_blocks;

    for (long call = 1;; call++) {
        int error;

        memory_left = call;
        error = f();
        if (memory_left) {
            memory_left = 0;
            assert_int_equal(error, 0);
            assert_int_equal(memory_blocks, before);
            assert_true(call > least);
            return;
        }
        assert_int_equal(error, -ENOMEM);
        assert_int_equal(memory_blocks, before);
    }
}

/* Set-up and tear-down: of every test that has data. */
static long memory_before;

static inline int memory_begin(void **state)
{
    memory_left = 0;
    memory_before = memory_blocks;
    return census_begin(state);
}

static inline int memory_end(void **state)
{
    if (memory_blocks != memory_before) {
        print_error("left behind: %ld blocks\n", memory_blocks - memory_before);
        return -1;
    }
    return census_end(state);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, memory_begin, memory_end)

/* A number that is as good as random, the same in every run. */
static inline uint32_t memory_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

#endif
