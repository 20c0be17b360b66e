/* SPDX-License-Identifier: MIT */
/*
 * together.c - a window in which all participants do the same at once.
 *
 * Each comes to the gate and sleeps; the timed side, when all are there, opens
 * it.  So what starting, waking and being told cost lies before it.  The gate
 * is one word in the findings, which everybody has mapped: it counts the
 * windows, so that nobody can take the last one's opening for this one's.
 *
 * Nobody here waits with a bound: a peer that dies ends the timed side
 * (timed.c), and that one's end ends the peers (peer.c).
 */
#include "trial.h"

#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

static void sleep_while(_Atomic uint32_t *word, uint32_t value)
{
    while (atomic_load_explicit(word, memory_order_acquire) == value)
        syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0);
}

static void wake_all(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

/* A peer: come, and wait until it is open. */
static void come(struct findings *f)
{
    uint32_t seen = atomic_load_explicit(&f->gate, memory_order_relaxed);

    atomic_fetch_add_explicit(&f->arrived, 1, memory_order_release);
    wake_all(&f->arrived);
    sleep_while(&f->gate, seen);
}

/* The timed side: wait until all have come, and open it. */
static void open_gate(struct findings *f, uint32_t peers)
{
    uint32_t here;

    while ((here = atomic_load_explicit(&f->arrived, memory_order_acquire)) <
           peers)
        sleep_while(&f->arrived, here);
    atomic_store_explicit(&f->arrived, 0, memory_order_relaxed);
    atomic_fetch_add_explicit(&f->gate, 1, memory_order_release);
    wake_all(&f->gate);
}

int together_op(struct side *s, unsigned n, struct usage *usage)
{
    struct span *span = &s->findings->spans[s->trial.number];
    struct usage before;
    int error;

    if (s->trial.number > 0)
        come(s->findings);
    else
        open_gate(s->findings, (uint32_t)s->peers);
    before = usage_now();
    span->begin = clock_now();
    error = s->spec.workload->op(&s->trial, n);
    span->end = clock_now();
    *usage = usage_since(before);
    return error;
}

int64_t together_elapsed(const struct side *s)
{
    const struct span *spans = s->findings->spans;
    int64_t begin = spans[0].begin, end = spans[0].end;

    for (int i = 1; i <= s->peers; i++) {
        begin = spans[i].begin < begin ? spans[i].begin : begin;
        end = spans[i].end > end ? spans[i].end : end;
    }
    return end - begin;
}
