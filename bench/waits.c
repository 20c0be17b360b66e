/* SPDX-License-Identifier: MIT */
/*
 * waits.c - who waits for whom: the graph, and who in it is stuck.
 */
#include "waits.h"

#include "common/clock.h"
#include "proc.h"
#include "waits_find.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Between the two looks; a slow thread runs within that. */
#define STILL (110 * SECOND / 1000)

/* A graph of the whole machine would tell nobody anything. */
enum { MEMBERS_MOST = 4096 };

/* --- members --- */

const struct member *graph_member(const struct graph *g, pid_t process)
{
    for (size_t i = 0; i < g->members; i++)
        if (g->member[i].pid == process)
            return &g->member[i];
    return NULL;
}

/* argv with spaces, and the program without its folders; a process that has
 * none (a zombie) by its short name. */
static void read_command(struct member *m)
{
    char name[64] = "";
    size_t n = 0;
    char *line = proc_read_all("/proc/%d/cmdline", m->pid);
    const char *slash = line ? strrchr(line, '/') : NULL;

    /* Each argument ends with a 0, the last one twice (ours). */
    for (const char *at = slash ? slash + 1 : line;
         at && *at && n + 1 < sizeof m->command; at += strlen(at) + 1)
        n += (size_t)snprintf(m->command + n, sizeof m->command - n, "%s%s",
                              n ? " " : "", at);
    free(line);
    if (n == 0 && proc_read(name, sizeof name, "/proc/%d/comm", m->pid) == 0)
        snprintf(m->command, sizeof m->command, "[%.*s]",
                 (int)strcspn(name, "\n"), name);
    for (char *c = m->command; *c; c++)
        if ((unsigned char)*c < ' ')
            *c = ' ';
}

static int add_waiters(struct graph *g, struct member *m)
{
    struct tasks tasks = {0};
    struct waiter *larger;
    int error = tasks_of(m->pid, &tasks);

    m->first = g->waiters;
    if (error)
        tasks.count = 0; /* it has ended, or does not show us its threads */
    larger =
        reallocarray(g->waiter, g->waiters + tasks.count + 1, sizeof *larger);
    if (!larger) {
        tasks_free(&tasks);
        return -ENOMEM;
    }
    g->waiter = larger;
    for (size_t i = 0; i < tasks.count; i++) {
        struct waiter *w = &larger[g->waiters++];

        *w = (struct waiter){.task = tasks.task[i]};
        m->hidden |= w->task.call == CALL_UNKNOWN;
        if (proc_read(w->name, sizeof w->name, "/proc/%d/task/%d/comm", m->pid,
                      w->task.id) == 0)
            w->name[strcspn(w->name, "\n")] = 0;
    }
    m->threads = tasks.count;
    tasks_free(&tasks);
    return 0;
}

static int add_member(struct graph *g, pid_t pid, bool asked)
{
    struct process_stat stat;
    struct member *larger;
    int error;

    if (graph_member(g, pid) || g->members == MEMBERS_MOST ||
        process_stat(pid, &stat) < 0)
        return 0;
    larger = reallocarray(g->member, g->members + 1, sizeof *larger);
    if (!larger)
        return -ENOMEM;
    g->member = larger;
    larger += g->members++;
    *larger =
        (struct member){.pid = pid, .parent = stat.parent, .asked = asked};
    read_command(larger);
    error = add_waiters(g, larger);
    /* One whose main thread has ended, and others not, looks like one, too. */
    larger->zombie = stat.state == 'Z' && larger->threads == 0;
    return error;
}

/* Ask of each thread what it waits for, and add whoever could wake it. */
static int close_over_wakers(struct graph *g)
{
    int error = 0;

    for (size_t i = 0; i < g->waiters && !error && !g->error; i++) {
        waiter_understand(g, &g->waiter[i]);
        for (size_t k = 0; k < g->waiter[i].wants; k++)
            for (size_t j = 0; j < g->waiter[i].want[k].wakers && !error; j++)
                error =
                    add_member(g, g->waiter[i].want[k].waker[j].process, false);
    }
    return error ? error : g->error;
}

/* --- the second look --- */

