/* SPDX-License-Identifier: MIT */
/*
 * test_order_ring.h - the real code of the ring on the machine of
 * test_order_machine.h, and two threads that use it.
 *
 * ring.c and gate.h are compiled here once more, with each access to shared
 * memory and each futex call going to the machine.  lock.c is the library's
 * own: nobody waits for a lock here, and what it guards has one user at a time.
 *
 * What holds in each scene: each item comes once, whole and in order; where
 * nobody can move any more all is done, or who would have done it is dead; and
 * the dead leave nothing that the living could not go on with.
 */
#ifndef IPCLAB_TEST_ORDER_RING_H
#define IPCLAB_TEST_ORDER_RING_H

#include "ring/test_order_search.h"

#include "sync/sync.h"

#include <sched.h>
#include <sys/mman.h>

#ifdef IPCLAB_GATE_H
#error "gate.h must be compiled below, for the machine"
#endif

#undef atomic_load_explicit
#undef atomic_store_explicit
#undef atomic_signal_fence
#undef atomic_fetch_or_explicit
#undef atomic_fetch_and_explicit
#undef atomic_compare_exchange_strong_explicit
#define atomic_load_explicit(at, order) machine_load(at, sizeof *(at), order)
#define atomic_store_explicit(at, value, order)                                \
    machine_store(STORE, at, sizeof *(at), value, order)
#define atomic_fetch_or_explicit(at, value, order)                             \
    machine_store(SET, at, sizeof *(at), value, order)
#define atomic_fetch_and_explicit(at, value, order)                            \
    machine_store(CLEAR, at, sizeof *(at), ~(value), order)
#define atomic_compare_exchange_strong_explicit(at, expected, value, order,    \
                                                failed)                        \
    machine_exchange(at, expected, value, order)
#define atomic_signal_fence(order)        machine_pause()
#define futex_wait(word, value, deadline) machine_sleep(word, value, deadline)
#define futex_wake(word, n)               machine_wake(word)
#define clock_now()                       machine_now()
#define clock_deadline(timeout)           machine_deadline(timeout)
#define memcpy(to, from, size)            machine_copy(to, from, size)
/* Beside the library's ring. */
#define ring_put                          tested_put
#define ring_get                          tested_get
#define ring_get_new                      tested_get_new
#define ring_qsize                        tested_qsize
#define ring_empty                        tested_empty
#define ring_full                         tested_full
#define ring_claim                        tested_claim
#define ring_release                      tested_release
#define ring_killed                       tested_killed
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion" /* the machine's have 64 bits */
#include "ring/ring.c"                        /* NOLINT: it is what is tested */
#pragma GCC diagnostic pop
#undef clock_now
#undef memcpy

/* What is wrong, most of the time. */
#define DAMAGED "an item is not what was put"
#define ASLEEP  "one waits for ever for what has happened"

/* Both counts of a place are about to begin again at 0. */
#define START ((uint64_t)UINT32_MAX << 32 | (UINT32_MAX - 1))

enum flag {
    CLAIMS = 1 << 0,      /* both claim their ends, for all items */
    TURNS = 1 << 1,       /* each item is another thread's */
    PUT_DIES = 1 << 2,    /* it may be killed, anywhere */
    GET_DIES = 1 << 3,    /* or it: only one of them */
    HEIRS = 1 << 4,       /* another goes on in its place */
    OLD_KERNEL = 1 << 5,  /* before Linux 6.2 */
    STIR = 1 << 6,        /* twice one may sleep no more, with no reason */
    TIME = 1 << 7,        /* or since its time is over: then it tries again */
    EARLY_GATES = 1 << 8, /* the gates, too, may have been loaded early */
};

/* Operations of an heir, of which an item takes no more, before the kernel has
 * come to all that the dead has left. */
enum { LATEST = 10 };

struct size {
    size_t maxsize, units, lengths[3]; /* of the items, in turn */
};

struct scene {
    const char *name;
    const struct size *size;
    enum ring_wait wait;
    uint32_t items, flags;
};

static struct ring ring;
static const struct scene *scene;

/* --- what the threads do --------------------------------------------------
 */

