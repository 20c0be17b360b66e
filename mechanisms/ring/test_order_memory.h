/* SPDX-License-Identifier: MIT */
/*
 * test_order_memory.h - the memory of the machine on which test_order.c runs
 * the ring, and two threads' ways to it.
 *
 * It is as weak as C11 lets it be, and arm64:
 *
 * - What is stored waits in the thread's buffer.  It leaves at any time, not in
 *   order: but after what was stored earlier to the same word, and, if it
 *   releases, after all that the thread stored and copied earlier.
 * - A load has what the thread stored itself, else what is in memory.  Unless
 *   it acquires, it may have been made as early as the thread's last acquire,
 *   and have any value that the word had since then, but none older than what
 *   the thread has seen there.
 * - What is copied into the caller's buffer decides nothing before the call
 *   returns, and is loaded at any time until then.
 * - A seq_cst load waits until the thread's seq_cst stores have left.
 * - What changes a word (compare and exchange, fetch and or) loads it at once
 *   and stores as above; until that has left nobody else's store to the word
 *   can.
 *
 * C11 is weaker still: a load whose value decides what is done next is made
 * here before that, as every processor does; and what has left a buffer is seen
 * by all others at once.
 */
#ifndef IPCLAB_TEST_ORDER_MEMORY_H
#define IPCLAB_TEST_ORDER_MEMORY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { WORD = 8, STORES = 8, COPIES = 3, PASTS = 12 };

/* Not yet in memory. */
struct stored {
    void *at;
    size_t size; /* at most a word */
    uint64_t value;
    memory_order order;
    bool changes;    /* nobody else's store comes between */
    uint32_t copies; /* a bit each: those that are made before it leaves */
};

/* Not yet made; at is NULL: none. */
struct copied {
    void *at, *to;
    size_t size;
};

/* What a word was before another's store. */
struct past {
    const void *at;
    uint64_t value;
};

/* A thread's way to memory: lists with the oldest first. */
struct view {
    struct stored stored[STORES];
    struct copied copied[COPIES];
    struct past past[PASTS];
    uint32_t stores, pasts;
    bool ended; /* it loads nothing any more */
};

static struct {
    unsigned char *bytes; /* of the ring, and once more behind them */
    size_t size;
    bool (*is_loaded_early)(const void *at); /* by loads that do not acquire */
    const char *wrong;                       /* what must not happen and did */
} memory;

/* --- words ----------------------------------------------------------------
 */

static inline bool memory_is_bytes(const volatile void *at)
{
    return (uintptr_t)at - (uintptr_t)memory.bytes < 2 * memory.size;
}

/* The one word for both addresses that a word of the ring has. */
static inline void *memory_word(const volatile void *at)
{
    size_t offset = (uintptr_t)at - (uintptr_t)memory.bytes;

    return memory_is_bytes(at) ? memory.bytes + offset % memory.size
                               : (void *)(uintptr_t)at;
}

static inline uint64_t first_bytes(const void *at, size_t size)
{
    uint64_t value = 0;

    memcpy(&value, at, size);
    return value;
}

static inline bool acquires(memory_order order)
{
    return order == memory_order_acquire || order == memory_order_acq_rel ||
           order == memory_order_seq_cst;
}

static inline bool releases(memory_order order)
{
    return order == memory_order_release || order == memory_order_acq_rel ||
           order == memory_order_seq_cst;
}

/* --- loads ----------------------------------------------------------------
 */

/* How many values one may have: the first is what is in memory now. */
static inline uint32_t view_choices(const struct view *v, const void *at,
                                    memory_order order)
{
    uint32_t n = 1;

    for (uint32_t i = 0; !acquires(order) && i < v->pasts; i++)
        n += v->past[i].at == at;
    return n;
}

static inline uint64_t view_value(const struct view *v, const void *at,
                                  size_t size, uint32_t choice)
{
    uint64_t word = first_bytes(at, WORD);

    for (uint32_t i = 0; choice && i < v->pasts; i++)
        if (v->past[i].at == at && --choice == 0)
            word = v->past[i].value;
    for (uint32_t i = 0; i < v->stores; i++)
        if (v->stored[i].at == at)
            memcpy(&word, &v->stored[i].value, v->stored[i].size);
    return first_bytes(&word, size);
}