/* Who has moved since the first look waits for nothing that lasts. */
static void keep_the_still(struct graph *g, const struct member *m)
{
    struct tasks now = {0};

    tasks_of(m->pid, &now);
    for (size_t i = m->first; i < m->first + m->threads; i++) {
        struct waiter *w = &g->waiter[i];
        bool still = w->kind == WAIT_STOPPED || w->kind == WAIT_NOT;

        for (size_t k = 0; k < now.count && !still; k++)
            still = task_is_still(&w->task, &now.task[k]);
        if (still)
            continue;
        w->kind = WAIT_NOT;
        w->timed = false;
        snprintf(w->what, sizeof w->what, "runs now and then");
    }
    tasks_free(&now);
}

static void wait_until(int64_t moment)
{
    struct timespec left;

    while (clock_now() < moment)
        nanosleep(clock_left(moment, &left), NULL);
}

/* --- who is stuck --- */

/* May it go on without any of the others? */
static bool goes_on(const struct waiter *w)
{
    switch (w->kind) {
    case WAIT_DATA:
    case WAIT_ROOM:
    case WAIT_FUTEX:
    case WAIT_THREAD:
    case WAIT_PROCESS:
    case WAIT_SEVERAL:
    case WAIT_FILE:
        break;
    default:
        return true;
    }
    for (size_t i = 0; i < w->wants; i++)
        if (w->want[i].outside)
            return true;
    return w->timed || w->wants == 0;
}

/* Can one of those whom this waker names still do it? */
static bool can_wake(const struct graph *g, const struct waiter *w,
                     const struct waker *by)
{
    const struct member *m = graph_member(g, by->process);

    if (!m || m->zombie || m->threads == 0)
        return true; /* it has just ended: that moves things, too */
    for (size_t i = m->first; i < m->first + m->threads; i++) {
        const struct waiter *other = &g->waiter[i];

        if (other != w && !other->stuck &&
            (by->thread == 0 || by->thread == other->task.id))
            return true;
    }
    return false;
}

static bool is_woken(const struct graph *g, const struct waiter *w)
{
    for (size_t i = 0; i < w->wants; i++)
        for (size_t k = 0; k < w->want[i].wakers; k++)
            if (can_wake(g, w, &w->want[i].waker[k]))
                return true;
    return false;
}

/* All that wait are stuck, but those that go on, and those that these can
 * wake, and so forth. */
static void find_stuck(struct graph *g)
{
    bool changed = true;

    for (size_t i = 0; i < g->waiters; i++)
        g->waiter[i].stuck = !goes_on(&g->waiter[i]);
    while (changed) {
        changed = false;
        for (size_t i = 0; i < g->waiters; i++)
            if (g->waiter[i].stuck && is_woken(g, &g->waiter[i])) {
                g->waiter[i].stuck = false;
                changed = true;
            }
    }
}

static void count(struct graph *g)
{
    for (size_t k = 0; k < g->members; k++) {
        const struct member *m = &g->member[k];

        for (size_t i = m->first; m->asked && i < m->first + m->threads; i++) {
            g->stuck += g->waiter[i].stuck;
            g->hidden += g->waiter[i].kind == WAIT_HIDDEN;
            g->running += g->waiter[i].kind == WAIT_NOT;
        }
    }
}

/* --- the whole --- */

static int add_tree(struct graph *g, pid_t root)
{
    struct pids below = {0};
    struct process_stat stat;
    int error = process_stat(root, &stat) < 0 ? -ESRCH : 0;

    if (!error)
        error = add_member(g, root, true);
    if (!error)
        error = descendants(root, &below, SIZE_MAX);
    for (size_t i = 0; i < below.count && !error; i++)
        error = add_member(g, below.pid[i], true);
    pids_free(&below);
    return error;
}

int graph_read(struct graph *g, pid_t root)
{
    int error;

    *g = (struct graph){.root = root};
    error = add_tree(g, root);
    if (!error)
        error = ends_read(&g->ends);
    if (!error)
        error = close_over_wakers(g);
    if (error) {
        graph_free(g);
        return error;
    }
    wait_until(clock_now() + STILL);
    for (size_t i = 0; i < g->members; i++)
        keep_the_still(g, &g->member[i]);
    find_stuck(g);
    count(g);
    return 0;
}

void graph_free(struct graph *g)
{
    for (size_t i = 0; i < g->waiters; i++) {
        for (size_t k = 0; k < g->waiter[i].wants; k++)
            free(g->waiter[i].want[k].waker);
        free(g->waiter[i].want);
    }
    free(g->waiter);
    free(g->member);
    ends_free(&g->ends);
    *g = (struct graph){.root = g->root};
}
