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

/* Leave a child at each instruction of the call; of a long one, at as many as
 * there is time for. */
static inline void at_each(void (*before)(void), void (*act)(void),
                           void (*then)(pid_t child))
{
    int n = count_steps(before, act);
    long far = far_between(n);

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
    no_more_steps();
    if (stage->result == 0)
        stage->released = lease_release(lease, stage->token);
}

static inline void renews_and_releases(void)
{
    renews();
    no_more_steps();
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
