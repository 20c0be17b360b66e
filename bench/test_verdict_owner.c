/* SPDX-License-Identifier: MIT */
/* test_verdict_owner.c - who claims to wait for a lock of the dead, or to be in
 * a section beside another, and does not. */
#include "test_verdict.h"

#include "sync/futex.h"
#include "sync/sync.h"

static struct lock lock, other;
static int done[2]; /* who has done its part writes a byte */

static int prepare(void)
{
    return fd_pipe(done) < 0 || lock_open(&lock, LOCK_PLAIN) < 0 ||
                   lock_open(&other, LOCK_PLAIN) < 0
               ? -EIO
               : 0;
}

/* Fork a child that does it, and return when it has done so. */
static pid_t fork_and_wait(void (*what)(void))
{
    pid_t child = fork_to(what);
    char byte;

    return read_some(done[0], &byte, 1) == 1 ? child : -1;
}

static void take(void)
{
    lock_acquire(&lock, NO_TIMEOUT);
    write_full(done[1], "", 1);
    pause_for_ever();
}

static void take_the_other(void)
{
    lock_acquire(&other, NO_TIMEOUT);
    write_full(done[1], "", 1);
    pause_for_ever();
}

static void take_and_spin(void)
{
    lock_acquire(&lock, NO_TIMEOUT);
    write_full(done[1], "", 1);
    spin();
}

/* --- "dead owner" --- */

struct tale {
    void (*holder)(void); /* who is said to have it, and is killed */
    bool lives;           /* or is not */
    void (*then)(void);   /* somebody who takes it after that */
    void (*beside)(void);
    void (*victim)(void);
    bool unshown;
};

static int tell(struct witness *w, const struct tale *t)
{
    pid_t holder = prepare() ? -1 : fork_and_wait(t->holder), victim;

    witness_memory(w, "accounts", &lock.state->word);
    witness_holder(w, holder);
    if (!t->unshown)
        witness_show(w, 1);
    if (!t->lives) {
        kill(holder, SIGKILL);
        waitpid(holder, NULL, 0);
    }
    if (t->then) {
        lock_release(&lock);
        fork_and_wait(t->then);
    }
    if (t->beside)
        fork_to(t->beside);
    victim = fork_to(t->victim);
    witness_victim(w, victim);
    witness_ready(w);
    waitpid(victim, NULL, 0);
    return 0;
}

static void want(void)
{
    lock_acquire(&lock, NO_TIMEOUT);
}

static void want_the_other(void)
{
    lock_acquire(&other, NO_TIMEOUT);
}

static void want_for_a_while(void)
{
    lock_acquire(&lock, 1000 * SECOND);
}

static void wait_privately(void)
{
    syscall(SYS_futex, &lock.state->word, FUTEX_WAIT_PRIVATE, lock.state->word,
            NULL, NULL, 0);
}

TALE(sleeps, .holder = take, .victim = nap)
TALE(pauses, .holder = take, .victim = wait_for_ever)
TALE(is_busy, .holder = take, .victim = spin)
TALE(waits_with_a_timeout, .holder = take, .victim = want_for_a_while)
TALE(waits_in_private, .holder = take, .victim = wait_privately)
TALE(finds_it_free, .holder = take_the_other, .victim = want)
TALE(another_is_taken, .holder = take, .then = take_the_other,
     .victim = want_the_other)
TALE(owner_lives, .holder = take, .lives = true, .victim = want)
TALE(was_taken_since, .holder = take, .then = take, .victim = want)
TALE(exits, .holder = take, .victim = do_nothing)
TALE(shows_no_stage, .unshown = true, .holder = take, .victim = want)
TALE(sibling_is_busy, .holder = take, .beside = spin, .victim = want)
TALE(sibling_naps, .holder = take, .beside = nap, .victim = want)
TALE(owner_is_dead, .holder = take, .victim = want)

/* It is taken, and by another than who is said to have it. */
static int wrong_holder(struct witness *w, int cure)
{
    (void)cure;
    if (prepare() || lock_acquire(&lock, NO_TIMEOUT))
        return -EIO;
    witness_memory(w, "accounts", &lock.state->word);
    witness_holder(w, fork_to(wait_for_ever));
    witness_show(w, 1);
    return 0;
}

