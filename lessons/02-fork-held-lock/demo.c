/* SPDX-License-Identifier: MIT */
/*
 * demo.c - lesson 02: what a child gets of a lock that was held at the fork.
 *
 * For each kind of lock two children are started.  The first tries to take the
 * lock that a thread of its parent holds (and does not wait for it: it would
 * wait for ever).  The second releases the lock that its parent took just
 * before the fork, as a child's handler of pthread_atfork(3) is told to.
 */
#include "common/hooks.h"
#include "start/start.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static pthread_mutex_t lock;
static FILE *file; /* has a lock as well, inside libc */
static pthread_barrier_t held, looked;

/* region: children */
/* A child's exit code is what the call returned: 0, or an errno. */
static int try_to_take(struct parcel *unused)
{
    (void)unused;
    return pthread_mutex_trylock(&lock);
}
TARGET(try_to_take)

static int release(struct parcel *unused)
{
    (void)unused;
    return pthread_mutex_unlock(&lock);
}
TARGET(release)
/* end: children */

static int try_to_take_the_file(struct parcel *unused)
{
    (void)unused;
    return ftrylockfile(file) ? EBUSY : 0;
}
TARGET(try_to_take_the_file)

/* What a child returned, by name. */
static const char *ask_a_child(const char *target)
{
    struct process p;
    int code = -1;

    process_init(&p, target, NULL);
    if (process_start(&p) < 0 || process_join(&p, NO_TIMEOUT) < 0 ||
        process_exitcode(&p, &code) < 0)
        return "(no child)";
    process_close(&p);
    return code ? strerrorname_np(code) : "0";
}

/* region: hold */
/* The thread holds both locks while main forks. */
static void *hold(void *unused)
{
    pthread_mutex_lock(&lock);
    flockfile(file);
    pthread_barrier_wait(&held);
    pthread_barrier_wait(&looked);
    funlockfile(file);
    pthread_mutex_unlock(&lock);
    return unused;
}
/* end: hold */

static void show(const char *name, int kind, int robust)
{
    const char *taken, *released, *file_taken;
    pthread_mutexattr_t attributes;
    pthread_t thread;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, kind);
    pthread_mutexattr_setrobust(&attributes, robust);
    pthread_mutex_init(&lock, &attributes);
    pthread_create(&thread, NULL, hold, NULL);
    pthread_barrier_wait(&held);
    taken = ask_a_child("try_to_take");
    file_taken = ask_a_child("try_to_take_the_file");
    pthread_barrier_wait(&looked);
    pthread_join(thread, NULL);
    pthread_mutex_lock(&lock);
    released = ask_a_child("release");
    pthread_mutex_unlock(&lock);
    pthread_mutex_destroy(&lock);
    printf("%-12s %-18s %-20s %s\n", name, taken, released, file_taken);
}

int main(int argc, char **argv)
{
    mechanisms_init(argc, argv);
    file = fopen("/dev/null", "we");
    if (!file || pthread_barrier_init(&held, NULL, 2) != 0 ||
        pthread_barrier_init(&looked, NULL, 2) != 0) {
        fprintf(stderr, "demo: no file or no barrier: %s\n", strerror(errno));
        return 1;
    }
    printf("the lock     child takes it     child releases it    "
           "child takes a FILE's\n");
    show("normal", PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED);
    show("recursive", PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED);
    show("errorcheck", PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED);
    show("robust", PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST);
    return 0;
}
