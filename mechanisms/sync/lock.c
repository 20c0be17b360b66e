/* SPDX-License-Identifier: MIT */
/*
 * lock.c - Lock and RLock, plain and robust.
 *
 * The word goes from 0 to the taker's thread id and back.  Who finds it taken
 * sets FUTEX_WAITERS and sleeps; who releases it with that bit set wakes one
 * sleeper, who takes it with the bit set, since there may be more.  Of a robust
 * one the bit stays meanwhile.
 *
 * Memory order: taking it acquires, releasing it releases, so that what was
 * written under it is seen by the next.  The word's own changes need no more:
 * they are of one variable, and the kernel compares it under a lock of its own
 * before it lets anybody sleep.
 */
#include "sync/sync.h"

#include "sync/futex.h"
#include "sync/self.h"
#include "sync/shared.h"

#include <sched.h>
#include <stddef.h>
#include <string.h>

/* The kernel finds the word by its distance from the list's entry. */
#define DISTANCE                                                               \
    ((long)offsetof(struct lock_state, word) -                                 \
     (long)offsetof(struct lock_state, next))

_Static_assert(DISTANCE == -32, "as glibc's robust mutexes have it");
_Static_assert(offsetof(struct lock_state, next) ==
                   offsetof(struct lock_state, previous) + sizeof(void *),
               "glibc writes a neighbour's `previous`");

/* --- the robust list --- */

/* The compiler must keep this order: the kernel may look after any store. */
static void in_order(void)
{
    atomic_signal_fence(memory_order_seq_cst);
}

static struct robust_list *entry_of(struct lock_state *s)
{
    return (struct robust_list *)&s->next;
}

/* Where the neighbour keeps who is before it; bit 0 marks another kind. */
static void **previous_of(struct robust_list *entry)
{
    return (void **)((uintptr_t)entry & ~(uintptr_t)1) - 1;
}

static void link_in(struct robust_list_head *head, struct lock_state *s)
{
    struct robust_list *first = head->list.next;

    s->next = first;
    s->previous = &head->list;
    in_order();
    if (first != &head->list)
        *previous_of(first) = entry_of(s);
    head->list.next = entry_of(s);
}

static void link_out(struct robust_list_head *head, struct lock_state *s)
{
    struct robust_list *after = s->next, *before = s->previous;

    if (after != &head->list)
        *previous_of(after) = before;
    before->next = after;
}

/* --- acquire --- */

/*
 * Take the word, which somebody has or had, or sleep until it can be taken.
 * Once asleep, others may be too: then it is taken with FUTEX_WAITERS.
 */
static int wait_for_word(_Atomic uint32_t *word, uint32_t me, int64_t timeout)
{
    uint32_t seen = atomic_load_explicit(word, memory_order_relaxed);
    int64_t deadline = -1;

    for (;;) {
        if (!(seen & FUTEX_TID_MASK)) {
            uint32_t take = me | (seen & FUTEX_WAITERS);

            if (atomic_compare_exchange_weak_explicit(
                    word, &seen, deadline < 0 ? take : take | FUTEX_WAITERS,
                    memory_order_acquire, memory_order_relaxed))
                return (seen & FUTEX_OWNER_DIED) ? -EOWNERDEAD : 0;
            continue;
        }
        if (timeout <= 0)
            return -ETIMEDOUT;
        if (seen & FUTEX_OWNER_DIED) { /* closed: it is released just now */
            if (deadline < 0)
                deadline = clock_deadline(timeout);
            if (clock_now() >= deadline)
                return -ETIMEDOUT;
            sched_yield();
            seen = atomic_load_explicit(word, memory_order_relaxed);
            continue;
        }
        /* region: lock-slow */
        if (!(seen & FUTEX_WAITERS) &&
            !atomic_compare_exchange_weak_explicit(
                word, &seen, seen | FUTEX_WAITERS, memory_order_relaxed,
                memory_order_relaxed))
            continue;
        if (deadline < 0)
            deadline = clock_deadline(timeout);
        if (futex_wait(word, seen | FUTEX_WAITERS, deadline) == -ETIMEDOUT)
            return -ETIMEDOUT;
        /* end: lock-slow */
        seen = atomic_load_explicit(word, memory_order_relaxed);
    }
}

static int take_word(_Atomic uint32_t *word, uint32_t me, int64_t timeout)
{
    uint32_t free = 0;

    if (atomic_compare_exchange_strong_explicit(
            word, &free, me, memory_order_acquire, memory_order_relaxed))
        return 0;
    return wait_for_word(word, me, timeout);
}

/*
 * With list_op_pending set the kernel looks at this word too if we are killed
 * before it is in the list, and wakes another if the wake was meant for us.
 */
static int take_robustly(struct lock_state *s, uint32_t me, int64_t timeout)
{
    struct robust_list_head *head = self_robust(DISTANCE);
    int error;

    if (!head)
        return -ENOTSUP;
    /* region: robust-take */
    head->list_op_pending = entry_of(s);
    in_order();
    error = take_word(&s->word, me, timeout);
    if (error == 0 || error == -EOWNERDEAD) {
        in_order();
        link_in(head, s);
    }
    in_order();
    head->list_op_pending = NULL;
    /* end: robust-take */
    return error;
}

/* Does this thread have it?  Its own id cannot come or go meanwhile. */
static bool is_mine(const struct lock_state *s, uint32_t me)
{
    return (atomic_load_explicit(&s->word, memory_order_relaxed) &
            FUTEX_TID_MASK) == me;
}

