/* SPDX-License-Identifier: MIT */
/*
 * verdict_dead.c - a lock, in shared memory, of a thread that is dead: any
 * lock, or one of a queue, which was taken to read from its pipe or to write
 * into it.
 *
 * In stages we see the owner alive, and where it sleeps.  When it is dead,
 * somebody waits for a word that still says its id.
 */
#include "verdict_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

enum { OWNER, PIPE, OTHER, PAGES }; /* what is noted */

/* --- who had it, and lived --- */

enum sight look_owner(struct inspection *i, int stage, pid_t root)
{
    const struct witness *w = i->witness;
    struct task owner;

    (void)stage;
    (void)root;
    if (!verdict_living_owner(i, w->holder, w->word, &owner))
        return REFUSED;
    i->noted[OWNER] = (uint64_t)owner.id;
    return SEEN;
}

static bool is_in_write(const struct task *t)
{
    return t->state == 'S' && task_is_a_write(t);
}

/* The owner of the lock sleeps so at a pipe; its number is noted too. */
static enum sight sleeps_at_pipe(struct inspection *i, uint64_t word,
                                 bool (*sleeps)(const struct task *),
                                 struct task *owner, struct descriptor *end)
{
    const struct witness *w = i->witness;
    char text[80];

    if (!verdict_living_owner(i, w->holder, word, owner))
        return REFUSED;
    if (owner->call == CALL_UNKNOWN)
        return verdict_cannot_show(i->verdict, "its calls", -EACCES);
    if (!sleeps(owner)) {
        verdict_refuse(i->verdict, "the owner, thread %d, is in %s", owner->id,
                       task_describe(owner, text, sizeof text));
        return NOT_YET;
    }
    if (process_descriptor(w->holder, (int)owner->arguments[0], end) < 0 ||
        !end->pipe)
        return verdict_refuse(i->verdict, "thread %d sleeps at no pipe",
                              owner->id);
    return SEEN;
}

/* The same of both queues, where there are two. */
static enum sight sleep_at_pipes(struct inspection *i,
                                 bool (*sleeps)(const struct task *))
{
    const struct witness *w = i->witness;
    struct descriptor end = {.fd = -1};
    struct task owner = {.id = 0};
    enum sight sight = sleeps_at_pipe(i, w->word, sleeps, &owner, &end);

    if (sight != SEEN)
        return sight;
    i->noted[OWNER] = (uint64_t)owner.id;
    i->noted[PIPE] = end.pipe;
    if (!w->child_word)
        return SEEN;
    sight = sleeps_at_pipe(i, w->child_word, sleeps, &owner, &end);
    if (sight == SEEN)
        i->noted[OTHER] = (uint64_t)owner.id;
    return sight;
}

enum sight look_reader(struct inspection *i, int stage, pid_t root)
{
    (void)stage;
    (void)root;
    return sleep_at_pipes(i, task_waits_in_read);
}

enum sight look_writer(struct inspection *i, int stage, pid_t root)
{
    struct pages pages;
    int error;

    (void)root;
    if (stage == 1)
        return sleep_at_pipes(i, is_in_write);
    error = process_pages(i->witness->victim, &pages);
    if (error)
        return verdict_cannot_show(i->verdict, "its pages", error);
    i->noted[PAGES] = pages.own;
    return SEEN;
}

/* --- who waits for it, when it is dead --- */

/* A thread of that process waits for the word, which still holds the id of the
 * dead.  NULL, and the reason. */
static const struct task *waits_for_dead(const struct inspection *i,
                                         const struct tasks *look,
                                         pid_t process, uint64_t word,
                                         pid_t was)
{
    const struct task *t =
        verdict_waiter_in(i, look, process, task_waits_for_shared_futex, word);
    pid_t owner = t ? verdict_owner(i, process, word) : 0;

    if (!owner)
        return NULL;
    if (owner == was && !thread_lives(owner))
        return t;
    if (owner != was)
        verdict_refuse(i->verdict, "the lock was given from thread %d to %d",
                       was, owner);
    else
        verdict_refuse(i->verdict, "its owner, thread %d, lives", owner);
    return NULL;
}

static void say_who_waits(const struct inspection *i, const struct task *t,
                          pid_t root)
{
    const struct witness *w = i->witness;
    char thread[40] = "";

    if (t->id != t->process)
        snprintf(thread, sizeof thread, "thread %d of ", t->id);
    verdict_say(i->verdict, "%s%s %d waits in futex(0x%" PRIx64 ", shared)",
                thread, verdict_noun(w->victim, root), w->victim, w->word);
    verdict_say_fallback(i->verdict, t);
}

