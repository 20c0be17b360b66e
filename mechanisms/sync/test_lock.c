/* SPDX-License-Identifier: MIT */
/* test_lock.c - Lock and RLock: who has it, who may release it, who waits. */
#include "start/test_children.h"
#include "sync/test_sharing.h"

#include <pthread.h>

enum { TURNS = 2000, CHILDREN = 3 };

static const enum lock_kind kinds[] = {LOCK_PLAIN, LOCK_RECURSIVE, LOCK_ROBUST,
                                       LOCK_RECURSIVE | LOCK_ROBUST};
enum { KINDS = sizeof kinds / sizeof *kinds };

static void a_lock_is_not_taken_twice(void **state)
{
    struct lock l;

    (void)state;
    assert_int_equal(lock_open(&l, LOCK_PLAIN), 0);
    assert_int_equal(lock_acquire(&l, NO_TIMEOUT), 0);
    assert_int_equal(lock_acquire(&l, 0), -ETIMEDOUT);
    assert_int_equal(lock_acquire(&l, -1), -ETIMEDOUT);
    assert_int_equal(lock_release(&l), 0);
    assert_int_equal(lock_release(&l), -EOVERFLOW);
    lock_close(&l);
    lock_close(&l);
}

/* --- others: a thread of this process, a child --- */

static void *release_it(void *lock)
{
    return (void *)(intptr_t)lock_release(lock);
}

static void *try_it(void *lock)
{
    return (void *)(intptr_t)lock_acquire(lock, 0);
}

static int in_thread(void *(*f)(void *), void *argument)
{
    pthread_t thread;
    void *result;

    assert_int_equal(pthread_create(&thread, NULL, f, argument), 0);
    pthread_join(thread, &result);
    return (int)(intptr_t)result;
}

static int child_releases(void *lock)
{
    return lock_release(lock) == 0 ? 0 : test_line(__LINE__);
}

static void anybody_may_release_a_plain_lock(void **state)
{
    struct lock l;

    (void)state;
    assert_int_equal(lock_open(&l, LOCK_PLAIN), 0);
    assert_int_equal(lock_acquire(&l, 0), 0);
    assert_int_equal(in_thread(release_it, &l), 0);
    assert_int_equal(lock_acquire(&l, 0), 0);
    test_expect(test_fork(child_releases, &l));
    assert_int_equal(lock_acquire(&l, 0), 0);
    assert_int_equal(lock_release(&l), 0);
    lock_close(&l);
}

static void
an_rlock_is_its_owners_until_released_as_often_as_taken(void **state)
{
    (void)state;
    for (int robust = 0; robust <= LOCK_ROBUST; robust += LOCK_ROBUST) {
        struct lock l;

        assert_int_equal(
            lock_open(&l, (enum lock_kind)(LOCK_RECURSIVE | robust)), 0);
        for (int i = 0; i < 3; i++)
            assert_int_equal(lock_acquire(&l, 0), 0);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(in_thread(try_it, &l), -ETIMEDOUT);
            assert_int_equal(in_thread(release_it, &l), -EPERM);
            assert_true(lock_is_mine(&l));
            assert_int_equal(lock_release(&l), 0);
        }
        assert_int_equal(lock_release(&l), -EPERM);
        assert_int_equal(lock_owner(&l), 0);
        lock_close(&l);
    }
}

static void an_rlock_taken_too_often_says_so(void **state)
{
    struct lock l;

    (void)state;
    assert_int_equal(lock_open(&l, LOCK_RECURSIVE), 0);
    assert_int_equal(lock_acquire(&l, 0), 0);
    l.state->count = UINT32_MAX;
    assert_int_equal(lock_acquire(&l, 0), -EOVERFLOW);
    assert_int_equal(lock_release(&l), 0);
    assert_int_equal(lock_acquire(&l, 0), 0);
    l.state->count = 1;
    assert_int_equal(lock_release(&l), 0);
    lock_close(&l);
}

/* What a child of a holder finds: nothing is its. */
static int child_owns_nothing(void *lock)
{
    const struct lock *l = lock;
    bool plain = l->state->kind == LOCK_PLAIN;

    if (lock_is_mine(lock) || lock_owner(lock) != getppid())
        return test_line(__LINE__);
    if (lock_acquire(lock, 0) != -ETIMEDOUT)
        return test_line(__LINE__);
    return plain || lock_release(lock) == -EPERM ? 0 : test_line(__LINE__);
}

static void a_forked_child_owns_nothing_of_its_parents(void **state)
{
    (void)state;
    for (int k = 0; k < KINDS; k++) {
        struct lock l;

        assert_int_equal(lock_open(&l, kinds[k]), 0);
        assert_int_equal(lock_acquire(&l, 0), 0);
        test_expect(test_fork(child_owns_nothing, &l));
        assert_true(lock_is_mine(&l));
        assert_int_equal(lock_owner(&l), getpid());
        assert_int_equal(lock_release(&l), 0);
        assert_false(lock_is_mine(&l));
        lock_close(&l);
    }
}

