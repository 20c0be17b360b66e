/* SPDX-License-Identifier: MIT */
/*
 * verdict_feeder.c - a queue that was forked: a child without the thread that
 * would send what it puts, or with one that sends what is its parent's.
 */
#include "verdict_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

/* A fork of that process? */
static bool is_fork_of(const struct inspection *i, pid_t child, pid_t parent)
{
    struct process_stat stat;
    int fork = process_is_fork(child);

    if (process_stat(child, &stat) < 0 || stat.parent != parent)
        return verdict_refuse(i->verdict, "process %d is no child of %d", child,
                              parent);
    if (fork < 0)
        return verdict_cannot_show(i->verdict, "its flags", fork);
    return fork ||
           verdict_refuse(i->verdict, "child %d is an image of its own", child);
}

/* --- "no feeder" --- */

enum { PARENT, THREADS }; /* what is noted */

/* 1: before the fork, there are several threads. */
enum sight look_threads(struct inspection *i, int stage, pid_t root)
{
    const struct witness *w = i->witness;
    struct tasks all = {0};
    size_t count;

    (void)stage;
    (void)root;
    tasks_of(w->holder, &all);
    count = all.count;
    tasks_free(&all);
    if (count < 2)
        return verdict_refuse(i->verdict, "process %d has %zu threads",
                              w->holder, count);
    i->noted[PARENT] = (uint64_t)w->holder;
    i->noted[THREADS] = count;
    return SEEN;
}

/* The parent waits in read(2) at the victim's pipe, which is empty. */
static bool parent_gets_nothing(const struct inspection *i,
                                const struct tasks *look, uint64_t *pipe)
{
    const struct witness *w = i->witness;
    struct descriptor end;
    unsigned char byte;
    ssize_t n;

    if (!verdict_waiter_in(i, look, w->holder, task_waits_in_read,
                           (uint64_t)w->fd))
        return false;
    if (process_descriptor(w->holder, w->fd, &end) < 0 || !end.pipe)
        return verdict_refuse(i->verdict, "descriptor %d is no pipe", w->fd);
    *pipe = end.pipe;
    n = verdict_peek(w->holder, w->fd, &byte, 1);
    if (n < 0)
        return verdict_cannot_show(i->verdict, "its pipe", (int)n);
    return n == 0 || verdict_refuse(i->verdict, "pipe %" PRIu64 " is not empty",
                                    end.pipe);
}

/* What the victim has put and not sent, in its memory and not in its parent's;
 * 0, and the reason. */
static int64_t unsent(const struct inspection *i)
{
    const struct witness *w = i->witness;
    int64_t ours = 0, theirs = 0;

    if (!verdict_number(i, w->victim, w->word, &ours) ||
        !verdict_number(i, w->holder, w->word, &theirs))
        return 0;
    if (ours > 0 && theirs == 0)
        return ours;
    verdict_refuse(i->verdict,
                   "\"%s\" is %" PRId64 " in process %d, and %" PRId64
                   " in process %d",
                   w->name, ours, w->victim, theirs, w->holder);
    return 0;
}

bool find_no_feeder(const struct inspection *i, const struct tasks *look,
                    pid_t root)
{
    const struct witness *w = i->witness;
    const struct task *t = verdict_task(look, w->victim);
    struct verdict *v = i->verdict;
    uint64_t pipe = 0;
    int64_t count;
    char text[80];

    (void)root;
    if (!t || !task_waits_for_private_futex(t))
        return verdict_refuse(v, "process %d does not wait for its own threads",
                              w->victim);
    if (verdict_threads(look, w->victim) != 1)
        return verdict_refuse(v, "process %d has %u threads", w->victim,
                              verdict_threads(look, w->victim));
    if (!is_fork_of(i, w->victim, (pid_t)i->noted[PARENT]) ||
        !parent_gets_nothing(i, look, &pipe))
        return false;
    count = unsent(i);
    if (!count)
        return false;
    verdict_say(v, "process %d had %" PRIu64 " threads, and forked child %d",
                w->holder, i->noted[THREADS], w->victim);
    verdict_say(v, "the child has one, which waits in %s",
                task_describe(t, text, sizeof text));
    verdict_say_fallback(v, t);
    verdict_say(v, "there \"%s\" is %" PRId64 ": put, and nobody sends it",
                w->name, count);
    verdict_say(v, "process %d waits for it, in read(%d), at pipe %" PRIu64,
                w->holder, w->fd, pipe);
    verdict_say(v, "no thread of the child is there to fill it");
    return true;
}

