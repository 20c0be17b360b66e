/* SPDX-License-Identifier: MIT */
/* waits_fd.c - who could make a descriptor ready. */
#include "waits_find.h"

#include "sockets.h"

#include <inttypes.h>
#include <string.h>

/* All who hold that pipe, socket or eventfd by an end that can do it. */
static void add_holders(struct graph *g, struct want *want,
                        const struct end *like, bool readers, bool writers)
{
    for (size_t i = 0; i < g->ends.count; i++) {
        const struct end *e = &g->ends.end[i];

        if (e->kind == like->kind && e->number == like->number &&
            (e->kind == END_SOCKET || e->device == like->device) &&
            ((readers && e->reads) || (writers && e->writes)))
            waker_add(g, want, e->process, 0, e->fd);
    }
}

static void want_pipe(struct graph *g, struct want *want, const struct end *e,
                      bool room)
{
    snprintf(want->what, sizeof want->what, "%s in pipe %" PRIu64,
             room ? "room" : "data", e->number);
    snprintf(want->who, sizeof want->who, "%s", room ? "readers" : "writers");
    add_holders(g, want, e, room, !room);
    /* Nobody at the other end: the call is about to return. */
    want->outside = want->wakers == 0;
}

/* A client waits, and its server is known: its end has the name at which it
 * listens, and the client's has none. */
static void name_server(struct want *want, const struct end *client,
                        uint64_t peer)
{
    struct socket_facts facts;

    if (want->note[0] || want->wakers != 1 ||
        socket_look(client->process, peer, &facts) < 0 ||
        strncmp(facts.text, "unix ", 5) != 0 || !facts.text[5])
        return;
    snprintf(want->note, sizeof want->note,
             "it waits for process %d, the server at %.100s, to answer",
             want->waker->process, facts.text + 5);
}

static void want_socket(struct graph *g, struct want *want, const struct end *e,
                        bool room)
{
    struct end peer = {.kind = END_SOCKET};
    struct socket_facts facts;

    snprintf(want->what, sizeof want->what, "%s in socket %" PRIu64,
             room ? "room" : "data", e->number);
    want->outside = true;
    if (socket_look(e->process, e->number, &facts) < 0)
        return;
    snprintf(want->note, sizeof want->note, "%s", facts.text);
    if (facts.state == SOCKET_LISTENS) {
        want->kind = WAIT_CLIENT;
        snprintf(want->what, sizeof want->what, "a client of %.100s",
                 facts.text);
        want->note[0] = 0;
    } else if (facts.peer) {
        peer.number = facts.peer;
        snprintf(want->who, sizeof want->who, "its other end, socket %" PRIu64,
                 facts.peer);
        add_holders(g, want, &peer, true, true);
        want->outside = want->wakers == 0;
        if (!room)
            name_server(want, e, facts.peer);
    }
}

void want_descriptor(struct graph *g, struct waiter *w, int fd, bool room)
{
    struct want *want = want_add(g, w, room ? WAIT_ROOM : WAIT_DATA, fd);
    struct end e;

    if (!want)
        return;
    want->outside = true;
    if (end_look(w->task.process, fd, &e) < 0) {
        snprintf(want->what, sizeof want->what, "%s in descriptor %d",
                 room ? "room" : "data", fd);
        snprintf(want->note, sizeof want->note, "what that is, is not shown");
        return;
    }
    want->object = e.number;
    switch (e.kind) {
    case END_PIPE:
        want_pipe(g, want, &e, room);
        break;
    case END_SOCKET:
        want_socket(g, want, &e, room);
        break;
    case END_EVENT:
        snprintf(want->what, sizeof want->what, "eventfd %" PRIu64, e.number);
        snprintf(want->who, sizeof want->who, "holders");
        add_holders(g, want, &e, true, true);
        want->outside = want->wakers == 0;
        break;
    case END_PROCESS:
        want->kind = WAIT_PROCESS;
        want->owner = true;
        want->outside = false;
        snprintf(want->what, sizeof want->what, "process %" PRIu64 " to exit",
                 e.number);
        waker_add(g, want, (pid_t)e.number, 0, -1);
        break;
    case END_TERMINAL:
        snprintf(want->what, sizeof want->what, "a terminal or a device");
        break;
    case END_EPOLL:
        snprintf(want->what, sizeof want->what, "an epoll set");
        break;
    case END_OUTSIDE:
        snprintf(want->what, sizeof want->what, "a timer or a signal");
        break;
    case END_OTHER:
        snprintf(want->what, sizeof want->what, "a file");
        break;
    }
}
