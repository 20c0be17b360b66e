/* SPDX-License-Identifier: MIT */
/*
 * sync.h - Lock, RLock, Semaphore, BoundedSemaphore, Condition, Event, Barrier
 * between processes, as multiprocessing has them (CPython
 * Lib/multiprocessing/synchronize.py, Modules/_multiprocessing/semaphore.c).
 *
 *     #include "common/hooks.h"
 *     #include "sync/sync.h"
 *
 *     int main(int argc, char **argv)
 *     {
 *         struct lock lock;
 *
 *         mechanisms_init(argc, argv);
 *         if (lock_open(&lock, LOCK_PLAIN) < 0)     // Lock()
 *             return 1;
 *         if (lock_acquire(&lock, SECOND / 2) == 0) // acquire(True, 0.5)
 *             lock_release(&lock);
 *         lock_close(&lock);
 *         return 0;
 *     }
 *
 * CPython builds all of them on sem_t.  Ours are words in shared memory: what
 * nobody has to wait for is one atomic instruction, and only a wait, or the end
 * of somebody's wait, is a system call (futex(2)).
 *
 * What a lock's word holds: the thread id of whoever took it, 0 when it is
 * free, and the kernel's two bits: FUTEX_WAITERS, somebody may sleep on it;
 * FUTEX_OWNER_DIED, a robust one's owner is dead.  So `ipclab waits` can name
 * an owner, where of a sem_t it could not.
 *
 * A killed owner.  A plain lock, as Python's, is then never free again.  A
 * robust one is: the kernel knows it through the thread's robust list
 * (get_robust_list(2)), and the next to acquire it has it, and is told.
 *
 * A fork.  The child shares the words and owns nothing: an owner is a thread,
 * by its id, and the child's is another.  Nothing needs to be reset in it.
 *
 * Every timeout is in ns: NO_TIMEOUT waits for ever, 0 or less does not wait.
 * A wait that a signal interrupts goes on.  No two of them are in one process
 * by accident: what open made, or unpack, is closed there by close.
 */
#ifndef IPCLAB_SYNC_H
#define IPCLAB_SYNC_H

#include "common/clock.h"
#include "common/parcel.h"
#include "common/region.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* --- Lock, RLock --- */

/* Kinds of locks; RECURSIVE and ROBUST may be combined. */
enum lock_kind {
    LOCK_PLAIN = 0, /* Lock: any thread of any process may release it */
    LOCK_RECURSIVE =
        1,           /* RLock: its owner may take it again, and releases it */
    LOCK_ROBUST = 2, /* survives its owner, who alone may release it */
};

/* What is shared; lies in a region. */
struct lock_state {
    _Atomic uint32_t word;
    uint32_t kind;
    uint32_t count;              /* how often its owner has it; the owner's */
    _Atomic uint32_t none_woken; /* robust: by the last release that tried */
    /*
     * A robust lock that is held is in its owner's list, at an address of the
     * owner's: nobody else reads these.  The kernel wants the word at a fixed
     * distance before `next`, the C library a `previous` before that.
     */
    uint32_t unused[2];
    void *previous, *next;
};

struct lock {
    struct lock_state *state;
    struct region region; /* its own, or closed where the state is another's */
};

/* Lock() or RLock().  0 or -errno. */
int lock_open(struct lock *l, enum lock_kind kind);

/*
 * The same in memory of the caller's, which processes share and which outlives
 * its use: a queue has its locks in its own region.  `init` makes it, free;
 * `at` uses what another process has made there.  Neither is ever packed.
 */
void lock_init(struct lock *l, struct lock_state *state, enum lock_kind kind);
void lock_at(struct lock *l, struct lock_state *state);

/*
 * Unmap it, in this process alone.  It is not released; a robust one that the
 * calling thread has is the next one's, as if this thread had ended.  Harmless
 * twice.
 */
void lock_close(struct lock *l);

/*
 * acquire(block, timeout).  0: the caller has it.
 * -EOWNERDEAD: the caller has it (robust), and the one who had it died: what it
 *     guards may be half changed.  Told once; it is released as ever.
 * -ETIMEDOUT: somebody has it, or for a timeout of 0 and less: has it now.
 * -EOVERFLOW: recursive, and taken 2^32 - 1 times.
 * -ENOTSUP: robust, in a thread whose robust list is of another libc's shape.
 */
int lock_acquire(struct lock *l, int64_t timeout);

/*
 * release().  0.  -EPERM: recursive or robust, and not the caller's
 * (AssertionError).  -EOVERFLOW: plain, and nobody has it (ValueError,
 * "semaphore or lock released too many times").
 */
int lock_release(struct lock *l);

/* Has the calling thread taken it?  Of a plain lock, that was not released. */
bool lock_is_mine(const struct lock *l);

/* The thread that took it, dead or alive, or 0: free. */
pid_t lock_owner(const struct lock *l);

/* May somebody be asleep until it is released? */
bool lock_is_wanted(const struct lock *l);

int lock_pack(const struct lock *l, struct parcel *parcel);
int lock_unpack(struct lock *l, struct parcel *parcel);

/* --- Semaphore, BoundedSemaphore --- */

enum { SEMAPHORE_MOST = INT32_MAX }; /* SEM_VALUE_MAX */

struct semaphore_state {
    _Atomic uint32_t value;
    _Atomic uint32_t waiters; /* at least how many sleep; the killed count on */
    uint32_t most;
};

struct semaphore {
    struct semaphore_state *state;
    struct region region;
};

