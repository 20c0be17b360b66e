/* SPDX-License-Identifier: MIT */
/*
 * test_memory.h - what the tests of shm/ share: a heap is looked through, and
 * no test leaves a block in the one that all have.
 */
#ifndef IPCLAB_TEST_MEMORY_H
#define IPCLAB_TEST_MEMORY_H

#include "start/test_children.h"

#include "shm/arena.h"
#include "shm/node.h"
#include "shm/shm.h"
#include "sync/test_sharing.h"

/* As the census, of a test that has closed all that it opened. */
static inline int memory_end(void **state)
{
    int error;

    heap_trim(heap_shared());
    if (heap_shared()->arenas)
        print_error("left behind: a block of the heap\n");
    error = children_end(state);
    return heap_shared()->arenas ? -1 : error;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, census_begin, memory_end)

static inline size_t test_page(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* --- what is in a heap --- */

struct heap_sum {
    size_t arenas, bytes; /* how many, and how large together */
    size_t used, free;    /* bytes */
    size_t pieces, free_pieces;
};

static inline int heap_look_at_piece(const struct arena *a,
                                     const struct heap_node *n,
                                     const struct heap_node *before,
                                     struct heap_sum *sum)
{
    if (n->arena != a || n->before != before || n->stop <= n->start)
        return test_line(__LINE__);
    if (n->start != (before ? before->stop : 0))
        return test_line(__LINE__); /* a gap, or they overlap */
    if (n->start % HEAP_ALIGNMENT || n->stop % HEAP_ALIGNMENT)
        return test_line(__LINE__);
    if (before && !before->used && !n->used)
        return test_line(__LINE__); /* they should be one */
    if (n->used && n->stop > a->used)
        return test_line(__LINE__); /* its memory may not be there */
    sum->pieces++;
    sum->free_pieces += !n->used;
    *(n->used ? &sum->used : &sum->free) += n->stop - n->start;
    return 0;
}

static inline int heap_look_at_arena(const struct heap *h,
                                     const struct arena *a,
                                     struct heap_sum *sum)
{
    const struct heap_node *n, *before = NULL;
    int line = a->first ? 0 : test_line(__LINE__);

    for (n = a->first; n && !line; n = n->after) {
        line = heap_look_at_piece(a, n, before, sum);
        before = n;
    }
    if (line)
        return line;
    if (before->stop != a->region.size || a->used > a->region.size ||
        a->region.size % test_page())
        return test_line(__LINE__);
    if (!a->first->used && !a->first->after && a->region.size >= h->discard)
        return test_line(__LINE__); /* it should have been given back */
    sum->arenas++;
    sum->bytes += a->region.size;
    return 0;
}

/* Each free piece is in the stack of its length, and nothing else is in any. */
static inline int heap_look_at_stacks(const struct heap *h, size_t free_pieces)
{
    size_t stacked = 0;

    for (size_t i = 0; i < h->count; i++) {
        const struct heap_length *l = &h->lengths[i];

        if (!l->top || l->top->above || (i && l[-1].length >= l->length))
            return test_line(__LINE__);
        for (const struct heap_node *n = l->top; n; n = n->below) {
            if (n->used || n->stop - n->start != l->length ||
                (n->below && n->below->above != n))
                return test_line(__LINE__);
            if (++stacked > free_pieces)
                return test_line(__LINE__);
        }
    }
    return stacked == free_pieces ? 0 : test_line(__LINE__);
}

/* Look through it: 0, or the line of what is wrong. */
static inline int heap_look(const struct heap *h, struct heap_sum *sum)
{
    int line = 0;

    *sum = (struct heap_sum){0};
    for (const struct arena *a = h->arenas; a && !line; a = a->sibling)
        line = heap_look_at_arena(h, a, sum);
    if (!line && (h->nodes != sum->pieces || h->capacity < sum->pieces))
        line = test_line(__LINE__);
    return line ? line : heap_look_at_stacks(h, sum->free_pieces);
}

static inline struct heap_sum heap_expect_good(const struct heap *h)
{
    struct heap_sum sum;

    assert_int_equal(heap_look(h, &sum), 0);
    assert_true(sum.used + sum.free == sum.bytes);
    return sum;
}

static inline void heap_expect_empty(const struct heap *h)
{
    struct heap_sum sum = heap_expect_good(h);

    assert_true(sum.arenas == 0 && sum.pieces == 0);
}

/* --- blocks --- */

/* Is it that byte to its end? */
static inline bool block_is(const struct block *b, unsigned char byte)
{
    const unsigned char *bytes = b->base;

    return bytes &&
           (b->size == 0 ||
            (bytes[0] == byte && memcmp(bytes, bytes + 1, b->size - 1) == 0));
}

/* A new one: zeroes, aligned.  It is filled, so that who has it again sees
 * whether it was made so. */
static inline struct block block_new(struct heap *h, size_t size,
                                     size_t alignment, unsigned char byte)
{
    struct block b;

    assert_int_equal(heap_malloc(h, size, alignment, &b), 0);
    assert_non_null(b.base);
    assert_true(b.size == size);
    assert_true((uintptr_t)b.base % alignment == 0);
    assert_true(block_is(&b, 0));
    memset(b.base, byte, size);
    return b;
}

static inline void block_end(struct heap *h, struct block *b)
{
    assert_int_equal(heap_free(h, b), 0);
    assert_null(b->base);
}

/* How many mappings of arenas this process has. */
static inline unsigned count_mappings(void)
{
    FILE *file = fopen("/proc/self/maps", "re");
    char row[PATH_MAX + 256];
    unsigned count = 0;

    while (file && fgets(row, sizeof row, file))
        count += strstr(row, "memfd:ipclab-region") != NULL;
    if (file)
        fclose(file);
    return count;
}

#endif
