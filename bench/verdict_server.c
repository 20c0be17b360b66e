/* SPDX-License-Identifier: MIT */
/* verdict_server.c - a fork server that is killed, and one that has threads. */
#include "verdict_parts.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

/* A fork of the server, which is an image of its own and the starter's child.
 */
static bool is_served(const struct inspection *i, pid_t child, pid_t server,
                      pid_t starter)
{
    struct verdict *v = i->verdict;
    struct process_stat stat;
    int fork;

    if (starter && !verdict_spawned(i, server, starter))
        return false;
    if (process_stat(child, &stat) < 0 || stat.parent != server)
        return verdict_refuse(v, "process %d is no child of process %d", child,
                              server);
    fork = process_is_fork(child);
    if (fork < 0)
        return verdict_cannot_show(v, "its flags", fork);
    return fork || verdict_refuse(v, "child %d is no fork of process %d", child,
                                  server);
}

/* --- "server killed" --- */

enum { SERVER, CHILD, STARTER, WORD }; /* what is noted */

/* 1: the child has begun. */
static enum sight look_before(struct inspection *i)
{
    const struct witness *w = i->witness;
    int64_t number;

    if (!is_served(i, w->child, w->holder, w->victim) ||
        !verdict_number(i, w->child, w->child_word, &number))
        return REFUSED;
    i->noted[SERVER] = (uint64_t)w->holder;
    i->noted[CHILD] = (uint64_t)w->child;
    i->noted[STARTER] = (uint64_t)w->victim;
    i->noted[WORD] = (uint64_t)number;
    verdict_say(i->verdict,
                "process %d started server %d, an image of its own, which "
                "forked %d",
                w->victim, w->holder, w->child);
    return SEEN;
}

static bool was_killed(const struct inspection *i, pid_t server)
{
    int status = process_exit_status(server);

    if (status < 0)
        return verdict_refuse(i->verdict, "process %d is not seen to be dead",
                              server);
    return (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) ||
           verdict_refuse(i->verdict, "server %d was not killed", server);
}

/* Nobody can write there any more, and nothing is in it. */
static bool says_nothing(const struct inspection *i, pid_t root)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    struct descriptor end, writer;
    struct pids tree = {0};
    size_t writers;
    char byte;
    ssize_t n;

    if (process_descriptor(w->victim, w->fd, &end) < 0 || !end.pipe)
        return verdict_refuse(v, "descriptor %d is no pipe", w->fd);
    writers = descendants(root, &tree, SIZE_MAX) < 0
                  ? 1
                  : pipe_holders(&tree, end.pipe, true, &writer, 1);
    pids_free(&tree);
    if (writers)
        return verdict_refuse(v, "somebody can still write into pipe %" PRIu64,
                              end.pipe);
    n = verdict_peek(w->victim, w->fd, &byte, 1);
    if (n < 0)
        return verdict_cannot_show(v, "its pipe", (int)n);
    if (n > 0)
        return verdict_refuse(v, "pipe %" PRIu64 " says something", end.pipe);
    verdict_say(v,
                "pipe %" PRIu64
                ", by which %d hears of its end, is empty, and has no writer",
                end.pipe, w->victim);
    return true;
}

/* 2: the server is dead, and the child works on. */
static enum sight look_orphan(struct inspection *i, pid_t root)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    pid_t server = (pid_t)i->noted[SERVER], child = (pid_t)i->noted[CHILD];
    struct process_stat stat;
    int64_t number;

    if (!was_killed(i, server))
        return REFUSED;
    if (process_stat(child, &stat) < 0 || stat.state == 'Z')
        return verdict_refuse(v, "child %d has ended too", child);
    if (stat.parent == server || stat.parent == (pid_t)i->noted[STARTER])
        return verdict_refuse(v, "child %d is still somebody's", child);
    if (!verdict_number(i, child, w->child_word, &number))
        return REFUSED;
    if (number == (int64_t)i->noted[WORD])
        return verdict_refuse(v, "child %d has done nothing", child);
    i->noted[WORD] = (uint64_t)number;
    verdict_say(v, "signal 9 ended %d; child %d, now of process %d, lives on",
                server, child, stat.parent);
    verdict_say(v, "and works: it has come to %" PRId64, number);
    return says_nothing(i, root) ? SEEN : REFUSED;
}

/* 3: the child has ended, and its starter has asked how. */
static enum sight look_after(struct inspection *i)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    pid_t child = (pid_t)i->noted[CHILD];
    struct process_stat stat;
    int64_t code;

    if (process_stat(child, &stat) == 0 && stat.state != 'Z')
        return verdict_refuse(v, "child %d has not ended", child);
    if (!verdict_number(i, (pid_t)i->noted[STARTER], w->word, &code))
        return REFUSED;
    if (code == (int64_t)i->noted[WORD])
        return verdict_refuse(v, "it is told %" PRId64 " after all", code);
    verdict_say(v,
                "the child has ended, and what process %d has for its \"%s\" "
                "is %" PRId64,
                (pid_t)i->noted[STARTER], w->name, code);
    return SEEN;
}

enum sight look_killed_server(struct inspection *i, int stage, pid_t root)
{
    return stage == 1   ? look_before(i)
           : stage == 2 ? look_orphan(i, root)
                        : look_after(i);
}

/* --- "futex of a server" --- */

/* As "futex private"; and the owner is a thread of the fork server, beside the
 * one that forks. */
bool find_server_futex(const struct inspection *i, const struct tasks *look,
                       pid_t root)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    unsigned threads = verdict_threads(look, w->holder);
    struct process_stat server;
    pid_t owner;

    if (!find_private_futex(i, look, root))
        return false;
    owner = process_mutex_owner(w->victim, w->word);
    if (owner == w->holder || threads < 2)
        return verdict_refuse(v, "process %d has %u thread%s, and forks",
                              w->holder, threads, threads == 1 ? "" : "s");
    if (process_stat(w->holder, &server) < 0 ||
        !is_served(i, w->victim, w->holder, server.parent))
        return false;
    v->count--; /* said with one more reason: */
    verdict_say(v,
                "%d is a server, come by exec, with %u threads; its child is a "
                "fork",
                w->holder, threads);
    verdict_say(v, "and has no thread of it: nobody there can ever unlock it");
    return true;
}
