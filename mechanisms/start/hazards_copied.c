/* SPDX-License-Identifier: MIT */
/*
 * hazards_copied.c - a fork copies memory, and no thread but the one that
 * called it.
 *
 * A lock that another thread held is copied locked, without its owner; a
 * generator of random numbers is copied with its state, so that every child
 * draws the same.
 */
#include "start/hazards.h"

#include "common/hooks.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

/* --- fork-held-lock --- */

/* A journal that one thread at a time may write in. */
static pthread_mutex_t journal = PTHREAD_MUTEX_INITIALIZER;
static int entries;

/* How the thread and main take their turns: two pipes, no luck. */
static int locked[2], finish[2];

enum { CURE_ATFORK = 1, CURE_REINIT, CURE_SPAWN, CURE_SERVED };

static void lock_journal(void)
{
    pthread_mutex_lock(&journal);
}

static void unlock_journal(void)
{
    pthread_mutex_unlock(&journal);
}

static void renew_journal(void)
{
    pthread_mutex_init(&journal, NULL);
}

/* region: fork-held-lock */
/* The thread: in the middle of an entry until it is told to finish. */
static void *write_slowly(void *unused)
{
    char byte;

    lock_journal();
    write_full(locked[1], "", 1);
    read_some(finish[0], &byte, 1);
    entries++;
    unlock_journal();
    return unused;
}

/* The child: writes an entry too, if it ever gets the lock. */
static _Noreturn void write_in_child(void)
{
    int before = entries;

    lock_journal();
    entries++;
    unlock_journal();
    _exit(entries - before);
}
/* end: fork-held-lock */

/* The same in a child that is no fork of this process: it has a journal of its
 * own, which nobody ever locked. */
static int write_in_fresh_child(struct parcel *unused)
{
    (void)unused;
    lock_journal();
    entries++;
    unlock_journal();
    return entries;
}
TARGET(write_in_fresh_child)

/* Protect the fork, in one of two ways, or not at all. */
static int protect(int cure)
{
    /* region: fork-held-lock-cures */
    if (cure == CURE_ATFORK) /* fork() itself waits until we have the lock */
        return -pthread_atfork(lock_journal, unlock_journal, unlock_journal);
    if (cure == CURE_REINIT) /* the child gets a lock that nobody has */
        return -pthread_atfork(NULL, NULL, renew_journal);
    /* end: fork-held-lock-cures */
    return 0;
}

/* Start the thread; return when it holds the lock. */
static int start_thread(pthread_t *thread)
{
    int error = fd_pipe(locked);
    char byte;

    if (!error)
        error = fd_pipe(finish);
    if (!error)
        error = -pthread_create(thread, NULL, write_slowly, NULL);
    if (!error && read_some(locked[0], &byte, 1) != 1)
        error = -EIO;
    return error;
}

/* Fork, while the thread holds the lock: how many entries the child wrote. */
static int write_in_fork(struct witness *w)
{
    pid_t child = fork();

    if (child == 0)
        write_in_child();
    if (child < 0)
        return -errno;
    witness_mutex(w, "journal", &journal);
    witness_victim(w, child);
    witness_holder(w, getpid());
    witness_ready(w);
    return wait_for(child);
}

/* The same without a fork of this process. */
static int write_in_fresh(enum start_method method)
{
    int written = run_target("write_in_fresh_child", NULL, method);
    int error = leave_nobody();

    return written < 0 || !error ? written : error;
}

int fork_held_lock(struct witness *w, int cure)
{
    int error = protect(cure), in_child;
    pthread_t thread;

    witness_expect(w, 2);
    if (!error)
        error = start_thread(&thread);
    if (error)
        return error;
    if (cure == CURE_ATFORK) /* or the fork would wait for ever */
        write_full(finish[1], "", 1);

    in_child = cure == CURE_SPAWN    ? write_in_fresh(START_SPAWN)
               : cure == CURE_SERVED ? write_in_fresh(START_FORKSERVER)
                                     : write_in_fork(w);
    write_full(finish[1], "", 1);
    pthread_join(thread, NULL);
    if (in_child < 0)
        return in_child;
    witness_got(w, entries + in_child);
    return 0;
}

/* --- fork-same-random --- */

enum { DRAWERS = 4, CURE_RESEED = 1, CURE_HOOK };

/* What each process draws, in its own copy; random(3) is never negative. */
static int64_t drawn = -1;

static int numbers[2], leave[2];

/* region: fork-same-random-cures */
/* Numbers of one's own need a seed of one's own. */
static void reseed(void *unused)
{
    unsigned seed = 0;

    (void)unused;
    if (getrandom(&seed, sizeof seed, 0) == sizeof seed)
        srandom(seed);
}
/* end: fork-same-random-cures */

/* region: fork-same-random */
/* The child: draws a number, and hands it in. */
static _Noreturn void draw(int cure)
{
    char byte;

    if (cure == CURE_RESEED)
        reseed(NULL);
    drawn = random();
    write_full(numbers[1], &drawn, sizeof drawn);
    fd_close(&leave[1]);
    read_some(leave[0], &byte, 1); /* the others draw too */
    _exit(0);
}
/* end: fork-same-random */

/* How many of them differ from all before. */
static int count_distinct(const int64_t *list, int n)
{
    int distinct = 0;

    for (int k = 0; k < n; k++) {
        int before = 0;

        while (before < k && list[before] != list[k])
            before++;
        distinct += before == k;
    }
    return distinct;
}

/* Fork them all; 0 when each has drawn. */
static int start_drawers(int cure, pid_t *children, int64_t *list)
{
    for (int k = 0; k < DRAWERS; k++) {
        children[k] = fork();
        if (children[k] == 0)
            draw(cure);
        if (children[k] < 0)
            return -ECHILD;
    }
    return read_full(numbers[0], list, DRAWERS * sizeof *list) ==
                   DRAWERS * sizeof *list
               ? 0
               : -EIO;
}

int fork_same_random(struct witness *w, int cure)
{
    static struct after_fork hook = {.run = reseed};
    pid_t children[DRAWERS];
    int64_t list[DRAWERS];
    int error = fd_pipe(numbers);

    if (!error)
        error = fd_pipe(leave);
    if (error)
        return error;
    if (cure == CURE_HOOK)
        after_fork_register(&hook);
    srandom(7); /* and any other seed would do */
    witness_expect(w, DRAWERS);
    witness_count(w, DRAWERS);
    witness_victim(w, getpid());
    witness_memory(w, "drawn", &drawn);
    witness_show(w, 1);

    error = start_drawers(cure, children, list);
    if (error)
        return error;
    witness_show(w, 2);
    fd_close(&leave[1]);
    for (int k = 0; k < DRAWERS; k++)
        if (wait_for(children[k]) != 0)
            return -ECHILD;
    witness_got(w, count_distinct(list, DRAWERS));
    return 0;
}
