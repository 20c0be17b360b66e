/* SPDX-License-Identifier: MIT */
/* test_arenas.c - when an arena of the heap comes, how large, and when it goes.
 */
#include "shm/test_memory.h"

enum { BYTE = 0xa5 };

static void arenas_double_until_4_mib(void **state)
{
    const size_t most = (size_t)4 << 20;
    struct block blocks[24];
    size_t count = 0, size;
    struct heap h;

    (void)state;
    heap_open(&h);
    for (size = test_page(); size < most; size *= 2) { /* half would not do */
        blocks[count++] = block_new(&h, size / 2 + 8, 8, BYTE);
        assert_true(h.arenas->region.size == size);
    }
    for (int i = 0; i < 3; i++) { /* and no larger then, unless it must be */
        blocks[count++] = block_new(&h, most / 2 + 8, 8, BYTE);
        assert_true(h.arenas->region.size == most);
    }
    blocks[count++] = block_new(&h, most + 1, 8, BYTE);
    assert_true(h.arenas->region.size == most + test_page());
    assert_true(heap_expect_good(&h).arenas == count);
    while (count)
        block_end(&h, &blocks[--count]);
    heap_close(&h);
}

static void a_large_arena_is_given_back_and_a_small_one_is_kept(void **state)
{
    struct block small, large, largest;
    unsigned descriptors = count_descriptors(), mappings = count_mappings();
    struct heap h;

    (void)state;
    heap_open(&h);
    small = block_new(&h, 8, 8, BYTE);
    large = block_new(&h, HEAP_DISCARD_FROM - test_page(), 8, BYTE);
    largest = block_new(&h, HEAP_DISCARD_FROM, 8, BYTE);
    assert_true(heap_expect_good(&h).arenas == 3);
    assert_int_equal(count_descriptors(), descriptors + 3);
    assert_int_equal(count_mappings(), mappings + 3);
    block_end(&h, &largest);
    assert_true(heap_expect_good(&h).arenas == 2);
    block_end(&h, &large);
    assert_true(heap_expect_good(&h).arenas == 2);
    heap_trim(&h);
    assert_true(heap_expect_good(&h).arenas == 1);
    assert_true(block_is(&small, BYTE)); /* of one that is in use */
    block_end(&h, &small);
    assert_true(heap_expect_good(&h).arenas == 1);
    heap_trim(&h);
    heap_expect_empty(&h);
    assert_int_equal(count_descriptors(), descriptors);
    assert_int_equal(count_mappings(), mappings);
    heap_close(&h);
}

/* The end of a heap is the end of its blocks. */
static void a_heap_that_is_closed_leaves_nothing(void **state)
{
    unsigned descriptors = count_descriptors(), mappings = count_mappings();
    struct heap h;

    (void)state;
    heap_open(&h);
    block_new(&h, 8, 8, BYTE);
    block_new(&h, (size_t)8 << 20, 8, BYTE);
    heap_close(&h);
    assert_int_equal(count_descriptors(), descriptors);
    assert_int_equal(count_mappings(), mappings);
    heap_expect_empty(&h);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(arenas_double_until_4_mib),
        TEST(a_large_arena_is_given_back_and_a_small_one_is_kept),
        TEST(a_heap_that_is_closed_leaves_nothing),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
