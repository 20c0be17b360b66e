/* SPDX-License-Identifier: MIT */
/* verdict_place.c - the places of a queue: one that is taken and has no item,
 * and items without one, which take memory. */
#include "verdict_parts.h"

#include <inttypes.h>
#include <stdio.h>

/* --- "place without item" --- */

/* Are all other threads of the tree the victim's, and idle?  Whoever else is
 * there might have the item, or be about to send it. */
static bool feeder_is_idle(const struct inspection *i, const struct tasks *look,
                           const struct task *waiter, pid_t *feeder)
{
    struct verdict *v = i->verdict;

    *feeder = 0;
    for (size_t k = 0; k < look->count; k++) {
        const struct task *t = &look->task[k];

        if (t->process != i->witness->victim)
            return verdict_refuse(v, "process %d may have the item",
                                  t->process);
        if (t->id == waiter->id)
            continue;
        if (!task_waits_for_private_futex(t))
            return verdict_refuse(v, "thread %d is not idle", t->id);
        *feeder = t->id;
    }
    return *feeder ||
           verdict_refuse(v, "process %d has no feeder", i->witness->victim);
}

/* How many places are free, and how many items unsent. */
static bool look_at_places(const struct inspection *i, uint32_t *places,
                           int64_t *unsent)
{
    const struct witness *w = i->witness;
    int error = process_memory(w->victim, w->word, places, sizeof *places);

    if (error)
        return verdict_cannot_show(i->verdict, "its memory", error);
    return verdict_number(i, w->victim, w->child_word, unsent);
}

/* 1: an item was put, and has the last place. */
enum sight look_poison(struct inspection *i, int stage, pid_t root)
{
    uint32_t places = 0;
    int64_t unsent = 0;
    size_t bytes = 0;

    (void)stage;
    (void)root;
    if (!look_at_places(i, &places, &unsent) ||
        !verdict_pipe_bytes(i, i->witness->fd, &i->noted[0], &bytes))
        return REFUSED;
    if (places != 0 || unsent != 1)
        return verdict_refuse(i->verdict,
                              "%" PRId64 " items are unsent, %u places free",
                              unsent, places);
    return bytes == 0 || verdict_refuse(i->verdict, "the pipe is not empty")
               ? SEEN
               : REFUSED;
}

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
    pid_t feeder = 0;
    char text[80];

    if (!t || !look_at_places(i, &places, &unsent) ||
        !verdict_pipe_bytes(i, w->fd, &pipe, &bytes))
        return false;
    if (pipe != i->noted[0])
        return verdict_refuse(v, "that is another pipe");
    if (places != 0)
        return verdict_refuse(v, "\"%s\" is %u: there is a place", w->name,
                              places);
    if (unsent != 0 || bytes != 0)
        return verdict_refuse(
            v, "an item has it: %" PRId64 " unsent, %zu bytes in the pipe",
            unsent, bytes);
    if (!feeder_is_idle(i, look, t, &feeder))
        return false;
    verdict_say(v, "an item was put, and had the last place, \"%s\"", w->name);
    verdict_say(
        v, "now none is unsent, and pipe %" PRIu64 " is empty: it is nowhere",
        pipe);
    verdict_say(v, "thread %d of %s %d waits in %s", t->id,
                verdict_noun(w->victim, root), w->victim,
                task_describe(t, text, sizeof text));
    verdict_say_fallback(v, t);
    verdict_say(v, "that is \"%s\", and it is 0: nobody gave the place back",
                w->name);
    verdict_say(v, "feeder %d waits for the next item, and that for a place",
                feeder);
    return true;
}

/* --- "buffer grows" --- */

/* 1: before; 2: `count` bytes were put, and nobody gets any: only the victim
 * could, and besides its feeder it has one thread, which is at the gate. */
enum sight look_growth(struct inspection *i, int stage, pid_t root)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    struct pages now;
    uint64_t pipe = 0, grown;
    enum sight sight;
    size_t bytes = 0;
    pid_t feeder = 0;
    int error = process_pages(w->victim, &now);

    if (error)
        return verdict_cannot_show(v, "its pages", error);
    if (!verdict_pipe_bytes(i, w->fd, &pipe, &bytes))
        return REFUSED;
    if (stage == 1) {
        if (bytes != 0)
            return verdict_refuse(v, "the pipe is not empty");
        i->noted[0] = now.own;
        i->noted[1] = pipe;
        verdict_say(v, "%s %d has %" PRIu64 " KiB of its own",
                    verdict_noun(w->victim, root), w->victim, now.own >> 10);
        return SEEN;
    }
    v->count = 1; /* of several looks the last is told */
    if (pipe != i->noted[1])
        return verdict_refuse(v, "that is another pipe");
    grown = now.own - i->noted[0];
    if (w->count < 1 << 24 || grown > UINT64_MAX / 2 ||
        grown < (uint64_t)w->count - (uint64_t)w->count / 8)
        return verdict_refuse(v, "it grew by %" PRId64 " KiB only",
                              (int64_t)grown / 1024);
    sight = verdict_writer(i, w->victim, pipe, &feeder);
    if (sight != SEEN)
        return sight;
    if (!verdict_alone(i, pipe, false, 2, root))
        return REFUSED;
    verdict_say(v,
                "it has put %" PRId64 " MiB, and each put said 0; now it has "
                "%" PRIu64 " MiB more",
                w->count >> 20, grown >> 20);
    verdict_say(v, "pipe %" PRIu64 " holds %zu bytes, and is full:", pipe,
                bytes);
    verdict_say(v, "feeder %d waits for room; only process %d could get",
                feeder, w->victim);
    return SEEN;
}
