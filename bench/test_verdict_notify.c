/* SPDX-License-Identifier: MIT */
/* test_verdict_notify.c - who claims to wait for the answer of one who was
 * killed, and does not. */
#include "test_verdict.h"

#include "sync/futex.h"
#include "sync/sync.h"

/* What the two sleep on, and the lock that who notifies has. */
static struct semaphore wait_for_it, answers;
static struct lock lock;

struct tale {
    void (*child)(void); /* who waits, and is killed */
    bool lives;          /* or is not */
    void (*beside)(void);
    void (*notifies)(void); /* what this process does */
};

static int tell(struct witness *w, const struct tale *t)
{
    siginfo_t ended;
    pid_t child;

    if (lock_open(&lock, LOCK_PLAIN) < 0 ||
        semaphore_open(&wait_for_it, 0, false) < 0 ||
        semaphore_open(&answers, 0, false) < 0 ||
        lock_acquire(&lock, SECOND) < 0)
        return -EIO;
    child = fork_to(t->child);
    witness_child(w, child);
    witness_child_memory(w, &wait_for_it.state->value);
    witness_victim(w, getpid());
    witness_memory(w, "woken", &answers.state->value);
    witness_holder(w, fork_to(t->beside));
    witness_show(w, 1);
    if (!t->lives) {
        kill(child, SIGKILL);
        waitid(P_PID, (id_t)child, &ended, WEXITED | WNOWAIT);
    }
    witness_ready(w);
    t->notifies();
    return 0;
}

static void wait_to_be_notified(void)
{
    semaphore_acquire(&wait_for_it, NO_TIMEOUT);
}

static void want_the_lock(void)
{
    lock_acquire(&lock, NO_TIMEOUT);
}

static void wait_for_an_answer(void)
{
    semaphore_acquire(&answers, NO_TIMEOUT);
}

static void wait_with_a_bound(void)
{
    semaphore_acquire(&answers, 1000 * SECOND);
}

/* Its lock is free, and nobody is kept out. */
static void wait_without_the_lock(void)
{
    lock_release(&lock);
    wait_for_an_answer();
}

static void wait_though_one_is_there(void)
{
    answers.state->value = 1;
    futex_wait(&answers.state->value, 1, NO_TIMEOUT);
}

TALE(is_not_there, .child = do_nothing, .beside = want_the_lock,
     .notifies = wait_for_an_answer)
TALE(child_pauses, .child = wait_for_ever, .beside = want_the_lock,
     .notifies = wait_for_an_answer)
TALE(child_lives, .child = wait_to_be_notified, .lives = true,
     .beside = want_the_lock, .notifies = wait_for_an_answer)
TALE(nobody_wants_the_lock, .child = wait_to_be_notified,
     .beside = wait_for_ever, .notifies = wait_for_an_answer)
TALE(the_lock_is_free, .child = wait_to_be_notified, .beside = want_the_lock,
     .notifies = wait_without_the_lock)
TALE(an_answer_is_there, .child = wait_to_be_notified, .beside = want_the_lock,
     .notifies = wait_though_one_is_there)
TALE(waits_at_another, .child = wait_to_be_notified, .beside = want_the_lock,
     .notifies = wait_to_be_notified)
TALE(waits_with_a_bound, .child = wait_to_be_notified, .beside = want_the_lock,
     .notifies = wait_with_a_bound)
TALE(naps, .child = wait_to_be_notified, .beside = want_the_lock,
     .notifies = nap)
TALE(is_busy, .child = wait_to_be_notified, .beside = want_the_lock,
     .notifies = spin)
TALE(ends, .child = wait_to_be_notified, .beside = want_the_lock,
     .notifies = do_nothing)
TALE(waits_for_the_dead, .child = wait_to_be_notified, .beside = want_the_lock,
     .notifies = wait_for_an_answer)

static void impostors_of_a_missing_answer_are_not_proven(void **state)
{
    static const struct impostor list[] = {
        {is_not_there, "there is no process"},
        {child_pauses, "not where it was said to be"},
        {child_lives, "has not ended"},
        {nobody_wants_the_lock, "does not wait for a lock of"},
        {the_lock_is_free, "does not wait for a lock of"},
        {an_answer_is_there, "and not 0"},
        {waits_at_another, "not where it was said to be"},
        {waits_with_a_bound, "not where it was said to be"},
        {naps, "not where it was said to be"},
        {is_busy, "not where it was said to be"},
        {ends, "it ended with exit status 0"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL}};

    (void)state;
    all_refused(HANGS, "answer of the dead", list);
}

static void a_missing_answer_is_proven(void **state)
{
    const struct hazard h = {.name = "answer",
                             .expect = HANGS,
                             .evidence = "answer of the dead",
                             .run = waits_for_the_dead};

    (void)state;
    assert_int_equal(observe(&h, 0, 10 * SECOND).verdict.ruling, PROVEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            impostors_of_a_missing_answer_are_not_proven, patient, census_end),
        cmocka_unit_test_setup_teardown(a_missing_answer_is_proven, patient,
                                        census_end),
    };

    return RUN_PROMISES(tests);
}