/* --- waiting --- */

static int take_and_release(void *lock)
{
    if (lock_acquire(lock, TEST_BOUND) || lock_release(lock))
        return test_line(__LINE__);
    return 0;
}

static void all_who_wait_get_it_one_after_the_other(void **state)
{
    (void)state;
    for (int k = 0; k < KINDS; k++) {
        pid_t children[CHILDREN];
        struct lock l;

        assert_int_equal(lock_open(&l, kinds[k]), 0);
        assert_int_equal(lock_acquire(&l, 0), 0);
        assert_false(lock_is_wanted(&l));
        for (int i = 0; i < CHILDREN; i++)
            children[i] = test_fork(take_and_release, &l);
        for (int i = 0; i < CHILDREN; i++)
            assert_true(test_sleeps(children[i], &l.state->word));
        assert_true(lock_is_wanted(&l));
        assert_int_equal(lock_release(&l), 0);
        for (int i = 0; i < CHILDREN; i++)
            test_expect(children[i]);
        assert_int_equal(lock_owner(&l), 0);
        lock_close(&l);
    }
}

static void nothing(int number)
{
    (void)number;
}

static int waits_its_whole_time(void *lock)
{
    int64_t began = clock_now();

    if (lock_acquire(lock, SECOND / 10) != -ETIMEDOUT)
        return test_line(__LINE__);
    return clock_now() - began >= SECOND / 10 ? 0 : test_line(__LINE__);
}

static void an_interrupted_wait_goes_on_to_its_end(void **state)
{
    struct sigaction act = {.sa_handler = nothing}, before;
    struct lock l;

    (void)state;
    sigaction(SIGUSR1, &act, &before); /* without SA_RESTART */
    for (int k = 0; k < KINDS; k++) {
        int status = 0;
        pid_t pid;

        assert_int_equal(lock_open(&l, kinds[k]), 0);
        assert_int_equal(lock_acquire(&l, 0), 0);
        pid = test_fork(waits_its_whole_time, &l);
        while (waitpid(pid, &status, WNOHANG) == 0) {
            kill(pid, SIGUSR1);
            sched_yield();
        }
        assert_int_equal(status, 0);
        assert_int_equal(lock_release(&l), 0);
        lock_close(&l);
    }
    sigaction(SIGUSR1, &before, NULL);
}

/* --- exclusion, between processes however they were started --- */

/* Two words that are only equal when nobody is between the two. */
struct pair {
    volatile uint64_t first, second;
};

static int count_up(struct parcel *arguments)
{
    struct region pair;
    struct lock l;
    struct pair *p;

    if (lock_unpack(&l, arguments) || region_unpack(&pair, arguments))
        return test_line(__LINE__);
    p = pair.base;
    for (int i = 0; i < TURNS; i++) {
        if (lock_acquire(&l, TEST_BOUND) || p->first != p->second)
            return test_line(__LINE__);
        p->first++;
        p->second++;
        if (lock_release(&l))
            return test_line(__LINE__);
    }
    lock_close(&l);
    region_close(&pair);
    return 0;
}
TARGET(count_up)

/* A child of each method, and so a lock that was made for fork in a spawned
 * one, which CPython refuses. */
static void one_at_a_time_is_within_whoever_started_it(void **state)
{
    (void)state;
    for (int k = 0; k < KINDS; k++) {
        struct process children[TEST_METHODS];
        struct region pair;
        struct lock l;

        assert_int_equal(lock_open(&l, kinds[k]), 0);
        assert_int_equal(region_open(&pair, sizeof(struct pair)), 0);
        for (size_t m = 0; m < TEST_METHODS; m++) {
            struct parcel parcel;

            parcel_init(&parcel);
            assert_int_equal(lock_pack(&l, &parcel), 0);
            assert_int_equal(region_pack(&pair, &parcel), 0);
            test_start(&children[m], test_methods[m], "count_up", &parcel);
            parcel_free(&parcel);
        }
        for (size_t m = 0; m < TEST_METHODS; m++)
            assert_int_equal(test_finish(&children[m]), 0);
        assert_int_equal(((struct pair *)pair.base)->first,
                         TURNS * TEST_METHODS);
        region_close(&pair);
        lock_close(&l);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, census_begin, children_end)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(a_lock_is_not_taken_twice),
        TEST(anybody_may_release_a_plain_lock),
        TEST(an_rlock_is_its_owners_until_released_as_often_as_taken),
        TEST(an_rlock_taken_too_often_says_so),
        TEST(a_forked_child_owns_nothing_of_its_parents),
        TEST(all_who_wait_get_it_one_after_the_other),
        TEST(an_interrupted_wait_goes_on_to_its_end),
        TEST(one_at_a_time_is_within_whoever_started_it),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
