/* SPDX-License-Identifier: MIT */
/*
 * steps.h - a child of a check that makes a call an instruction at a time, and
 * is left at whichever of them.
 *
 *     pid_t child = begin_steps(NULL, writes);  // about to call writes()
 *
 *     if (step(child, 17))
 *         ...                                   // it is in the middle of it
 *     go_on(child);                             // or end_steps(child)
 */
#ifndef IPCLAB_LESSON_STEPS_H
#define IPCLAB_LESSON_STEPS_H

#include "check.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/ptrace.h>

/* Of one call; and of all that are left in the middle of it. */
enum { STEPS_MOST = 100000, STEPS_IN_ALL = 45000 };

/* The call has returned; shared with the child. */
static _Atomic int *steps_over;

/* A child of the check, which an alarm ends: its pid; 0 in it. */
static inline pid_t begin_child(void)
{
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGALRM, SIG_DFL);
        alarm(CHECK_SECONDS);
    }
    return child;
}

static inline int end_of(pid_t child)
{
    int status = -1;

    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static inline void cannot_step(const char *why)
{
    print_message("no process can be stepped here: %s\n", why);
    skip();
}

/* In the child: it is not left behind this. */
static inline void no_more_steps(void)
{
    atomic_store(steps_over, 1);
}

/* A child that has done `before`, is about to do `act`, and is ours to step. */
static inline pid_t begin_steps(void (*before)(void), void (*act)(void))
{
    pid_t child;
    int status;

    if (!steps_over)
        steps_over = mmap(NULL, sizeof *steps_over, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(steps_over != MAP_FAILED);
    atomic_store(steps_over, 0);
    child = begin_child();
    if (child == 0) {
        if (before)
            before();
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
            _exit(77);
        kill(getpid(), SIGSTOP);
        act();
        no_more_steps();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        cannot_step("ptrace(2) is forbidden");
    expect(WIFSTOPPED(status), "who ends in an earlier call, and why");
    return child;
}

/* So many instructions further.  false: the call returned before that. */
static inline bool step(pid_t child, int n)
{
    int status;

    while (n-- > 0 && !atomic_load(steps_over)) {
        assert_int_equal(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        expect(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP,
               "a call that does not return, with nobody there to wait for");
    }
    return !atomic_load(steps_over);
}

/* Let it run to its end. */
static inline void go_on(pid_t child)
{
    assert_int_equal(ptrace(PTRACE_DETACH, child, NULL, NULL), 0);
    assert_int_equal(end_of(child), 0);
}

static inline void end_steps(pid_t child)
{
    kill(child, SIGKILL);
    assert_int_equal(end_of(child), -SIGKILL);
}

/* How many instructions the call takes, when nobody disturbs it. */
static inline int count_steps(void (*before)(void), void (*act)(void))
{
    pid_t child = begin_steps(before, act);
    int n = 0;

    /* Without atomic instructions of its own a processor never gets through
     * a pair of load and store that a step comes between. */
    while (step(child, 1) && n < STEPS_MOST)
        n++;
    end_steps(child);
    if (n == STEPS_MOST)
        cannot_step("it never gets to the end of the call");
    return n;
}

/* Of so many instructions, each how many-th there is time to be left at. */
static inline long far_between(int n)
{
    return (long)n * n / 2 / STEPS_IN_ALL + 1;
}

#endif