/* --- "sent by both" --- */

enum { NUMBER, PIPE };

/* The thread of a process that sleeps in a write of eight bytes to the
 * descriptor, and the number that it writes; or NOT_YET, and the reason. */
static enum sight find_write(const struct inspection *i, pid_t process,
                             struct task *writer, uint64_t *number)
{
    struct tasks all = {0};
    enum sight sight = NOT_YET;

    tasks_of(process, &all);
    for (size_t k = 0; k < all.count && sight != SEEN; k++) {
        *writer = all.task[k];
        if (writer->state == 'S' && task_is_a_write(writer) &&
            (int)writer->arguments[0] == i->witness->fd &&
            writer->arguments[2] == sizeof *number &&
            process_memory(process, writer->arguments[1], number,
                           sizeof *number) == 0)
            sight = SEEN;
    }
    if (all.count && all.task[0].call == CALL_UNKNOWN)
        sight = verdict_cannot_show(i->verdict, "its calls", -EACCES);
    else if (sight == NOT_YET)
        verdict_refuse(i->verdict, "no thread of process %d waits in write(%d)",
                       process, i->witness->fd);
    tasks_free(&all);
    return sight;
}

/* 1: both are about to send it. */
static enum sight look_senders(struct inspection *i)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    struct task one, other;
    struct descriptor end, same;
    uint64_t ours = 0, theirs = 0;
    enum sight sight = find_write(i, w->victim, &one, &ours);

    if (sight == SEEN)
        sight = find_write(i, w->holder, &other, &theirs);
    if (sight != SEEN)
        return sight;
    if (!is_fork_of(i, w->holder, w->victim))
        return REFUSED;
    if (process_descriptor(w->victim, w->fd, &end) < 0 ||
        process_descriptor(w->holder, w->fd, &same) < 0 || !end.pipe ||
        end.pipe != same.pipe)
        return verdict_refuse(v, "descriptor %d is not one pipe", w->fd);
    if (ours != theirs)
        return verdict_refuse(v, "one sends %" PRIu64 ", the other %" PRIu64,
                              ours, theirs);
    i->noted[NUMBER] = ours;
    i->noted[PIPE] = end.pipe;
    verdict_say(v,
                "thread %d of process %d waits for room in pipe %" PRIu64
                ": item %" PRIu64,
                one.id, w->victim, end.pipe, ours);
    verdict_say(v, "thread %d of its child %d waits there too: item %" PRIu64,
                other.id, w->holder, theirs);
    return SEEN;
}

/* 2: both have. */
enum sight look_both_sent(struct inspection *i, int stage, pid_t root)
{
    static uint64_t items[8192]; /* as much as a pipe holds */
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    struct descriptor end;
    size_t count = 0;
    ssize_t n;

    (void)root;
    if (stage == 1)
        return look_senders(i);
    n = verdict_peek(w->victim, w->fd, items, sizeof items);
    if (n < 0)
        return verdict_cannot_show(v, "its pipe", (int)n);
    if (process_descriptor(w->victim, w->fd, &end) < 0 ||
        end.pipe != i->noted[PIPE])
        return verdict_refuse(v, "descriptor %d is another pipe", w->fd);
    for (size_t k = 0; k < (size_t)n / sizeof *items; k++)
        count += items[k] == i->noted[NUMBER];
    if (count != 2)
        return verdict_refuse(v, "item %" PRIu64 " is in the pipe %zu times",
                              i->noted[NUMBER], count);
    verdict_say(v,
                "now there is room: the pipe holds %zd bytes, and item %" PRIu64
                " twice",
                n, i->noted[NUMBER]);
    verdict_say(v, "it was in a buffer, which fork has copied");
    return SEEN;
}