/* Each item differs from all others, and an heir's from those of the dead. */
static size_t item_make(uint8_t *item, uint32_t number, bool heir)
{
    uint32_t tag = 2 * number + heir + 1;
    size_t size = scene->size->lengths[(number + heir) % 3];

    for (size_t i = 0; i < size; i++)
        item[i] = (uint8_t)(tag | (i / WORD) << 4);
    return size;
}

static bool item_is(const void *room, ssize_t got, uint32_t number, bool heir)
{
    uint8_t item[ROOM];
    size_t size = item_make(item, number, heir);

    return got == (ssize_t)size && memcmp(room, item, size) == 0;
}

static int put_item(const struct thread *t, int64_t timeout)
{
    uint8_t item[ROOM];
    size_t size = item_make(item, t->done, t->heir);
    int error;

    do
        error = ring_put(&ring, item, size, timeout);
    while (error == -ETIMEDOUT && (scene->flags & TIME));
    return error ? __LINE__ : 0;
}

static int get_item(struct thread *t, int64_t timeout)
{
    ssize_t got;
    bool right;

    do
        got = ring_get(&ring, t->room, sizeof t->room, timeout);
    while (got == -ETIMEDOUT && (scene->flags & TIME));
    machine_ask((struct operation){.kind = SETTLE});
    right = item_is(t->room, got, t->done, false) ||
            item_is(t->room, got, t->done, true);
    memset(t->room, 0, sizeof t->room);
    return right ? 0 : __LINE__;
}

/* How many items have gone by that end. */
static uint32_t gone_by(enum ring_end end)
{
    return place_items(ring.state->ends[end].place) - place_items(START);
}

/* The next has the lock when the last has left it, and all that it stored. */
static void take_turns(struct thread *t)
{
    machine_ask((struct operation){.kind = DRAIN});
    thread_replace(t);
    self = t->self;
}

/* An heir goes on behind what the dead has published. */
static void runs(struct thread *t)
{
    enum ring_end end = t == world.threads ? RING_PUT : RING_GET;
    int64_t timeout = scene->flags & TIME ? SECOND : NO_TIMEOUT;
    bool claims = scene->flags & CLAIMS;

    memset(t->room, 0, sizeof t->room);
    t->done = gone_by(end);
    if (claims && ring_claim(&ring, end, 0))
        t->line = __LINE__;
    while (t->done < scene->items && !t->line) {
        if (end == RING_PUT)
            t->line = put_item(t, timeout);
        else
            t->line = get_item(t, timeout);
        t->done++;
        if (t->list.list_op_pending)
            t->line = __LINE__;
        if (scene->flags & TURNS)
            take_turns(t);
    }
    if (claims && ring_release(&ring, end))
        t->line = __LINE__;
}

/* --- what must hold -------------------------------------------------------
 */

/* As much as this, and so many items more, is in the ring at most. */
static bool may_hold(uint64_t put, uint32_t items, uint64_t units)
{
    const struct ring_state *s = ring.state;
    uint64_t got = s->ends[RING_GET].place;

    return place_items(put) - place_items(got) + items <= s->maxsize &&
           place_units(put) - place_units(got) + units <= s->units;
}

static const char *what_fails(void)
{
    if (world.threads[RING_PUT].line || world.threads[RING_GET].line)
        return DAMAGED;
    return may_hold(ring.state->ends[RING_PUT].at, 0, 0)
               ? NULL
               : "more is in the ring than may be";
}

static bool has_room(void)
{
    bool heir = world.threads[RING_PUT].heir;
    size_t size = scene->size->lengths[(gone_by(RING_PUT) + heir) % 3];

    return may_hold(ring.state->ends[RING_PUT].place, 1, units_of(size));
}

static inline const char *how_one_ends(const struct thread *t, bool alone)
{
    const struct robust_list_head *list = &t->list;

    if (t->next.kind == END) {
        if (list->list_op_pending || list->list.next != &list->list)
            return "the kernel would look where there is nothing";
        return t->done == scene->items || (alone && t->killed)
                   ? NULL
                   : "not all items went by";
    }
    if (t == world.threads ? has_room() : gone_by(RING_PUT) > gone_by(RING_GET))
        return ASLEEP;
    return alone ? NULL : "one waits for ever";
}