static void impostors_of_a_dead_owner_are_not_proven(void **state)
{
    static const struct impostor list[] = {
        {sleeps, "not where it was said to be"},
        {pauses, "not where it was said to be"},
        {is_busy, "not where it was said to be"},
        {waits_with_a_timeout, "not where it was said to be"},
        {waits_in_private, "not where it was said to be"},
        {another_is_taken, "not where it was said to be"},
        {finds_it_free, "nobody has taken"},
        {wrong_holder, "no thread of process"},
        {owner_lives, "lives"},
        {was_taken_since, "was given from thread"},
        {exits, "it ended with exit status 0"},
        {exits_at_once, "it ended with exit status 0"},
        {shows_no_stage, "its time was over"},
        {sibling_is_busy, "slow, not stuck"},
        {sibling_naps, "which may end"},
        {NULL, NULL}};

    (void)state;
    all_refused(HANGS, "dead owner", list);
}

static void a_dead_owner_is_proven(void **state)
{
    const struct hazard h = {.name = "dead",
                             .expect = HANGS,
                             .evidence = "dead owner",
                             .run = owner_is_dead};

    (void)state;
    assert_int_equal(observe(&h, 0, 10 * SECOND).verdict.ruling, PROVEN);
}

/* --- "second owner" --- */

static int go_on[2]; /* the first one leaves, at its end */

static void take_and_leave(void)
{
    char byte;

    fd_close(&go_on[1]);
    lock_acquire(&lock, NO_TIMEOUT);
    write_full(done[1], "", 1);
    read_some(go_on[0], &byte, 1);
    lock_release(&lock);
    pause_for_ever();
}

/* One is in; what happens then is said; another is said to be in, too. */
static int show_two(struct witness *w, void (*one)(void), bool released,
                    bool leaves, void (*two)(void))
{
    if (prepare() || fd_pipe(go_on) < 0)
        return -EIO;
    witness_victim(w, fork_and_wait(one));
    witness_memory(w, "hall", &lock.state->word);
    witness_show(w, 1);
    if (released)
        lock_release(&lock);
    if (leaves)
        fd_close(&go_on[1]);
    witness_holder(w, two ? fork_and_wait(two) : w->victim);
    witness_show(w, 2);
    return 0;
}

static int first_took_another(struct witness *w, int cure)
{
    (void)cure;
    return show_two(w, take_the_other, false, false, NULL);
}

static int first_is_busy(struct witness *w, int cure)
{
    (void)cure;
    return show_two(w, take_and_spin, true, false, take);
}

static int first_left(struct witness *w, int cure)
{
    (void)cure;
    return show_two(w, take_and_leave, false, true, take);
}

static int second_took_another(struct witness *w, int cure)
{
    (void)cure;
    return show_two(w, take, false, false, take_the_other);
}

static int there_is_no_second(struct witness *w, int cure)
{
    (void)cure;
    return show_two(w, take, false, false, NULL);
}

static int nobody_is_in_any_more(struct witness *w, int cure)
{
    (void)cure;
    return show_two(w, take, true, false, take_the_other);
}

static int two_are_in(struct witness *w, int cure)
{
    (void)cure;
    return show_two(w, take, true, false, take);
}

static void impostors_of_a_second_owner_are_not_proven(void **state)
{
    static const struct impostor list[] = {
        {first_took_another, "nobody has taken"},
        {first_is_busy, "runs on"},
        {first_left, "has run since"},
        {second_took_another, "no thread of process"},
        {there_is_no_second, "has it still"},
        {nobody_is_in_any_more, "nobody has taken"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL}};

    (void)state;
    all_refused(CORRUPTS, "second owner", list);
}

static void a_second_owner_is_proven(void **state)
{
    const struct hazard h = {.name = "second",
                             .expect = CORRUPTS,
                             .evidence = "second owner",
                             .run = two_are_in};

    (void)state;
    assert_int_equal(observe(&h, 0, 10 * SECOND).verdict.ruling, PROVEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            impostors_of_a_dead_owner_are_not_proven, patient, census_end),
        cmocka_unit_test_setup_teardown(a_dead_owner_is_proven, patient,
                                        census_end),
        cmocka_unit_test_setup_teardown(
            impostors_of_a_second_owner_are_not_proven, patient, census_end),
        cmocka_unit_test_setup_teardown(a_second_owner_is_proven, patient,
                                        census_end),
    };

    return RUN_PROMISES(tests);
}