static int acquire_special(struct lock_state *s, int64_t timeout)
{
    uint32_t me = self_id();
    int error;

    if (s->kind & LOCK_RECURSIVE && is_mine(s, me)) {
        if (s->count == UINT32_MAX)
            return -EOVERFLOW;
        s->count++;
        return 0;
    }
    if (s->kind & LOCK_ROBUST)
        error = take_robustly(s, me, timeout);
    else
        error = take_word(&s->word, me, timeout);
    if (error == 0 || error == -EOWNERDEAD)
        s->count = 1;
    return error;
}

int lock_acquire(struct lock *l, int64_t timeout)
{
    struct lock_state *s = l->state;

    if (s->kind != LOCK_PLAIN)
        return acquire_special(s, timeout);
    return take_word(&s->word, self_id(), timeout);
}

/* --- release --- */

/* Leave the word so; what it was before. */
static uint32_t leave_word(_Atomic uint32_t *word, uint32_t value)
{
    uint32_t was = atomic_exchange_explicit(word, value, memory_order_release);

    if (was & FUTEX_WAITERS)
        futex_wake(word, 1);
    return was;
}

/*
 * A robust lock keeps FUTEX_WAITERS while anybody sleeps, from owner to owner.
 * Else one killed thread could take the only wake-up with it: who has released
 * the word and not yet woken anybody, or was woken and has not yet taken it.
 * The kernel wakes another for it (since Linux 6.2 with the bit set as well),
 * but not when somebody has the word; so whoever took it in passing must know
 * that others sleep.
 *
 * When none sleeps the bit must go.  That nobody was woken tells; but then one
 * may fall asleep before the word is 0.  So the next release closes the word
 * first: with FUTEX_OWNER_DIED beside a living owner nobody falls asleep on it.
 */
static void leave_to_sleepers(struct lock_state *s, uint32_t me)
{
    if (!atomic_load_explicit(&s->none_woken, memory_order_relaxed)) {
        atomic_exchange_explicit(&s->word, FUTEX_WAITERS, memory_order_release);
        if (futex_wake(&s->word, 1) == 0)
            atomic_store_explicit(&s->none_woken, 1, memory_order_relaxed);
        return;
    }
    atomic_exchange_explicit(&s->word, me | FUTEX_WAITERS | FUTEX_OWNER_DIED,
                             memory_order_relaxed);
    if (futex_wake(&s->word, 1) == 0) {
        atomic_store_explicit(&s->word, 0, memory_order_release);
        return;
    }
    atomic_store_explicit(&s->none_woken, 0, memory_order_relaxed);
    atomic_store_explicit(&s->word, FUTEX_WAITERS, memory_order_release);
}

static void leave_robust_word(struct lock_state *s, bool lost)
{
    uint32_t me = self_id();

    if (lost) {
        atomic_exchange_explicit(&s->word, FUTEX_OWNER_DIED | FUTEX_WAITERS,
                                 memory_order_release);
        futex_wake(&s->word, 1);
    } else if (!atomic_compare_exchange_strong_explicit(
                   &s->word, &(uint32_t){me}, 0, memory_order_release,
                   memory_order_relaxed)) {
        leave_to_sleepers(s, me);
    }
}

static void leave_robustly(struct lock_state *s, bool lost)
{
    struct robust_list_head *head = self.robust;

    head->list_op_pending = entry_of(s);
    in_order();
    link_out(head, s);
    in_order();
    leave_robust_word(s, lost);
    in_order();
    head->list_op_pending = NULL;
}

static int release_special(struct lock_state *s)
{
    if (!is_mine(s, self_id()))
        return -EPERM;
    if (s->kind & LOCK_RECURSIVE && --s->count)
        return 0;
    if (s->kind & LOCK_ROBUST)
        leave_robustly(s, false);
    else
        leave_word(&s->word, 0);
    return 0;
}

int lock_release(struct lock *l)
{
    if (l->state->kind != LOCK_PLAIN)
        return release_special(l->state);
    return leave_word(&l->state->word, 0) ? 0 : -EOVERFLOW;
}

/* --- the rest --- */

bool lock_is_mine(const struct lock *l)
{
    return is_mine(l->state, self_id());
}

pid_t lock_owner(const struct lock *l)
{
    return (pid_t)(atomic_load_explicit(&l->state->word, memory_order_relaxed) &
                   FUTEX_TID_MASK);
}

bool lock_is_wanted(const struct lock *l)
{
    return atomic_load_explicit(&l->state->word, memory_order_relaxed) &
           FUTEX_WAITERS;
}

void lock_at(struct lock *l, struct lock_state *state)
{
    *l = (struct lock){.state = state, .region = {.fd = -1}};
}

void lock_init(struct lock *l, struct lock_state *state, enum lock_kind kind)
{
    memset(state, 0, sizeof *state);
    state->kind = kind;
    lock_at(l, state);
}

int lock_open(struct lock *l, enum lock_kind kind)
{
    struct region region;
    int error = region_open(&region, sizeof *l->state);

    *l = (struct lock){.region = {.fd = -1}};
    if (error)
        return error;
    lock_init(l, region.base, kind);
    l->region = region;
    return 0;
}

/* What is in the list must stay mapped: a robust one of ours is left to the
 * next, as the kernel would at our end. */
void lock_close(struct lock *l)
{
    struct lock_state *s = l->state;

    if (s && s->kind & LOCK_ROBUST && is_mine(s, self_id()))
        leave_robustly(s, true);
    region_close(&l->region);
    l->state = NULL;
}

int lock_pack(const struct lock *l, struct parcel *parcel)
{
    return region_pack(&l->region, parcel);
}

int lock_unpack(struct lock *l, struct parcel *parcel)
{
    int error = state_unpack(&l->region, parcel, sizeof *l->state);

    l->state = l->region.base;
    return error;
}
