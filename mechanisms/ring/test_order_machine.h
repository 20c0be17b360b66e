/* SPDX-License-Identifier: MIT */
/*
 * test_order_machine.h - two threads that run real code, and their kernel.
 *
 * Each access to what is shared, and each system call, is an operation that is
 * asked for here.  The thread stops with it, and the search
 * (test_order_search.h) decides when it is done.
 */
#ifndef IPCLAB_TEST_ORDER_MACHINE_H
#define IPCLAB_TEST_ORDER_MACHINE_H

#include "ring/test_order_memory.h"

#include "common/clock.h"
#include "sync/futex.h"
#include "sync/self.h"

#include <ucontext.h>

enum { THREADS = 2, ROOM = 4 * WORD };

enum kind {
    PAUSE, /* nothing; but it may be killed here */
    LOAD,
    STORE,
    COPY,     /* out of the ring, to be there at the next SETTLE */
    SETTLE,   /* until all copies are made */
    SET,      /* these bits */
    CLEAR,    /* these bits */
    EXCHANGE, /* if it is as expected */
    SLEEP,    /* futex(2), and below: what waits until all has left */
    WAKE,
    DRAIN, /* nothing else */
    END
};

struct operation {
    enum kind kind;
    memory_order order;
    void *at, *to; /* to: of a copy */
    size_t size;
    uint64_t value, expected;
    int64_t deadline; /* of a sleep */
    uint64_t result;
};

struct thread {
    struct operation next;
    struct view view;
    const void *asleep;    /* on that word, or NULL */
    const void *looked_at; /* by a load that was its last operation, or NULL */
    uint64_t looked;       /* what it found */
    bool hurries;          /* it looks again, until it asks for the time */
    bool killed;
    /* The kernel has not come to this word yet, of who was killed, and comes
     * after so many operations of the heir. */
    void *due;
    uint32_t due_id, late;
    struct self self;
    struct robust_list_head list;
    /* What it does, by test_order.c. */
    bool heir;          /* of a killed one, in its place */
    uint32_t done;      /* items */
    int line;           /* where something was wrong */
    uint8_t room[ROOM]; /* where it copies to */
};

/* All that changes, but for memory and stacks. */
static struct {
    struct thread threads[THREADS];
    uint32_t kills, nudges; /* that may still come */
} world;

/* What is wrong on purpose. */
struct fault {
    enum kind kind;        /* operations of that kind, */
    memory_order from, to; /* and of that order, have another one, */
    const void *at;        /* on that word */
    bool wakes_nobody;     /* futex_wake */
    bool compares_nothing; /* futex_wait */
    bool forgets_pending;  /* the kernel, at the end of a thread */
    bool owns_nothing;     /* who sets a word, its gate */
};

static struct {
    struct fault fault;
    bool kills;      /* somebody may be killed in the end */
    bool old_kernel; /* before Linux 6.2 */
    struct thread *running;
    ucontext_t contexts[THREADS], search;
    ucontext_t dying[THREADS]; /* what a thread does when it is killed */
} machine;

static inline struct thread *other_thread(const struct thread *t)
{
    return &world.threads[t == world.threads];
}

/* --- operations, as the search lets them be done --------------------------
 */

static inline bool thread_may_go_on(const struct thread *t)
{
    const struct operation *o = &t->next;

    switch (o->kind) {
    case LOAD:
        return o->order != memory_order_seq_cst || !view_has_total(&t->view);
    case SETTLE:
        return !view_copies(&t->view);
    case SET:
    case CLEAR:
    case EXCHANGE:
        return (releases(o->order)
                    ? view_is_empty(&t->view)
                    : view_stored(&t->view, o->at) == t->view.stores) &&
               !view_changes(&other_thread(t)->view, o->at);
    case SLEEP:
    case WAKE:
    case DRAIN:
        return !t->asleep && view_is_empty(&t->view);
    default:
        return o->kind != END;
    }
}

