/* SPDX-License-Identifier: MIT */
/*
 * check.c - lesson 07: what lease.h promises.
 *
 * Time passes when the check puts the clock forward.  To see what a process
 * leaves behind that is killed or stopped in the middle of a call, one is
 * taken through it an instruction at a time, and left at each of them.
 */
// wrap: clock_gettime
#include "../check.h"
#include "lease.h"
#include "middle.h"
#include "stage.h"

static int set_up(void **state)
{
    open_stage();
    begin_lease(HOUR * SECOND);
    return check_begin(state);
}

// points: 10  one has it, and the next when it was released
static void one_has_it(void **state)
{
    uint64_t first, second;
    int64_t begin;

    (void)state;
    first = acquire("a lease that is free");
    is_refused("a lease that another has");
    expect(lease_acquire(lease, -1, &second) == -ETIMEDOUT,
           "a timeout below 0");
    begin = clock_now();
    expect(lease_acquire(lease, SECOND / 20, &second) == -ETIMEDOUT,
           "the end of the timeout");
    expect(clock_now() - begin >= SECOND / 20, "how long a timeout is");
    expect(lease_release(lease, first) == 0, "whose token that is");
    expect(lease_release(lease, first) == -ESTALE, "a second release");
    second = acquire("a lease that was released");
    expect(second > first, "the token of the lease before");
    expect(lease_release(lease, first) == -ESTALE, "a token of old");
    is_refused("who has it when another released in vain");
}

// points: 10  who has it too long is overtaken, and not before
static void who_has_it_too_long_is_overtaken(void **state)
{
    uint64_t first, second;

    (void)state;
    first = acquire("a lease that is free");
    pass_time(HOUR * SECOND / 2);
    is_refused("how long a lease is");
    pass_time(HOUR * SECOND / 2);
    second = acquire("a lease whose time is over");
    expect(second > first, "the token of who was overtaken");
    pass_time(HOUR * SECOND / 2);
    is_refused("when the time of the second lease began");
    pass_time(1000 * HOUR * SECOND);
    expect(acquire("a lease whose time is over") > second,
           "the tokens, a long time later");
}

// points: 10  who was overtaken can do no harm
static void who_was_overtaken_can_do_no_harm(void **state)
{
    uint64_t first, second, token;

    (void)state;
    first = token = acquire("a lease that is free");
    pass_time(HOUR * SECOND);
    second = acquire("a lease whose time is over");
    expect(lease_renew(lease, &token) == -ESTALE && token == first,
           "whose lease it is that would be renewed");
    expect(lease_release(lease, first) == -ESTALE,
           "whose lease it is that would be released");
    is_refused("who has it now");
    expect(lease_renew(lease, &second) == 0, "who has it now");
    expect(lease_release(lease, second) == 0, "who has it now");
    expect(lease_renew(lease, &second) == -ESTALE,
           "to renew what was released");
    acquire("a lease that was released");
}

// points: 10  to renew it is to begin its time anew
static void to_renew_it_begins_its_time_anew(void **state)
{
    uint64_t token, before;

    (void)state;
    before = token = acquire("a lease that is free");
    for (int i = 0; i < 5; i++) {
        pass_time(HOUR * SECOND / 4 * 3);
        expect(lease_renew(lease, &token) == 0, "who has it");
        expect(token >= before, "the order of tokens");
        before = token;
        is_refused("when the time of a renewed lease is over");
    }
    pass_time(2 * HOUR * SECOND);
    expect(lease_renew(lease, &token) == 0,
           "a lease whose time is over, and that nobody has taken");
    is_refused("who has it, if it was renewed");
    pass_time(HOUR * SECOND);
    expect(acquire("a lease whose time is over") > token,
           "the token of who was overtaken");
    expect(lease_release(lease, token) == -ESTALE, "who has it now");
}

/* A child that waits, asleep, until it has the lease, and keeps it. */
static pid_t begin_waiting(void)
{
    uint64_t token;
    pid_t child = begin_child();

    if (child == 0)
        _exit(-lease_acquire(lease, NO_TIMEOUT, &token));
    print_message("(a process waits for the lease, and must be asleep)\n");
    wait_until_asleep(child);
    return child;
}

