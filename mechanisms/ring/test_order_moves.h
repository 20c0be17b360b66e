/* SPDX-License-Identifier: MIT */
/*
 * test_order_moves.h - what can happen next in a state of the machine.
 *
 * Not all that can, but enough: of orders that come to the same only one is
 * searched.  What a thread does for itself is done at once, and what waits for
 * memory waits until it matters.  (no_end_is_left_out, in test_order.c, holds
 * this against all that can.)
 */
#ifndef IPCLAB_TEST_ORDER_MOVES_H
#define IPCLAB_TEST_ORDER_MOVES_H

#include "ring/test_order_state.h"

enum { MOVES = 64 };

enum step {
    ACTS,    /* the thread's next operation */
    LEAVES,  /* a store, into memory */
    COPIED,  /* a copy is made */
    HURRIES, /* it has looked again and again, and gives it up */
    DIES,
    STIRS /* it sleeps no more, and nobody woke it */
};

struct move {
    enum step step;
    uint32_t thread, index, choice;
};

/* What may happen: given by the test. */
static struct {
    bool dies[THREADS]; /* one of them, at most */
    uint32_t late;      /* the kernel comes to what is pending, operations */
    bool gives_up;      /* who looks again may have done it enough */
    bool all;           /* each move in each state, however little it matters */
} moves_allowed;

static inline uint32_t add_move(struct move *moves, uint32_t n, struct move m)
{
    if (n == MOVES)
        abort();
    moves[n] = m;
    return n + 1;
}

/* --- operations -----------------------------------------------------------
 */

/* The same word with the same value once more: nothing comes of it. */
static inline bool looks_again(const struct thread *t, uint32_t choice)
{
    const struct operation *o = &t->next;

    return o->kind == LOAD && t->looked_at == o->at &&
           t->looked == view_value(&t->view, o->at, o->size, choice);
}

/* The next operation, with each value that it may load. */
static inline uint32_t add_acts(uint32_t thread, struct move *moves, uint32_t n)
{
    const struct thread *t = &world.threads[thread];
    const struct operation *o = &t->next;
    uint32_t choices =
        o->kind == LOAD ? view_choices(&t->view, o->at, o->order) : 1;

    for (uint32_t c = 0; thread_may_go_on(t) && c < choices; c++)
        if (!looks_again(t, c))
            n = add_move(moves, n, (struct move){ACTS, thread, 0, c});
        else if (moves_allowed.gives_up)
            n = add_move(moves, n, (struct move){HURRIES, thread, 0, c});
    return n;
}

/*
 * Its next operation is its own affair: whatever else may happen, to the same
 * end it can happen after that, or after its death here.  (So no more than one
 * of them may be killed in a scene.)
 */
static inline bool thread_is_alone(const struct thread *t)
{
    return t->next.kind == PAUSE || t->next.kind == STORE ||
           t->next.kind == COPY ||
           ((t->next.kind == SETTLE || t->next.kind == DRAIN) &&
            thread_may_go_on(t));
}

/* --- when a store leaves, and when a copy is made -------------------------
 *
 * At any time; but later comes to the same, until somebody needs it or could
 * tell the difference.
 */

static inline bool other_tells(const struct thread *other, const void *at)
{
    const struct operation *o = &other->next;

    for (uint32_t i = 0; i < COPIES; i++)
        if (other->view.copied[i].at == at)
            return true;
    return view_stored(&other->view, at) < other->view.stores ||
           (o->at == at && !other->asleep);
}

/* Does it wait until this store has left? */
static inline bool waits_for_store(const struct thread *t,
                                   const struct stored *s)
{
    const struct operation *o = &t->next;

    if (o->kind == LOAD)
        return o->order == memory_order_seq_cst && s->order == o->order;
    if (o->kind == SET || o->kind == CLEAR || o->kind == EXCHANGE)
        return releases(o->order) || s->at == o->at;
    return (o->kind == SLEEP && !t->asleep) || o->kind == WAKE ||
           o->kind == DRAIN;
}

/* Its stores that somebody needs now: a bit each. */
static inline uint32_t needed_stores(const struct thread *t)
{
    const struct view *v = &t->view;
    uint32_t needed = 0;

    for (uint32_t i = v->stores; i-- > 0;) {
        bool need = waits_for_store(t, &v->stored[i]) ||
                    other_tells(other_thread(t), v->stored[i].at);

        for (uint32_t j = i + 1; j < v->stores; j++)
            if (needed & 1u << j)
                need = need || releases(v->stored[j].order) ||
                       v->stored[j].at == v->stored[i].at;
        needed |= need ? 1u << i : 0;
    }
    return needed;
}

static inline uint32_t needed_copies(const struct thread *t)
{
    const struct view *v = &t->view;
    const struct operation *o = &t->next;
    uint32_t stores = needed_stores(t), needed = 0;

    if (o->kind == SETTLE || acquires(o->order) || o->kind >= SLEEP)
        return view_copies(v);
    for (uint32_t i = 0; i < v->stores; i++)
        if (stores & 1u << i)
            needed |= v->stored[i].copies;
    for (uint32_t i = 0; i < COPIES; i++)
        if (v->copied[i].at && other_tells(other_thread(t), v->copied[i].at))
            needed |= 1u << i;
    return needed;
}