/* It has seen this one: none that is older any more. */
static inline void view_forget(struct view *v, const void *at, uint32_t choice)
{
    uint32_t kept = 0, found = 0;

    for (uint32_t i = 0; i < v->pasts; i++) {
        bool same = v->past[i].at == at;

        found += same;
        if (!same || (choice && found >= choice))
            v->past[kept++] = v->past[i];
    }
    memset(v->past + kept, 0, (v->pasts - kept) * sizeof *v->past);
    v->pasts = kept;
}

/* What is loaded after this was not loaded before it. */
static inline void view_acquire(struct view *v)
{
    memset(v->past, 0, sizeof v->past);
    v->pasts = 0;
}

static inline uint64_t view_load(struct view *v, const void *at, size_t size,
                                 memory_order order, uint32_t choice)
{
    uint64_t value = view_value(v, at, size, choice);

    view_forget(v, at, choice);
    if (acquires(order))
        view_acquire(v);
    return value;
}

/* --- copies ---------------------------------------------------------------
 */

static inline uint32_t view_copies(const struct view *v)
{
    uint32_t bits = 0;

    for (uint32_t i = 0; i < COPIES; i++)
        bits |= v->copied[i].at ? 1u << i : 0;
    return bits;
}

static inline void view_copy(struct view *v, void *at, void *to, size_t size)
{
    uint32_t i = 0;

    while (i < COPIES && v->copied[i].at)
        i++;
    if (i < COPIES)
        v->copied[i] = (struct copied){at, to, size};
    else
        memory.wrong = "more copies than COPIES";
}

static inline void view_make_copy(struct view *v, uint32_t i, uint32_t choice)
{
    const struct copied c = v->copied[i];
    uint64_t value = view_load(v, c.at, c.size, memory_order_relaxed, choice);

    memcpy(c.to, &value, c.size);
    v->copied[i] = (struct copied){0};
    for (uint32_t s = 0; s < v->stores; s++)
        v->stored[s].copies &= ~(1u << i);
}

/* --- stores ---------------------------------------------------------------
 */

static inline void view_store(struct view *v, struct stored s)
{
    s.copies = releases(s.order) ? view_copies(v) : 0;
    if (v->stores < STORES)
        v->stored[v->stores++] = s;
    else
        memory.wrong = "more stores than STORES";
}

/* The first of them to this word; how many there are: none. */
static inline uint32_t view_stored(const struct view *v, const void *at)
{
    uint32_t i = 0;

    while (i < v->stores && v->stored[i].at != at)
        i++;
    return i;
}

static inline bool view_changes(const struct view *v, const void *at)
{
    uint32_t i = view_stored(v, at);

    return i < v->stores && v->stored[i].changes;
}

static inline bool view_has_total(const struct view *v)
{
    for (uint32_t i = 0; i < v->stores; i++)
        if (v->stored[i].order == memory_order_seq_cst)
            return true;
    return false;
}

static inline bool view_is_empty(const struct view *v)
{
    return !v->stores && !view_copies(v);
}

static inline bool view_may_leave(const struct view *v, uint32_t i,
                                  const struct view *other)
{
    const struct stored *s = &v->stored[i];

    return !s->copies && !(releases(s->order) && i > 0) &&
           view_stored(v, s->at) == i && !view_changes(other, s->at);
}

/* The word had this value before; sorted by word, since no more matters. */
static inline void view_add_past(struct view *v, const void *at, uint64_t value)
{
    uint32_t i = v->pasts;

    if (i == PASTS) {
        memory.wrong = "more values than PASTS";
        return;
    }
    for (; i && (uintptr_t)v->past[i - 1].at > (uintptr_t)at; i--)
        v->past[i] = v->past[i - 1];
    v->past[i] = (struct past){at, value};
    v->pasts++;
}

/* Into memory, for all to see; the other may have looked before. */
static inline void view_leave(struct view *v, uint32_t i, struct view *other)
{
    const struct stored s = v->stored[i];

    view_forget(v, s.at, 0);
    if (!other->ended && memory.is_loaded_early(s.at))
        view_add_past(other, s.at, first_bytes(s.at, WORD));
    memcpy(s.at, &s.value, s.size);
    v->stores--;
    memmove(v->stored + i, v->stored + i + 1,
            (v->stores - i) * sizeof *v->stored);
    memset(v->stored + v->stores, 0, sizeof *v->stored);
}

/* What happens to somebody's stores when it is killed: they still leave. */
static inline void view_end(struct view *v)
{
    memset(v->copied, 0, sizeof v->copied);
    for (uint32_t i = 0; i < v->stores; i++)
        v->stored[i].copies = 0;
}

#endif
