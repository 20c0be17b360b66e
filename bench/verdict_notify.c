/* SPDX-License-Identifier: MIT */
/* verdict_notify.c - "answer of the dead": who notifies waits for one who was
 * killed. */
#include "verdict_parts.h"

#include <inttypes.h>
#include <linux/futex.h>

/* 1: it waits to be notified. */
enum sight look_waiter(struct inspection *i, int stage, pid_t root)
{
    const struct witness *w = i->witness;
    struct tasks look = {0};
    bool waits;

    (void)stage;
    (void)root;
    tasks_of(w->child, &look);
    waits = verdict_waiter_in(i, &look, w->child, task_waits_for_shared_futex,
                              w->child_word) != NULL;
    tasks_free(&look);
    if (!waits)
        return NOT_YET;
    i->noted[0] = (uint64_t)w->child;
    return SEEN;
}

/* Who waits for a lock whose word has that thread's id in it? */
static bool waits_for_thread(const struct inspection *i,
                             const struct tasks *look, pid_t process,
                             pid_t owner)
{
    for (size_t k = 0; k < look->count; k++) {
        const struct task *t = &look->task[k];
        uint32_t word = 0;

        if (t->process == process && task_waits_for_shared_futex(t) &&
            process_memory(process, t->arguments[0], &word, sizeof word) == 0 &&
            (pid_t)(word & FUTEX_TID_MASK) == owner)
            return true;
    }
    return verdict_refuse(i->verdict,
                          "process %d does not wait for a lock of thread %d",
                          process, owner);
}

bool find_no_answer(const struct inspection *i, const struct tasks *look,
                    pid_t root)
{
    const struct witness *w = i->witness;
    const struct task *t =
        verdict_waiter(i, look, task_waits_for_shared_futex, w->word);
    pid_t child = (pid_t)i->noted[0];
    struct verdict *v = i->verdict;
    uint32_t value;
    int error;

    if (!t || !verdict_zombie(i, child, w->victim))
        return false;
    error = process_memory(w->victim, w->word, &value, sizeof value);
    if (error)
        return verdict_cannot_show(v, "its memory", error);
    if (value != 0)
        return verdict_refuse(v, "\"%s\" is %" PRIu32 ", and not 0", w->name,
                              value);
    if (!waits_for_thread(i, look, w->holder, t->id))
        return false;
    verdict_say(v, "%s %d waits in futex(0x%" PRIx64 ", shared)",
                verdict_noun(w->victim, root), w->victim, w->word);
    verdict_say_fallback(v, t);
    verdict_say(v,
                "that word is the semaphore \"%s\": 0, until one more has "
                "woken",
                w->name);
    verdict_say(v, "child %d waited to be notified, and has ended: state Z",
                child);
    verdict_say(v, "child %d waits for a lock, which holds %d: who notifies",
                w->holder, t->id);
    verdict_say(v, "so the dead one's answer never comes, and nobody gets in");
    return true;
}
