/* SPDX-License-Identifier: MIT */
/* verdict_process.c - what is left of processes: the dead that nobody asked
 * after, and sockets that outlive who opened them. */
#include "verdict_parts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 64 };

/* --- "zombies" --- */

/* "701, 702, 703": as many as find room. */
static void list_pids(const struct process_stat *list, size_t count, char *text,
                      size_t size)
{
    size_t at = 0;

    text[0] = '\0';
    for (size_t k = 0; k < count && at + 12 < size; k++)
        at += (size_t)snprintf(text + at, size - at, "%s%d", k ? ", " : "",
                               list[k].pid);
}

enum sight look_zombies(struct inspection *i, int stage, pid_t root)
{
    const struct witness *w = i->witness;
    struct process_stat parent, children[MOST], dead[MOST];
    int count = children_of(w->victim, children, MOST);
    char pids[64];
    size_t n = 0;

    (void)stage;
    (void)root;
    if (count < 0)
        return verdict_cannot_show(i->verdict, "the list of processes", count);
    if (process_stat(w->victim, &parent) < 0 || parent.state == 'Z')
        return verdict_refuse(i->verdict, "process %d has ended", w->victim);
    for (int k = 0; k < count && k < MOST; k++)
        if (children[k].state == 'Z')
            dead[n++] = children[k];
    if (n < 2 || (int64_t)n != w->count)
        return verdict_refuse(
            i->verdict, "%zu children of process %d are zombies, not %" PRId64,
            n, w->victim, w->count);
    list_pids(dead, n, pids, sizeof pids);
    verdict_say(i->verdict, "process %d lives, and has %zu children in state Z",
                w->victim, n);
    verdict_say(i->verdict, "they are %s", pids);
    verdict_say(i->verdict, "each has ended, and keeps its pid and its place "
                            "until it is asked for");
    return SEEN;
}

/* --- "listener outlives" --- */

/* What bind(2) says of the port: 0 or -errno.  SO_REUSEADDR, so that no old
 * connection but a listener alone is in the way. */
static int try_port(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1, error;

    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    error = bind(fd, (struct sockaddr *)&at, sizeof at) < 0 ? -errno : 0;
    close(fd);
    return error;
}

/* Does that process alone hold the socket? */
static bool held_by(const struct inspection *i, uint64_t socket, pid_t process,
                    pid_t root)
{
    struct descriptor found[MOST];
    struct pids tree = {0};
    size_t count = 0;

    if (descendants(root, &tree, SIZE_MAX) == 0)
        count = socket_holders(&tree, socket, found, MOST);
    pids_free(&tree);
    if (count == 0)
        return verdict_refuse(i->verdict, "nobody here holds socket %" PRIu64,
                              socket);
    for (size_t k = 0; k < count && k < MOST; k++)
        if (found[k].process != process)
            return verdict_refuse(i->verdict,
                                  "process %d holds socket %" PRIu64,
                                  found[k].process, socket);
    verdict_say(i->verdict, "process %d holds it, alone: descriptor %d",
                process, found[0].fd);
    return true;
}

/* The socket that listens at the port, or 0 and the reason. */
static uint64_t listener(const struct inspection *i)
{
    int64_t socket = listening_socket(i->witness->port);

    if (socket < 0)
        verdict_cannot_show(i->verdict, "/proc/net/tcp", (int)socket);
    else if (socket == 0)
        verdict_refuse(i->verdict, "nobody listens on port %d",
                       i->witness->port);
    return socket < 0 ? 0 : (uint64_t)socket;
}

/* 1: who opened it holds it.  2: it has ended, and its child holds it. */
enum sight look_listener(struct inspection *i, int stage, pid_t root)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    uint64_t socket = listener(i);
    struct process_stat server;
    int error;

    if (socket == 0)
        return REFUSED;
    if (stage == 1) {
        i->noted[0] = socket;
        i->noted[1] = (uint64_t)w->victim;
        verdict_say(v, "socket %" PRIu64 " listens on 127.0.0.1, port %d",
                    socket, w->port);
        return held_by(i, socket, w->victim, root) ? SEEN : REFUSED;
    }
    if (socket != i->noted[0])
        return verdict_refuse(v, "port %d has another listener", w->port);
    if (process_stat((pid_t)i->noted[1], &server) == 0)
        return verdict_refuse(v, "process %d, who opened it, still lives",
                              (int)i->noted[1]);
    verdict_say(v, "process %d, who opened it, has ended", (int)i->noted[1]);
    if (!held_by(i, socket, w->holder, root))
        return REFUSED;
    error = try_port(w->port);
    if (error != -EADDRINUSE)
        return verdict_refuse(v, "bind to port %d: %s", w->port,
                              error ? strerror(-error) : "it is free");
    verdict_say(v, "so bind(2) to port %d is answered: %s", w->port,
                strerror(-error));
    return SEEN;
}
