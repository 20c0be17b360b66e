/* SPDX-License-Identifier: MIT */
/* verdict_futex.c - is it stuck on a lock whose owner is not there? */
#include "verdict_parts.h"

#include <inttypes.h>
#include <stdio.h>

/* The owner must be a thread of the holder, and no thread of the victim. */
static bool owner_is_elsewhere(const struct inspection *i,
                               const struct tasks *look, pid_t owner)
{
    const struct witness *w = i->witness;
    pid_t home = verdict_home(look, owner);

    if (owner == 0)
        return verdict_refuse(i->verdict, "nobody holds the mutex \"%s\"",
                              w->name);
    if (home == w->victim || process_has_task(w->victim, owner))
        return verdict_refuse(i->verdict,
                              "its owner, thread %d, lives in process %d",
                              owner, w->victim);
    if (home == 0 || home != w->holder)
        return verdict_refuse(
            i->verdict,
            "its owner, thread %d, is not in process %d, as was said", owner,
            w->holder);
    return true;
}

bool find_private_futex(const struct inspection *i, const struct tasks *look,
                        pid_t root)
{
    const struct witness *w = i->witness;
    const struct task *t =
        verdict_waiter(i, look, task_waits_for_private_futex, w->word);
    struct verdict *v = i->verdict;
    const char *who = verdict_noun(w->victim, root);
    unsigned threads = verdict_threads(look, w->victim);
    char text[40];
    pid_t owner;

    if (!t)
        return false;
    owner = process_mutex_owner(w->victim, w->word);
    if (owner < 0)
        return verdict_cannot_show(v, "its memory", owner);
    if (!owner_is_elsewhere(i, look, owner))
        return false;
    verdict_say(v, "thread %d of %s %d waits in futex(0x%" PRIx64 ", private)",
                t->id, who, w->victim, w->word);
    verdict_say_fallback(v, t);
    verdict_say(v, "that word is the mutex \"%s\"; its owner is thread %d",
                w->name, owner);
    if (threads == 1)
        snprintf(text, sizeof text, "one thread, %d:", t->id);
    else
        snprintf(text, sizeof text, "%u threads;", threads);
    verdict_say(v, "%s %d has %s thread %d lives only in %s %d", who, w->victim,
                text, owner, verdict_relation(w->holder, w->victim), w->holder);
    verdict_say(v, "nobody in this process can ever unlock it");
    return true;
}
