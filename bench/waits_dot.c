/* SPDX-License-Identifier: MIT */
/*
 * waits_dot.c - a wait-for graph for dot(1): a box for each process, an edge
 * from each thread to whoever could wake it; who is stuck is red.
 */
#include "waits.h"

#include <string.h>

/* Between quotes nothing but these two means anything. */
static void print_text(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
}

static void print_member(const struct graph *g, const struct member *m,
                         FILE *out)
{
    fprintf(out, "  subgraph cluster_%d {\n    label=\"%d ", m->pid, m->pid);
    print_text(out, m->command);
    fprintf(out, "\"%s\n", m->zombie ? "; style=dashed" : "");
    if (m->threads == 0)
        fprintf(out, "    t%d [label=\"%s\"]\n", m->pid,
                m->zombie ? "zombie" : "no thread is shown");
    for (size_t i = m->first; i < m->first + m->threads; i++) {
        const struct waiter *w = &g->waiter[i];

        fprintf(out, "    t%d [label=\"%d\\n", w->task.id, w->task.id);
        print_text(out, w->what);
        fprintf(out, "%s\"%s]\n", w->timed ? ", for a time" : "",
                w->stuck ? " color=red fontcolor=red" : "");
    }
    fprintf(out, "  }\n");
}

/* To the thread that can, or to a process's main thread for all of them. */
static void print_edge(const struct waiter *w, const struct want *want,
                       const struct waker *by, FILE *out)
{
    fprintf(out, "  t%d -> t%d [label=\"", w->task.id,
            by->thread ? by->thread : by->process);
    print_text(out, want->what);
    fprintf(out, "\"%s]\n", w->stuck ? " color=red" : "");
}

void graph_print_dot(const struct graph *g, FILE *out)
{
    fprintf(out, "digraph waits {\n  rankdir=LR\n  node [shape=box]\n");
    for (size_t i = 0; i < g->members; i++)
        print_member(g, &g->member[i], out);
    for (size_t i = 0; i < g->waiters; i++) {
        const struct waiter *w = &g->waiter[i];

        for (size_t k = 0; k < w->wants && w->kind != WAIT_NOT; k++)
            for (size_t j = 0; j < w->want[k].wakers; j++)
                if (graph_member(g, w->want[k].waker[j].process))
                    print_edge(w, &w->want[k], &w->want[k].waker[j], out);
    }
    fprintf(out, "}\n");
}
