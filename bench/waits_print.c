/* SPDX-License-Identifier: MIT */
/* waits_print.c - a wait-for graph for people. */
#include "waits.h"

#include "human.h"

#include <inttypes.h>
#include <string.h>

enum { NAME = 21, WHAT = 52, CYCLES = 8 };

/* --- threads --- */

/* Threads that bear the process's own name are called by number alone. */
static void print_name(FILE *out, const struct graph *g, const struct member *m,
                       const struct waiter *w)
{
    char text[64];

    if (w->task.id == m->pid)
        snprintf(text, sizeof text, "main thread");
    else if (strcmp(w->name, g->waiter[m->first].name) == 0)
        snprintf(text, sizeof text, "thread %d", w->task.id);
    else
        snprintf(text, sizeof text, "%d %.11s", w->task.id, w->name);
    fprintf(out, "  %-*s", NAME - 2, text);
}

/* "readers of pipe 91544: 18836 (fd 3), 18878 (fd 3)" */
static void print_wakers(FILE *out, const struct waiter *w,
                         const struct want *want, int columns)
{
    enum { SHOWN = 12 };
    char line[1024];
    size_t n = 0;

    if (w->kind == WAIT_SEVERAL && w->wants > 1)
        n = (size_t)snprintf(line, sizeof line, "fd %d: %.100s%s", want->fd,
                             want->what, want->who[0] ? ", " : "");
    n += (size_t)snprintf(line + n, sizeof line - n, "%s", want->who);
    if (n && want->who[0] && strstr(want->what, "pipe") && w->wants == 1)
        n += (size_t)snprintf(line + n, sizeof line - n, " of pipe %" PRIu64,
                              want->object);
    for (size_t i = 0; want->who[0] && i < want->wakers && i < SHOWN; i++) {
        const struct waker *by = &want->waker[i];

        n += (size_t)snprintf(line + n, sizeof line - n, "%s%d",
                              i ? ", " : ": ", by->process);
        if (by->fd >= 0)
            n +=
                (size_t)snprintf(line + n, sizeof line - n, " (fd %d)", by->fd);
    }
    if (want->wakers > SHOWN)
        n += (size_t)snprintf(line + n, sizeof line - n, " and %zu more",
                              want->wakers - SHOWN);
    if (n == 0)
        return;
    fprintf(out, "%*s", NAME, "");
    human_wrap(out, line, NAME, (size_t)columns, "");
}

static void print_want(FILE *out, const struct waiter *w,
                       const struct want *want, int columns)
{
    print_wakers(out, w, want, columns);
    if (want->note[0]) {
        fprintf(out, "%*s", NAME, "");
        human_wrap(out, want->note, NAME, (size_t)columns, "");
    }
}

static void print_waiter(FILE *out, const struct graph *g,
                         const struct member *m, const struct waiter *w,
                         int columns)
{
    char what[200];
    size_t width;

    print_name(out, g, m, w);
    snprintf(what, sizeof what, "%s%s", w->what,
             w->timed && w->kind != WAIT_TIME ? ", for a time" : "");
    width = human_width(what);
    if (width > (size_t)columns - NAME) {
        human_wrap(out, what, NAME, (size_t)columns, "");
    } else {
        fputs(what, out);
        width += NAME;
        if (w->how[0] &&
            (width < WHAT ? WHAT : width + 2) + human_width(w->how) <=
                (size_t)columns)
            fprintf(out, "%*s%s", (int)(width < WHAT ? WHAT - width : 2), "",
                    w->how);
        fputc('\n', out);
    }
    if (w->kind == WAIT_NOT)
        return;
    for (size_t i = 0; i < w->wants; i++)
        print_want(out, w, &w->want[i], columns);
}

static void print_member(const struct graph *g, const struct member *m,
                         FILE *out, int columns)
{
    const struct member *parent = graph_member(g, m->parent);
    char line[400];

    snprintf(line, sizeof line, "%d %.200s", m->pid, m->command);
    if (parent && parent->asked)
        snprintf(line + strlen(line), sizeof line - strlen(line),
                 " (child of %d)", m->parent);
    if (!m->asked)
        snprintf(line + strlen(line), sizeof line - strlen(line),
                 " (not of this tree)");
    human_wrap(out, line, 0, (size_t)columns, "");
    if (m->zombie)
        fprintf(out, "  a zombie: it has ended, and %d has not asked how\n",
                m->parent);
    for (size_t i = m->first; i < m->first + m->threads; i++)
        print_waiter(out, g, m, &g->waiter[i], columns);
}

