/* SPDX-License-Identifier: MIT */
/*
 * demo.c - lesson 07: what a lock's word holds; who may take which kind of
 * lock, and release it.  `demo N` does both N times, for strace to watch.
 */
#include "common/hooks.h"
#include "sync/sync.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOCK, RLOCK, SEMAPHORE, ROBUST, KINDS };

static struct lock lock;
static struct semaphore semaphore;
static int kind;

static int open_one(void)
{
    static const enum lock_kind kinds[KINDS] = {
        [RLOCK] = LOCK_RECURSIVE, [ROBUST] = LOCK_ROBUST};

    if (kind == SEMAPHORE)
        return semaphore_open(&semaphore, 1, false);
    return lock_open(&lock, kinds[kind]);
}

static int take(void)
{
    return kind == SEMAPHORE ? semaphore_acquire(&semaphore, 0)
                             : lock_acquire(&lock, 0);
}

static int release(void)
{
    return kind == SEMAPHORE ? semaphore_release(&semaphore)
                             : lock_release(&lock);
}

static int take_and_die(void)
{
    take();
    return raise(SIGKILL);
}

/* What act is for a child of ours: 0 or -errno. */
static int in_child(int (*act)(void))
{
    pid_t child = fork();
    int status = 0;

    if (child == 0)
        _exit(-act());
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? -WEXITSTATUS(status) : 0;
}

/* What the last of three says: here, in a child, and here again. */
static void show_row(const char *what, int (*first)(void), int (*child)(void),
                     int (*then)(void))
{
    printf("%-30s", what);
    for (kind = 0; kind < KINDS && open_one() == 0; kind++) {
        int result = first ? first() : 0;

        result = child ? in_child(child) : result;
        result = then ? then() : result;
        printf("%-11s", !result                 ? "yes"
                        : result == -EOWNERDEAD ? "yes, told"
                                                : "no");
        kind == SEMAPHORE ? semaphore_close(&semaphore) : lock_close(&lock);
    }
    printf("\n");
}

static void show_word(const char *when)
{
    printf("%-30s%08x\n", when, atomic_load(&lock.state->word));
}

/* The word of a lock that is free, ours, and wanted by a child that sleeps. */
static void show_words(void)
{
    pid_t child;

    lock_open(&lock, LOCK_PLAIN);
    show_word("the word: free");
    lock_acquire(&lock, NO_TIMEOUT);
    show_word("I have it");
    child = fork();
    if (child == 0)
        _exit(lock_acquire(&lock, NO_TIMEOUT) || lock_release(&lock));
    while (child > 0 && !lock_is_wanted(&lock))
        sched_yield();
    show_word("and a child waits for it");
    lock_release(&lock);
    waitpid(child, NULL, 0);
    show_word("it had it, and released it");
    lock_close(&lock);
}

int main(int argc, char **argv)
{
    mechanisms_init(argc, argv);
    for (long n = argc > 1 && !open_one() ? atol(argv[1]) : 0; n > 0; n--)
        if (take() || release() || n == 1)
            return n != 1;
    show_words();
    printf("%-30s%-11s%-11s%-11srobust\n", "", "Lock", "RLock", "Semaphore");
    show_row("taken again by its owner", take, NULL, take);
    show_row("taken by its owner's child", take, take, NULL);
    show_row("released by that child", take, release, NULL);
    show_row("released when nobody has it", NULL, NULL, release);
    show_row("taken when its owner is dead", NULL, take_and_die, take);
    return 0;
}
