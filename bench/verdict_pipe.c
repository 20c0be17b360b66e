/* SPDX-License-Identifier: MIT */
/* verdict_pipe.c - who holds the ends of a pipe that somebody waits for? */
#include "verdict_parts.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

/* --- "read pipe" --- */

/* All who can still write must be the one who is said to. */
static bool holder_is_alone(const struct inspection *i,
                            const struct tasks *look, uint64_t pipe,
                            struct descriptor *found)
{
    enum { MOST = 16 };
    struct descriptor holders[MOST];
    size_t count = 0;
    pid_t last = 0;

    for (size_t k = 0; k < look->count; k++) {
        struct pids one = {.pid = &last, .count = 1};

        if (look->task[k].process == last)
            continue;
        last = look->task[k].process;
        count += pipe_holders(&one, pipe, true, holders + count, MOST - count);
        if (count > MOST)
            return verdict_refuse(i->verdict, "too many hold the write end");
    }
    for (size_t k = 0; k < count; k++)
        if (holders[k].process != i->witness->holder)
            return verdict_refuse(
                i->verdict,
                "process %d holds the write end of pipe %" PRIu64
                " too, descriptor %d",
                holders[k].process, pipe, holders[k].fd);
    if (count == 0)
        return verdict_refuse(
            i->verdict, "nobody holds the write end of pipe %" PRIu64, pipe);
    *found = holders[0];
    return true;
}

bool verdict_held_pipe(const struct inspection *i, const struct tasks *look,
                       struct descriptor *end, struct descriptor *other)
{
    const struct witness *w = i->witness;
    int error = process_descriptor(w->victim, w->fd, end);

    if (error)
        return verdict_cannot_show(i->verdict, "its descriptors", error);
    if (!end->pipe)
        return verdict_refuse(i->verdict, "descriptor %d is %s, and no pipe",
                              w->fd, end->link);
    return holder_is_alone(i, look, end->pipe, other);
}

bool verdict_zombie(const struct inspection *i, pid_t child, pid_t parent)
{
    struct process_stat stat;

    if (process_stat(child, &stat) < 0 || stat.parent != parent)
        return verdict_refuse(i->verdict, "process %d has no child %d", parent,
                              child);
    if (stat.state != 'Z')
        return verdict_refuse(i->verdict, "child %d has not ended", child);
    return true;
}

bool find_pipe_read(const struct inspection *i, const struct tasks *look,
                    pid_t root)
{
    const struct witness *w = i->witness;
    const struct task *t =
        verdict_waiter(i, look, task_waits_in_read, (uint64_t)w->fd);
    struct verdict *v = i->verdict;
    struct descriptor end, other = {.fd = -1};
    char text[80];

    if (!t || !verdict_held_pipe(i, look, &end, &other))
        return false;
    verdict_say(
        v, "%s %d waits in read(%d), for the end of \"%s\", pipe %" PRIu64,
        verdict_noun(w->victim, root), w->victim, w->fd, w->name, end.pipe);
    verdict_say_fallback(v, t);
    verdict_say(v, "%s %d still holds the write end: descriptor %d",
                verdict_noun(w->holder, root), w->holder, other.fd);
    verdict_say(
        v, "process %d will not write, nor close it: it waits in %s itself",
        w->holder,
        task_describe(verdict_task(look, w->holder), text, sizeof text));
    verdict_say(v, "so the end of the pipe never comes");
    return true;
}

/* --- "sentinel pipe" --- */

/* poll(2) and ppoll(2) both begin with the list and its length. */
static bool waits_in_poll(const struct task *t)
{
    if (t->call == CALL_UNKNOWN)
        return t->state == 'S' && strstr(t->wchan, "poll") != NULL;
#ifdef SYS_poll
    if (t->call == SYS_poll)
        return task_waits_without_end(t);
#endif
    return t->call == SYS_ppoll && task_waits_without_end(t);
}

/* The victim's thread that polls the descriptor and nothing else; NULL, and
 * the reason. */
static const struct task *find_poll(const struct inspection *i,
                                    const struct tasks *look)
{
    const struct witness *w = i->witness;
    struct pollfd polled;

    for (size_t k = 0; k < look->count; k++) {
        const struct task *t = &look->task[k];

        if (t->process != w->victim || !waits_in_poll(t))
            continue;
        if (t->call == CALL_UNKNOWN)
            return t;
        if (t->arguments[1] == 1 &&
            process_memory(w->victim, t->arguments[0], &polled,
                           sizeof polled) == 0 &&
            polled.fd == w->fd)
            return t;
    }
    verdict_refuse(i->verdict,
                   "process %d does not wait in poll(2) for descriptor %d",
                   w->victim, w->fd);
    return NULL;
}

bool find_sentinel(const struct inspection *i, const struct tasks *look,
                   pid_t root)
{
    const struct witness *w = i->witness;
    const struct task *t = find_poll(i, look);
    struct verdict *v = i->verdict;
    struct descriptor end, other = {.fd = -1};

    if (!t || !verdict_zombie(i, w->child, w->victim) ||
        !verdict_held_pipe(i, look, &end, &other))
        return false;
    verdict_say(v,
                "%s %d waits in poll(2) for the end of \"%s\", pipe %" PRIu64,
                verdict_noun(w->victim, root), w->victim, w->name, end.pipe);
    verdict_say_fallback(v, t);
    verdict_say(v, "its child %d has ended: state Z", w->child);
    verdict_say(v, "but process %d inherited the write end: descriptor %d",
                w->holder, other.fd);
    verdict_say(v, "so the pipe says that the child lives");
    return true;
}

/* --- "signal PIPE" --- */

/* A write to the descriptor, a pipe that nobody can read any more? */
bool writes_to_nobody(const struct inspection *i, const struct task *t,
                      pid_t root)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    struct pids tree = {0};
    struct descriptor d, reader;
    char text[80];
    size_t readers;

    task_describe(t, text, sizeof text);
    if (!task_is_a_write(t) || (int)t->arguments[0] != w->fd)
        return verdict_refuse(
            v, "it died in %s, and in no write to descriptor %d", text, w->fd);
    if (process_descriptor(t->process, w->fd, &d) < 0 || !d.pipe)
        return verdict_refuse(v, "descriptor %d is no pipe", w->fd);
    readers = descendants(root, &tree, SIZE_MAX) < 0
                  ? 1
                  : pipe_holders(&tree, d.pipe, false, &reader, 1);
    pids_free(&tree);
    if (readers)
        return verdict_refuse(v, "somebody can still read pipe %" PRIu64,
                              d.pipe);
    verdict_say(v, "process %d died in %s, on the write end of pipe %" PRIu64,
                t->process, text, d.pipe);
    verdict_say(v, "no process holds the read end of that pipe");
    return true;
}
