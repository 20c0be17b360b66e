/* SPDX-License-Identifier: MIT */
/*
 * waits_several.c - poll(2), select(2) and epoll(7): one ready descriptor of
 * several ends the wait.  Which ones they are stands in the waiter's memory,
 * and for epoll in its fdinfo.
 */
#include "waits_find.h"

#include "proc.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>

enum { SET_MOST = 4096 };

static void want_events(struct graph *g, struct waiter *w, int fd, bool data,
                        bool room)
{
    if (data)
        want_descriptor(g, w, fd, false);
    if (room)
        want_descriptor(g, w, fd, true);
}

/* The set cannot be read: anything may be in it. */
static void want_unknown(struct graph *g, struct waiter *w)
{
    struct want *want = want_add(g, w, WAIT_DATA, -1);

    if (!want)
        return;
    want->outside = true;
    snprintf(want->what, sizeof want->what, "descriptors that are not shown");
}

static void describe(struct waiter *w, const char *call)
{
    w->kind = WAIT_SEVERAL;
    if (w->wants == 1)
        say_what(w, "waits for %s", w->want[0].what);
    else if (w->wants == 0)
        say_what(w, "sleeps in %s", call);
    else
        say_what(w, "waits for one of %zu descriptors", w->wants);
    say_how(w, "%s", call);
}

void want_poll(struct graph *g, struct waiter *w)
{
    size_t count = (size_t)w->task.arguments[1];
    struct pollfd *set = NULL;

    if (count <= SET_MOST)
        set = calloc(count + 1, sizeof *set);
    if (!set || process_memory(w->task.process, w->task.arguments[0], set,
                               count * sizeof *set) < 0)
        want_unknown(g, w);
    else
        for (size_t i = 0; i < count; i++)
            if (set[i].fd >= 0)
                want_events(g, w, set[i].fd,
                            (set[i].events & (POLLIN | POLLPRI)) ||
                                !(set[i].events & POLLOUT),
                            set[i].events & POLLOUT);
    free(set);
    describe(w, "poll");
}

/* The three sets are bits; one that is NULL is empty. */
void want_select(struct graph *g, struct waiter *w)
{
    const uint64_t *a = w->task.arguments;
    int count = (int)a[0];
    size_t bytes = (size_t)(count + NFDBITS - 1) / NFDBITS * sizeof(fd_mask);
    fd_set set[3];
    bool shown = count >= 0 && count <= FD_SETSIZE;

    memset(set, 0, sizeof set);
    for (int i = 0; i < 3 && shown; i++)
        shown = !a[i + 1] ||
                process_memory(w->task.process, a[i + 1], &set[i], bytes) == 0;
    if (!shown)
        want_unknown(g, w);
    for (int fd = 0; fd < count && shown; fd++)
        want_events(g, w, fd, FD_ISSET(fd, &set[0]) || FD_ISSET(fd, &set[2]),
                    FD_ISSET(fd, &set[1]));
    describe(w, "select");
}

void want_epoll(struct graph *g, struct waiter *w, int epoll)
{
    char *info = proc_read_all("/proc/%d/fdinfo/%d", w->task.process, epoll);
    unsigned events;
    int fd;

    if (!info)
        want_unknown(g, w);
    for (const char *line = info; line;
         line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        if (sscanf(line, "tfd: %d events: %x", &fd, &events) == 2)
            want_events(g, w, fd, (events & EPOLLIN) || !(events & EPOLLOUT),
                        events & EPOLLOUT);
    free(info);
    describe(w, "epoll_wait");
}
