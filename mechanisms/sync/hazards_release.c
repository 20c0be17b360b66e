/* SPDX-License-Identifier: MIT */
/*
 * hazards_release.c - a lock is released by who does not have it.
 *
 * A Lock of Python's is a semaphore: release() adds one, whoever calls it.  So
 * does our plain lock, though its word knows better.  One release too many, on
 * an error path that never acquired it, and two are in a section for one.
 */
#include "sync/hazards.h"

enum { CURE_RLOCK = 1, CURE_ROBUST, CURE_LOOK };

struct hall {
    struct lock_state state;
    int64_t visitors; /* the lock guards it */
};

static struct hall *hall;
static struct lock lock;

/* Who is in says so, and stays until `leave` is at its end. */
static int inside[2], leave[2];

/* region: anyone-releases */
static _Noreturn void visit(void)
{
    int64_t before;
    char byte;

    fd_close(&leave[1]);
    lock_acquire(&lock, NO_TIMEOUT);
    before = hall->visitors;
    write_full(inside[1], "", 1);
    read_some(leave[0], &byte, 1);
    hall->visitors = before + 1; /* nobody else was here meanwhile */
    lock_release(&lock);
    _exit(0);
}

/* Never took it, and releases it: 0 if that was let pass. */
static _Noreturn void release_by_mistake(int cure)
{
    if (cure == CURE_LOOK && !lock_is_mine(&lock))
        _exit(EPERM);
    _exit(-lock_release(&lock));
}
/* end: anyone-releases */

static int prepare(struct region *shared, int cure)
{
    int error = region_open(shared, sizeof *hall);

    if (!error)
        error = fd_pipe(inside);
    if (!error)
        error = fd_pipe(leave);
    if (error)
        return error;
    hall = shared->base;
    /* region: anyone-releases-cures */
    /* Both have an owner, who alone may release it: -EPERM. */
    lock_init(&lock, &hall->state,
              cure == CURE_RLOCK    ? LOCK_RECURSIVE
              : cure == CURE_ROBUST ? LOCK_ROBUST
                                    : LOCK_PLAIN);
    /* end: anyone-releases-cures */
    return 0;
}

static pid_t start_visit(void)
{
    pid_t child = fork();

    if (child == 0)
        visit();
    return child;
}

/* Somebody is in now: 0. */
static int wait_until_inside(void)
{
    char byte;

    return read_some(inside[0], &byte, 1) == 1 ? 0 : -EIO;
}

static int release_in_another(int cure)
{
    pid_t child = fork();

    if (child == 0)
        release_by_mistake(cure);
    return child < 0 ? -errno : wait_for(child);
}

int anyone_releases(struct witness *w, int cure)
{
    struct region shared;
    int error = prepare(&shared, cure), refused;
    pid_t first, second;

    witness_expect(w, 2);
    first = error ? -1 : start_visit();
    if (first < 0 || wait_until_inside() < 0)
        return error ? error : -ECHILD;
    witness_victim(w, first);
    witness_memory(w, "hall", &hall->state.word);
    witness_show(w, 1); /* one is in */

    refused = release_in_another(cure);
    second = start_visit();
    if (second < 0)
        return -ECHILD;
    if (refused == 0) { /* the second need not wait for the first */
        error = wait_until_inside();
        witness_holder(w, second);
        witness_show(w, 2);
    }
    fd_close(&leave[1]);
    if (error || wait_for(first) != 0 || wait_for(second) != 0)
        return -ECHILD;
    if (refused != (cure ? EPERM : 0))
        return -EPROTO;
    witness_got(w, hall->visitors);
    region_close(&shared);
    return 0;
}
