/* SPDX-License-Identifier: MIT */
/* test_waits_taken.c - who has taken a lock in shared memory, as its word says,
 * and which words are no lock's. */
#include "test_waits.h"

#include "sync/futex.h"
#include "sync/sync.h"

static struct lock one_lock, other_lock;
static int taken[2];

static void open_locks(enum lock_kind kind)
{
    (void)!pipe(taken);
    lock_open(&one_lock, kind);
    lock_open(&other_lock, kind);
}

static void say_taken(void)
{
    (void)!write(taken[1], "", 1);
}

static void wait_until_taken(void)
{
    char byte;

    (void)!read(taken[0], &byte, 1);
}

static void take_one(void)
{
    lock_acquire(&one_lock, NO_TIMEOUT);
}

static void take_one_and_stay(void)
{
    take_one();
    say_taken();
    stay();
}

static void take_robust_from_another(void)
{
    open_locks(LOCK_ROBUST);
    fork_to(take_one_and_stay);
    wait_until_taken();
    take_one();
}

static void who_took_a_robust_lock_is_named_and_alone(void **state)
{
    const struct waiter *w;

    (void)state;
    begin_stage(take_robust_from_another);
    w = shows(WAIT_FUTEX, "waits for the lock that process", 0);
    assert_int_equal(w->task.process, stage);
    assert_int_equal(w->want[0].wakers, 1);
    assert_int_equal(w->want[0].waker[0].thread, graph.member[1].pid);
    assert_true(w->want[0].owner);
    end_stage();
}

static void take_plain_from_another(void)
{
    open_locks(LOCK_PLAIN);
    fork_to(take_one_and_stay);
    wait_until_taken();
    take_one();
}

static void who_took_a_plain_lock_is_named_and_others_could(void **state)
{
    const struct waiter *w;

    (void)state;
    begin_stage(take_plain_from_another);
    w = shows(WAIT_FUTEX, "waits for the lock that process", 0);
    assert_int_equal(w->want[0].wakers, 2);
    assert_int_equal(w->want[0].taker.thread, graph.member[1].pid);
    assert_non_null(strstr(w->want[0].note, "could release it"));
    end_stage();
}

static void take_from_the_dead(void)
{
    pid_t child;

    open_locks(LOCK_PLAIN);
    child = fork_to(take_one_and_stay);
    wait_until_taken();
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    take_one();
}

static void a_lock_of_the_dead_is_said_so(void **state)
{
    const struct waiter *w;

    (void)state;
    begin_stage(take_from_the_dead);
    w = shows(WAIT_FUTEX, "waits for a lock of the dead", 1);
    assert_non_null(strstr(w->want[0].note, "which is dead: nobody will"));
    end_stage();
}

static void take_other_then_one(void)
{
    lock_acquire(&other_lock, NO_TIMEOUT);
    say_taken();
    take_one();
}

static void take_crosswise(void)
{
    open_locks(LOCK_PLAIN);
    take_one();
    fork_to(take_other_then_one);
    wait_until_taken();
    lock_acquire(&other_lock, NO_TIMEOUT);
}

static void two_locks_taken_crosswise_are_a_cycle(void **state)
{
    struct cycle cycles[4];
    char advice[256];

    (void)state;
    begin_stage(take_crosswise);
    shows(WAIT_FUTEX, "waits for the lock that process", 2);
    assert_int_equal(graph_cycles(&graph, cycles, 4), 1);
    assert_int_equal(cycles[0].count, 2);
    cycle_advice(&graph, &cycles[0], advice, sizeof advice);
    assert_non_null(strstr(advice, "same order"));
    end_stage();
}

/* A thread that does not have this memory: the word is no lock's. */
static void wait_at_a_word_with(uint32_t value)
{
    open_locks(LOCK_PLAIN);
    one_lock.state->word = value;
    futex_wait(&one_lock.state->word, value, NO_TIMEOUT);
}

static void wait_at_the_id_of_the_first_process(void)
{
    wait_at_a_word_with(FUTEX_WAITERS | 1);
}

static void wait_at_a_number(void)
{
    wait_at_a_word_with((uint32_t)getpid());
}

static void a_word_that_may_be_no_lock_has_no_owner(void **state)
{
    (void)state;
    begin_stage(wait_at_the_id_of_the_first_process);
    shows(WAIT_FUTEX, "waits for a lock or semaphore in shared memory", 1);
    end_stage();
    begin_stage(wait_at_a_number);
    shows(WAIT_FUTEX, "waits for a lock or semaphore in shared memory", 1);
    end_stage();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_took_a_robust_lock_is_named_and_alone),
        TEST(who_took_a_plain_lock_is_named_and_others_could),
        TEST(a_lock_of_the_dead_is_said_so),
        TEST(two_locks_taken_crosswise_are_a_cycle),
        TEST(a_word_that_may_be_no_lock_has_no_owner),
    };

    prctl(PR_SET_CHILD_SUBREAPER, 1);
    return cmocka_run_group_tests_name("waits", tests, NULL, NULL);
}
