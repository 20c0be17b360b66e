/* SPDX-License-Identifier: MIT */
/*
 * exercise.c - lesson 02: a journal that a fork cannot spoil.
 *
 * It works as long as nobody forks.  journal.h says what is promised of a
 * fork; journal_open is where to see to it.
 */
#include "journal.h"

#include <pthread.h>

static pthread_mutex_t lock;
static unsigned begun, ended;

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

int journal_open(int kind)
{
    begun = ended = 0;
    return new_lock(kind);
    /*
     * pthread_atfork(prepare, parent, child).  Lock, unlock, unlock is what
     * its manual page shows.  For which kinds does that work, and what does
     * unlock return for the others?  What if the thread that forks has the
     * lock itself?
     */
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
