/* SPDX-License-Identifier: MIT */
/*
 * solution.c - lesson 02: a journal that a fork cannot spoil.
 *
 * The fork takes the lock first, so that no other thread is in an entry when
 * memory is copied.  The parent releases it.  The child cannot: a lock that
 * knows its owner knows the parent's thread, which does not exist here, and
 * answers EPERM.  So the child makes it new, of the same kind.
 */
#include "journal.h"

#include <pthread.h>
#include <stdbool.h>

static pthread_mutex_t lock;
static unsigned begun, ended;
static int kind_of_lock;
static bool taken_for_fork; /* whoever forks has the lock: it guards this */

/* Make the lock new, of this kind.  0 or -errno. */
static int new_lock(int kind)
{
    pthread_mutexattr_t attributes;
    int error = -pthread_mutexattr_init(&attributes);

    if (!error)
        error = -pthread_mutexattr_settype(&attributes, kind);
    if (!error)
        error = -pthread_mutex_init(&lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
    return error;
}

/*
 * The thread that forks may be in an entry.  Then a recursive lock counts once
 * more, and an errorcheck lock refuses: there is nothing to give back.
 */
static void before_fork(void)
{
    int error = pthread_mutex_lock(&lock);

    taken_for_fork = !error;
}

static void after_fork_in_parent(void)
{
    if (taken_for_fork)
        pthread_mutex_unlock(&lock);
}

static void after_fork_in_child(void)
{
    new_lock(kind_of_lock);
}

int journal_open(int kind)
{
    int error = new_lock(kind);

    begun = ended = 0;
    kind_of_lock = kind;
    if (!error)
        error = -pthread_atfork(before_fork, after_fork_in_parent,
                                after_fork_in_child);
    return error;
}

int journal_begin(void)
{
    int error = -pthread_mutex_lock(&lock);

    if (!error)
        begun++;
    return error;
}

int journal_end(void)
{
    ended++;
    return -pthread_mutex_unlock(&lock);
}

int journal_count(unsigned *b, unsigned *e)
{
    int error = -pthread_mutex_lock(&lock);

    if (error)
        return error;
    *b = begun;
    *e = ended;
    return -pthread_mutex_unlock(&lock);
}