/* --- what it comes to --- */

static void print_cycle(const struct graph *g, const struct cycle *c, FILE *out,
                        int columns)
{
    const char *arrow = human_utf8() ? "\u2192" : "->";
    char line[1024], advice[256];
    size_t n = 0;

    for (size_t i = 0; i < c->count; i++) {
        const struct waiter *w = &g->waiter[c->waiter[i]];
        const struct want *want = &w->want[c->want[i]];

        n += (size_t)snprintf(line + n, sizeof line - n, "%d %s ", w->task.id,
                              arrow);
        if (want->object)
            n += (size_t)snprintf(
                line + n, sizeof line - n, "%s %" PRIu64 " %s ",
                strstr(want->what, "pipe") ? "pipe" : "socket", want->object,
                arrow);
    }
    snprintf(line + n, sizeof line - n, "%d", g->waiter[c->waiter[0]].task.id);
    fputs("cycle: ", out);
    human_wrap(out, line, 7, (size_t)columns, "");
    if (cycle_advice(g, c, advice, sizeof advice)[0]) {
        fprintf(out, "%7s", "");
        human_wrap(out, advice, 7, (size_t)columns, "");
    }
}

static bool in_any(const struct cycle *list, size_t count, size_t waiter)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < list[i].count; k++)
            if (list[i].waiter[k] == waiter)
                return true;
    return false;
}

/* Those who are stuck, and in no cycle that was shown. */
static void print_stuck(const struct graph *g, const struct cycle *list,
                        size_t count, FILE *out, int columns)
{
    enum { SHOWN = 24 };
    char line[1024];
    size_t n = 0, found = 0;

    for (size_t i = 0; i < g->waiters; i++) {
        if (!g->waiter[i].stuck || in_any(list, count, i))
            continue;
        if (found++ < SHOWN)
            n += (size_t)snprintf(line + n, sizeof line - n, "%s%d",
                                  n ? ", " : "", g->waiter[i].task.id);
    }
    if (found > SHOWN)
        n += (size_t)snprintf(line + n, sizeof line - n, " and %zu more",
                              found - SHOWN);
    if (!found)
        return;
    snprintf(line + n, sizeof line - n,
             count ? ", too: whoever could wake them is stuck"
                   : ": nobody who could wake %s is able to",
             found > 1 ? "them" : "it");
    fputs("stuck: ", out);
    human_wrap(out, line, 7, (size_t)columns, "");
}

static void print_conclusion(const struct graph *g, FILE *out, int columns)
{
    struct cycle list[CYCLES];
    size_t count = graph_cycles(g, list, CYCLES);
    char line[200];

    for (size_t i = 0; i < count; i++)
        print_cycle(g, &list[i], out, columns);
    print_stuck(g, list, count, out, columns);
    if (g->hidden) {
        snprintf(line, sizeof line,
                 "%u threads are hidden from us: whether they are stuck cannot "
                 "be told.  Run it with sudo.",
                 g->hidden);
        human_wrap(out, line, 0, (size_t)columns, "");
    } else if (!g->stuck) {
        human_wrap(out,
                   "nothing is stuck: every thread runs, or wakes by itself, "
                   "or somebody can wake it",
                   0, (size_t)columns, "");
    }
    if (g->ends.hidden && g->stuck) {
        snprintf(line, sizeof line,
                 "(%u processes of others do not show their descriptors: they "
                 "could hold an end, too.  sudo shows them.)",
                 g->ends.hidden);
        human_wrap(out, line, 0, (size_t)columns, "");
    }
}

void graph_print(const struct graph *g, FILE *out, int columns)
{
    for (size_t i = 0; i < g->members; i++)
        print_member(g, &g->member[i], out, columns);
    print_conclusion(g, out, columns);
}