/* Those that nobody but the thread can tell apart are done in their order. */
static inline uint32_t add_stores(uint32_t thread, bool all, struct move *moves,
                                  uint32_t n)
{
    const struct thread *t = &world.threads[thread];
    uint32_t needed = all ? UINT32_MAX : needed_stores(t);
    bool first = true;

    for (uint32_t i = 0; i < t->view.stores; i++) {
        bool told = moves_allowed.all ||
                    other_tells(other_thread(t), t->view.stored[i].at);

        if (!(needed & 1u << i) || !(told || first) ||
            !view_may_leave(&t->view, i, &other_thread(t)->view))
            continue;
        first = first && told;
        n = add_move(moves, n, (struct move){LEAVES, thread, i, 0});
    }
    return n;
}

static inline uint32_t add_copies(uint32_t thread, bool all, struct move *moves,
                                  uint32_t n)
{
    const struct thread *t = &world.threads[thread];
    uint32_t needed = all ? UINT32_MAX : needed_copies(t);
    bool first = true;

    for (uint32_t i = 0; i < COPIES; i++) {
        const void *at = t->view.copied[i].at;
        uint32_t choices =
            at ? view_choices(&t->view, at, memory_order_relaxed) : 0;
        bool told = moves_allowed.all || other_tells(other_thread(t), at);

        if (!at || !(needed & 1u << i) || !(told || first))
            continue;
        first = first && told;
        for (uint32_t c = 0; c < choices; c++)
            n = add_move(moves, n, (struct move){COPIED, thread, i, c});
    }
    return n;
}

/* What must happen to a thread sometime, if nothing else does. */
static inline uint32_t add_moves(uint32_t thread, bool all, struct move *moves,
                                 uint32_t n)
{
    n = add_acts(thread, moves, n);
    n = add_stores(thread, all, moves, n);
    return add_copies(thread, all, moves, n);
}

/* What need not ever happen. */
static inline uint32_t add_accidents(uint32_t thread, struct move *moves,
                                     uint32_t n)
{
    const struct thread *t = &world.threads[thread];

    if (world.kills && moves_allowed.dies[thread] && t->next.kind != END &&
        !t->killed)
        for (uint32_t late = 0;
             late <= (t->list.list_op_pending ? moves_allowed.late : 0); late++)
            n = add_move(moves, n, (struct move){DIES, thread, 0, late});
    if (world.nudges && t->asleep) {
        n = add_move(moves, n, (struct move){STIRS, thread, 0, EINTR});
        if (t->next.deadline != NO_TIMEOUT)
            n = add_move(moves, n, (struct move){STIRS, thread, 0, ETIMEDOUT});
    }
    return n;
}

/* --- all of them ----------------------------------------------------------
 */

/* The moves from here; must: those that it takes to go on are among them. */
static inline uint32_t moves_from_here(struct move *moves, bool *must)
{
    bool all = moves_allowed.all;
    uint32_t n;

    *must = true;
    for (uint32_t i = 0; i < THREADS; i++)
        if (!all && thread_is_alone(&world.threads[i]))
            return add_accidents(i, moves, add_acts(i, moves, 0));
    n = add_moves(1, all, moves, add_moves(0, all, moves, 0));
    if (n == 0)
        n = add_moves(1, true, moves, add_moves(0, true, moves, 0));
    *must = n > 0;
    return add_accidents(1, moves, add_accidents(0, moves, n));
}

/* --- a move is made -------------------------------------------------------
 */

/* What others left below on its stack would come to lie in its frames, and tell
 * apart states that differ in nothing. */
static inline void thread_resume(struct thread *t)
{
    uint8_t *top = stack_pointer(&machine.contexts[t - world.threads]);

    memset(top - LIVE, 0, LIVE);
    self = t->self;
    machine.running = t;
    swapcontext(&machine.search, &machine.contexts[t - world.threads]);
    t->self = self;
}

static inline void thread_act(struct thread *t, uint32_t choice)
{
    struct operation *o = &t->next;

    t->looked_at = o->kind == LOAD ? o->at : NULL;
    t->looked = 0;
    switch (o->kind) {
    case LOAD:
        o->result = view_load(&t->view, o->at, o->size, o->order, choice);
        t->looked = o->result;
        break;
    case STORE:
        do_store(t, o->value, false);
        break;
    case COPY:
        view_copy(&t->view, o->at, o->to, o->size);
        break;
    case SET:
    case CLEAR:
    case EXCHANGE:
        do_change(t);
        break;
    case SLEEP:
    case WAKE:
    case DRAIN:
        do_call(t);
        break;
    default:
        break;
    }
    if (!t->asleep)
        thread_resume(t);
}

static inline void thread_die(struct thread *t, uint32_t late)
{
    world.kills--;
    t->late = late;
    t->killed = true;
    t->asleep = t->looked_at = NULL;
    t->looked = 0;
    view_end(&t->view);
    t->next = (struct operation){.kind = PAUSE};
    machine.contexts[t - world.threads] = machine.dying[t - world.threads];
}

static inline void move_make(struct move m)
{
    struct thread *t = &world.threads[m.thread];

    if (m.step == ACTS || m.step == HURRIES) {
        t->hurries = m.step == HURRIES;
        thread_act(t, m.choice);
    } else if (m.step == LEAVES) {
        view_leave(&t->view, m.index, &other_thread(t)->view);
    } else if (m.step == COPIED) {
        view_make_copy(&t->view, m.index, m.choice);
    } else if (m.step == DIES) {
        thread_die(t, m.choice);
    } else {
        world.nudges--;
        thread_wake(t, -(int)m.choice);
    }
}

#endif
