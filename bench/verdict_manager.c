/* SPDX-License-Identifier: MIT */
/*
 * verdict_manager.c - "manager killed": a server was killed, and what it had is
 * gone.
 *
 * While it lives we ask it for that; when it is dead we try to connect, as any
 * client would.
 */
#include "verdict_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CLIENT, SERVER, WAITER }; /* what is noted */

/* A thread of it sleeps in read(2), at its connection to the server. */
static enum sight waits_for_answer(const struct inspection *i, pid_t process,
                                   struct link *link)
{
    struct tasks look = {0};
    enum sight sight = NOT_YET;

    if (!verdict_link(i, process, link))
        return NOT_YET; /* it may be about to connect */
    tasks_of(process, &look);
    if (verdict_waiter_in(i, &look, process, task_waits_in_read,
                          (uint64_t)link->fd))
        sight = SEEN;
    tasks_free(&look);
    return sight;
}

/* 1: it lives, and has something; one client waits for an answer. */
static enum sight look_alive(struct inspection *i)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    struct link link, waits;
    char has[40];
    enum sight sight;

    if (w->child == w->victim)
        return verdict_refuse(v, "process %d waits for itself", w->child);
    sight = waits_for_answer(i, w->child, &waits);
    if (sight != SEEN)
        return sight;
    if (!verdict_link(i, w->victim, &link) || !verdict_ask(i, has, sizeof has))
        return REFUSED;
    if (strncmp(link.name, "unix /", 6) != 0)
        return verdict_refuse(v, "the name of its socket is not known");
    snprintf(i->text, sizeof i->text, "%s", link.name + 5);
    i->noted[CLIENT] = (uint64_t)w->victim;
    i->noted[SERVER] = (uint64_t)w->server;
    i->noted[WAITER] = (uint64_t)w->child;
    verdict_say(v, "server %d, which we asked over a socket of %d's, had %s",
                w->server, w->victim, has);
    verdict_say(v, "process %d waited in read(%d) for it to answer", w->child,
                waits.fd);
    return SEEN;
}

/* What connect(2) says to us at that name: 0 or -errno. */
static int try_to_connect(const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int error = fd < 0 ? -errno : 0;

    snprintf(at.sun_path, sizeof at.sun_path, "%.107s", name);
    if (!error && connect(fd, (struct sockaddr *)&at, sizeof at) < 0)
        error = -errno;
    if (fd >= 0)
        close(fd);
    return error;
}

/* 2: it is dead. */
static enum sight look_dead(struct inspection *i)
{
    struct verdict *v = i->verdict;
    pid_t server = (pid_t)i->noted[SERVER];
    int status = process_exit_status(server), error;

    if (status < 0)
        return verdict_refuse(v, "process %d is not seen to be dead", server);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
        return verdict_refuse(v, "server %d was not killed", server);
    error = try_to_connect(i->text);
    if (error != -ECONNREFUSED && error != -ENOENT)
        return verdict_refuse(v, "at its name somebody listens, or may");
    verdict_say(v, "signal 9 ended %d; we connect to its name: %s", server,
                strerrorname_np(-error));
    return SEEN;
}

static const char *name_of(int64_t error)
{
    const char *name =
        error < 0 && error > -4096 ? strerrorname_np((int)-error) : NULL;

    return name ? name : "no error";
}

/* 3: what the clients were told.  Both live. */
static enum sight look_told(struct inspection *i)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    pid_t client = (pid_t)i->noted[CLIENT], waiter = (pid_t)i->noted[WAITER];
    int64_t answers[2], waited;
    int error = process_memory(client, w->word, answers, sizeof answers);

    if (error)
        return verdict_cannot_show(v, "its memory", error);
    if (!verdict_number(i, waiter, w->child_word, &waited))
        return REFUSED;
    if (answers[0] >= 0 || answers[1] >= 0 || waited >= 0)
        return verdict_refuse(v, "a call of theirs has succeeded");
    verdict_say(v, "it was told at once: %s; two calls of %d since: %s, %s",
                name_of(waited), client, name_of(answers[0]),
                name_of(answers[1]));
    verdict_say(v, "what the server had was in its memory, and nowhere else");
    return SEEN;
}

enum sight look_killed_manager(struct inspection *i, int stage, pid_t root)
{
    (void)root;
    return stage == 1   ? look_alive(i)
           : stage == 2 ? look_dead(i)
                        : look_told(i);
}
