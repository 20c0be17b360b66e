/* SPDX-License-Identifier: MIT */
/* test_robust.c - a robust lock is never lost with whoever had it. */
#include "sync/test_sharing.h"

#include "sync/futex.h"

#include <linux/futex.h>
#include <pthread.h>

static const enum lock_kind robust_kinds[] = {LOCK_ROBUST,
                                              LOCK_ROBUST | LOCK_RECURSIVE};

/* The next to take it is told, once, and it is a lock like any other then. */
static void expect_told(struct lock *l)
{
    assert_int_equal(lock_acquire(l, TEST_BOUND), -EOWNERDEAD);
    assert_true(lock_is_mine(l));
    assert_int_equal(lock_release(l), 0);
    assert_int_equal(lock_acquire(l, TEST_BOUND), 0);
    assert_int_equal(lock_release(l), 0);
    assert_int_equal(lock_release(l), -EPERM);
}

/* --- owners that end, each in its way --- */

static int ends_with_it(void *lock)
{
    int error = lock_acquire(lock, TEST_BOUND);

    return error == 0 || error == -EOWNERDEAD ? 0 : test_line(__LINE__);
}

static int is_killed_with_it(void *lock)
{
    int line = ends_with_it(lock);

    if (!line)
        raise(SIGKILL);
    return line;
}

/* What is run in its place does not know that it has a lock. */
static int runs_another_program(void *lock)
{
    int line = ends_with_it(lock);

    if (!line)
        execl("/bin/true", "true", (char *)NULL);
    return line ? line : test_line(__LINE__);
}

static void *thread_ends_with_it(void *lock)
{
    return (void *)(intptr_t)ends_with_it(lock);
}

static void whoever_ends_with_it_leaves_it_to_the_next(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        pthread_t thread;
        struct lock l;
        void *line;

        assert_int_equal(lock_open(&l, robust_kinds[k]), 0);
        test_expect(test_fork(ends_with_it, &l));
        expect_told(&l);
        assert_int_equal(test_reap(test_fork(is_killed_with_it, &l)), SIGKILL);
        expect_told(&l);
        test_expect(test_fork(runs_another_program, &l));
        expect_told(&l);
        assert_int_equal(pthread_create(&thread, NULL, thread_ends_with_it, &l),
                         0);
        pthread_join(thread, &line);
        assert_null(line);
        expect_told(&l);
        lock_close(&l);
    }
}

