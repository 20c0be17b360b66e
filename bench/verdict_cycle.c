/* SPDX-License-Identifier: MIT */
/*
 * verdict_cycle.c - "cycle N": the victim waits for itself, by way of others.
 * The graph is the one of `ipclab waits`.
 */
#include "verdict_parts.h"
#include "waits.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const struct waiter *waiter_in(const struct graph *g,
                                      const struct cycle *c, size_t i)
{
    return &g->waiter[c->waiter[i % c->count]];
}

/* The cycle that a thread of the victim is in; NULL when it is in none. */
static const struct cycle *cycle_of(const struct graph *g,
                                    const struct cycle *list, size_t count,
                                    pid_t victim)
{
    for (size_t k = 0; k < count; k++)
        for (size_t i = 0; i < list[k].count; i++)
            if (waiter_in(g, &list[k], i)->task.process == victim)
                return &list[k];
    return NULL;
}

/* Is everybody who could wake it a process of the cycle?  Of a queue's pipe a
 * writer has the read end, too. */
static bool are_within(const struct graph *g, const struct cycle *c,
                       const struct want *want)
{
    bool within = want->wakers != 0;

    for (size_t n = 0; n < want->wakers && within; n++) {
        within = false;
        for (size_t k = 0; k < c->count; k++)
            within |=
                waiter_in(g, c, k)->task.process == want->waker[n].process;
    }
    return within;
}

static void say_other_end(struct verdict *v, const struct waiter *one,
                          const struct want *want, const struct waiter *next)
{
    if (want->wakers == 1)
        verdict_say(v, "  (%s); at its other end is process %d alone", one->how,
                    next->task.process);
    else
        verdict_say(v, "  (%s); only %d has its other end, too", one->how,
                    next->task.process);
}

static bool judge_cycle(const struct inspection *i, const struct graph *g,
                        const struct cycle *c)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;

    if (!c)
        return verdict_refuse(v, "process %d is in no cycle", w->victim);
    if ((int64_t)c->count != atoll(i->hazard->evidence + sizeof "cycle"))
        return verdict_refuse(v, "the cycle of process %d has %zu edges",
                              w->victim, c->count);
    for (size_t k = 0; k < c->count; k++) {
        const struct waiter *one = waiter_in(g, c, k);
        const struct want *want = &one->want[c->want[k]];

        if (one->task.id == one->task.process)
            verdict_say(v, "process %d %.80s", one->task.process, one->what);
        else
            verdict_say(v, "thread %d of process %d %.80s", one->task.id,
                        one->task.process, one->what);
        if (want->kind == WAIT_ROOM || want->kind == WAIT_DATA)
            say_other_end(v, one, want, waiter_in(g, c, k + 1));
        if (!are_within(g, c, want))
            return verdict_refuse(v, "%zu processes could wake process %d",
                                  want->wakers, one->task.process);
    }
    verdict_say(v,
                c->count == 2
                    ? "each waits for the other, and neither for anybody else"
                    : "each waits for the next, and for nobody else");
    return true;
}

bool find_cycle(const struct inspection *i, const struct tasks *look,
                pid_t root)
{
    enum { CYCLES = 8 };
    struct cycle *list = calloc(CYCLES, sizeof *list);
    struct graph g;
    int error = list ? graph_read(&g, root) : -ENOMEM;
    size_t count;
    bool found;

    (void)look;
    if (error) {
        free(list);
        return verdict_cannot_show(i->verdict, "who waits for whom", error);
    }
    count = graph_cycles(&g, list, CYCLES);
    found =
        g.hidden
            ? verdict_cannot_show(i->verdict, "its calls", -EACCES)
            : judge_cycle(i, &g, cycle_of(&g, list, count, i->witness->victim));
    graph_free(&g);
    free(list);
    return found;
}
