/* SPDX-License-Identifier: MIT */
/* verdict_image.c - what a child that was spawned began with: the top of the
 * program, its first values, and pipes of its own. */
#include "verdict_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/wait.h>

bool verdict_spawned(const struct inspection *i, pid_t child, pid_t parent)
{
    struct verdict *v = i->verdict;
    struct process_stat stat;
    int fork, same;

    if (process_stat(child, &stat) < 0 || stat.parent != parent)
        return verdict_refuse(v, "process %d is no child of process %d", child,
                              parent);
    fork = process_is_fork(child);
    if (fork < 0)
        return verdict_cannot_show(v, "its flags", fork);
    if (fork)
        return verdict_refuse(v, "child %d is a fork, and no image of its own",
                              child);
    same = same_program(parent, child);
    if (same < 0)
        return verdict_cannot_show(v, "its program", same);
    return same || verdict_refuse(v, "child %d runs another program", child);
}

/* --- "generations" --- */

enum { MOST = 64 };

struct generation {
    pid_t pid[MOST];
    size_t count;
};

/* The children of one, each an image of its own: 0 or `wanted`. */
static bool add_children(const struct inspection *i, pid_t parent,
                         struct generation *next)
{
    struct process_stat found[MOST];
    int64_t wanted = i->witness->count;
    int count = children_of(parent, found, MOST);

    if (count < 0)
        return verdict_cannot_show(i->verdict, "the list of processes", count);
    if (count != 0 && count != wanted)
        return verdict_refuse(i->verdict,
                              "process %d has %d children, not %" PRId64,
                              parent, count, wanted);
    if (next->count + (size_t)count > MOST)
        return verdict_refuse(i->verdict, "there are too many to count");
    for (int k = 0; k < count; k++) {
        if (!verdict_spawned(i, found[k].pid, parent))
            return false;
        next->pid[next->count++] = found[k].pid;
    }
    return true;
}

/* All children of a generation; each of it has some, or none has. */
static bool find_next(const struct inspection *i, const struct generation *now,
                      struct generation *next)
{
    next->count = 0;
    for (size_t k = 0; k < now->count; k++)
        if (!add_children(i, now->pid[k], next))
            return false;
    return next->count == 0 ||
           next->count == now->count * (size_t)i->witness->count ||
           verdict_refuse(i->verdict, "only some of them have children");
}

/* 1: who was wanted has begun, and whoever came of that. */
enum sight look_generations(struct inspection *i, int stage, pid_t root)
{
    const struct witness *w = i->witness;
    struct generation now = {{w->victim}, 1}, next;
    size_t counts[MOST] = {0}, depth = 0, total = 0;

    (void)stage;
    (void)root;
    if (w->count < 1 || w->count > MOST)
        return verdict_refuse(i->verdict, "nobody was wanted");
    do {
        if (!find_next(i, &now, &next))
            return REFUSED;
        counts[depth] = next.count;
        total += next.count;
        now = next;
    } while (next.count && ++depth < MOST);
    if (depth < 2)
        return verdict_refuse(i->verdict,
                              "process %d has %zu children, and no more came",
                              w->victim, total);
    verdict_say(i->verdict,
                "process %d wants %" PRId64 " children; it has %zu, as it "
                "should",
                w->victim, w->count, counts[0]);
    verdict_say(i->verdict,
                "those have %zu children of their own, in generation %zu there "
                "are %zu",
                counts[1], depth, counts[depth - 1]);
    verdict_say(i->verdict,
                "all %zu are images of one program: each came by exec, none by "
                "fork",
                total);
    verdict_say(i->verdict, "each began at the top of main, as the first did");
    return SEEN;
}

/* --- "first value" --- */

/* Is it the same variable of the same program, in both? */
static bool same_place(const struct inspection *i, int64_t *place)
{
    const struct witness *w = i->witness;
    int64_t there = process_place(w->child, w->child_word);

    *place = process_place(w->victim, w->word);
    if (*place < 0 || there < 0)
        return verdict_cannot_show(i->verdict, "its map",
                                   (int)(*place < 0 ? *place : there));
    return *place == there ||
           verdict_refuse(i->verdict, "in child %d that is something else",
                          w->child);
}

