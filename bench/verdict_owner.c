/* SPDX-License-Identifier: MIT */
/*
 * verdict_owner.c - who has a lock, whose word in shared memory holds the id of
 * the thread that took it (sync/sync.h); and "second owner": has another taken
 * it meanwhile?
 */
#include "verdict_parts.h"

#include <linux/futex.h>

pid_t verdict_owner(const struct inspection *i, pid_t process, uint64_t word)
{
    uint32_t value;
    int error = process_memory(process, word, &value, sizeof value);

    if (error) {
        verdict_cannot_show(i->verdict, "its memory", error);
        return 0;
    }
    if (!(value & FUTEX_TID_MASK))
        verdict_refuse(i->verdict, "nobody has taken the lock \"%s\"",
                       i->witness->name);
    return (pid_t)(value & FUTEX_TID_MASK);
}

/* That thread of the process, as it is now? */
static bool find_thread(pid_t process, pid_t id, struct task *thread)
{
    struct tasks all = {0};
    bool found = false;

    tasks_of(process, &all);
    for (size_t k = 0; k < all.count && !found; k++)
        if (all.task[k].id == id) {
            *thread = all.task[k];
            found = true;
        }
    tasks_free(&all);
    return found;
}

bool verdict_living_owner(const struct inspection *i, pid_t process,
                          uint64_t word, struct task *owner)
{
    pid_t id = verdict_owner(i, process, word);
    bool found = id && find_thread(process, id, owner);

    if (id && !found)
        verdict_refuse(i->verdict,
                       "the lock \"%s\" holds %d, and no thread of process %d",
                       i->witness->name, id, process);
    return found;
}

/* --- "second owner" --- */

enum { OWNER, SWITCHES }; /* what is noted */

/* 1: one is within a section, and asleep there. */
static enum sight first_is_in(struct inspection *i)
{
    const struct witness *w = i->witness;
    struct task owner;

    if (!verdict_living_owner(i, w->victim, w->word, &owner))
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

/* 2: it sleeps still, and another has the lock. */
enum sight look_second_owner(struct inspection *i, int stage, pid_t root)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    pid_t was = (pid_t)i->noted[OWNER];
    struct task first, owner;
    char where[80];

    (void)root;
    if (stage == 1)
        return first_is_in(i);
    if (!find_thread(w->victim, was, &first) || first.switches < 0 ||
        first.switches != (int64_t)i->noted[SWITCHES])
        return verdict_refuse(v, "thread %d has run since", was);
    if (!verdict_living_owner(i, w->holder, w->word, &owner))
        return REFUSED;
    if (owner.id == was)
        return verdict_refuse(v, "thread %d has it still", was);
    verdict_say(v, "it sleeps in %s since, and so has not released it",
                task_describe(&first, where, sizeof where));
    verdict_say(v, "now the lock holds %d: a thread of process %d took it too",
                owner.id, w->holder);
    verdict_say(v, "somebody else has released it: two are in the section");
    return SEEN;
}
