/* SPDX-License-Identifier: MIT */
/*
 * hazards_killed.c - who has a lock is killed.
 *
 * A lock is a word in shared memory.  SIGKILL ends a process between any two
 * instructions, and memory that others share stays as it was left: the word
 * says "taken", and what it guards may be half changed.  (CPython's sem_t does
 * not even say by whom.)
 */
#include "sync/hazards.h"

#include <signal.h>

enum { CURE_ROBUST = 1, CURE_PARENT, CURE_ASK };

/* What moves from one account to the other; two processes move it. */
enum { AMOUNT = 10 };

struct accounts {
    struct lock_state state;
    int64_t from, to;
    int64_t moving; /* taken from one, and not yet in the other */
};

static struct accounts *accounts;
static struct lock lock;

/* How they take their turns. */
static int halfway[2], finish[2];

/* --- what they do --- */

static void begin_move(void)
{
    accounts->moving = AMOUNT;
    accounts->from -= AMOUNT;
}

static void end_move(void)
{
    accounts->to += accounts->moving;
    accounts->moving = 0;
}

/* region: killed-lock-holder */
/* The holder: in the middle of a move until it is told to finish. */
static _Noreturn void move_slowly(void)
{
    char byte;

    fd_close(&finish[1]);
    lock_acquire(&lock, NO_TIMEOUT);
    begin_move();
    write_full(halfway[1], "", 1);
    read_some(finish[0], &byte, 1); /* it is killed here */
    end_move();
    lock_release(&lock);
    _exit(0);
}

/* The next one. */
static _Noreturn void move_next(void)
{
    int error = lock_acquire(&lock, NO_TIMEOUT);

    if (error == -EOWNERDEAD) /* what the dead began is ours to end */
        end_move();
    else if (error)
        _exit(1);
    begin_move();
    end_move();
    lock_release(&lock);
    _exit(0);
}
/* end: killed-lock-holder */

/* --- how the holder ends --- */

/* region: killed-lock-holder-cures */
/* Dead and not yet reaped: its id is nobody else's, so that what has this id in
 * it was taken by the dead. */
static int release_for(pid_t holder)
{
    siginfo_t ended;

    while (waitid(P_PID, (id_t)holder, &ended, WEXITED | WNOWAIT) < 0)
        if (errno != EINTR)
            return -errno;
    if (lock_owner(&lock) != holder)
        return 0;
    end_move();
    return lock_release(&lock);
}
/* end: killed-lock-holder-cures */

static int end_holder(pid_t holder, int cure)
{
    int error = 0, status;

    if (cure == CURE_ASK)
        fd_close(&finish[1]);
    else
        kill(holder, SIGKILL);
    if (cure == CURE_PARENT)
        error = release_for(holder);
    status = wait_for(holder);
    if (status != (cure == CURE_ASK ? 0 : -ECANCELED))
        return -ECHILD;
    return error;
}

/* --- the scenario --- */

static int prepare(struct region *shared, int cure)
{
    int error = region_open(shared, sizeof *accounts);

    if (!error)
        error = fd_pipe(halfway);
    if (!error)
        error = fd_pipe(finish);
    if (error)
        return error;
    accounts = shared->base;
    accounts->from = 100;
    lock_init(&lock, &accounts->state,
              cure == CURE_ROBUST ? LOCK_ROBUST : LOCK_PLAIN);
    return 0;
}

/* The holder, which is halfway when this returns; or -errno. */
static pid_t start_holder(struct witness *w)
{
    pid_t holder = fork();
    char byte;

    if (holder == 0)
        move_slowly();
    if (holder < 0 || read_some(halfway[0], &byte, 1) != 1)
        return -ECHILD;
    witness_memory(w, "accounts", &accounts->state.word);
    witness_holder(w, holder);
    witness_show(w, 1); /* it lives, and its id is in the word */
    return holder;
}

int killed_lock_holder(struct witness *w, int cure)
{
    struct region shared;
    int error = prepare(&shared, cure);
    pid_t holder, next;

    witness_expect(w, INT64_C(2) * AMOUNT);
    if (error)
        return error;
    holder = start_holder(w);
    error = holder < 0 ? holder : end_holder(holder, cure);
    next = error ? -1 : fork();
    if (next == 0)
        move_next();
    if (next < 0)
        return error ? error : -errno;
    witness_victim(w, next);
    witness_ready(w);

    if (wait_for(next) != 0)
        return -ECHILD;
    if (accounts->from + accounts->to != 100)
        return -EILSEQ;
    witness_got(w, accounts->to);
    region_close(&shared);
    return 0;
}
