/* SPDX-License-Identifier: MIT */
/*
 * gate.h - sleep until a shared word changes, whoever is killed meanwhile.
 *
 * One thread sleeps at a gate while a 64-bit word is what it was; another sets
 * the word and wakes it.  Who sets the word must not take the wake-up with it
 * when it is killed between the two.  So for the time of both it names the gate
 * as the entry of its robust list that is "pending" (get_robust_list(2)), as
 * who takes a lock does: at the end of a thread the kernel looks at the word of
 * that entry, and wakes one who sleeps there if it is 0, or the dead thread's
 * id with FUTEX_WAITERS.  A gate is 0 while somebody may sleep at it, and that
 * id while somebody is being woken.
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

#define GATE_OPEN FUTEX_WAITERS /* nobody sleeps, and nobody wakes */

/* On a line of its own: who sets the word looks here each time. */
struct gate {
    _Atomic uint32_t word; /* 0: somebody may sleep here */
};

/*
 * Set the word, and wake who sleeps until then.
 *
 * Memory order: this sets the word and then looks at the gate, who goes to
 * sleep closes the gate and then looks at the word; in one total order
 * (seq_cst) one of the two sees the other.  The word's new value releases what
 * was written before it.
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
    atomic_store_explicit(what, value, memory_order_seq_cst);
    if (atomic_load_explicit(&g->word, memory_order_seq_cst) == 0) {
        atomic_store_explicit(&g->word, self_id() | FUTEX_WAITERS,
                              memory_order_relaxed);
        futex_wake(&g->word, 1);
    }
    atomic_signal_fence(memory_order_seq_cst);
    if (head)
        head->list_op_pending = NULL;
    /* end: gate-set */
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
        atomic_store_explicit(&g->word, 0, memory_order_seq_cst);
        changed = atomic_load_explicit(what, memory_order_seq_cst) != seen;
        if (changed || late)
            break;
        late = futex_wait(&g->word, 0, deadline) == -ETIMEDOUT;
    } while (true);
    atomic_store_explicit(&g->word, GATE_OPEN, memory_order_relaxed);
    /* end: gate-wait */
    return changed ? 0 : -ETIMEDOUT;
}

#endif
