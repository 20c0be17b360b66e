/* SPDX-License-Identifier: MIT */
/* test_heap.c - the heap's rules, one at a time: which piece is taken, what is
 * one again, and what each size and alignment takes. */
#include "shm/test_memory.h"

enum { BYTE = 0xa5 };

/* --- the fit --- */

/* Blocks of these sizes, with one between each two that keeps them apart. */
struct row {
    struct heap heap;
    struct block blocks[8], between[8];
    size_t count;
};

static void row_open(struct row *r, const size_t *sizes, size_t count)
{
    heap_open(&r->heap);
    r->count = count;
    for (size_t i = 0; i < count; i++) {
        r->blocks[i] = block_new(&r->heap, sizes[i], 8, BYTE);
        r->between[i] = block_new(&r->heap, 8, 8, BYTE);
    }
}

static void row_close(struct row *r)
{
    for (size_t i = 0; i < r->count; i++) {
        block_end(&r->heap, &r->blocks[i]);
        block_end(&r->heap, &r->between[i]);
    }
    heap_expect_good(&r->heap);
    heap_close(&r->heap);
}

/* Free the block of that number; where it was. */
static void *row_free(struct row *r, size_t i)
{
    void *base = r->blocks[i].base;

    block_end(&r->heap, &r->blocks[i]);
    heap_expect_good(&r->heap);
    return base;
}

/* The next block of so many bytes is at `base`, and takes the place in the row
 * of the one of that number. */
static void row_expect(struct row *r, size_t i, size_t size, const void *base)
{
    r->blocks[i] = block_new(&r->heap, size, 8, BYTE);
    assert_ptr_equal(r->blocks[i].base, base);
    heap_expect_good(&r->heap);
}

static void of_those_that_are_large_enough_the_smallest_is_taken(void **state)
{
    const size_t sizes[] = {400, 200, 800, 104};
    const void *a, *b, *c;
    struct row r;

    (void)state;
    row_open(&r, sizes, 4);
    c = row_free(&r, 2);
    a = row_free(&r, 0);
    b = row_free(&r, 1);
    row_free(&r, 3);
    row_expect(&r, 1, 105, b); /* 112 bytes, and what is left of it is free */
    row_expect(&r, 3, 88, (const char *)b + 112);
    row_expect(&r, 0, 400, a); /* all of it */
    row_expect(&r, 2, 401, c);
    row_close(&r);
}

static void of_one_length_the_last_freed_is_taken_first(void **state)
{
    const size_t sizes[] = {64, 64, 64, 64};
    const void *bases[4];
    struct row r;

    (void)state;
    row_open(&r, sizes, 4);
    for (size_t i = 0; i < 4; i++)
        bases[i] = row_free(&r, (i + 2) % 4);
    for (size_t i = 4; i-- > 0;)
        row_expect(&r, i, 64, bases[i]);
    row_close(&r);
}

/* Nor is its order lost when one is taken out of the middle. */
static void one_that_becomes_its_neighbours_leaves_its_stack(void **state)
{
    const size_t sizes[] = {64, 64, 64, 64, 64};
    const void *bases[5];
    struct row r;

    (void)state;
    row_open(&r, sizes, 5);
    for (size_t i = 0; i < 5; i++)
        bases[i] = row_free(&r, i);
    block_end(&r.heap, &r.between[2]); /* with both of its neighbours */
    heap_expect_good(&r.heap);
    row_expect(&r, 4, 64, bases[4]);
    row_expect(&r, 1, 64, bases[1]);
    row_expect(&r, 0, 64, bases[0]);
    row_expect(&r, 2, 136, bases[2]);
    r.between[2] = block_new(&r.heap, 8, 8, BYTE);
    r.blocks[3] = block_new(&r.heap, 64, 8, BYTE);
    row_close(&r);
}

