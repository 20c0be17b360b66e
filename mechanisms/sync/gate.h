/* SPDX-License-Identifier: MIT */
/*
 * gate.h - sleep until a shared word changes, whoever is killed meanwhile.
 *
 * One thread sleeps at a gate while a 64-bit word is what it was; another sets
 * the word and wakes it.  Who sets the word must not take the wake-up with it
 * when it is killed between the two.  So the gate's word is like a lock's: the
 * id of who sets, with FUTEX_WAITERS while somebody may sleep there.  And who
 * sets names the gate meanwhile as the entry of its robust list that is
 * "pending" (get_robust_list(2)): at the end of a thread the kernel looks at
 * the word of that entry, and if it is that thread's id with FUTEX_WAITERS, it
 * wakes one who sleeps there, and leaves FUTEX_OWNER_DIED.
 *
 * Who goes to sleep, and has looked at the word that is to change, may find it
 * changed no more: then the gate must have changed as well, or the wake-up has
 * come before the sleep.  So the id is there before the word is set, and who
 * wakes says so in the gate, by FUTEX_OWNER_DIED beside its living id.
 *
 * The kernel looks at the locks of the dead first: the next one may set the
 * word before it comes to the gate.  So FUTEX_WAITERS stays until the sleeper
 * itself takes it away, and a new owner of the gate wakes once more.
 *
 * For what is built on sync/.  Whoever sets, or sleeps, holds a lock meanwhile:
 * no two set one word, or sleep at one gate, at once.  It is a robust lock, or
 * the thread has taken one before: from then on its list is known.
 */
#ifndef IPCLAB_GATE_H
#define IPCLAB_GATE_H

#include "sync/futex.h"
#include "sync/self.h"

#include <stdbool.h>
#include <stddef.h>

/* On a line of its own: who sets the word looks here each time. */
struct gate {
    _Atomic uint32_t word; /* 0 at first */
};

#define GATE_STATE (FUTEX_WAITERS | FUTEX_OWNER_DIED)

/* Be who sets: of who did it last only this remains, that somebody sleeps. */
static inline void gate_own(struct gate *g, uint32_t me)
{
    uint32_t was = atomic_load_explicit(&g->word, memory_order_relaxed);

    while ((was & FUTEX_TID_MASK) != me &&
           !atomic_compare_exchange_strong_explicit(
               &g->word, &was, me | (was & FUTEX_WAITERS), memory_order_relaxed,
               memory_order_relaxed))
        ;
}

/*
 * Set the word, and wake who sleeps until then.
 *
 * Memory order: this sets the word and then looks at the gate, who goes to
 * sleep closes the gate and then looks at the word; in one total order
 * (seq_cst) one of the two sees the other.  The word's new value releases what
 * was written before it.  The rest is of one variable, the gate, which the
 * kernel looks at as well.
 */
static inline void gate_set(struct gate *g, _Atomic uint64_t *what,
                            uint64_t value)
{
    struct robust_list_head *head = self.robust;

    /* region: gate-set */
    if (head)
        head->list_op_pending =
            (struct robust_list *)((char *)&g->word - head->futex_offset);
    atomic_signal_fence(memory_order_seq_cst);
    gate_own(g, self_id());
    atomic_store_explicit(what, value, memory_order_seq_cst);
    if ((atomic_load_explicit(&g->word, memory_order_seq_cst) & GATE_STATE) ==
        FUTEX_WAITERS) { /* and is not woken yet */
        atomic_fetch_or_explicit(&g->word, FUTEX_OWNER_DIED,
                                 memory_order_relaxed);
        futex_wake(&g->word, 1);
    }
    atomic_signal_fence(memory_order_seq_cst);
    if (head)
        head->list_op_pending = NULL;
    /* end: gate-set */
}

/* Somebody may sleep here, and is not woken yet: the word so. */
static inline uint32_t gate_close(struct gate *g)
{
    uint32_t was = atomic_load_explicit(&g->word, memory_order_relaxed);
    uint32_t closed;

    do
        closed = (was & FUTEX_TID_MASK) | FUTEX_WAITERS;
    while (!atomic_compare_exchange_strong_explicit(
        &g->word, &was, closed, memory_order_seq_cst, memory_order_relaxed));
    return closed;
}

/*
 * Sleep while the word is `seen`: 0 or -ETIMEDOUT.  A gate that stays closed
 * behind who was killed asleep costs the next who sets the word a system call.
 */
static inline int gate_wait(struct gate *g, const _Atomic uint64_t *what,
                            uint64_t seen, int64_t deadline)
{
    bool late = false, changed;

    /* region: gate-wait */
    do {
        uint32_t closed = gate_close(g);

        changed = atomic_load_explicit(what, memory_order_seq_cst) != seen;
        if (changed || late)
            break;
        late = futex_wait(&g->word, closed, deadline) == -ETIMEDOUT;
    } while (true);
    atomic_fetch_and_explicit(&g->word, ~FUTEX_WAITERS, memory_order_relaxed);
    /* end: gate-wait */
    return changed ? 0 : -ETIMEDOUT;
}

#endif
