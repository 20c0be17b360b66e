/* SPDX-License-Identifier: MIT */
/*
 * test_robust_storm.c - users of a robust lock are killed at any moment.
 *
 * Whatever the moment, the next to take the lock has it within a bound, is told
 * when there is something to tell, and finds what it guards as it was told.
 *
 *     IPCLAB_STORM_KILLS=5000 IPCLAB_TEST_SEED=1 build/.../test_robust_storm
 */
#include "sync/test_sharing.h"

#include <linux/futex.h>

enum { USERS = 4 };

struct guarded {
    struct lock_state state;
    volatile uint64_t first, second; /* equal, but within */
    volatile pid_t inside;           /* who is between the two, or was */
    _Atomic uint32_t told, rounds;
    int line; /* where something was wrong */
};

static unsigned wanted_kills(void)
{
    const char *text = getenv("IPCLAB_STORM_KILLS");

    return text && atoi(text) > 0 ? (unsigned)atoi(text) : 400;
}

static void pass_some_time(void)
{
    struct timespec moment = {0, (long)(test_mix(&test_seed) % 300000)};

    nanosleep(&moment, NULL); /* it is the subject: the seed's moment */
}

/* --- many users, one of whom is killed now and then --- */

/* Who comes after a death within it is told, and nobody else is. */
static int one_round(struct guarded *g, struct lock *l)
{
    int error = lock_acquire(l, TEST_BOUND);

    if (error && error != -EOWNERDEAD)
        return test_line(__LINE__);
    if (error == 0 && (g->inside || g->first != g->second))
        return test_line(__LINE__);
    if (error)
        g->told++;
    g->second = g->first;
    g->inside = getpid();
    g->first++;
    g->second++;
    g->inside = 0;
    g->rounds++;
    return lock_release(l) ? test_line(__LINE__) : 0;
}

static int uses_it_until_killed(void *argument)
{
    struct guarded *g = argument;
    struct lock l;

    lock_at(&l, &g->state);
    while (!g->line) {
        int line = one_round(g, &l);

        if (line)
            g->line = line;
    }
    return g->line;
}

static void users_are_killed_and_the_others_go_on(void **state)
{
    struct guarded *g = test_memory(sizeof *g);
    unsigned wanted = wanted_kills(), kills = 0;
    pid_t users[USERS];
    struct lock l;

    (void)state;
    lock_init(&l, &g->state, LOCK_ROBUST);
    for (int i = 0; i < USERS; i++)
        users[i] = test_fork(uses_it_until_killed, g);
    for (; kills < wanted && !g->line; kills++) {
        int which = (int)(test_mix(&test_seed) % USERS);
        uint32_t rounds = atomic_load(&g->rounds);

        alarm(CENSUS_SECONDS);
        pass_some_time();
        test_kill(users[which]);
        users[which] = test_fork(uses_it_until_killed, g);
        if (kills % 16 == 0) /* the living, all the same, go on */
            while (g->rounds == rounds && !g->line)
                sched_yield();
    }
    for (int i = 0; i < USERS; i++)
        test_kill(users[i]);
    print_message("%u kills, %u rounds, told %u times\n", kills, g->rounds,
                  g->told);
    assert_int_equal(g->line, 0);
    assert_true(g->told <= kills + USERS);
    assert_true(g->told > 0);
    assert_in_range(lock_acquire(&l, TEST_BOUND) + EOWNERDEAD, 0, EOWNERDEAD);
    assert_int_equal(lock_release(&l), 0);
    munmap(g, sizeof *g);
}

/* --- one user: what is told is what the kernel noted, exactly --- */

static void as_often_as_an_owner_died_the_next_is_told(void **state)
{
    struct guarded *g = test_memory(sizeof *g);
    unsigned wanted = wanted_kills(), noted = 0, told = 0;
    struct lock l;

    (void)state;
    lock_init(&l, &g->state, LOCK_ROBUST);
    for (unsigned kills = 0; kills < wanted; kills++) {
        pid_t pid = test_fork(uses_it_until_killed, g);
        uint32_t rounds = atomic_load(&g->rounds);
        int error;

        alarm(CENSUS_SECONDS);
        while (atomic_load(&g->rounds) == rounds)
            sched_yield();
        pass_some_time();
        test_kill(pid);
        assert_int_equal(g->line, 0);
        noted += (g->state.word & FUTEX_OWNER_DIED) != 0;
        assert_int_equal(lock_owner(&l), 0);
        error = lock_acquire(&l, 0);
        told += error == -EOWNERDEAD;
        assert_true(error == 0 || error == -EOWNERDEAD);
        assert_true(error || (g->inside == 0 && g->first == g->second));
        g->inside = 0;
        g->second = g->first;
        assert_int_equal(lock_release(&l), 0);
        assert_int_equal(lock_acquire(&l, 0), 0);
        assert_int_equal(lock_release(&l), 0);
    }
    print_message("%u kills, %u of owners, told %u times\n", wanted, noted,
                  told);
    assert_int_equal(told, noted);
    assert_int_equal(g->told, 0);
    munmap(g, sizeof *g);
}

/* --- a waiter is killed when the wake that it was asleep for is on its way ---
 */

static int takes_it_once(void *argument)
{
    struct guarded *g = argument;
    struct lock l;

    lock_at(&l, &g->state);
    return one_round(g, &l);
}

/* On one core, and so idle that being woken does not yet let it run: it is
 * killed between the two. */
static int takes_it_in_no_hurry(void *argument)
{
    struct sched_param none = {0};

    sched_setscheduler(0, SCHED_IDLE, &none);
    return takes_it_once(argument);
}

static void a_wake_for_one_who_is_killed_is_handed_on(void **state)
{
    struct guarded *g = test_memory(sizeof *g);
    cpu_set_t before, one;
    unsigned handed_on = 0;
    struct lock l;

    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    CPU_ZERO(&one);
    for (unsigned core = 0; !CPU_COUNT(&one); core++)
        if (CPU_ISSET(core, &before))
            CPU_SET(core, &one);
    sched_setaffinity(0, sizeof one, &one);
    lock_init(&l, &g->state, LOCK_ROBUST);
    for (int i = 0; i < 50; i++) {
        pid_t killed, living;
        int status;

        assert_int_equal(lock_acquire(&l, 0), 0);
        killed = test_fork(takes_it_in_no_hurry, g);
        assert_true(test_sleeps(killed, &g->state.word));
        living = test_fork(takes_it_once, g);
        assert_true(test_sleeps(living, &g->state.word));
        g->told = 0;
        assert_int_equal(lock_release(&l), 0);
        kill(killed, SIGKILL);
        status = test_reap(killed); /* it may have been quicker */
        test_expect(living);
        assert_true(status == 0 || status == SIGKILL);
        handed_on += status == SIGKILL && !g->told;
    }
    sched_setaffinity(0, sizeof before, &before);
    print_message("%u of 50 wakes were handed on\n", handed_on);
    munmap(g, sizeof *g);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, census_begin, census_end)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(users_are_killed_and_the_others_go_on),
        TEST(as_often_as_an_owner_died_the_next_is_told),
        TEST(a_wake_for_one_who_is_killed_is_handed_on),
    };

    mechanisms_init(argc, argv);
    test_take_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