static inline void do_store(struct thread *t, uint64_t value, bool changes)
{
    const struct operation *o = &t->next;

    view_store(&t->view, (struct stored){.at = o->at,
                                         .size = o->size,
                                         .value = value,
                                         .order = o->order,
                                         .changes = changes});
}

static inline void do_change(struct thread *t)
{
    struct operation *o = &t->next;
    uint64_t seen = view_load(&t->view, o->at, o->size, o->order, 0);

    o->result = seen;
    if (o->kind == SET)
        do_store(t, seen | o->value, true);
    else if (o->kind == CLEAR)
        do_store(t, seen & ~o->value, true);
    else if (seen == o->expected &&
             !(machine.fault.owns_nothing && o->order == memory_order_relaxed))
        do_store(t, o->value, true);
}

/* Who sleeps goes on, with this result. */
static inline void thread_wake(struct thread *t, int result)
{
    t->asleep = NULL;
    t->next =
        (struct operation){.kind = PAUSE, .result = (uint64_t)(int64_t)result};
}

static inline void do_call(struct thread *t)
{
    struct operation *o = &t->next;

    view_acquire(&t->view);
    if (o->kind == SLEEP) {
        if (first_bytes(o->at, o->size) == o->value ||
            machine.fault.compares_nothing)
            t->asleep = o->at;
        else
            o->result = (uint64_t)-EAGAIN;
    } else if (o->kind == WAKE && other_thread(t)->asleep == o->at &&
               !machine.fault.wakes_nobody) {
        thread_wake(other_thread(t), 0);
        o->result = 1;
    }
}

/* --- operations, as they are asked for ------------------------------------
 */

static inline void kernel_comes(struct thread *t);

static inline uint64_t machine_ask(struct operation o)
{
    struct thread *t = machine.running;
    const struct fault *f = &machine.fault;

    if (t->due && (o.kind >= SLEEP || t->late-- == 0))
        kernel_comes(t);
    if (o.at && f->at == o.at && f->kind == o.kind && f->from == o.order)
        o.order = f->to;
    t->view.ended = o.kind == END;
    t->next = o;
    swapcontext(&machine.contexts[t - world.threads], &machine.search);
    return t->next.result;
}

static inline uint64_t machine_load(const volatile void *at, size_t size,
                                    memory_order order)
{
    void *word = memory_word(at);
    const struct thread *t = machine.running;

    if (t->hurries && t->looked_at == word)
        return t->looked; /* nothing can have changed meanwhile */
    return machine_ask((struct operation){
        .kind = LOAD, .order = order, .at = word, .size = size});
}

static inline uint64_t machine_store(enum kind kind, volatile void *at,
                                     size_t size, uint64_t value,
                                     memory_order order)
{
    return machine_ask((struct operation){.kind = kind,
                                          .order = order,
                                          .at = memory_word(at),
                                          .size = size,
                                          .value = value});
}

static inline bool machine_exchange(_Atomic uint32_t *at, uint32_t *expected,
                                    uint32_t value, memory_order order)
{
    uint32_t seen =
        (uint32_t)machine_ask((struct operation){.kind = EXCHANGE,
                                                 .order = order,
                                                 .at = memory_word(at),
                                                 .size = sizeof *at,
                                                 .value = value,
                                                 .expected = *expected});
    bool done = seen == *expected;

    *expected = seen;
    return done;
}

static inline void copy_word(void *to, const void *from, size_t size, bool into)
{
    const struct thread *t = machine.running;
    bool later = (uintptr_t)to - (uintptr_t)t->room < sizeof t->room;
    struct operation o = {.order = memory_order_relaxed, .size = size};

    if (!memory_is_bytes(into ? to : from))
        memory.wrong = "an item goes beyond the ring";
    o.kind = into ? STORE : later ? COPY : LOAD;
    o.at = memory_word(into ? to : from);
    o.to = to;
    if (into)
        o.value = first_bytes(from, size);
    o.result = machine_ask(o);
    if (o.kind == LOAD)
        memcpy(to, &o.result, size);
}

