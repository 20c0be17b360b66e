/* SPDX-License-Identifier: MIT */
/* verdict_queue.c - what was put, and is neither in the pipe nor got: it waits,
 * it was lost, it takes memory, or it is nowhere. */
#include "verdict_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

enum { PIPES = 2 }; /* of two queues, each with its own witness */

static uint64_t word_of(const struct witness *w, int k)
{
    return k == 0 ? w->word : w->child_word;
}

static int fd_of(const struct witness *w, int k)
{
    return k == 0 ? w->fd : w->child_fd;
}

/* How many bytes a pipe of the victim's has, and its number; or false, and the
 * reason. */
static bool look_into(const struct inspection *i, int fd, uint64_t *pipe,
                      size_t *bytes)
{
    static unsigned char held[1 << 20];
    const struct witness *w = i->witness;
    struct descriptor end;
    ssize_t n;

    if (process_descriptor(w->victim, fd, &end) < 0 || !end.pipe)
        return verdict_refuse(i->verdict, "descriptor %d is no pipe", fd);
    n = verdict_peek(w->victim, fd, held, sizeof held);
    if (n < 0)
        return verdict_cannot_show(i->verdict, "its pipe", (int)n);
    *pipe = end.pipe;
    *bytes = (size_t)n;
    return true;
}

/* --- "place without item" --- */

bool find_no_place(const struct inspection *i, const struct tasks *look,
                   pid_t root)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    const struct task *t =
        verdict_waiter(i, look, task_waits_for_shared_futex, w->word);
    uint32_t places = 1;
    int64_t unsent = 1;
    uint64_t pipe = 0;
    size_t bytes = 1;
    int error;
    char text[80];

    if (!t)
        return false;
    error = process_memory(w->victim, w->word, &places, sizeof places);
    if (error)
        return verdict_cannot_show(v, "its memory", error);
    if (places != 0)
        return verdict_refuse(v, "\"%s\" is %u: there is a place", w->name,
                              places);
    if (!verdict_number(i, w->victim, w->child_word, &unsent) ||
        !look_into(i, w->fd, &pipe, &bytes))
        return false;
    if (unsent != 0 || bytes != 0)
        return verdict_refuse(
            v, "an item has it: %" PRId64 " unsent, %zu bytes in the pipe",
            unsent, bytes);
    if (verdict_threads(look, w->victim) < 2)
        return verdict_refuse(v, "process %d has no feeder", w->victim);
    verdict_say(v, "thread %d of %s %d waits in %s", t->id,
                verdict_noun(w->victim, root), w->victim,
                task_describe(t, text, sizeof text));
    verdict_say_fallback(v, t);
    verdict_say(v, "that is \"%s\", and it is 0: no place is left", w->name);
    verdict_say(
        v, "but no item has one: none is unsent, and pipe %" PRIu64 " is empty",
        pipe);
    verdict_say(v, "the feeder waits for the next, and that for a place");
    return true;
}

/* --- "not yet sent" --- */

/* A feeder of the victim waits for the lock at that word, which another thread
 * of the victim has, and the pipe is empty. */
static enum sight is_held_back(struct inspection *i, const struct tasks *all,
                               int k)
{
    const struct witness *w = i->witness;
    const struct task *t = NULL;
    uint64_t pipe = 0, word = word_of(w, k);
    uint32_t owner = 0;
    size_t bytes = 0;

    for (size_t n = 0; n < all->count && !t; n++)
        if (task_waits_for_shared_futex(&all->task[n]) &&
            (all->task[n].call == CALL_UNKNOWN ||
             all->task[n].arguments[0] == word))
            t = &all->task[n];
    if (!t) {
        verdict_refuse(i->verdict, "no feeder waits for the lock");
        return NOT_YET;
    }
    if (process_memory(w->victim, word, &owner, sizeof owner) < 0 ||
        (owner & FUTEX_TID_MASK) == 0)
        return verdict_refuse(i->verdict, "nobody has the lock");
    if (!look_into(i, fd_of(w, k), &pipe, &bytes))
        return REFUSED;
    if (bytes)
        return verdict_refuse(i->verdict, "the pipe is not empty");
    verdict_say(i->verdict,
                "feeder %d waits for the writers' lock, which %u has; pipe "
                "%" PRIu64 " is empty",
                t->id, owner & FUTEX_TID_MASK, pipe);
    return SEEN;
}

/* 1: they were put, and are not in the pipes.  2: they are. */
enum sight look_held_back(struct inspection *i, int stage, pid_t root)
{
    struct tasks all = {0};
    enum sight sight = SEEN;

