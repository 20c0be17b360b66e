/* SPDX-License-Identifier: MIT */
/*
 * heap.c - the heap in shared memory: best fit, neighbours become one.
 *
 * A node stands for a piece of an arena, in use or free; the nodes of an arena
 * are linked in the order of their addresses and leave no gap.  Free ones are
 * also on the stack of their length, and the stacks lie in an array, by length.
 *
 * File-scope state and its fork story: a child's heaps are empty.  The nodes of
 * its parent's are left as they are, since another thread may have been among
 * them; their arenas stay mapped, for the blocks that the child has inherited.
 *
 * CPython's free never waits for the lock, since its collector may call it in
 * the midst of malloc.  Nobody calls ours behind its caller's back.
 */
#include "shm/heap.h"

#include "shm/arena.h"
#include "shm/node.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static size_t round_up(size_t n, size_t multiple)
{
    return (n + multiple - 1) & ~(multiple - 1);
}

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* --- the stacks of the free --- */

/* Where that length is, or would be. */
static size_t find_length(const struct heap *h, size_t length)
{
    size_t low = 0, high = h->count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (h->lengths[middle].length < length)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Room for the lengths of so many nodes more, so that a free cannot fail. */
static int make_room(struct heap *h, size_t more)
{
    size_t capacity = h->capacity ? h->capacity : 16;
    struct heap_length *lengths;

    if (h->nodes + more <= h->capacity)
        return 0;
    while (capacity < h->nodes + more)
        capacity *= 2;
    lengths = realloc(h->lengths, capacity * sizeof *lengths);
    if (!lengths)
        return -ENOMEM;
    h->lengths = lengths;
    h->capacity = capacity;
    return 0;
}

static void push(struct heap *h, struct heap_node *n)
{
    size_t length = n->stop - n->start, i = find_length(h, length);

    if (i == h->count || h->lengths[i].length != length) {
        memmove(&h->lengths[i + 1], &h->lengths[i],
                (h->count++ - i) * sizeof *h->lengths);
        h->lengths[i] = (struct heap_length){length, NULL};
    }
    n->used = false;
    n->above = NULL;
    n->below = h->lengths[i].top;
    if (n->below)
        n->below->above = n;
    h->lengths[i].top = n;
}

static void pull(struct heap *h, struct heap_node *n)
{
    size_t i = find_length(h, n->stop - n->start);

    if (n->below)
        n->below->above = n->above;
    if (n->above)
        n->above->below = n->below;
    else
        h->lengths[i].top = n->below;
    if (!h->lengths[i].top)
        memmove(&h->lengths[i], &h->lengths[i + 1],
                (--h->count - i) * sizeof *h->lengths);
}

/* The smallest that has so much behind a start that is aligned; or NULL. */
static struct heap_node *best_fit(const struct heap *h, size_t size,
                                  size_t alignment)
{
    for (size_t i = find_length(h, size); i < h->count; i++)
        for (struct heap_node *n = h->lengths[i].top; n; n = n->below)
            if (round_up(n->start, alignment) + size <= n->stop)
                return n;
    return NULL;
}

/* --- nodes --- */

static struct heap_node *new_node(struct heap *h, struct arena *a, size_t start,
                                  size_t stop)
{
    struct heap_node *n = malloc(sizeof *n);

    if (n) {
        *n = (struct heap_node){.arena = a, .start = start, .stop = stop};
        h->nodes++;
    }
    return n;
}

static void drop_node(struct heap *h, struct heap_node *n)
{
    h->nodes -= n != NULL;
    free(n);
}

/* Let n, which is in no stack, have its neighbour's piece, which is free. */
static void absorb(struct heap *h, struct heap_node *n, struct heap_node *other)
{
    pull(h, other);
    if (other == n->after) {
        n->stop = other->stop;
        n->after = other->after;
        if (n->after)
            n->after->before = n;
    } else {
        n->start = other->start;
        n->before = other->before;
        if (n->before)
            n->before->after = n;
        else
            n->arena->first = n;
    }
    drop_node(h, other);
}

/* Cut n, which is in no stack, at that place: what lies behind is `rest`'s. */
static void cut(struct heap_node *n, size_t at, struct heap_node *rest)
{
    *rest = (struct heap_node){.arena = n->arena,
                               .start = at,
                               .stop = n->stop,
                               .before = n,
                               .after = n->after};
    if (n->after)
        n->after->before = rest;
    n->after = rest;
    n->stop = at;
}

/* --- arenas --- */

/* A new one that has room for so much, as one free node.  0 or -errno. */
static int add_arena(struct heap *h, size_t size)
{
    size_t page = page_size();
    size_t length = round_up(size > h->next_arena ? size : h->next_arena, page);
    struct heap_node *n;
    struct arena *a;
    int error = length < size ? -ENOMEM : arena_open(&a, length);

    if (error)
        return error == -EINVAL || error == -EFBIG ? -ENOMEM : error;
    n = new_node(h, a, 0, length);
    if (!n) {
        arena_release(a);
        return -ENOMEM;
    }
    a->first = n;
    a->sibling = h->arenas;
    h->arenas = a;
    push(h, n);
    return 0;
}

static bool is_empty(const struct arena *a)
{
    return !a->first->used && !a->first->after;
}

static void drop_arena(struct heap *h, struct arena *a)
{
    struct arena **at = &h->arenas;

    while (*at != a)
        at = &(*at)->sibling;
    *at = a->sibling;
    if (!a->first->used)
        pull(h, a->first);
    drop_node(h, a->first);
    arena_release(a);
}

/* --- a heap --- */

static void make_new(struct heap *h)
{
    h->mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    h->lengths = NULL;
    h->count = h->capacity = h->nodes = 0;
    h->arenas = NULL;
    h->next_arena = page_size();
}

static void forget(void *heap)
{
    make_new(heap);
}

void heap_open(struct heap *h)
{
    make_new(h);
    h->discard = HEAP_DISCARD_FROM;
    h->hook = (struct after_fork){.run = forget, .argument = h};
    after_fork_register(&h->hook);
}

void heap_close(struct heap *h)
{
    after_fork_cancel(&h->hook);
    while (h->arenas) {
        struct arena *a = h->arenas;

        for (struct heap_node *n = a->first, *after; n; n = after) {
            after = n->after;
            free(n);
        }
        h->arenas = a->sibling;
        arena_release(a);
    }
    free(h->lengths);
    make_new(h);
}

static struct heap shared;

__attribute__((constructor)) static void open_shared(void)
{
    heap_open(&shared);
}

struct heap *heap_shared(void)
{
    return &shared;
}

/* --- malloc and free --- */

/* Nodes for what lies before and behind a block, where something does. */
static int new_neighbours(struct heap *h, const struct heap_node *n,
                          size_t start, size_t stop, struct heap_node *made[2])
{
    const bool needed[2] = {start > n->start, stop < n->stop};

    for (int i = 0; i < 2; i++) {
        made[i] = needed[i] ? new_node(h, n->arena, 0, 0) : NULL;
        if (needed[i] && !made[i])
            return -ENOMEM;
    }
    return 0;
}

/* The block is n's piece.  *dirty: how much of it was another's before. */
static void hand_out(struct heap_node *n, struct block *b, size_t *dirty)
{
    size_t before = n->arena->used;

    n->used = true;
    if (n->stop > before)
        n->arena->used = n->stop;
    if (before > n->start)
        *dirty = (before < n->stop ? before : n->stop) - n->start;
    b->base = (char *)n->arena->region.base + n->start;
    b->arena = n->arena;
    b->node = n;
}

/* Take it of n, which has room.  -errno: n is as it was. */
static int take_of(struct heap *h, struct heap_node *n, size_t size,
                   size_t alignment, struct block *b, size_t *dirty)
{
    size_t start = round_up(n->start, alignment), stop = start + size;
    struct heap_node *made[2] = {NULL, NULL};
    int error = new_neighbours(h, n, start, stop, made);

    if (!error)
        error = arena_reserve(n->arena, stop);
    if (error) {
        drop_node(h, made[0]);
        drop_node(h, made[1]);
        return error == -ENOSPC ? -ENOMEM : error;
    }
    pull(h, n);
    if (made[0]) { /* what is behind the front is the block */
        cut(n, start, made[0]);
        push(h, n);
        n = made[0];
    }
    if (made[1]) {
        cut(n, stop, made[1]);
        push(h, made[1]);
    }
    hand_out(n, b, dirty);
    return 0;
}

/* With the lock held.  An arena that nothing can be had of does not stay. */
static int take(struct heap *h, size_t size, size_t alignment, struct block *b,
                size_t *dirty)
{
    struct heap_node *n;
    int error = make_room(h, 3);

    n = error ? NULL : best_fit(h, size, alignment);
    if (n)
        return take_of(h, n, size, alignment, b, dirty);
    if (!error)
        error = add_arena(h, size);
    if (error)
        return error;
    error = take_of(h, h->arenas->first, size, alignment, b, dirty);
    if (error)
        drop_arena(h, h->arenas);
    else if (h->next_arena < HEAP_DOUBLE_UNTIL)
        h->next_arena *= 2;
    return error;
}

int heap_malloc(struct heap *h, size_t size, size_t alignment, struct block *b)
{
    size_t whole, dirty = 0;
    int error;

    *b = (struct block){.size = size, .generation = fork_generation()};
    if (alignment < HEAP_ALIGNMENT || (alignment & (alignment - 1)) ||
        alignment > page_size())
        return -EINVAL;
    if (size > PTRDIFF_MAX)
        return -ENOMEM;
    whole = round_up(size ? size : 1, alignment);
    pthread_mutex_lock(&h->mutex);
    error = take(h, whole, alignment, b, &dirty);
    pthread_mutex_unlock(&h->mutex);
    if (dirty)
        memset(b->base, 0, dirty);
    return error;
}

int heap_free(struct heap *h, struct block *b)
{
    struct heap_node *n = b->node;

    if (!b->base)
        return 0;
    if (!n || b->generation != fork_generation())
        return -EPERM;
    *b = (struct block){.base = NULL};
    pthread_mutex_lock(&h->mutex);
    if (n->before && !n->before->used)
        absorb(h, n, n->before);
    if (n->after && !n->after->used)
        absorb(h, n, n->after);
    push(h, n);
    if (is_empty(n->arena) && n->arena->region.size >= h->discard)
        drop_arena(h, n->arena);
    pthread_mutex_unlock(&h->mutex);
    return 0;
}

void heap_trim(struct heap *h)
{
    struct arena *after;

    pthread_mutex_lock(&h->mutex);
    for (struct arena *a = h->arenas; a; a = after) {
        after = a->sibling;
        if (is_empty(a))
            drop_arena(h, a);
    }
    pthread_mutex_unlock(&h->mutex);
}