/* Into the ring or out of it, word by word; or neither. */
static inline void machine_copy(void *to, const void *from, size_t size)
{
    bool into = memory_is_bytes(to);

    if (!into && !memory_is_bytes(from))
        memcpy(to, from, size);
    else
        for (size_t i = 0; i < size; i += WORD)
            copy_word((char *)to + i, (const char *)from + i,
                      size - i < WORD ? size - i : WORD, into);
}

static inline int machine_sleep(_Atomic uint32_t *word, uint32_t value,
                                int64_t deadline)
{
    return (int)(int64_t)machine_ask((struct operation){.kind = SLEEP,
                                                        .at = memory_word(word),
                                                        .size = sizeof *word,
                                                        .value = value,
                                                        .deadline = deadline});
}

/* (There are no two who sleep on a word.) */
static inline uint32_t machine_wake(_Atomic uint32_t *word)
{
    return (uint32_t)machine_ask(
        (struct operation){.kind = WAKE, .at = memory_word(word)});
}

/* It is 0, but for who hurries: then it is late. */
static inline int64_t machine_now(void)
{
    bool late = machine.running->hurries;

    machine.running->hurries = false;
    return late ? NO_TIMEOUT - 1 : 0;
}

static inline int64_t machine_deadline(int64_t timeout)
{
    return timeout;
}

/* A place to be killed at. */
static inline void machine_pause(void)
{
    if (machine.kills)
        machine_ask((struct operation){.kind = PAUSE});
}

/* --- the kernel, at the end of a thread -----------------------------------
 */

static inline _Atomic uint32_t *word_of(const struct thread *t,
                                        struct robust_list *entry)
{
    return (_Atomic uint32_t *)(void *)((char *)entry + t->list.futex_offset);
}

/* A lock: nobody else looks at it, or sleeps there, in these scenes. */
static inline void kernel_leaves_lock(const struct thread *t,
                                      _Atomic uint32_t *word)
{
    uint32_t seen = *word;

    if ((seen & FUTEX_TID_MASK) == t->self.id)
        *word = (seen & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
}

static inline void kernel_leaves_pending(uint32_t id, _Atomic uint32_t *word)
{
    uint32_t seen =
        (uint32_t)machine_load(word, sizeof *word, memory_order_seq_cst);

    while ((seen & FUTEX_TID_MASK) == id)
        if (machine_exchange(word, &seen,
                             (seen & FUTEX_WAITERS) | FUTEX_OWNER_DIED,
                             memory_order_seq_cst)) {
            if (seen & FUTEX_WAITERS)
                machine_wake(word);
            return;
        }
    if (machine.old_kernel ? !seen : !(seen & FUTEX_TID_MASK))
        machine_wake(word);
}

static inline void kernel_comes(struct thread *t)
{
    _Atomic uint32_t *word = (_Atomic uint32_t *)t->due;

    t->due = NULL;
    t->late = 0;
    t->looked_at = NULL; /* this is another who looks */
    kernel_leaves_pending(t->due_id, word);
    t->looked_at = NULL;
}

/* The locks first: the next to have one need not wait for the rest. */
static inline void kernel_ends(struct thread *t)
{
    struct robust_list *pending = t->list.list_op_pending, *next;

    machine_ask((struct operation){.kind = DRAIN});
    for (struct robust_list *e = t->list.list.next; e != &t->list.list;
         e = next) {
        next = e->next;
        if (e != pending)
            kernel_leaves_lock(t, word_of(t, e));
    }
    if (pending && !machine.fault.forgets_pending) {
        t->due = (void *)word_of(t, pending);
        t->due_id = t->self.id;
        if (t->late == 0)
            kernel_comes(t);
    }
    if (!t->due)
        machine_ask((struct operation){.kind = DRAIN});
}

#endif