    (void)root;
    tasks_of(i->witness->victim, &all);
    for (int k = 0; k < PIPES && sight == SEEN; k++) {
        uint64_t pipe = 0;
        size_t bytes = 0;

        if (stage == 1)
            sight = is_held_back(i, &all, k);
        else if (!look_into(i, fd_of(i->witness, k), &pipe, &bytes))
            sight = REFUSED;
        else if (bytes == 0)
            sight = NOT_YET;
        if (stage == 2 && sight == SEEN)
            verdict_say(i->verdict,
                        "the lock is free again, and pipe %" PRIu64
                        " has %zu bytes",
                        pipe, bytes);
        if (stage == 2 && sight == NOT_YET)
            verdict_refuse(i->verdict, "nothing came, whoever had the lock");
    }
    tasks_free(&all);
    return sight;
}

/* --- "never sent" --- */

enum { PUT, CHILD = PUT + PIPES, HELD };

/* 1: the child lives, and has put them. */
static enum sight look_before_exit(struct inspection *i)
{
    const struct witness *w = i->witness;
    struct process_stat stat;

    if (process_stat(w->child, &stat) < 0 || stat.parent != w->victim)
        return verdict_refuse(i->verdict, "process %d is no child of %d",
                              w->child, w->victim);
    for (int k = 0; k < PIPES; k++) {
        uint64_t pipe = 0;
        size_t bytes = 0;
        int64_t put;

        if (!verdict_number(i, w->child, word_of(w, k), &put) ||
            !look_into(i, fd_of(w, k), &pipe, &bytes))
            return REFUSED;
        if (w->count <= 0 || put <= (int64_t)bytes / w->count)
            return verdict_refuse(
                i->verdict, "pipe %" PRIu64 " holds all %" PRId64 " items",
                pipe, put);
        i->noted[PUT + k] = (uint64_t)put;
        i->noted[HELD + k] = bytes;
    }
    i->noted[CHILD] = (uint64_t)w->child;
    return SEEN;
}

/* 2: it has ended, and well; the pipes hold what they held. */
static enum sight look_after_exit(struct inspection *i)
{
    const struct witness *w = i->witness;
    pid_t child = (pid_t)i->noted[CHILD];
    struct verdict *v = i->verdict;

    if (!verdict_zombie(i, child, w->victim))
        return REFUSED;
    if (process_exit_status(child) != 0)
        return verdict_refuse(v, "child %d did not end well", child);
    for (int k = 0; k < PIPES; k++) {
        uint64_t pipe = 0;
        size_t bytes = 0;

        if (!look_into(i, fd_of(w, k), &pipe, &bytes))
            return REFUSED;
        if (bytes != i->noted[HELD + k])
            return verdict_refuse(v, "pipe %" PRIu64 " has another content",
                                  pipe);
        verdict_say(v,
                    "child %d put %" PRIu64 " items; pipe %" PRIu64
                    " holds %zu bytes: %" PRId64 " of them",
                    child, i->noted[PUT + k], pipe, bytes,
                    (int64_t)bytes / w->count);
    }
    verdict_say(v, "the child has ended, with exit status 0");
    verdict_say(v, "the others were in its memory, which is gone");
    return SEEN;
}

enum sight look_never_sent(struct inspection *i, int stage, pid_t root)
{
    (void)root;
    return stage == 1 ? look_before_exit(i) : look_after_exit(i);
}

/* --- "buffer grows" --- */

/* 1: before; 2: `count` bytes were put, and nobody has got any. */
enum sight look_growth(struct inspection *i, int stage, pid_t root)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    struct pages now;
    uint64_t pipe = 0, grown;
    size_t bytes = 0;
    int error = process_pages(w->victim, &now);

    if (error)
        return verdict_cannot_show(v, "its pages", error);
    if (!look_into(i, w->fd, &pipe, &bytes))
        return REFUSED;
    if (stage == 1) {
        i->noted[0] = now.own;
        verdict_say(v, "%s %d has %" PRIu64 " KiB of its own",
                    verdict_noun(w->victim, root), w->victim, now.own >> 10);
        return SEEN;
    }
    grown = now.own - i->noted[0];
    if (w->count < 1 << 24 || grown > UINT64_MAX / 2 ||
        grown < (uint64_t)w->count - (uint64_t)w->count / 8)
        return verdict_refuse(v, "it grew by %" PRId64 " KiB only",
                              (int64_t)grown / 1024);
    verdict_say(v,
                "it has put %" PRId64 " MiB, and each put said 0; now it has "
                "%" PRIu64 " MiB more",
                w->count >> 20, grown >> 20);
    verdict_say(v, "pipe %" PRIu64 " holds %zu bytes; nobody has got any", pipe,
                bytes);
    return SEEN;
}