bool find_dead_owner(const struct inspection *i, const struct tasks *look,
                     pid_t root)
{
    const struct witness *w = i->witness;
    pid_t owner = (pid_t)i->noted[OWNER];
    const struct task *t = waits_for_dead(i, look, w->victim, w->word, owner);
    struct verdict *v = i->verdict;

    if (!t)
        return false;
    say_who_waits(i, t, root);
    verdict_say(v, "that word is the lock \"%s\"; it holds %d: who took it",
                w->name, owner);
    verdict_say(v, "process %d had that thread; there is no thread %d any more",
                w->holder, owner);
    verdict_say(v, "the word stays as it was left: nobody will release it");
    return true;
}

/* What is in the pipe of the victim's descriptor, at which the dead one slept:
 * bytes; or -1 and the reason. */
static ssize_t left_in_pipe(const struct inspection *i)
{
    const struct witness *w = i->witness;
    unsigned char bytes[4096];
    struct descriptor end;
    ssize_t n;

    if (process_descriptor(w->victim, w->fd, &end) < 0 ||
        end.pipe != i->noted[PIPE]) {
        verdict_refuse(i->verdict, "descriptor %d is not pipe %" PRIu64, w->fd,
                       i->noted[PIPE]);
        return -1;
    }
    n = verdict_peek(w->victim, w->fd, bytes, sizeof bytes);
    if (n < 0)
        verdict_cannot_show(i->verdict, "its pipe", (int)n);
    return n < 0 ? -1 : n;
}

/* The victim waits at the first queue, the child at the second, if there is
 * one. */
static const struct task *both_wait(const struct inspection *i,
                                    const struct tasks *look)
{
    const struct witness *w = i->witness;

    if (w->child_word && !waits_for_dead(i, look, w->child, w->child_word,
                                         (pid_t)i->noted[OTHER]))
        return NULL;
    return waits_for_dead(i, look, w->victim, w->word, (pid_t)i->noted[OWNER]);
}

static void say_whose(const struct inspection *i, const char *call)
{
    const struct witness *w = i->witness;
    pid_t owner = (pid_t)i->noted[OWNER];

    verdict_say(
        i->verdict,
        "the lock \"%s\" holds %d: that thread took it, and slept in %s",
        w->name, owner, call);
    verdict_say(i->verdict,
                "at pipe %" PRIu64 ", in process %d; there is no thread %d any "
                "more",
                i->noted[PIPE], w->holder, owner);
}

static void say_other(const struct inspection *i)
{
    const struct witness *w = i->witness;

    if (w->child_word)
        verdict_say(i->verdict,
                    "so does child %d at a fast queue, for %d, dead as well",
                    w->child, (pid_t)i->noted[OTHER]);
}

bool find_dead_reader(const struct inspection *i, const struct tasks *look,
                      pid_t root)
{
    const struct task *t = both_wait(i, look);
    ssize_t left = t ? left_in_pipe(i) : -1;

    if (left < 0)
        return false;
    if (left == 0)
        return verdict_refuse(i->verdict, "pipe %" PRIu64 " is empty",
                              i->noted[PIPE]);
    say_who_waits(i, t, root);
    say_whose(i, "read(2)");
    say_other(i);
    verdict_say(i->verdict,
                "the pipe holds %zd bytes by now, and nobody may read them",
                left);
    return true;
}

bool find_dead_writer(const struct inspection *i, const struct tasks *look,
                      pid_t root)
{
    const struct witness *w = i->witness;
    const struct task *t = both_wait(i, look);
    ssize_t left = t ? left_in_pipe(i) : -1;
    struct verdict *v = i->verdict;
    struct pages pages;
    int error;

    if (left < 0)
        return false;
    if (left > 0)
        return verdict_refuse(v, "pipe %" PRIu64 " is not empty",
                              i->noted[PIPE]);
    error = process_pages(w->victim, &pages);
    if (error)
        return verdict_cannot_show(v, "its pages", error);
    if ((int64_t)(pages.own - i->noted[PAGES]) < w->count / 16 * 15)
        return verdict_refuse(v, "process %d has not grown by %" PRId64,
                              w->victim, w->count);
    say_who_waits(i, t, root);
    say_whose(i, "write(2)");
    say_other(i);
    verdict_say(v,
                "the pipe is empty by now, and nobody may write: process %d "
                "keeps what it",
                w->victim);
    verdict_say(v, "puts, and has grown by %" PRIu64 " KiB",
                (pages.own - i->noted[PAGES]) / 1024);
    return true;
}
