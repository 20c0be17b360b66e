/* SPDX-License-Identifier: MIT */
/*
 * waits_cycle.c - the cycles in a wait-for graph, and what to do about one.
 *
 * A cycle is shown only along edges that say something: a child, a thread, an
 * owner, the other end of a pipe.  That some lock without an owner could be
 * given back by any of thirty threads makes no story; that all thirty are
 * stuck does, and the print says so.
 */
#include "waits.h"

#include <stdlib.h>
#include <string.h>

/* The waiter that an edge leads to first: of a process its main thread. */
static size_t target(const struct graph *g, const struct waker *by, size_t from)
{
    const struct member *m = graph_member(g, by->process);
    size_t found = SIZE_MAX;

    for (size_t i = m ? m->first : 0; m && i < m->first + m->threads; i++) {
        const struct waiter *w = &g->waiter[i];

        if (i == from || !w->stuck ||
            (by->thread != 0 && by->thread != w->task.id))
            continue;
        if (found == SIZE_MAX || w->task.id == by->process)
            found = i;
    }
    return found;
}

/* A process that holds both ends of its own pipe is no news where another has
 * it, too. */
static bool is_story(const struct waiter *w, const struct want *want,
                     const struct waker *by)
{
    bool channel = want->kind == WAIT_DATA || want->kind == WAIT_ROOM;

    if (!want->owner && !channel)
        return false;
    if (!channel || by->process != w->task.process)
        return true;
    for (size_t i = 0; i < want->wakers; i++)
        if (want->waker[i].process != w->task.process)
            return false;
    return true;
}

struct search {
    const struct graph *g;
    size_t *before, *want; /* the way to each waiter; SIZE_MAX: not reached */
    size_t *queue, first, last;
};

static void reach_by(struct search *s, size_t from, size_t want,
                     const struct waker *by)
{
    size_t to = target(s->g, by, from);

    if (to == SIZE_MAX || s->before[to] != SIZE_MAX)
        return;
    s->before[to] = from;
    s->want[to] = want;
    s->queue[s->last++] = to;
}

static void reach(struct search *s, size_t from)
{
    const struct waiter *w = &s->g->waiter[from];

    for (size_t i = 0; i < w->wants; i++) {
        const struct want *want = &w->want[i];

        for (size_t k = 0; k < want->wakers; k++)
            if (is_story(w, want, &want->waker[k]))
                reach_by(s, from, i, &want->waker[k]);
        if (want->taker.process) /* another could, and this one should */
            reach_by(s, from, i, &want->taker);
    }
}

/* The shortest way from a waiter back to itself, breadth first. */
static bool shortest(struct search *s, size_t from, struct cycle *c)
{
    size_t at = from;

    memset(s->before, 0xff, s->g->waiters * sizeof *s->before);
    s->first = s->last = 0;
    reach(s, from);
    while (s->first < s->last && s->before[from] == SIZE_MAX)
        reach(s, s->queue[s->first++]);
    if (s->before[from] == SIZE_MAX)
        return false;
    c->count = 0;
    do {
        size_t to = at;

        at = s->before[to];
        if (c->count == CYCLE_MOST)
            return false; /* nobody would read it */
        c->waiter[c->count] = at;
        c->want[c->count++] = s->want[to];
    } while (at != from);
    for (size_t i = 0, k = c->count - 1; i < k; i++, k--) {
        struct cycle copy = *c;

        c->waiter[i] = copy.waiter[k];
        c->waiter[k] = copy.waiter[i];
        c->want[i] = copy.want[k];
        c->want[k] = copy.want[i];
    }
    return true;
}

static bool is_in(const struct cycle *c, size_t waiter)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->waiter[i] == waiter)
            return true;
    return false;
}

size_t graph_cycles(const struct graph *g, struct cycle *list, size_t most)
{
    size_t *memory = calloc(3 * g->waiters + 1, sizeof *memory), count = 0;
    struct search s = {.g = g};

    if (!memory)
        return 0;
    s.before = memory;
    s.want = memory + g->waiters;
    s.queue = memory + 2 * g->waiters;
    for (size_t i = 0; i < g->waiters && count < most; i++) {
        bool known = !g->waiter[i].stuck;

        for (size_t k = 0; k < count && !known; k++)
            known = is_in(&list[k], i);
        if (!known && shortest(&s, i, &list[count]))
            count++;
    }
    free(memory);
    return count;
}

static bool all_want(const struct graph *g, const struct cycle *c,
                     enum wait_kind kind)
{
    for (size_t i = 0; i < c->count; i++)
        if (g->waiter[c->waiter[i]].want[c->want[i]].kind != kind)
            return false;
    return true;
}

/* Somebody joins a process that still has something to write to him. */
static bool is_join_before_drain(const struct graph *g, const struct cycle *c,
                                 pid_t *reader)
{
    bool joins = false, writes = false;

    for (size_t i = 0; i < c->count; i++) {
        const struct waiter *w = &g->waiter[c->waiter[i]];
        const struct waiter *next = &g->waiter[c->waiter[(i + 1) % c->count]];

        joins |= w->want[c->want[i]].kind == WAIT_PROCESS;
        if (w->want[c->want[i]].kind == WAIT_ROOM &&
            next->kind == WAIT_PROCESS) {
            writes = true;
            *reader = next->task.process;
        }
    }
    return joins && writes;
}

const char *cycle_advice(const struct graph *g, const struct cycle *c,
                         char *text, size_t size)
{
    pid_t reader = 0;

    text[0] = 0;
    if (is_join_before_drain(g, c, &reader))
        snprintf(text, size,
                 "%d would have to read, and it waits for the child.  Drain "
                 "the queue (or pipe) before joining.",
                 reader);
    else if (all_want(g, c, WAIT_ROOM))
        snprintf(text, size,
                 "Each sends before it receives, and no pipe has room left.  "
                 "Let one of them receive first, or receive in a thread.");
    else if (all_want(g, c, WAIT_DATA))
        snprintf(text, size,
                 "Each waits until the other has sent something.  One of them "
                 "must send first.");
    else if (all_want(g, c, WAIT_FUTEX))
        snprintf(text, size,
                 "Each holds the lock that another one wants.  "
                 "Take locks in the same order everywhere.");
    return text;
}