/* Nobody can move.  Alone is who has outlived the other. */
static inline const char *how_it_ends(void)
{
    const struct thread *t = world.threads;
    bool alone = (t[0].killed || t[1].killed) && !(scene->flags & HEIRS);
    const char *wrong = how_one_ends(&t[0], alone);

    return wrong ? wrong : how_one_ends(&t[1], alone);
}

/* --- the stage ------------------------------------------------------------
 */

static inline const char *name_of(const void *at)
{
    const struct end *e = ring.state->ends;

    return at == &e[RING_PUT].place       ? "place of put"
           : at == &e[RING_GET].place     ? "place of get"
           : at == &e[RING_PUT].gate.word ? "gate of put"
           : at == &e[RING_GET].gate.word ? "gate of get"
           : memory_is_bytes(at)          ? "bytes"
                                          : "lock";
}

/*
 * The bytes; and the gates, which gate_own() loads, where the scene is small
 * enough.  (A place is loaded so by take_over(): by who alone stores it.)
 */
static inline bool is_loaded_early(const void *at)
{
    const struct end *e = ring.state->ends;

    return memory_is_bytes(at) || at == machine.fault.at ||
           (scene->flags & EARLY_GATES &&
            (at == &e[RING_PUT].gate.word || at == &e[RING_GET].gate.word));
}

/* What changes of what is shared. */
static void add_areas(size_t size)
{
    uint32_t n = 0;

    for (int i = 0; i < 2; i++) {
        struct end *e = &ring.state->ends[i];
        size_t rest = offsetof(struct end, killed) + sizeof e->killed -
                      offsetof(struct end, lock);

        state_areas[n++] = (struct area){&e->place, sizeof e->place};
        state_areas[n++] = (struct area){&e->gate, sizeof e->gate};
        state_areas[n++] = (struct area){&e->lock, rest};
    }
    state_areas[n] = (struct area){ring.bytes, size};
}

/* No whole page, so that it comes around: the machine has it twice. */
static inline void make_small(size_t units)
{
    size_t size = UNIT;

    while (size < units * UNIT)
        size *= 2;
    ring.state->size = size;
    memset(ring.bytes, 0xee, size);
    for (int i = 0; i < 2; i++) {
        struct end *e = &ring.state->ends[i];

        e->place = e->at = e->seen = START;
    }
    memory.bytes = ring.bytes;
    memory.size = size;
    add_areas(size);
}

static inline void scene_open(const struct scene *s)
{
    scene = s;
    memory.size = 0;
    assert_false((s->flags & PUT_DIES) && (s->flags & GET_DIES));
    if (ring_open(&ring, s->size->maxsize, s->size->units * UNIT, s->wait) < 0)
        abort();
    ring.alone = false;
    make_small(s->size->units);
    memory.is_loaded_early = is_loaded_early;
    machine.fault = (struct fault){0};
    machine.old_kernel = s->flags & OLD_KERNEL;
    moves_allowed.dies[RING_PUT] = s->flags & PUT_DIES;
    moves_allowed.dies[RING_GET] = s->flags & GET_DIES;
    moves_allowed.gives_up = s->wait == RING_SPIN_THEN_BLOCK;
    moves_allowed.all = false;
    search.runs = runs;
    search.heirs = s->flags & HEIRS;
    moves_allowed.late = search.heirs ? LATEST : 0;
    search.holds = what_fails;
    search.ends = how_it_ends;
    search.name = name_of;
    search.names[RING_PUT] = "put:";
    search.names[RING_GET] = "get:";
}

/* What is wrong, or NULL.  It takes a second, or on a busy machine many. */
static inline const char *scene_search(void)
{
    bool dies = scene->flags & (PUT_DIES | GET_DIES);
    bool stir = scene->flags & STIR;
    const char *wrong;

    alarm(6 * CENSUS_SECONDS);
    wrong = search_run(dies ? 1 : 0, stir ? 2 : 0);
    print_message("%llu states, %llu moves, %.0e executions%s%s\n",
                  (unsigned long long)search.states,
                  (unsigned long long)search.moves, search.executions,
                  wrong ? ": " : "", wrong ? wrong : "");
    return wrong;
}

static inline void scene_close(void)
{
    search_free();
    memory.size = 0;
    ring_close(&ring);
}

#endif
