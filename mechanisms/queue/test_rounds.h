/* SPDX-License-Identifier: MIT */
/*
 * test_rounds.h - what the model tests of queue/ and ring/ share: who puts
 * what, whether what comes is what must come next, and the counts.
 */
#ifndef IPCLAB_TEST_ROUNDS_H
#define IPCLAB_TEST_ROUNDS_H

#include "start/test_children.h"

#include "pipe/test_ends.h"
#include "sync/test_sharing.h"

enum { SIDES_MOST = 4, ITEMS_MOST = 25000 }; /* items of each producer */

/* What a round's processes share. */
struct round {
    uint64_t seed;
    uint32_t producers, consumers, items;
    bool bounded;
    size_t longest;   /* item, where there is such a bound */
    _Atomic int line; /* where something was not as it must be */
    _Atomic uint64_t taken, operations, full, empty, too_long, claims;
    _Atomic unsigned char seen[SIDES_MOST * ITEMS_MOST];
};

struct head {
    uint32_t producer, number;
};

static inline int64_t any_timeout(uint64_t *state)
{
    const int64_t timeouts[] = {0, -1, SECOND / 1000, SECOND / 50, TEST_BOUND};

    return timeouts[test_mix(state) % 5];
}

static inline void round_fill(unsigned char *item, struct head head,
                              size_t size)
{
    memcpy(item, &head, sizeof head);
    test_fill(item + sizeof head, size - sizeof head, head.number);
}

/* Is it an item that was put, the next of its producer that comes to us, and
 * not seen by anybody?  size_of says how long it must be. */
static inline int round_check(struct round *r, const unsigned char *item,
                              size_t size, int64_t last[SIDES_MOST],
                              size_t (*size_of)(const struct round *r,
                                                struct head head))
{
    struct head head;

    if (size < sizeof head)
        return test_line(__LINE__);
    memcpy(&head, item, sizeof head);
    if (head.producer >= r->producers || head.number >= r->items ||
        size != size_of(r, head))
        return test_line(__LINE__);
    if (head.number <= last[head.producer])
        return test_line(__LINE__);
    last[head.producer] = head.number;
    if (!test_is(item + sizeof head, size - sizeof head, head.number))
        return test_line(__LINE__);
    if (atomic_fetch_add(&r->seen[head.producer * ITEMS_MOST + head.number], 1))
        return test_line(__LINE__);
    r->taken++;
    return 0;
}

/* What a call said that got an item, or none: 0 or a line. */
static inline int round_note(struct round *r, const unsigned char *item,
                             ssize_t got, int64_t last[SIDES_MOST],
                             size_t (*size_of)(const struct round *r,
                                               struct head head))
{
    r->operations++;
    if (got >= 0)
        return round_check(r, item, (size_t)got, last, size_of);
    r->empty += got == -ETIMEDOUT;
    r->too_long += got == -EMSGSIZE;
    return got == -ETIMEDOUT || got == -EMSGSIZE ? 0 : test_line(__LINE__);
}

/* How the next is got: into memory that comes with it, or into room for so
 * many bytes; and how long it is waited for. */
struct wish {
    bool new;
    size_t room;
    int64_t timeout;
};

static inline struct wish draw_wish(uint64_t *state, size_t longest)
{
    struct wish w = {false, longest, any_timeout(state)};

    if (w.timeout == TEST_BOUND)
        w.timeout = SECOND / 20; /* there may be no more */
    switch (test_mix(state) % 4) {
    case 0:
        w.new = true;
        break;
    case 1:
        w.room = (size_t)(test_mix(state) % 300);
        break;
    default:
        break;
    }
    return w;
}

static inline uint64_t below(uint64_t n)
{
    return test_mix(&test_seed) % n;
}

/* The other sides end; when something is wrong nobody gets what they put. */
static inline void round_finish(struct round *r, struct process *sides,
                                uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (r->line)
            process_kill(&sides[i]);
        if (test_finish(&sides[i]) && !r->line)
            r->line = test_line(__LINE__);
    }
}

/* --- the sum of all rounds --- */

struct sums {
    uint64_t items, operations, full, empty, too_long, claims;
};

static inline void sums_add(struct sums *s, const struct round *r)
{
    s->items += r->taken;
    s->operations += r->operations;
    s->full += r->full;
    s->empty += r->empty;
    s->too_long += r->too_long;
    s->claims += r->claims;
}

static inline void sums_print(const struct sums *s, const char *name)
{
    print_message("%s: %llu items in %llu operations (%llu full, %llu empty, "
                  "%llu too long)\n",
                  name, (unsigned long long)s->items,
                  (unsigned long long)s->operations,
                  (unsigned long long)s->full, (unsigned long long)s->empty,
                  (unsigned long long)s->too_long);
}

#endif