/*
 * Semaphore(value), or with bounded BoundedSemaphore(value).  -EINVAL: a value
 * below 0 or beyond SEMAPHORE_MOST.
 */
int semaphore_open(struct semaphore *s, int64_t value, bool bounded);
void semaphore_close(struct semaphore *s);

/* As of a lock: made in memory of the caller's, or made there by another. */
void semaphore_init(struct semaphore *s, struct semaphore_state *state,
                    uint32_t value, uint32_t most);
void semaphore_at(struct semaphore *s, struct semaphore_state *state);

/* 0 or -ETIMEDOUT. */
int semaphore_acquire(struct semaphore *s, int64_t timeout);

/*
 * 0.  -EOVERFLOW: it would exceed the initial value of a bounded one, or
 * SEMAPHORE_MOST.  Exact, where CPython's look and sem_post are two steps.
 */
int semaphore_release(struct semaphore *s);

/* get_value(): what it is now, which may be past already. */
uint32_t semaphore_value(const struct semaphore *s);

int semaphore_pack(const struct semaphore *s, struct parcel *parcel);
int semaphore_unpack(struct semaphore *s, struct parcel *parcel);

/* --- Condition --- */

struct condition_state {
    struct lock_state lock;    /* used where none was given */
    _Atomic uint32_t sequence; /* what waiters sleep on */
    _Atomic uint32_t waiters;  /* written by who has the lock; the killed too */
};

struct condition {
    struct condition_state *state;
    struct lock *given; /* or NULL: its own */
    struct lock own;
    struct region region;
};

/*
 * Condition(lock).  Without a lock (NULL) it has an RLock of its own; one that
 * is given must outlive it, and is not closed with it.  0 or -errno.
 */
int condition_open(struct condition *c, struct lock *lock);
void condition_close(struct condition *c);

/* In memory of the caller's, as of a lock. */
void condition_init(struct condition *c, struct condition_state *state,
                    struct lock *lock);
void condition_at(struct condition *c, struct condition_state *state,
                  struct lock *lock);

/* Its lock's, as with `with condition:`. */
int condition_acquire(struct condition *c, int64_t timeout);
int condition_release(struct condition *c);

/*
 * Release the lock, however often it was taken, wait to be notified, and take
 * the lock as often again, which no timeout bounds.  0: notified; as Python
 * says of its own, it may be so without a notify that was meant for it, when
 * that found a waiter who was not asleep yet: look at what was waited for.
 * -ETIMEDOUT.  -EPERM: the caller does not have the lock.  -EOWNERDEAD:
 * notified or not, and the robust lock's owner had died.
 */
int condition_wait(struct condition *c, int64_t timeout);

/*
 * Wait until predicate(argument), called with the lock held, is true: 0, or
 * -ETIMEDOUT with it false.  Else as condition_wait.
 */
int condition_wait_for(struct condition *c, bool (*predicate)(void *argument),
                       void *argument, int64_t timeout);

/*
 * Wake n of those who wait, or all.  Never waits for them, as CPython's does,
 * which hangs when one of them was killed.  0.  -EPERM: the caller does not
 * have the lock.
 */
int condition_notify(struct condition *c, uint32_t n);
int condition_notify_all(struct condition *c);

int condition_pack(const struct condition *c, struct parcel *parcel);
int condition_unpack(struct condition *c, struct parcel *parcel);

/* --- Event --- */

struct event_state {
    _Atomic uint32_t word; /* bit 0: it is set; the rest: how often it was */
    _Atomic uint32_t waiters;
};

struct event {
    struct event_state *state;
    struct region region;
};

int event_open(struct event *e);
void event_close(struct event *e);

/* May be called in a signal handler, and by whoever holds whatever. */
void event_set(struct event *e);
void event_clear(struct event *e);
bool event_is_set(const struct event *e);

/*
 * 0: it was set at some time since the call began, even if it was cleared at
 * once, where CPython 3.11 may return False.  -ETIMEDOUT.
 */
int event_wait(struct event *e, int64_t timeout);

int event_pack(const struct event *e, struct parcel *parcel);
int event_unpack(struct event *e, struct parcel *parcel);

/* --- Barrier --- */

struct barrier_state {
    struct condition_state condition;
    int32_t phase; /* enum in barrier.c */
    uint32_t parties, waiting;
};

struct barrier {
    struct barrier_state *state;
    struct condition condition;
    struct region region;
    void (*action)(void *argument);
    void *argument;
};

/*
 * Barrier(parties).  action, or NULL, is run by one of them, with all in the
 * barrier, before any leaves it; it is this process's and not handed on.
 * -EINVAL: no parties.
 */
int barrier_open(struct barrier *b, uint32_t parties,
                 void (*action)(void *argument), void *argument);
void barrier_close(struct barrier *b);

/*
 * Wait until `parties` have called it: 0 .. parties - 1, another number for
 * each.  -ETIMEDOUT: and that broke the barrier.  -ECANCELED: it is broken, by
 * another's timeout or by abort, or was reset (BrokenBarrierError).
 */
int barrier_wait(struct barrier *b, int64_t timeout);

/* Those who wait get -ECANCELED, and the barrier is new / is broken. */
void barrier_reset(struct barrier *b);
void barrier_abort(struct barrier *b);

bool barrier_is_broken(struct barrier *b);
uint32_t barrier_n_waiting(struct barrier *b);

int barrier_pack(const struct barrier *b, struct parcel *parcel);
int barrier_unpack(struct barrier *b, struct parcel *parcel);

#endif
