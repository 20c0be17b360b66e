/* SPDX-License-Identifier: MIT */
/*
 * middle.h - a process that is killed or stopped in the middle of a call.
 *
 * It makes the call an instruction at a time, and is left at each of them; then
 * it is seen what it has left behind for others.
 */
#ifndef IPCLAB_MIDDLE_H
#define IPCLAB_MIDDLE_H

#include "stage.h"

#include <sys/ptrace.h>

/* --- steps --- */

/* Of one call; and of all that are left in the middle of it. */
enum { STEPS_MOST = 100000, STEPS_IN_ALL = 45000 };

static inline void cannot_step(const char *why)
{
    print_message("no process can be stepped here: %s\n", why);
    skip();
}

/* A child that is about to do this, and is ours to step. */
static inline pid_t begin_steps(void (*before)(void), void (*act)(void))
{
    pid_t child;
    int status;

    atomic_store(&stage->done, 0);
    child = begin_child();
    if (child == 0) {
        if (before)
            before();
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
            _exit(77);
        kill(getpid(), SIGSTOP);
        act();
        atomic_store(&stage->done, 1);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFSTOPPED(status))
        cannot_step("ptrace(2) is forbidden");
    return child;
}

/* So many instructions further.  false: the call returned before that. */
static inline bool step(pid_t child, int n)
{
    int status;

    while (n-- > 0 && !atomic_load(&stage->done)) {
        assert_int_equal(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        expect(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP,
               "a call that does not return, with nobody there to wait for");
    }
    return !atomic_load(&stage->done);
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

/* Leave a child at each instruction of the call; of a long one, at as many as
 * there is time for. */
static inline void at_each(void (*before)(void), void (*act)(void),
                           void (*then)(pid_t child))
{
    int n = count_steps(before, act);
    long far = (long)n * n / 2 / STEPS_IN_ALL + 1;

    alarm(CHECK_SECONDS);
    for (long at = 0; at < n; at += far) {
        pid_t child;

        begin_lease(HOUR * SECOND);
        child = begin_steps(before, act);
        step(child, (int)at);
        then(child);
    }
    begin_lease(HOUR * SECOND);
}

/* --- what it does --- */

static inline void takes(void)
{
    stage->result = lease_acquire(lease, 0, &stage->token);
}

static inline void renews(void)
{
    stage->result = lease_renew(lease, &stage->token);
}

static inline void releases(void)
{
    stage->result = lease_release(lease, stage->token);
}

static inline void takes_and_releases(void)
{
    takes();
    atomic_store(&stage->done, 1); /* it is not stopped from here on */
    if (stage->result == 0)
        stage->released = lease_release(lease, stage->token);
}

static inline void renews_and_releases(void)
{
    renews();
    atomic_store(&stage->done, 1);
    stage->released = lease_release(lease, stage->token);
}

static inline void passes_low(void)
{
    stage->result = fence_pass(&stage->fence, 11);
}

/* --- and what others find then --- */

static inline void then_killed(pid_t child)
{
    uint64_t token;

    end_steps(child);
    pass_time(HOUR * SECOND + SECOND);
    token = acquire("a process that is killed in the middle of a call");
    is_refused("a process that was killed in the middle of a call");
    expect(lease_release(lease, token) == 0, "who has it now");
    acquire("a lease that was released");
}

/* It goes on when another has taken the lease, and has not lost it. */
static inline void then_overtaken(pid_t child)
{
    uint64_t token;

    stage->result = stage->released = -ESTALE;
    pass_time(HOUR * SECOND + SECOND);
    token = acquire("a process that is stopped in the middle of a call");
    go_on(child);
    expect(stage->result != 0 || stage->token < token,
           "what has changed since a process looked at it");
    expect(stage->released == -ESTALE, "who was overtaken, and by whom");
    is_refused("what has changed since a process looked at it");
    expect(lease_renew(lease, &token) == 0, "who has it now");
    expect(lease_release(lease, token) == 0, "who has it now");
}

/* Nobody's time is over: one of the two has it. */
static inline void then_met(pid_t child)
{
    uint64_t token;
    int error = lease_acquire(lease, 0, &token);

    go_on(child);
    expect((error == 0) != (stage->result == 0),
           "two who find it free at once");
    is_refused("two who find it free at once");
    if (error)
        token = stage->token;
    expect(lease_release(lease, token) == 0, "two who find it free at once");
}

/* Another has had it meanwhile, a while later than the child looked. */
static inline void then_preceded(pid_t child)
{
    uint64_t token;
    int error;

    pass_time(SECOND);
    error = lease_acquire(lease, 0, &token);
    if (!error)
        expect(lease_release(lease, token) == 0, "who has it now");
    go_on(child);
    expect(stage->result == 0, "a lease that was released");
    expect(error || stage->token > token, "the token of the lease before");
}

static inline void then_higher(pid_t child)
{
    expect(fence_pass(&stage->fence, 15) == 0, "the highest token");
    go_on(child);
    expect(fence_pass(&stage->fence, 14) == -ESTALE,
           "two who are at the fence at once");
    expect(fence_pass(&stage->fence, 15) == 0, "the highest token");
}

#endif
