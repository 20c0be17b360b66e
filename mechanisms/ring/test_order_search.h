/* SPDX-License-Identifier: MIT */
/*
 * test_order_search.h - every execution of the machine of test_order_machine.h.
 *
 * From each state every move is made; a state that was there before is not gone
 * on from again.  So nothing bounds how often the threads take turns, and what
 * is not found does not happen.  (Of a state a hash of 64 bits is kept: that
 * two of a million have the same has a chance of one to thirty million.)
 */
#ifndef IPCLAB_TEST_ORDER_SEARCH_H
#define IPCLAB_TEST_ORDER_SEARCH_H

#include "common/test_census.h"

#include "ring/test_order_moves.h"

enum {
    DEPTH = 1000,
    STATES = 1 << 20,
    ENDS = 64,         /* that are counted */
    FUTEX_OFFSET = -32 /* as glibc has it, and lock.c */
};

struct visited {
    uint64_t hash;     /* 0: none */
    double executions; /* from there on; less than 0: not yet known */
};

static struct {
    /* Given. */
    void (*runs)(struct thread *t); /* what a thread does */
    const char *(*holds)(void);     /* in each state: what does not, or NULL */
    const char *(*ends)(void);      /* and where nobody can move */
    const char *names[THREADS];
    const char *(*name)(const void *at); /* of a word */
    bool heirs;                          /* another goes on in its place */
    /* Found. */
    uint64_t states, moves;
    double executions;   /* of which nobody takes two for one */
    uint64_t ended, sum; /* the ends, and the sum of their hashes */
    /* How. */
    struct visited *visited;
    struct snapshot *trail;
    struct move moved[DEPTH];
    uint32_t depth;
    uint64_t ends_seen[ENDS];
    ucontext_t begin[THREADS];
} search;

/* --- the search -----------------------------------------------------------
 */

static inline struct visited *search_find(uint64_t hash)
{
    size_t i = hash % STATES;

    while (search.visited[i].hash && search.visited[i].hash != hash)
        i = (i + 1) % STATES;
    return &search.visited[i];
}

/* Nobody can move.  Ends differ in what is shared, and in what was done. */
static inline void search_end(void)
{
    uint64_t hash = state_hash_shared(1);
    uint32_t i = 0;

    for (int t = 0; t < THREADS; t++)
        hash = mix(hash,
                   world.threads[t].done + 100u * world.threads[t].next.kind);
    while (i < search.ended && search.ends_seen[i] != hash)
        i++;
    if (i == search.ended && i < ENDS) {
        search.ends_seen[search.ended++] = hash;
        search.sum += hash;
    }
    if (!memory.wrong)
        memory.wrong = search.ends();
}

static inline double search_moves(void);

/* Go on from a state that has just been made; in how many ways.  Where
 * something is wrong, depth and trail are left as they are. */
static inline double search_state(void)
{
    uint64_t hash = state_hash();
    struct visited *v = search_find(hash);

    if (!memory.wrong)
        memory.wrong = search.holds();
    if (v->hash && v->executions < 0)
        memory.wrong = "they go round for ever";
    if (v->hash || memory.wrong)
        return v->executions;
    if (++search.states > STATES / 4 * 3 || search.depth == DEPTH - 1)
        memory.wrong = "more than STATES, or DEPTH";
    *v = (struct visited){hash, -1};
    v->executions = search_moves();
    return v->executions;
}

static inline double search_moves(void)
{
    struct snapshot *here = &search.trail[search.depth];
    struct move moves[MOVES];
    bool must;
    uint32_t n = moves_from_here(moves, &must);
    double executions = must ? 0 : 1;

    if (!must)
        search_end();
    state_save(here);
    for (uint32_t i = 0; i < n && !memory.wrong; i++) {
        if (i)
            state_restore(here);
        search.moved[search.depth++] = moves[i];
        search.moves++;
        move_make(moves[i]);
        executions += search_state();
        if (!memory.wrong)
            search.depth--;
    }
    return executions;
}