/* Three in all orders: freed, they are the one piece that they were. */
static void neighbours_that_are_free_become_one(void **state)
{
    const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                             {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

    (void)state;
    for (size_t order = 0; order < 6; order++) {
        struct block blocks[3];
        struct heap_sum sum;
        struct heap h;

        heap_open(&h);
        for (size_t i = 0; i < 3; i++)
            blocks[i] = block_new(&h, 100 * (i + 1), 8, BYTE);
        assert_true(heap_expect_good(&h).pieces == 4);
        for (size_t i = 0; i < 3; i++) {
            block_end(&h, &blocks[orders[order][i]]);
            heap_expect_good(&h);
        }
        sum = heap_expect_good(&h);
        assert_true(sum.pieces == 1 && sum.used == 0 && sum.arenas == 1);
        heap_close(&h);
    }
}

/* --- sizes and alignments --- */

static void every_size_is_had_and_takes_what_is_said(void **state)
{
    const size_t page = test_page(), large = (size_t)4 << 20;
    const size_t sizes[] = {0,        1,         7,         8,
                            9,        page - 1,  page,      page + 1,
                            large,    large - 1, large + 1, large + page + 1,
                            3 * large};
    struct heap h;

    (void)state;
    heap_open(&h);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t takes = sizes[i] ? (sizes[i] + 7) / 8 * 8 : 8;
        struct block b = block_new(&h, sizes[i], HEAP_ALIGNMENT, BYTE);

        assert_true(heap_expect_good(&h).used == takes);
        block_end(&h, &b);
    }
    heap_trim(&h);
    heap_expect_empty(&h);
    heap_close(&h);
}

/* Two stand side by side and are written to their ends: neither is the other.
 */
static void what_is_aligned_takes_a_multiple_of_it(void **state)
{
    (void)state;
    for (size_t alignment = 8; alignment <= test_page(); alignment *= 2) {
        struct block first, b, c;
        struct heap h;

        heap_open(&h);
        first = block_new(&h, 8, 8, BYTE);
        b = block_new(&h, alignment + 1, alignment, 1);
        c = block_new(&h, 0, alignment, 2);
        assert_true(heap_expect_good(&h).used == 8 + 3 * alignment);
        assert_true(block_is(&first, BYTE) && block_is(&b, 1));
        block_end(&h, &first);
        block_end(&h, &c);
        block_end(&h, &b);
        assert_true(heap_expect_good(&h).used == 0);
        heap_close(&h);
    }
}

static void an_alignment_that_cannot_be_is_einval(void **state)
{
    const size_t bad[] = {0,  1,  2,    4,        9,
                          12, 96, 4095, SIZE_MAX, 2 * test_page()};
    struct heap h;

    (void)state;
    heap_open(&h);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct block b;

        assert_int_equal(heap_malloc(&h, 8, bad[i], &b), -EINVAL);
        assert_null(b.base);
        assert_int_equal(heap_free(&h, &b), 0);
    }
    heap_expect_empty(&h);
    heap_close(&h);
}

/* Whole, in part, and with what lies before an aligned start. */
static void a_block_is_zeroes_though_it_was_used_before(void **state)
{
    const size_t sizes[] = {1, 8, 100, 1000, 2000, 3000};
    struct heap h;

    (void)state;
    heap_open(&h);
    for (size_t i = 0; i < 6; i++)
        for (size_t k = 0; k < 6; k++)
            for (size_t alignment = 8; alignment <= 1024; alignment *= 4) {
                struct block b = block_new(&h, sizes[i], 8, 0xff), c, d;

                c = block_new(&h, sizes[k], alignment, 0xff);
                block_end(&h, &b);
                d = block_new(&h, sizes[k], alignment, 0xff);
                block_end(&h, &c);
                block_end(&h, &d);
            }
    heap_close(&h);
}

static void none_can_be_freed_as_often_as_one_likes(void **state)
{
    struct block b = {.base = NULL};
    struct heap h;

    (void)state;
    heap_open(&h);
    assert_int_equal(heap_free(&h, &b), 0);
    b = block_new(&h, 100, 8, BYTE);
    block_end(&h, &b);
    block_end(&h, &b);
    block_release(&b);
    assert_true(heap_expect_good(&h).used == 0);
    heap_close(&h);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(of_those_that_are_large_enough_the_smallest_is_taken),
        TEST(of_one_length_the_last_freed_is_taken_first),
        TEST(one_that_becomes_its_neighbours_leaves_its_stack),
        TEST(neighbours_that_are_free_become_one),
        TEST(every_size_is_had_and_takes_what_is_said),
        TEST(what_is_aligned_takes_a_multiple_of_it),
        TEST(an_alignment_that_cannot_be_is_einval),
        TEST(a_block_is_zeroes_though_it_was_used_before),
        TEST(none_can_be_freed_as_often_as_one_likes),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
