/* SPDX-License-Identifier: MIT */
/*
 * test_robust_list.c - our robust locks and the C library's robust mutexes in
 * the one list that the kernel has of a thread.
 */
#include "sync/test_sharing.h"

#include <pthread.h>

enum { OURS_FIRST, THEIRS, OURS_SECOND, THEIRS_INHERITING, HELD };

struct mixed {
    struct lock ours[2];
    struct lock_state states[2];
    pthread_mutex_t theirs[2];
};

static void mutex_make(pthread_mutex_t *mutex, int protocol)
{
    pthread_mutexattr_t how;

    pthread_mutexattr_init(&how);
    pthread_mutexattr_setpshared(&how, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&how, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setprotocol(&how, protocol);
    assert_int_equal(pthread_mutex_init(mutex, &how), 0);
    pthread_mutexattr_destroy(&how);
}

static struct mixed *mixed_open(void)
{
    struct mixed *m = test_memory(sizeof *m);

    for (int i = 0; i < 2; i++)
        lock_init(&m->ours[i], &m->states[i], LOCK_ROBUST);
    mutex_make(&m->theirs[0], PTHREAD_PRIO_NONE);
    mutex_make(&m->theirs[1], PTHREAD_PRIO_INHERIT);
    return m;
}

static void mixed_close(struct mixed *m)
{
    for (int i = 0; i < 2; i++)
        pthread_mutex_destroy(&m->theirs[i]);
    munmap(m, sizeof *m);
}

/* 0, or an errno that is not negative. */
static int take(struct mixed *m, int which)
{
    if (which % 2 == 0)
        return -lock_acquire(&m->ours[which / 2], 0);
    return pthread_mutex_trylock(&m->theirs[which / 2]);
}

static int give(struct mixed *m, int which)
{
    if (which % 2 == 0)
        return -lock_release(&m->ours[which / 2]);
    return pthread_mutex_unlock(&m->theirs[which / 2]);
}

/* The n-th of the 24 orders of four. */
static void order_of(int n, int order[HELD])
{
    int left[HELD] = {OURS_FIRST, THEIRS, OURS_SECOND, THEIRS_INHERITING};

    for (int i = 0; i < HELD; i++) {
        int at = n % (HELD - i);

        n /= HELD - i;
        order[i] = left[at];
        memmove(&left[at], &left[at + 1],
                (size_t)(HELD - at - 1) * sizeof *left);
    }
}

enum { ORDERS = 24 };

struct orders {
    struct mixed *mixed;
    int taken[HELD], given[HELD], given_back;
};

/* Take them in one order, give some back in another, and be killed. */
static int is_killed_with_the_rest(void *argument)
{
    struct orders *o = argument;

    for (int i = 0; i < HELD; i++)
        if (take(o->mixed, o->taken[i]))
            return test_line(__LINE__);
    for (int i = 0; i < o->given_back; i++)
        if (give(o->mixed, o->given[i]))
            return test_line(__LINE__);
    raise(SIGKILL);
    return test_line(__LINE__);
}

static void expect_left(struct orders *o)
{
    for (int i = 0; i < HELD; i++) {
        int which = o->given[i];

        assert_int_equal(take(o->mixed, which),
                         i < o->given_back ? 0 : EOWNERDEAD);
        if (which % 2 && i >= o->given_back)
            pthread_mutex_consistent(&o->mixed->theirs[which / 2]);
        assert_int_equal(give(o->mixed, which), 0);
    }
}

static void both_are_released_in_every_order(void **state)
{
    struct mixed *m = mixed_open();

    (void)state;
    for (int n = 0; n < ORDERS * ORDERS; n++) {
        int taken[HELD], given[HELD];

        order_of(n / ORDERS, taken);
        order_of(n % ORDERS, given);
        for (int i = 0; i < HELD; i++)
            assert_int_equal(take(m, taken[i]), 0);
        for (int i = 0; i < HELD; i++)
            assert_int_equal(give(m, given[i]), 0);
    }
    mixed_close(m);
}

/* Every order of taking and giving, and in turn none to four given back. */
static void the_kernel_finds_all_that_a_dead_one_had_of_both(void **state)
{
    struct orders o = {.mixed = mixed_open()};

    (void)state;
    for (int n = 0; n < ORDERS * ORDERS; n++) {
        order_of(n / ORDERS, o.taken);
        order_of(n % ORDERS, o.given);
        o.given_back = n % (HELD + 1);
        assert_int_equal(test_reap(test_fork(is_killed_with_the_rest, &o)),
                         SIGKILL);
        expect_left(&o);
    }
    mixed_close(o.mixed);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, census_begin, census_end)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(both_are_released_in_every_order),
        TEST(the_kernel_finds_all_that_a_dead_one_had_of_both),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