/* --- the threads ----------------------------------------------------------
 */

/* Another, in the place of one that has done its share, or was killed. */
static inline void thread_replace(struct thread *t)
{
    uint32_t id = t->self.id ? t->self.id + THREADS : 1 + (t != world.threads);

    t->list = (struct robust_list_head){.list = {&t->list.list},
                                        .futex_offset = FUTEX_OFFSET};
    t->self = (struct self){.id = id, .robust = &t->list};
}

static inline void thread_end(void)
{
    for (;;)
        machine_ask((struct operation){.kind = END});
}

static inline void thread_begins(void)
{
    search.runs(machine.running);
    thread_end();
}

static inline void thread_dies(void)
{
    struct thread *t = machine.running;

    kernel_ends(t);
    thread_replace(t);
    self = t->self;
    t->heir = search.heirs;
    if (t->heir)
        search.runs(t);
    thread_end();
}

/* Search all; what is wrong, or NULL. */
static inline const char *search_run(uint32_t kills, uint32_t nudges)
{
    const struct self mine = self;

    search.visited = calloc(STATES, sizeof *search.visited);
    search.trail = malloc(DEPTH * sizeof *search.trail);
    if (!search.visited || !search.trail)
        abort();
    search.states = search.moves = search.ended = search.sum = 0;
    search.depth = 0;
    memory.wrong = NULL;
    machine.kills = kills > 0;
    memset(&world, 0, sizeof world);
    world.kills = kills;
    world.nudges = nudges;
    memset(state_stacks, 0, sizeof state_stacks);
    for (int i = 0; i < THREADS; i++) {
        state_context(&search.begin[i], i, thread_begins);
        state_context(&machine.dying[i], i, thread_dies);
        machine.contexts[i] = search.begin[i];
        thread_replace(&world.threads[i]);
    }
    search.executions = search_state();
    self = mine;
    return memory.wrong;
}

static inline void search_free(void)
{
    free(search.visited);
    free(search.trail);
}

/* --- what led to it -------------------------------------------------------
 */

static const char *const step_names[] = {[LEAVES] = "is in memory:",
                                         [COPIED] = "is copied:",
                                         [HURRIES] = "spins no more",
                                         [DIES] = "is killed; next was",
                                         [STIRS] = "wakes by itself"};

static const char *const kind_names[] = {
    [PAUSE] = "goes on", [LOAD] = "load",         [STORE] = "store",
    [COPY] = "copy",     [SETTLE] = "has copied", [SET] = "set",
    [CLEAR] = "clear",   [EXCHANGE] = "exchange", [SLEEP] = "sleep",
    [WAKE] = "wake",     [DRAIN] = "has stored",  [END] = "end"};

/* In the state that a move of the trail was made from: who, what, where. */
static inline void search_tell_move(const struct move *m)
{
    const struct thread *t = &world.threads[m->thread];
    const struct operation *o = &t->next;
    const void *at = o->at;
    uint64_t value = o->value;
    bool acts = m->step == ACTS;

    if (m->step == LEAVES) {
        at = t->view.stored[m->index].at;
        value = t->view.stored[m->index].value;
    } else if (m->step == COPIED || o->kind == LOAD) {
        at = m->step == COPIED ? t->view.copied[m->index].at : at;
        value = view_value(&t->view, at, WORD, m->choice);
    }
    print_error("%*s%s %s", (int)m->thread * 36, "", search.names[m->thread],
                acts ? kind_names[o->kind] : step_names[m->step]);
    if (at)
        print_error(" %s %llx", search.name(at), (unsigned long long)value);
    print_error("\n");
}

static inline void search_tell(void)
{
    for (uint32_t i = 0; i < search.depth; i++) {
        state_restore(&search.trail[i]);
        search_tell_move(&search.moved[i]);
    }
}

#endif
