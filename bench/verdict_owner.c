/* SPDX-License-Identifier: MIT */
/*
 * verdict_owner.c - a lock whose word, in shared memory, holds the id of the
 * thread that took it (sync/sync.h): is that one dead, or has another taken it
 * meanwhile?
 */
#include "verdict_parts.h"

#include <inttypes.h>
#include <linux/futex.h>
#include <stdio.h>

enum { OWNER, SWITCHES }; /* what is noted */

/* Who took the lock, as its word in that process's memory says; 0 and the
 * reason: nobody, or it cannot be read. */
static pid_t owner_of(const struct inspection *i, pid_t process)
{
    uint32_t word;
    int error = process_memory(process, i->witness->word, &word, sizeof word);

    if (error) {
        verdict_cannot_show(i->verdict, "its memory", error);
        return 0;
    }
    if (!(word & FUTEX_TID_MASK))
        verdict_refuse(i->verdict, "nobody has taken the lock \"%s\"",
                       i->witness->name);
    return (pid_t)(word & FUTEX_TID_MASK);
}

/* The owner, alive and of that process, as it is now: true; or the reason. */
static bool living_owner(const struct inspection *i, pid_t process,
                         struct task *owner)
{
    pid_t id = owner_of(i, process);
    struct tasks all = {0};
    bool found = false;

    if (!id)
        return false;
    tasks_of(process, &all);
    for (size_t k = 0; k < all.count && !found; k++)
        if (all.task[k].id == id) {
            *owner = all.task[k];
            found = true;
        }
    tasks_free(&all);
    if (!found)
        verdict_refuse(i->verdict,
                       "the lock \"%s\" holds %d, and no thread of process %d",
                       i->witness->name, id, process);
    return found;
}

/* --- "dead owner" --- */

/* 1: who has the lock lives. */
enum sight look_owner(struct inspection *i, int stage, pid_t root)
{
    struct task owner;

    (void)stage;
    (void)root;
    if (!living_owner(i, i->witness->holder, &owner))
        return REFUSED;
    i->noted[OWNER] = (uint64_t)owner.id;
    return SEEN;
}

/* Then: it is dead, and somebody waits for it. */
bool find_dead_owner(const struct inspection *i, const struct tasks *look,
                     pid_t root)
{
    const struct witness *w = i->witness;
    const struct task *t =
        verdict_waiter(i, look, task_waits_for_shared_futex, w->word);
    struct verdict *v = i->verdict;
    pid_t was = (pid_t)i->noted[OWNER], owner;

    if (!t)
        return false;
    owner = owner_of(i, w->victim);
    if (!owner)
        return false;
    if (owner != was)
        return verdict_refuse(v, "the lock was given from thread %d to %d", was,
                              owner);
    if (thread_lives(owner))
        return verdict_refuse(v, "its owner, thread %d, lives", owner);
    verdict_say(v, "%s %d waits in futex(0x%" PRIx64 ", shared)",
                verdict_noun(w->victim, root), w->victim, w->word);
    verdict_say_fallback(v, t);
    verdict_say(v, "that word is the lock \"%s\"; it holds %d: who took it",
                w->name, owner);
    verdict_say(v, "process %d had that thread; there is no thread %d any more",
                w->holder, owner);
    verdict_say(v, "the word stays as it was left: nobody will release it");
    return true;
}

/* --- "second owner" --- */

/* Is it within a section, and asleep there? */
static enum sight first_is_in(struct inspection *i)
{
    const struct witness *w = i->witness;
    struct task owner;

    if (!living_owner(i, w->victim, &owner))
        return REFUSED;
    if (!task_waits_without_end(&owner)) {
        verdict_refuse(i->verdict, "thread %d runs on", owner.id);
        return NOT_YET;
    }
    i->noted[OWNER] = (uint64_t)owner.id;
    i->noted[SWITCHES] = (uint64_t)owner.switches;
    verdict_say(i->verdict,
                "the lock \"%s\" holds %d: that thread of process %d took it",
                w->name, owner.id, w->victim);
    return SEEN;
}

/* How often that thread of the process has slept, or -1; and where it is. */
static int64_t switches_of(pid_t process, pid_t id, char *where, size_t size)
{
    struct tasks all = {0};
    int64_t switches = -1;

    tasks_of(process, &all);
    for (size_t k = 0; k < all.count; k++)
        if (all.task[k].id == id) {
            switches = all.task[k].switches;
            task_describe(&all.task[k], where, size);
        }
    tasks_free(&all);
    return switches;
}

enum sight look_second_owner(struct inspection *i, int stage, pid_t root)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    pid_t was = (pid_t)i->noted[OWNER];
    struct task owner;
    int64_t switches;
    char where[80];

    (void)root;
    if (stage == 1)
        return first_is_in(i);
    switches = switches_of(w->victim, was, where, sizeof where);
    if (switches < 0 || switches != (int64_t)i->noted[SWITCHES])
        return verdict_refuse(v, "thread %d has run since", was);
    if (!living_owner(i, w->holder, &owner))
        return REFUSED;
    if (owner.id == was)
        return verdict_refuse(v, "thread %d has it still", was);
    verdict_say(v, "it sleeps in %s since, and so has not released it", where);
    verdict_say(v, "now the lock holds %d: a thread of process %d took it too",
                owner.id, w->holder);
    verdict_say(v, "somebody else has released it: two are in the section");
    return SEEN;
}