static enum sight compare_values(struct inspection *i)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    int64_t first = (int64_t)i->noted[0], ours, theirs, place;

    if (!verdict_spawned(i, w->child, (pid_t)i->noted[1]) ||
        !same_place(i, &place) ||
        !verdict_number(i, w->victim, w->word, &ours) ||
        !verdict_number(i, w->child, w->child_word, &theirs))
        return REFUSED;
    if (ours == first)
        return verdict_refuse(v, "process %d has set nothing", w->victim);
    if (theirs != first)
        return verdict_refuse(v, "in child %d it is %" PRId64, w->child,
                              theirs);
    verdict_say(v, "then process %d made it %" PRId64 ", and it still is",
                w->victim, ours);
    verdict_say(v, "its child %d is an image of its own: it came by exec",
                w->child);
    verdict_say(v,
                "there the same variable, at 0x%" PRIx64
                " of the program, is %" PRId64,
                (uint64_t)place, theirs);
    verdict_say(v, "nobody ever told the child");
    return SEEN;
}

/* 1: before it is set.  2: it is set, and the child has begun. */
enum sight look_first_value(struct inspection *i, int stage, pid_t root)
{
    const struct witness *w = i->witness;
    int64_t number;

    if (stage == 2)
        return compare_values(i);
    if (!verdict_number(i, w->victim, w->word, &number))
        return REFUSED;
    i->noted[0] = (uint64_t)number;
    i->noted[1] = (uint64_t)w->victim;
    verdict_say(i->verdict, "\"%s\" is %" PRId64 " in %s %d, at first", w->name,
                number, verdict_noun(w->victim, root), w->victim);
    return SEEN;
}

/* --- "another pipe" --- */

enum { OURS, THEIRS, CHILD, SENT }; /* what is noted */

/* 1: the child has sent.  Into which pipe, and how much? */
static enum sight compare_pipes(struct inspection *i)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    struct descriptor ours, theirs;
    char bytes[4096];
    ssize_t sent;

    if (!verdict_spawned(i, w->child, w->victim))
        return REFUSED;
    if (process_descriptor(w->victim, w->fd, &ours) < 0 || !ours.pipe)
        return verdict_refuse(v, "descriptor %d is no pipe", w->fd);
    if (process_descriptor(w->child, w->child_fd, &theirs) < 0 || !theirs.pipe)
        return verdict_refuse(v, "the child's descriptor %d is no pipe",
                              w->child_fd);
    if (ours.pipe == theirs.pipe)
        return verdict_refuse(v, "both have pipe %" PRIu64, ours.pipe);
    sent = verdict_peek(w->child, w->child_fd, bytes, sizeof bytes);
    if (sent < 0)
        return verdict_cannot_show(v, "the child's pipe", (int)sent);
    if (sent == 0)
        return verdict_refuse(v, "child %d has sent nothing", w->child);
    i->noted[OURS] = ours.pipe;
    i->noted[THEIRS] = theirs.pipe;
    i->noted[CHILD] = (uint64_t)w->child;
    i->noted[SENT] = (uint64_t)sent;
    return SEEN;
}

/* 2: the child has ended, and nobody has asked how. */
enum sight look_another_pipe(struct inspection *i, int stage, pid_t root)
{
    const struct witness *w = i->witness;
    pid_t child = (pid_t)i->noted[CHILD];
    int status;

    (void)root;
    if (stage == 1)
        return compare_pipes(i);
    if (!verdict_zombie(i, child, w->victim))
        return REFUSED;
    status = process_exit_status(child);
    if (status < 0)
        return verdict_cannot_show(i->verdict, "its exit status", status);
    return status == 0
               ? SEEN
               : verdict_refuse(i->verdict, "child %d did not end well", child);
}

/* Then: the parent waits at its own, which nobody else can write into. */
bool find_another_pipe(const struct inspection *i, const struct tasks *look,
                       pid_t root)
{
    const struct witness *w = i->witness;
    const struct task *t =
        verdict_waiter(i, look, task_waits_in_read, (uint64_t)w->fd);
    struct verdict *v = i->verdict;
    struct descriptor end, other = {.fd = -1};

    if (!t || !verdict_held_pipe(i, look, &end, &other))
        return false;
    if (w->holder != w->victim)
        return verdict_refuse(v, "process %d holds the write end", w->holder);
    if (end.pipe != i->noted[OURS])
        return verdict_refuse(v, "it waits at another pipe");
    verdict_say(v, "%s %d waits in read(%d), of \"%s\", pipe %" PRIu64,
                verdict_noun(w->victim, root), w->victim, w->fd, w->name,
                end.pipe);
    verdict_say_fallback(v, t);
    verdict_say(v, "it alone has the write end of that, descriptor %d",
                other.fd);
    verdict_say(v,
                "child %d sent %" PRIu64 " bytes into pipe %" PRIu64
                ", which it had made itself",
                (pid_t)i->noted[CHILD], i->noted[SENT], i->noted[THEIRS]);
    verdict_say(v, "and has ended, with exit status 0");
    verdict_say(v, "so nobody will ever write into pipe %" PRIu64, end.pipe);
    return true;
}
