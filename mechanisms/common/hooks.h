/* SPDX-License-Identifier: MIT */
/*
 * hooks.h - what runs after a fork and at a process's end.
 *
 * Two registries, with CPython's order (Lib/multiprocessing/util.py,
 * register_after_fork, Finalize and _run_finalizers), and mechanisms_init,
 * which a program calls first thing in main.
 *
 * After a fork, whoever called it (ours or a bare fork(2): pthread_atfork),
 * the child runs every after-fork hook in the order of registration.  A hook
 * forgets: it drops buffers, thread handles and ownership, closes bookkeeping
 * descriptors and makes locks new.  It never takes a lock, since the thread
 * that held it does not exist in the child, and never closes what a user may
 * share.
 *
 * A finalizer runs once, at the end of the process that registered it: highest
 * priority first, and the younger first among equals.  In a forked child it
 * does nothing.  It runs when main returns or exit(3) is called, and when a
 * child's target returns; not after _exit(2) or a signal.
 *
 *     static struct after_fork reset = {.run = forget, .argument = &cache};
 *     static struct finalizer  flush = {.run = write_out, .priority = 10};
 *     after_fork_register(&reset);
 *     finalizer_register(&flush);
 *
 * The registries are linked through the structs that callers own, so they
 * allocate nothing; a struct must be cancelled before its memory goes away.
 */
#ifndef IPCLAB_HOOKS_H
#define IPCLAB_HOOKS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * First thing in main: SIGPIPE is ignored, so that a closed pipe is -EPIPE and
 * no death, and the exit sequence will run at exit(3).  Where start/ is linked
 * in, a process that was spawned turns off into its target here and never
 * returns.  Calling it twice is harmless.
 */
void mechanisms_init(int argc, char **argv);

/* Has it been called in this process, or in one that it was forked from? */
bool mechanisms_initialised(void);

/*
 * What mechanisms_init runs: an image that is run in the place of another turns
 * off there, and then run does not return.  Registered before main begins.
 */
struct at_init {
    void (*run)(int argc, char **argv);
    struct at_init *next; /* private */
};

void mechanisms_at_init(struct at_init *hook);

struct after_fork {
    void (*run)(void *argument);
    void *argument;
    struct after_fork *next; /* private */
};

void after_fork_register(struct after_fork *hook);
void after_fork_cancel(struct after_fork *hook);

/*
 * How many forks lie between the first program of this image and this process.
 * What was noted under another number belongs to an ancestor; comparing
 * numbers costs no system call, as getpid(2) would.
 */
unsigned fork_generation(void);

struct finalizer {
    void (*run)(void *argument);
    void *argument;
    int priority;
    pid_t owner;            /* private */
    struct finalizer *next; /* private */
};

enum { EVERY_PRIORITY = INT_MIN };

void finalizer_register(struct finalizer *f);

/* Run it now, if it is still registered, and never again. */
void finalizer_call(struct finalizer *f);

void finalizer_cancel(struct finalizer *f);

/*
 * Run all that have at least this priority.  What a finalizer registers
 * meanwhile runs too.
 */
void finalizers_run(int minimum);

/* Forget all: a new child begins with none. */
void finalizers_clear(void);

/*
 * The end of a process, as CPython's _exit_function: finalizers of priority 0
 * and above; then `children` (start/ registers it: ends the daemons, joins
 * the others); then the remaining finalizers.
 */
void exit_sequence(void);

/* What exit_sequence calls between the two halves. */
void exit_sequence_children(void (*children)(void));

#endif
