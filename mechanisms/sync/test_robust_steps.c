/* SPDX-License-Identifier: MIT */
/*
 * test_robust_steps.c - a user of a robust lock is killed after each single
 * instruction of an acquire and a release, in turn.
 */
#include "sync/test_stepping.h"

#include <linux/futex.h>

struct stage {
    struct lock_state state;
    struct lock lock;
    bool held;              /* the steps begin with the lock in hand */
    uint32_t word;          /* of the lock when they begin, where it is not */
    uint32_t none_woken;    /* of the lock */
    _Atomic uint32_t ended; /* the steps were all done */
};

/* From the first stop to the second is what is stepped through. */
static int takes_steps(void *argument)
{
    struct stage *s = argument;
    int error = s->held ? lock_acquire(&s->lock, 0) : 0;

    if (error || !stepping_begins())
        return test_line(__LINE__);
    if (!s->held)
        error = lock_acquire(&s->lock, 0);
    if (error == 0 || error == -EOWNERDEAD)
        error = lock_release(&s->lock);
    s->ended = 1;
    stepping_ends();
    return error ? test_line(__LINE__) : 0;
}

static int takes_it_after(void *argument)
{
    struct stage *s = argument;
    int error = lock_acquire(&s->lock, TEST_BOUND);

    if (error && error != -EOWNERDEAD)
        return test_line(__LINE__);
    return lock_release(&s->lock) ? test_line(__LINE__) : 0;
}

static pid_t begin_steps(struct stage *s)
{
    lock_init(&s->lock, &s->state, LOCK_ROBUST);
    s->state.word = s->word;
    s->state.none_woken = s->none_woken;
    s->ended = 0;
    return stepping_fork(takes_steps, s);
}

/* n single steps, or fewer when it has done all. */
static void step(pid_t pid, const struct stage *s, int n)
{
    while (n-- && !s->ended && stepping_step(pid, NULL) == STEPPED)
        ;
}

static void expect_next(struct stage *s, int steps, uint32_t *told)
{
    int error = lock_acquire(&s->lock, TEST_BOUND);

    if (error && error != -EOWNERDEAD)
        fail_msg("after %d instructions: %d", steps, error);
    *told += error == -EOWNERDEAD;
    assert_int_equal(lock_release(&s->lock), 0);
    assert_int_equal(lock_acquire(&s->lock, 0), 0);
    assert_int_equal(lock_release(&s->lock), 0);
}

/* Kill after 0, 1, 2 ... instructions until one has done all of them. */
static void kill_after_each(struct stage *s, bool wanted, const char *what)
{
    uint32_t told = 0;
    int steps = 0;

    stepping_needed();
    for (bool all = false; !all; steps += EVERY) {
        pid_t pid = begin_steps(s), waiter = 0;

        alarm(CENSUS_SECONDS);
        if (wanted) {
            waiter = test_fork(takes_it_after, s);
            assert_true(test_sleeps(waiter, &s->state.word));
        }
        step(pid, s, steps);
        all = s->ended;
        test_kill(pid);
        if (wanted)
            test_expect(waiter);
        expect_next(s, steps, &told);
        assert_true(steps < STEPS_MOST);
    }
    print_message("%s: %d instructions, told after %u\n", what, steps - EVERY,
                  told);
    assert_true(steps > 20);
    assert_true(told > 0 || wanted);
}

static void killed_anywhere_in_a_pair_the_next_has_it(void **state)
{
    struct stage *s = test_memory(sizeof *s);

    (void)state;
    kill_after_each(s, false, "acquire and release");
    munmap(s, sizeof *s);
}

/* The dead one's own predecessor had died, too. */
static void killed_anywhere_after_a_death_the_next_has_it(void **state)
{
    struct stage *s = test_memory(sizeof *s);

    (void)state;
    s->word = FUTEX_OWNER_DIED;
    kill_after_each(s, false, "acquire after a death, and release");
    munmap(s, sizeof *s);
}

static void killed_anywhere_in_a_release_who_sleeps_has_it(void **state)
{
    struct stage *s = test_memory(sizeof *s);

    (void)state;
    s->held = true;
    kill_after_each(s, true, "release of one that is waited for");
    s->none_woken = 1;
    kill_after_each(s, true, "the same, closed first");
    munmap(s, sizeof *s);
}

/* The last who slept has gone, and has left the bit. */
static void killed_anywhere_where_nobody_sleeps_any_more(void **state)
{
    struct stage *s = test_memory(sizeof *s);

    (void)state;
    s->word = FUTEX_WAITERS;
    kill_after_each(s, false, "a pair, nobody is woken");
    s->none_woken = 1;
    kill_after_each(s, false, "a pair, closed and opened again");
    munmap(s, sizeof *s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, census_begin, census_end)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(killed_anywhere_in_a_pair_the_next_has_it),
        TEST(killed_anywhere_after_a_death_the_next_has_it),
        TEST(killed_anywhere_in_a_release_who_sleeps_has_it),
        TEST(killed_anywhere_where_nobody_sleeps_any_more),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
