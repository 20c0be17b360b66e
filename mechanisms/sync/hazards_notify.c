/* SPDX-License-Identifier: MIT */
/*
 * hazards_notify.c - who waits for a notification is killed.
 *
 * CPython's Condition is a lock and three semaphores: how many sleep, what they
 * sleep on, and how many have woken (Lib/multiprocessing/synchronize.py,
 * Condition.notify).  Who notifies waits until each that it has woken has
 * answered, with the lock in hand, and the dead do not answer.
 *
 * Our Condition does not ask them, so CPython's is written here, without what
 * it has for timeouts.
 */
#include "sync/hazards.h"

#include <signal.h>

enum { CURE_CONDITION = 1, CURE_EVENT, CURE_BOUND };

/* How long an answer is waited for, by who does not wait for ever. */
#define PATIENCE (SECOND / 5)

/* region: killed-condition-waiter */
struct naive {
    struct lock lock;
    struct semaphore sleeping, wait, woken;
};

/* The lock is the caller's. */
static void naive_wait(struct naive *c)
{
    semaphore_release(&c->sleeping);
    lock_release(&c->lock);
    semaphore_acquire(&c->wait, NO_TIMEOUT); /* killed here, it stays counted */
    semaphore_release(&c->woken);
    lock_acquire(&c->lock, NO_TIMEOUT);
}

static void naive_notify_all(struct naive *c, int64_t patience)
{
    int sleepers = 0;

    while (semaphore_acquire(&c->sleeping, 0) == 0) {
        semaphore_release(&c->wait);
        sleepers++;
    }
    for (; sleepers; sleepers--) /* each says that it woke */
        semaphore_acquire(&c->woken, patience);
}
/* end: killed-condition-waiter */

/* What the processes share, and this process's view of it. */
struct shared {
    struct lock_state lock;
    struct semaphore_state sleeping, wait, woken;
    struct condition_state condition;
    _Atomic bool news;
};

static struct shared *shared;
static struct naive naive;
static struct condition condition;
static struct event event;

/* A waiter says that it is about to wait. */
static int waiting[2];

static int prepare(struct region *r)
{
    int error = region_open(r, sizeof *shared);

    if (!error)
        error = event_open(&event);
    if (!error)
        error = fd_pipe(waiting);
    if (error)
        return error;
    shared = r->base;
    lock_init(&naive.lock, &shared->lock, LOCK_RECURSIVE);
    semaphore_init(&naive.sleeping, &shared->sleeping, 0, SEMAPHORE_MOST);
    semaphore_init(&naive.wait, &shared->wait, 0, SEMAPHORE_MOST);
    semaphore_init(&naive.woken, &shared->woken, 0, SEMAPHORE_MOST);
    condition_init(&condition, &shared->condition, &naive.lock);
    return 0;
}

/* --- who waits --- */

static _Noreturn void wait_for_news(int cure)
{
    if (cure == CURE_EVENT) {
        write_full(waiting[1], "", 1);
        event_wait(&event, NO_TIMEOUT);
        _exit(shared->news ? 0 : 1);
    }
    lock_acquire(&naive.lock, NO_TIMEOUT);
    write_full(waiting[1], "", 1);
    while (!shared->news)
        if (cure == CURE_CONDITION)
            condition_wait(&condition, NO_TIMEOUT);
        else
            naive_wait(&naive);
    lock_release(&naive.lock);
    _exit(0);
}

static pid_t start_waiter(int cure)
{
    pid_t child = fork();
    char byte;

    if (child == 0)
        wait_for_news(cure);
    if (child < 0 || read_some(waiting[0], &byte, 1) != 1)
        return -1;
    return child;
}

/* It is dead, and everybody can see its zombie. */
static int kill_waiter(pid_t waiter)
{
    siginfo_t ended;

    kill(waiter, SIGKILL);
    while (waitid(P_PID, (id_t)waiter, &ended, WEXITED | WNOWAIT) < 0)
        if (errno != EINTR)
            return -errno;
    return 0;
}

/* --- who notifies --- */

/* With the lock in hand: who waits has given it up, and is counted. */
static void notify_all(int cure)
{
    shared->news = true;
    /* region: killed-condition-waiter-cures */
    if (cure == CURE_CONDITION) /* the kernel says how many it woke */
        condition_notify_all(&condition);
    else if (cure == CURE_EVENT) /* a word, that nobody is counted at */
        event_set(&event);
    else /* an answer that did not come in time will not come */
        naive_notify_all(&naive, cure == CURE_BOUND ? PATIENCE : NO_TIMEOUT);
    /* end: killed-condition-waiter-cures */
}

int killed_condition_waiter(struct witness *w, int cure)
{
    struct region r;
    int error = prepare(&r);
    pid_t killed, living;

    witness_expect(w, 1); /* who lives has the news */
    if (error)
        return error;
    killed = start_waiter(cure);
    living = killed < 0 ? -1 : start_waiter(cure);
    if (living < 0)
        return -ECHILD;
    lock_acquire(&naive.lock, NO_TIMEOUT);
    witness_victim(w, getpid());
    witness_holder(w, living);
    witness_child(w, killed);
    witness_memory(w, "woken", &shared->woken.value);
    witness_child_memory(w, &shared->wait.value);
    witness_show(w, 1); /* it sleeps, and lives */
    error = kill_waiter(killed);
    witness_ready(w);

    notify_all(cure);
    lock_release(&naive.lock);
    if (error || wait_for(killed) != -ECANCELED || wait_for(living) != 0)
        return -ECHILD;
    witness_got(w, 1);
    event_close(&event);
    region_close(&r);
    return 0;
}
