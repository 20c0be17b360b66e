/* SPDX-License-Identifier: MIT */
/*
 * test_model.c - the heap under random calls, of which each is foretold.
 *
 * Before a block is asked for the pieces are looked through one by one, and
 * which of them must be taken is known without the heap's own order; after each
 * call all that must always hold of a heap is looked at (test_memory.h).
 */
#include "shm/test_memory.h"

enum { STEPS = 5000, LIVE_MOST = 250 };

struct live {
    struct block block;
    size_t takes; /* bytes of the heap */
    unsigned char byte;
};

struct model {
    struct heap heap;
    struct live live[LIVE_MOST];
    size_t count, used;
    size_t next_arena;
    uint64_t state;
};

static uint64_t draw(struct model *m, uint64_t below)
{
    return test_mix(&m->state) % below;
}

/* Small ones mostly; one in 200 is beyond what an arena grows to. */
static size_t draw_size(struct model *m)
{
    if (draw(m, 200) == 0)
        return (size_t)draw(m, 6 << 20);
    return (size_t)draw(m, UINT64_C(2) << draw(m, 15));
}

static size_t draw_alignment(struct model *m)
{
    size_t alignment = HEAP_ALIGNMENT;

    if (draw(m, 2))
        while (alignment < test_page() && draw(m, 4))
            alignment *= 2;
    return alignment;
}

static size_t multiple(size_t n, size_t of)
{
    return (n + of - 1) / of * of;
}

/* --- which piece must be taken --- */

static bool has_room(const struct heap_node *n, size_t takes, size_t alignment)
{
    return !n->used && multiple(n->start, alignment) + takes <= n->stop;
}

static size_t length_of(const struct heap_node *n)
{
    return n->stop - n->start;
}

static const struct heap_node *smallest(const struct heap *h, size_t takes,
                                        size_t alignment)
{
    const struct heap_node *best = NULL;

    for (const struct arena *a = h->arenas; a; a = a->sibling)
        for (const struct heap_node *n = a->first; n; n = n->after)
            if (has_room(n, takes, alignment) &&
                (!best || length_of(n) < length_of(best)))
                best = n;
    return best;
}

/* Of all that are as long and have room, the highest in their stack. */
static const struct heap_node *foretold(const struct heap *h, size_t takes,
                                        size_t alignment)
{
    const struct heap_node *n = smallest(h, takes, alignment);

    while (n) {
        const struct heap_node *above = n->above;

        while (above && !has_room(above, takes, alignment))
            above = above->above;
        if (!above)
            break;
        n = above;
    }
    return n;
}

/* --- the calls --- */

static void expect_state(const struct model *m)
{
    assert_true(heap_expect_good(&m->heap).used == m->used);
}

/* No piece had room, so there is an arena more, and it begins with this. */
static void expect_new_arena(struct model *m, const struct live *l)
{
    size_t size = l->takes > m->next_arena ? l->takes : m->next_arena;

    assert_ptr_equal(l->block.base, m->heap.arenas->region.base);
    assert_true(m->heap.arenas->region.size == multiple(size, test_page()));
    if (m->next_arena < HEAP_DOUBLE_UNTIL)
        m->next_arena *= 2;
}

static void add(struct model *m)
{
    struct live *l = &m->live[m->count++];
    size_t size = draw_size(m), alignment = draw_alignment(m);
    const struct heap_node *n;
    const char *at = NULL;

    l->takes = multiple(size ? size : 1, alignment);
    l->byte = (unsigned char)(1 + draw(m, 255));
    n = foretold(&m->heap, l->takes, alignment);
    if (n)
        at = (char *)n->arena->region.base + multiple(n->start, alignment);
    l->block = block_new(&m->heap, size, alignment, l->byte);
    m->used += l->takes;
    if (n)
        assert_ptr_equal(l->block.base, at);
    else
        expect_new_arena(m, l);
    expect_state(m);
}

/* The piece that begins there or has it within; NULL: its arena is gone. */
static const struct heap_node *piece_at(const struct heap *h, const char *at)
{
    for (const struct arena *a = h->arenas; a; a = a->sibling)
        for (const struct heap_node *n = a->first; n; n = n->after)
            if ((uintptr_t)at - (uintptr_t)a->region.base - n->start <
                length_of(n))
                return n;
    return NULL;
}

static void take_away(struct model *m, size_t i)
{
    struct live *l = &m->live[i];
    const char *at = l->block.base;
    size_t arenas = heap_expect_good(&m->heap).arenas;
    const struct heap_node *n;

    assert_true(block_is(&l->block, l->byte));
    block_end(&m->heap, &l->block);
    m->used -= l->takes;
    n = piece_at(&m->heap, at);
    if (n)
        assert_null(n->above); /* what was freed last is at the top */
    assert_true(heap_expect_good(&m->heap).arenas == arenas - !n);
    *l = m->live[--m->count];
    expect_state(m);
}

/* Full ones lose, empty ones gain, and between it goes up and down. */
static void run(struct model *m, size_t discard)
{
    *m = (struct model){.next_arena = test_page(), .state = test_seed};
    heap_open(&m->heap);
    m->heap.discard = discard;
    for (int step = 0; step < STEPS; step++) {
        if (m->count < LIVE_MOST && (m->count == 0 || draw(m, 100) < 55))
            add(m);
        else
            take_away(m, (size_t)draw(m, m->count));
    }
    while (m->count)
        take_away(m, (size_t)draw(m, m->count));
}

static struct model model;

static void whatever_is_asked_of_it_all_that_must_hold_does(void **state)
{
    (void)state;
    run(&model, HEAP_DISCARD_FROM);
    assert_true(heap_expect_good(&model.heap).used == 0);
    heap_trim(&model.heap);
    heap_expect_empty(&model.heap);
    heap_close(&model.heap);
}

static void with_a_discard_of_0_no_arena_outlives_its_blocks(void **state)
{
    unsigned descriptors = count_descriptors();

    (void)state;
    run(&model, 0);
    heap_expect_empty(&model.heap);
    assert_int_equal(count_descriptors(), descriptors);
    heap_close(&model.heap);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(whatever_is_asked_of_it_all_that_must_hold_does),
        TEST(with_a_discard_of_0_no_arena_outlives_its_blocks),
    };

    mechanisms_init(argc, argv);
    test_take_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
