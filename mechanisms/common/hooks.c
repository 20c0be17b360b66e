/* SPDX-License-Identifier: MIT */
/*
 * hooks.c - the after-fork and at-exit registries.
 *
 * File-scope state and its fork story: `lock` is a leaf, held only to edit the
 * lists, never while a hook runs.  It is taken before a fork so that the child
 * sees whole lists, and made new in the child.
 */
#include "common/hooks.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct after_fork *hooks;     /* in order of registration */
static struct finalizer *finalizers; /* highest priority first */
static atomic_uint finalizer_count;  /* so that none costs no lock */
static unsigned generation;
static void (*end_children)(void);
static struct at_init *inits;
static bool initialised;

static void before_fork(void)
{
    pthread_mutex_lock(&lock);
}

static void after_fork_in_parent(void)
{
    pthread_mutex_unlock(&lock);
}

static void after_fork_in_child(void)
{
    lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    generation++;
    finalizers = NULL; /* the parent's; what a hook registers is the child's */
    for (struct after_fork *h = hooks, *next; h; h = next) {
        next = h->next;
        h->run(h->argument);
    }
}

/*
 * Handlers of pthread_atfork run in the child in the order of registration;
 * being registered before main puts ours ahead of any program's own.
 */
__attribute__((constructor)) static void watch_forks(void)
{
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

/* Who turns off does not come back, and pays for nothing beyond this. */
void mechanisms_init(int argc, char **argv)
{
    bool again = initialised;

    signal(SIGPIPE, SIG_IGN);
    initialised = true;
    for (struct at_init *i = inits; i; i = i->next)
        i->run(argc, argv);
    if (!again)
        atexit(exit_sequence);
}

bool mechanisms_initialised(void)
{
    return initialised;
}

void mechanisms_at_init(struct at_init *hook)
{
    hook->next = inits;
    inits = hook;
}

void after_fork_register(struct after_fork *hook)
{
    struct after_fork **at = &hooks;

    pthread_mutex_lock(&lock);
    while (*at && *at != hook)
        at = &(*at)->next;
    if (!*at) {
        hook->next = NULL;
        *at = hook;
    }
    pthread_mutex_unlock(&lock);
}

void after_fork_cancel(struct after_fork *hook)
{
    pthread_mutex_lock(&lock);
    for (struct after_fork **at = &hooks; *at; at = &(*at)->next)
        if (*at == hook) {
            *at = hook->next;
            break;
        }
    pthread_mutex_unlock(&lock);
}

unsigned fork_generation(void)
{
    return generation;
}

/* Unlink f; false when it was not there.  The lock is held. */
static bool unlink_finalizer(struct finalizer *f)
{
    for (struct finalizer **at = &finalizers; *at; at = &(*at)->next)
        if (*at == f) {
            *at = f->next;
            finalizer_count--;
            return true;
        }
    return false;
}

void finalizer_register(struct finalizer *f)
{
    struct finalizer **at = &finalizers;

    pthread_mutex_lock(&lock);
    unlink_finalizer(f);
    f->owner = getpid();
    while (*at && (*at)->priority > f->priority)
        at = &(*at)->next;
    f->next = *at;
    *at = f;
    finalizer_count++;
    pthread_mutex_unlock(&lock);
}

void finalizer_cancel(struct finalizer *f)
{
    pthread_mutex_lock(&lock);
    unlink_finalizer(f);
    pthread_mutex_unlock(&lock);
}

void finalizer_call(struct finalizer *f)
{
    bool was_there;

    pthread_mutex_lock(&lock);
    was_there = unlink_finalizer(f);
    pthread_mutex_unlock(&lock);
    if (was_there && f->owner == getpid())
        f->run(f->argument);
}

void finalizers_run(int minimum)
{
    for (;;) {
        struct finalizer *first;

        if (finalizer_count == 0)
            return;
        pthread_mutex_lock(&lock);
        first = finalizers;
        if (first && first->priority < minimum)
            first = NULL;
        pthread_mutex_unlock(&lock);
        if (!first)
            return;
        finalizer_call(first);
    }
}

void finalizers_clear(void)
{
    if (finalizer_count == 0)
        return;
    pthread_mutex_lock(&lock);
    finalizers = NULL;
    finalizer_count = 0;
    pthread_mutex_unlock(&lock);
}

void exit_sequence_children(void (*children)(void))
{
    end_children = children;
}

void exit_sequence(void)
{
    finalizers_run(0);
    if (end_children)
        end_children();
    finalizers_run(EVERY_PRIORITY);
}
