/* SPDX-License-Identifier: MIT */
/*
 * waits_lock.c - who has the lock, of those in sync/, that a thread waits for.
 *
 * Such a lock's word holds the id of the thread that took it, and a bit that
 * says that somebody sleeps (sync/sync.h).  Nothing marks it as a lock's: it is
 * taken for one if it says exactly that, if a lock's kind stands behind it, and
 * if that thread is dead, or of a process that has this memory.
 *
 * A plain lock may be released by anybody, though who took it should: so its
 * waiter is stuck only when all are who have it.
 */
#include "waits_find.h"

#include "sync/sync.h"

#include <linux/futex.h>

/* Who took it, by the waiter's number for it, if the word is a lock's and still
 * as the waiter has found it; or 0. */
static pid_t taker_of(const struct task *t, uint32_t *kind)
{
    uint32_t value = (uint32_t)t->arguments[2];
    uint32_t state[2]; /* word and kind begin it */

    _Static_assert(offsetof(struct lock_state, kind) == sizeof(uint32_t),
                   "what is read here");
    if (!(value & FUTEX_WAITERS) || value & FUTEX_OWNER_DIED ||
        process_memory(t->process, t->arguments[0], state, sizeof state) < 0)
        return 0;
    *kind = state[1];
    return state[0] == value && *kind <= (LOCK_RECURSIVE | LOCK_ROBUST)
               ? (pid_t)(value & FUTEX_TID_MASK)
               : 0;
}

/* The process, of those that have the word, that has this thread; or 0. */
static pid_t home_of(const struct want *want, pid_t thread)
{
    for (size_t i = 0; i < want->wakers; i++)
        if (process_has_task(want->waker[i].process, thread))
            return want->waker[i].process;
    return 0;
}

static void say_taken(struct waiter *w, struct want *want, pid_t thread,
                      pid_t home, bool plain)
{
    want->taker = (struct waker){home, thread, -1};
    if (thread == w->task.id)
        say_what(w, "waits for the lock that it has taken itself");
    else if (thread == home)
        say_what(w, "waits for the lock that process %d took", home);
    else
        say_what(w, "waits for the lock that thread %d of %d took", thread,
                 home);
    if (plain)
        snprintf(want->note, sizeof want->note,
                 "it is a plain lock: any of these could release it");
}

static void say_dead(struct waiter *w, struct want *want, pid_t thread,
                     bool plain)
{
    say_what(w, "waits for a lock of the dead");
    snprintf(want->note, sizeof want->note,
             "taken by thread %d, which is dead: nobody will release it%s",
             thread, plain ? ", unless one of these does so in its place" : "");
}

bool want_lock(struct graph *g, struct waiter *w, struct want *want)
{
    uint32_t kind = 0;
    pid_t taker = taker_of(&w->task, &kind), here, home;
    bool plain = kind == LOCK_PLAIN;

    if (!taker)
        return false;
    here = number_here(w->task.process, taker);
    home = here ? home_of(want, here) : 0;
    if (!home && here && thread_lives(here))
        return false; /* of somebody who does not have this memory */
    if (home && thread_lives(here))
        say_taken(w, want, here, home, plain);
    else
        say_dead(w, want, here ? here : taker, plain);
    if (plain) {
        snprintf(want->who, sizeof want->who, "who has it");
        return true;
    }
    want->owner = true; /* it alone */
    want->wakers = 0;
    if (want->taker.process)
        waker_add(g, want, home, here, -1);
    return true;
}