static void one_who_was_told_and_dies_has_it_told_again(void **state)
{
    struct lock l;

    (void)state;
    assert_int_equal(lock_open(&l, LOCK_ROBUST), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(test_reap(test_fork(is_killed_with_it, &l)), SIGKILL);
    expect_told(&l);
    lock_close(&l);
}

static int takes_it_thrice_and_dies(void *lock)
{
    for (int i = 0; i < 3; i++)
        if (lock_acquire(lock, 0))
            return test_line(__LINE__);
    raise(SIGKILL);
    return test_line(__LINE__);
}

/* The dead had it three times; the next has it once. */
static void a_robust_rlock_begins_to_count_anew(void **state)
{
    struct lock l;

    (void)state;
    assert_int_equal(lock_open(&l, LOCK_ROBUST | LOCK_RECURSIVE), 0);
    assert_int_equal(test_reap(test_fork(takes_it_thrice_and_dies, &l)),
                     SIGKILL);
    expect_told(&l);
    lock_close(&l);
}

/* --- the child of an owner --- */

static int cannot_release(void *lock)
{
    return lock_release(lock) == -EPERM && !lock_is_mine(lock)
               ? 0
               : test_line(__LINE__);
}

/* Nor does its death take the lock from its parent. */
static void the_child_of_an_owner_owns_nothing_and_loses_nothing(void **state)
{
    struct lock l;

    (void)state;
    assert_int_equal(lock_open(&l, LOCK_ROBUST), 0);
    assert_int_equal(lock_acquire(&l, 0), 0);
    test_expect(test_fork(cannot_release, &l));
    assert_int_equal(lock_owner(&l), getpid());
    assert_int_equal(lock_release(&l), 0);
    assert_int_equal(lock_acquire(&l, 0), 0);
    assert_int_equal(lock_release(&l), 0);
    lock_close(&l);
}

/* --- who waits while the owner dies --- */

struct staged {
    struct lock lock;
    int ends[2];
};

static int holds_until_killed(void *argument)
{
    struct staged *s = argument;
    char byte = 0;

    if (lock_acquire(&s->lock, 0) || write_full(s->ends[1], &byte, 1))
        return test_line(__LINE__);
    pause();
    return test_line(__LINE__);
}

static int is_told_of_it(void *argument)
{
    struct staged *s = argument;

    if (lock_acquire(&s->lock, TEST_BOUND) != -EOWNERDEAD)
        return test_line(__LINE__);
    return lock_release(&s->lock) ? test_line(__LINE__) : 0;
}

static int is_not_told(void *argument)
{
    struct staged *s = argument;

    if (lock_acquire(&s->lock, TEST_BOUND) != 0)
        return test_line(__LINE__);
    return lock_release(&s->lock) ? test_line(__LINE__) : 0;
}

static void staged_open(struct staged *s)
{
    assert_int_equal(fd_pipe(s->ends), 0);
    assert_int_equal(lock_open(&s->lock, LOCK_ROBUST), 0);
}

static void staged_close(struct staged *s)
{
    lock_close(&s->lock);
    close(s->ends[0]);
    close(s->ends[1]);
}

static void one_of_those_who_sleep_is_woken_by_a_death(void **state)
{
    pid_t holder, first, second;
    struct staged s;
    char byte;

    (void)state;
    staged_open(&s);
    holder = test_fork(holds_until_killed, &s);
    assert_int_equal(read_full(s.ends[0], &byte, 1), 1);
    assert_int_equal(lock_owner(&s.lock), holder);
    first = test_fork(is_told_of_it, &s);
    assert_true(test_sleeps(first, &s.lock.state->word));
    second = test_fork(is_not_told, &s);
    assert_true(test_sleeps(second, &s.lock.state->word));
    test_kill(holder);
    test_expect(first);
    test_expect(second);
    assert_int_equal(lock_acquire(&s.lock, 0), 0);
    assert_int_equal(lock_release(&s.lock), 0);
    staged_close(&s);
}

/* Asleep, and not owner: it was not told of anything. */
static void a_killed_waiter_takes_nothing_with_it(void **state)
{
    pid_t killed, living;
    struct staged s;

    (void)state;
    staged_open(&s);
    assert_int_equal(lock_acquire(&s.lock, 0), 0);
    killed = test_fork(is_not_told, &s);
    assert_true(test_sleeps(killed, &s.lock.state->word));
    living = test_fork(is_not_told, &s);
    assert_true(test_sleeps(living, &s.lock.state->word));
    test_kill(killed);
    assert_int_equal(lock_release(&s.lock), 0);
    test_expect(living);
    staged_close(&s);
}

/* --- the list --- */

enum { MANY = 1000 };

static int is_killed_with_many(void *locks)
{
    for (int i = 0; i < MANY; i++)
        if (lock_acquire((struct lock *)locks + i, 0))
            return test_line(__LINE__);
    raise(SIGKILL);
    return test_line(__LINE__);
}

/* In memory of the test's: a region each would be a thousand descriptors. */
static void all_that_a_dead_one_had_are_free(void **state)
{
    struct lock_state *states = test_memory(MANY * sizeof *states);
    struct lock *locks = calloc(MANY, sizeof *locks);

    (void)state;
    for (int i = 0; i < MANY; i++)
        lock_init(&locks[i], &states[i], LOCK_ROBUST);
    assert_int_equal(test_reap(test_fork(is_killed_with_many, locks)), SIGKILL);
    for (int i = 0; i < MANY; i++)
        expect_told(&locks[i]);
    free(locks);
    munmap(states, MANY * sizeof *states);
}

/* Nobody can release it any more: it is as if its owner had ended. */
static void one_that_is_closed_by_its_owner_is_left_to_the_next(void **state)
{
    struct lock held, others, next;
    struct parcel parcel;

    (void)state;
    parcel_init(&parcel);
    assert_int_equal(lock_open(&held, LOCK_ROBUST), 0);
    assert_int_equal(lock_open(&next, LOCK_ROBUST), 0);
    assert_int_equal(lock_pack(&held, &parcel), 0);
    assert_int_equal(lock_unpack(&others, &parcel), 0);
    assert_int_equal(lock_acquire(&held, 0), 0);
    lock_close(&held);
    assert_int_equal(lock_acquire(&next, 0), 0);
    assert_int_equal(lock_release(&next), 0);
    expect_told(&others);
    lock_close(&others);
    lock_close(&next);
    parcel_free(&parcel);
}

static int has_it_once(void *lock)
{
    if (lock_acquire(lock, NO_TIMEOUT))
        return test_line(__LINE__);
    return lock_release(lock) ? test_line(__LINE__) : 0;
}

/* As one who is killed right after it was woken; and not even the kernel has
 * seen it. */
static int takes_a_wakeup_with_it(void *lock)
{
    struct lock_state *s = ((struct lock *)lock)->state;

    return futex_wait(&s->word, s->word, NO_TIMEOUT) ? test_line(__LINE__) : 0;
}

/* Whoever takes it in passing, while the woken is on its way, still knows of
 * those who sleep. */
static void a_wakeup_that_was_lost_with_the_killed_is_made_up_for(void **state)
{
    (void)state;
    for (int turn = 0; turn < 4; turn++) {
        pid_t woken, next;
        struct lock l;

        assert_int_equal(lock_open(&l, robust_kinds[turn % 2]), 0);
        l.state->none_woken = (uint32_t)turn / 2;
        assert_int_equal(lock_acquire(&l, 0), 0);
        l.state->word |= FUTEX_WAITERS;
        woken = test_fork(takes_a_wakeup_with_it, &l);
        assert_true(test_sleeps(woken, &l.state->word));
        next = test_fork(has_it_once, &l);
        assert_true(test_sleeps(next, &l.state->word));
        assert_int_equal(lock_release(&l), 0);
        test_expect(woken);
        assert_int_equal(lock_acquire(&l, 0), 0);
        assert_int_equal(lock_release(&l), 0);
        test_expect(next);
        lock_close(&l);
    }
}

/* Its owner was stopped in the midst of a release: nobody waits for longer than
 * it said. */
static void a_word_that_stays_closed_is_waited_for_in_bounds(void **state)
{
    struct lock l;

    (void)state;
    assert_int_equal(lock_open(&l, LOCK_ROBUST), 0);
    l.state->word = (uint32_t)getppid() | FUTEX_WAITERS | FUTEX_OWNER_DIED;
    assert_int_equal(lock_acquire(&l, 0), -ETIMEDOUT);
    assert_int_equal(lock_acquire(&l, SECOND / 100), -ETIMEDOUT);
    lock_close(&l);
}

/* When all who slept have had it, it costs no call again. */
static void the_bit_goes_with_the_last_sleeper(void **state)
{
    struct lock l;
    pid_t pid;

    (void)state;
    assert_int_equal(lock_open(&l, LOCK_ROBUST), 0);
    for (int turn = 0; turn < 3; turn++) {
        assert_int_equal(lock_acquire(&l, 0), 0);
        pid = test_fork(has_it_once, &l);
        assert_true(test_sleeps(pid, &l.state->word));
        assert_int_equal(lock_release(&l), 0);
        test_expect(pid);
        for (int pair = 0; pair < 2; pair++) {
            assert_int_equal(lock_acquire(&l, 0), 0);
            assert_int_equal(lock_release(&l), 0);
        }
        assert_int_equal(l.state->word, 0);
    }
    lock_close(&l);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, census_begin, census_end)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(whoever_ends_with_it_leaves_it_to_the_next),
        TEST(one_who_was_told_and_dies_has_it_told_again),
        TEST(a_robust_rlock_begins_to_count_anew),
        TEST(the_child_of_an_owner_owns_nothing_and_loses_nothing),
        TEST(one_of_those_who_sleep_is_woken_by_a_death),
        TEST(a_killed_waiter_takes_nothing_with_it),
        TEST(all_that_a_dead_one_had_are_free),
        TEST(one_that_is_closed_by_its_owner_is_left_to_the_next),
        TEST(a_wakeup_that_was_lost_with_the_killed_is_made_up_for),
        TEST(a_word_that_stays_closed_is_waited_for_in_bounds),
        TEST(the_bit_goes_with_the_last_sleeper),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
