/* SPDX-License-Identifier: MIT */
/*
 * verdict_held.c - "lock of a dead client": a lock that a server has, and a
 * client had that was killed.
 *
 * Is it taken?  The server says so, asked by us.  By whom, it does not say; but
 * it was free before that client ran and taken after; the other client has not
 * run meanwhile, and nobody else is one, unless he came and went.
 */
#include "verdict_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

/* What is noted: who they are, and how often they had been switched. */
enum { VICTIM, HOLDER, SERVER, VICTIM_SLEPT, HOLDER_SLEPT };

/* "<locked ...>" or "<unlocked ...>"; false, and the reason. */
static bool is_locked(const struct inspection *i, bool *locked)
{
    char text[80];

    if (!verdict_ask(i, text, sizeof text))
        return false;
    *locked = strncmp(text, "<locked ", 8) == 0;
    return *locked || strncmp(text, "<unlocked ", 10) == 0 ||
           verdict_refuse(i->verdict, "it is no lock: %.60s", text);
}

/* Both sleep: how often they had been switched. */
static enum sight both_sleep(const struct inspection *i, uint64_t slept[2])
{
    enum sight sight = verdict_sleeper(i, i->witness->victim, &slept[0]);

    return sight == SEEN ? verdict_sleeper(i, i->witness->holder, &slept[1])
                         : sight;
}

/* Whoever else has a connection may have taken it. */
static bool others_are_no_clients(const struct inspection *i, pid_t root)
{
    const struct witness *w = i->witness;
    struct pids tree = {0};
    struct link link;
    pid_t found = 0;

    descendants(root, &tree, SIZE_MAX);
    for (size_t k = 0; k < tree.count && !found; k++)
        if (tree.pid[k] != w->victim && tree.pid[k] != w->holder &&
            link_find(tree.pid[k], w->server, &link) == 0)
            found = tree.pid[k];
    pids_free(&tree);
    return !found ||
           verdict_refuse(i->verdict, "process %d is a client as well", found);
}

/* 1: it is free. */
static enum sight look_free(struct inspection *i)
{
    const struct witness *w = i->witness;
    struct link link;
    enum sight sight;
    bool locked;

    if (w->victim == w->holder || w->holder == w->server)
        return verdict_refuse(i->verdict, "process %d is alone", w->victim);
    sight = both_sleep(i, &i->noted[VICTIM_SLEPT]);
    if (sight != SEEN)
        return sight;
    if (!verdict_link(i, w->holder, &link) || !is_locked(i, &locked))
        return REFUSED;
    if (locked)
        return verdict_refuse(i->verdict, "it was taken before");
    i->noted[VICTIM] = (uint64_t)w->victim;
    i->noted[HOLDER] = (uint64_t)w->holder;
    i->noted[SERVER] = (uint64_t)w->server;
    return SEEN;
}

static bool are_the_same(const struct inspection *i)
{
    const struct witness *w = i->witness;

    return ((uint64_t)w->victim == i->noted[VICTIM] &&
            (uint64_t)w->holder == i->noted[HOLDER] &&
            (uint64_t)w->server == i->noted[SERVER]) ||
           verdict_refuse(i->verdict, "these are other processes");
}

/* 2: it is taken, and the holder alone has run. */
static enum sight look_taken(struct inspection *i, pid_t root)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    uint64_t slept[2];
    enum sight sight = both_sleep(i, slept);
    bool locked;

    if (sight != SEEN)
        return sight;
    if (!are_the_same(i) || !is_locked(i, &locked))
        return REFUSED;
    if (!locked)
        return verdict_refuse(v, "nobody has taken the lock");
    if (slept[0] != i->noted[VICTIM_SLEPT])
        return verdict_refuse(v, "process %d has run meanwhile", w->victim);
    if (slept[1] == i->noted[HOLDER_SLEPT])
        return verdict_refuse(v, "process %d has not run", w->holder);
    return others_are_no_clients(i, root) ? SEEN : REFUSED;
}

/* 3: the holder was killed, and it is taken still. */
static enum sight look_kept(struct inspection *i)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    int status = process_exit_status(w->holder);
    bool locked;

    if (!are_the_same(i))
        return REFUSED;
    if (status < 0)
        return verdict_refuse(v, "process %d is not seen to be dead",
                              w->holder);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
        return verdict_refuse(v, "process %d was not killed", w->holder);
    if (!is_locked(i, &locked))
        return REFUSED;
    return locked || verdict_refuse(v, "the lock was given back");
}

enum sight look_held(struct inspection *i, int stage, pid_t root)
{
    return stage == 1   ? look_free(i)
           : stage == 2 ? look_taken(i, root)
                        : look_kept(i);
}

/* And then the victim waits for the server to answer. */
bool find_held(const struct inspection *i, const struct tasks *look, pid_t root)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    const struct task *t;
    struct link link;

    if (!are_the_same(i) || !verdict_link(i, w->victim, &link))
        return false;
    t = verdict_waiter(i, look, task_waits_in_read, (uint64_t)link.fd);
    if (!t)
        return false;
    if (thread_lives(w->holder))
        return verdict_refuse(v, "process %d lives", w->holder);
    verdict_say(v,
                "server %d, which we asked, had a lock free; %d ran, and it "
                "was taken",
                w->server, w->holder);
    verdict_say(v, "signal 9 ended %d; the server said still: taken",
                w->holder);
    verdict_say(v,
                "%s %d waits in read(%d), socket %" PRIu64
                ", for server %d to answer",
                verdict_noun(w->victim, root), w->victim, link.fd, link.socket,
                w->server);
    verdict_say_fallback(v, t);
    verdict_say(v, "the server waits for its clients, and nobody who had the "
                   "lock lives");
    return true;
}
