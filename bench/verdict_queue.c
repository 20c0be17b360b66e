/* SPDX-License-Identifier: MIT */
/* verdict_queue.c - what was put, and is not in the pipe: it is not yet sent,
 * or never will be. */
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

bool verdict_pipe_bytes(const struct inspection *i, int fd, uint64_t *pipe,
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

enum sight verdict_writer(const struct inspection *i, pid_t process,
                          uint64_t pipe, pid_t *writer)
{
    struct tasks all = {0};
    enum sight sight = NOT_YET;

    tasks_of(process, &all);
    for (size_t k = 0; k < all.count && sight == NOT_YET; k++) {
        const struct task *t = &all.task[k];
        struct descriptor end;

        if (t->call == CALL_UNKNOWN) {
            sight = verdict_cannot_show(i->verdict, "its calls", -EACCES);
        } else if (t->state == 'S' && task_is_a_write(t) &&
                   process_descriptor(process, (int)t->arguments[0], &end) ==
                       0 &&
                   end.pipe == pipe) {
            *writer = t->id;
            sight = SEEN;
        }
    }
    if (sight == NOT_YET)
        verdict_refuse(
            i->verdict,
            "no thread of process %d waits for room in pipe %" PRIu64, process,
            pipe);
    tasks_free(&all);
    return sight;
}

/* --- "not yet sent" --- */

enum { LINES, LOCK }; /* noted at the first stage */

/* What the victim's memory says of one of the queues. */
struct held_back {
    uint64_t word;              /* where the writers' lock is */
    int64_t qsize, empty, came; /* what it was told, and what a get gave */
};

static bool was_told(const struct inspection *i, int k, struct held_back *told)
{
    const struct witness *w = i->witness;
    int error = process_memory(w->victim, w->word + (uint64_t)k * sizeof *told,
                               told, sizeof *told);

    if (error)
        return verdict_cannot_show(i->verdict, "its memory", error);
    if (told->qsize > 0 && told->empty == 1 && told->came == 0)
        return true;
    return verdict_refuse(i->verdict,
                          "qsize() was %" PRId64 ", empty() %" PRId64
                          ", and %" PRId64 " came",
                          told->qsize, told->empty, told->came);
}

/* Who has the writers' lock of one of the queues, 0: nobody; or false, and the
 * reason. */
static bool who_sends(const struct inspection *i, uint64_t word,
                      uint32_t *owner)
{
    int error = process_memory(i->witness->victim, word, owner, sizeof *owner);

    if (error)
        return verdict_cannot_show(i->verdict, "the lock", error);
    *owner &= FUTEX_TID_MASK;
    return true;
}

/* A feeder of the victim waits for the lock, which somebody has, and the pipe
 * is empty; and the victim was told so of its pipe, and not of its queue.  It
 * has a feeder for each, and nobody else can put anything into the pipe. */
static enum sight is_held_back(struct inspection *i, const struct tasks *all,
                               int k, pid_t root)
{
    const struct witness *w = i->witness;
    const struct task *t = NULL;
    struct held_back told;
    uint64_t pipe = 0;
    uint32_t owner = 0;
    size_t bytes = 0;

    if (!was_told(i, k, &told))
        return REFUSED;
    for (size_t n = 0; n < all->count && !t; n++)
        if (task_waits_for_shared_futex(&all->task[n]) &&
            (all->task[n].call == CALL_UNKNOWN ||
             all->task[n].arguments[0] == told.word))
            t = &all->task[n];
    if (!t) {
        verdict_refuse(i->verdict, "no feeder waits for the lock");
        return NOT_YET;
    }
    i->noted[LOCK + k] = told.word;
    if (!who_sends(i, told.word, &owner))
        return REFUSED;
    if (owner == 0)
        return verdict_refuse(i->verdict, "nobody has the lock");
    if (!verdict_pipe_bytes(i, fd_of(w, k), &pipe, &bytes) ||
        !verdict_alone(i, pipe, true, 1 + PIPES, root))
        return REFUSED;
    if (bytes)
        return verdict_refuse(i->verdict, "the pipe is not empty");
    verdict_say(i->verdict,
                "feeder %d waits for a lock that %u has; pipe %" PRIu64
                " is empty",
                t->id, owner, pipe);
    verdict_say(i->verdict,
                "qsize() said %" PRId64
                ", empty() said yes, and a get at once gave nothing",
                told.qsize);
    return SEEN;
}

/* Is the lock free, and something in its pipe? */
static enum sight has_come(struct inspection *i, int k)
{
    uint64_t pipe = 0;
    size_t bytes = 0;
    uint32_t owner;

    if (!who_sends(i, i->noted[LOCK + k], &owner))
        return REFUSED;
    if (owner != 0) {
        verdict_refuse(i->verdict, "%u has the lock still", owner);
        return NOT_YET;
    }
    if (!verdict_pipe_bytes(i, fd_of(i->witness, k), &pipe, &bytes))
        return REFUSED;
    if (bytes == 0) {
        verdict_refuse(i->verdict, "nothing came, whoever had the lock");
        return NOT_YET;
    }
    verdict_say(i->verdict,
                "the lock is free again, and pipe %" PRIu64 " has %zu bytes",
                pipe, bytes);
    return SEEN;
}

/* 1: they were put, and are not in the pipes.  2: nobody has put any more, and
 * they are.  Of several looks at a stage the last is told. */
enum sight look_held_back(struct inspection *i, int stage, pid_t root)
{
    struct tasks all = {0};
    enum sight sight = SEEN;

    i->verdict->count = stage == 1 ? 0 : (unsigned)i->noted[LINES];
    tasks_of(i->witness->victim, &all);
    for (int k = 0; k < PIPES && sight == SEEN; k++)
        sight = stage == 1 ? is_held_back(i, &all, k, root) : has_come(i, k);
    tasks_free(&all);
    if (stage == 1)
        i->noted[LINES] = i->verdict->count;
    return sight;
}

/* --- "never sent" --- */

enum { PUT, CHILD = PUT + PIPES, HELD };

/* How many the child has put, and what of them the pipe holds, when a feeder of
 * the child waits for room in it. */
static enum sight look_at_put(struct inspection *i, int k)
{
    const struct witness *w = i->witness;
    enum sight sight;
    uint64_t pipe = 0;
    size_t bytes = 0;
    int64_t put = 0;
    pid_t feeder = 0;

    if (!verdict_number(i, w->child, word_of(w, k), &put) ||
        !verdict_pipe_bytes(i, fd_of(w, k), &pipe, &bytes))
        return REFUSED;
    if (w->count <= 0 || put <= (int64_t)bytes / w->count)
        return verdict_refuse(i->verdict,
                              "pipe %" PRIu64 " holds all %" PRId64 " items",
                              pipe, put);
    sight = verdict_writer(i, w->child, pipe, &feeder);
    /* Before it slept it may have sent some more. */
    if (sight == SEEN && !verdict_pipe_bytes(i, fd_of(w, k), &pipe, &bytes))
        sight = REFUSED;
    i->noted[PUT + k] = (uint64_t)put;
    i->noted[HELD + k] = bytes;
    return sight;
}

/* 1: the child lives, has put them, and its feeders wait for room. */
static enum sight look_before_exit(struct inspection *i)
{
    const struct witness *w = i->witness;
    struct process_stat stat;
    enum sight sight = SEEN;

    if (process_stat(w->child, &stat) < 0 || stat.parent != w->victim)
        return verdict_refuse(i->verdict, "process %d is no child of %d",
                              w->child, w->victim);
    for (int k = 0; k < PIPES && sight == SEEN; k++)
        sight = look_at_put(i, k);
    i->noted[CHILD] = (uint64_t)w->child;
    return sight;
}

/* 2: it has ended, and well; the pipes hold what they held.  Whoever else has
 * them may have the items, too, as a fork has, and send them yet: that is only
 * the victim, and it has no feeder. */
static enum sight look_after_exit(struct inspection *i, pid_t root)
{
    const struct witness *w = i->witness;
    pid_t child = (pid_t)i->noted[CHILD];
    struct verdict *v = i->verdict;
    int status;

    if (!verdict_zombie(i, child, w->victim))
        return REFUSED;
    status = process_exit_status(child);
    if (status < 0)
        return verdict_cannot_show(v, "its exit status", status);
    if (status != 0)
        return verdict_refuse(v, "child %d did not end well", child);
    for (int k = 0; k < PIPES; k++) {
        uint64_t pipe = 0;
        size_t bytes = 0;

        if (!verdict_pipe_bytes(i, fd_of(w, k), &pipe, &bytes) ||
            !verdict_alone(i, pipe, true, 1, root))
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
    verdict_say(v, "the others were in its memory, which is gone, and only");
    verdict_say(v, "process %d could still write, which has one thread",
                w->victim);
    return SEEN;
}

enum sight look_never_sent(struct inspection *i, int stage, pid_t root)
{
    return stage == 1 ? look_before_exit(i) : look_after_exit(i, root);
}