// points: 10  who waits sleeps until it is released, or its time is over
static void who_waits_sleeps(void **state)
{
    uint64_t token = acquire("a lease that is free");
    pid_t first = begin_waiting(), second = begin_waiting();
    int64_t begin;

    (void)state;
    end_steps(first);
    expect(lease_release(lease, token) == 0, "whose token that is");
    expect(end_of(second) == 0, "who is woken by a release");

    begin_lease(SECOND / 5);
    begin = clock_now();
    first = begin_child();
    if (first == 0)
        _exit(-lease_acquire(lease, 0, &token));
    assert_int_equal(end_of(first), 0);
    print_message("(the owner is dead, so that nobody will release it)\n");
    expect(lease_acquire(lease, NO_TIMEOUT, &token) == 0,
           "a lease whose time is over");
    expect(clock_now() - begin >= SECOND / 5, "the time of a dead owner");
}

/* Many times: take it, count as if nobody else did, release it. */
static int take_turns(int n)
{
    for (int i = 0; i < n; i++) {
        uint64_t token, count;

        if (lease_acquire(lease, NO_TIMEOUT, &token) != 0)
            return 1;
        count = stage->count;
        if (token <= stage->last)
            return 2;
        stage->last = token;
        if (i % 8 == 0)
            sched_yield();
        stage->count = count + 1;
        if (lease_release(lease, token) != 0)
            return 3;
    }
    return 0;
}

// points: 10  of many, one at a time
static void of_many_one_at_a_time(void **state)
{
    enum { MANY = 4, TURNS = 3000 };
    pid_t children[MANY];

    (void)state;
    expect_begun(fence_pass(&stage->fence, 1));
    for (int i = 0; i < MANY; i++) {
        children[i] = begin_child();
        if (children[i] == 0)
            _exit(take_turns(TURNS));
    }
    for (int i = 0; i < MANY; i++)
        expect(end_of(children[i]) == 0, "two who find it free at once");
    expect(stage->count == (uint64_t)MANY * TURNS,
           "two who find it free at once");
}

// points: 10  who is killed, wherever, holds nobody up for longer
static void who_is_killed_holds_nobody_up(void **state)
{
    (void)state;
    acquire("a lease that is free");
    begin_lease(HOUR * SECOND);
    at_each(NULL, takes, then_killed);
    at_each(takes, renews, then_killed);
    at_each(takes, releases, then_killed);
}

// points: 10  who is stopped, wherever, is overtaken, and does no harm later
static void who_is_stopped_is_overtaken(void **state)
{
    (void)state;
    acquire("a lease that is free");
    begin_lease(HOUR * SECOND);
    print_message("(another is stopped in the middle of a call)\n");
    at_each(NULL, takes, then_met);
    at_each(NULL, takes, then_preceded);
    at_each(NULL, takes_and_releases, then_overtaken);
    at_each(takes, renews_and_releases, then_overtaken);
}

// points: 10  the fence lets nobody pass after a higher one
static void the_fence_lets_nobody_pass_late(void **state)
{
    struct fence *f = &stage->fence;

    (void)state;
    expect_begun(fence_pass(f, 1));
    expect(fence_pass(f, 7) == 0 && fence_pass(f, 7) == 0,
           "who writes more than once");
    expect(fence_pass(f, 6) == -ESTALE && fence_pass(f, 7) == 0,
           "who was overtaken");
    expect(fence_pass(f, UINT64_MAX) == 0 &&
               fence_pass(f, UINT64_MAX - 1) == -ESTALE,
           "how many bits a token has");
    print_message("(another is stopped at the fence)\n");
    at_each(NULL, passes_low, then_higher);
}

#define CHECK_LEASE(test)                                                      \
    cmocka_unit_test_setup_teardown(test, set_up, check_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_LEASE(one_has_it),
        CHECK_LEASE(who_has_it_too_long_is_overtaken),
        CHECK_LEASE(who_was_overtaken_can_do_no_harm),
        CHECK_LEASE(to_renew_it_begins_its_time_anew),
        CHECK_LEASE(who_waits_sleeps),
        CHECK_LEASE(of_many_one_at_a_time),
        CHECK_LEASE(who_is_killed_holds_nobody_up),
        CHECK_LEASE(who_is_stopped_is_overtaken),
        CHECK_LEASE(the_fence_lets_nobody_pass_late),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
