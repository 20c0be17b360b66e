/* SPDX-License-Identifier: MIT */
/*
 * test_model.c - locks, semaphores and conditions against what they promise,
 * for long.
 *
 * Processes, each of several threads, do drawn operations with drawn timeouts
 * on one lock, one semaphore, and one bounded store: a count under a lock that
 * was given to two conditions.  What a lock guards is whole, no more are within
 * than there are places, the store is never over- or underdrawn, and in the end
 * all is free and nobody is left asleep.  The seed is printed;
 * IPCLAB_TEST_SEED=N draws the same again.
 */
#include "sync/test_sharing.h"

#include <pthread.h>

enum { ROUNDS = 6, PROCESSES = 3, THREADS = 2, TURNS = 10000 };

/* What a round's processes share. */
struct world {
    struct lock lock, store_lock;
    struct semaphore semaphore;
    struct condition not_full, not_empty;
    uint32_t places, capacity;
    uint64_t seed;
    volatile uint64_t first, second; /* equal, but within the lock */
    volatile uint32_t stored;        /* the store's lock guards it */
    _Atomic uint32_t within;         /* the semaphore */
    _Atomic uint64_t operations, timeouts;
    _Atomic int line; /* where something was not as it must be */
};

static struct world *world;

static int64_t any_timeout(uint64_t *state)
{
    const int64_t timeouts[] = {0, -1, 1000, SECOND / 1000, TEST_BOUND};

    return timeouts[test_mix(state) % 5];
}

/* Now and then another thread is let in where it must not come. */
static void linger(uint64_t *state)
{
    if (test_mix(state) % 4 == 0)
        sched_yield();
}

/* --- one operation each: 0, -ETIMEDOUT, or a line -------------------------
 */

static int use_lock(uint64_t *state)
{
    struct lock *l = &world->lock;
    bool again = l->state->kind & LOCK_RECURSIVE && test_mix(state) % 2;
    int error = lock_acquire(l, any_timeout(state));

    if (error)
        return error == -ETIMEDOUT ? error : test_line(__LINE__);
    if (again && lock_acquire(l, 0))
        return test_line(__LINE__);
    if (!lock_is_mine(l) || world->first != world->second)
        return test_line(__LINE__);
    world->first++;
    linger(state);
    world->second++;
    if (again && lock_release(l))
        return test_line(__LINE__);
    return lock_release(l) ? test_line(__LINE__) : 0;
}

static int use_semaphore(uint64_t *state)
{
    struct semaphore *s = &world->semaphore;

    if (semaphore_acquire(s, any_timeout(state)))
        return -ETIMEDOUT;
    if (atomic_fetch_add(&world->within, 1) >= world->places)
        return test_line(__LINE__);
    linger(state);
    atomic_fetch_sub(&world->within, 1);
    return semaphore_release(s) ? test_line(__LINE__) : 0;
}

static bool has_room(void *unused)
{
    (void)unused;
    return world->stored < world->capacity;
}

static bool has_some(void *unused)
{
    (void)unused;
    return world->stored > 0;
}

/* Change the store by one, as soon as it can be, and tell one who waits for
 * that. */
static int change_store(uint64_t *state, bool (*ready)(void *),
                        struct condition *mine, struct condition *others,
                        uint32_t change)
{
    int error = lock_acquire(&world->store_lock, TEST_BOUND);

    if (error)
        return test_line(__LINE__);
    do
        error = condition_wait_for(mine, ready, NULL, any_timeout(state));
    while (error == -ETIMEDOUT && !world->line);
    if (error || !ready(NULL) || !lock_is_mine(&world->store_lock))
        return test_line(__LINE__);
    world->stored += change;
    linger(state);
    if (condition_notify(others, 1))
        return test_line(__LINE__);
    return lock_release(&world->store_lock) ? test_line(__LINE__) : 0;
}

/* Whoever stores takes as much: somebody can always go on. */
static int use_store(uint64_t *state)
{
    int line =
        change_store(state, has_room, &world->not_full, &world->not_empty, 1);

    if (!line)
        line = change_store(state, has_some, &world->not_empty,
                            &world->not_full, UINT32_MAX);
    return line;
}

/* --- a round --------------------------------------------------------------
 */

static void *take_turns(void *number)
{
    uint64_t state = world->seed + (uintptr_t)number;

    for (int i = 0; i < TURNS && !world->line; i++) {
        uint64_t which = test_mix(&state) % 3;
        int line = which == 0   ? use_lock(&state)
                   : which == 1 ? use_semaphore(&state)
                                : use_store(&state);

        world->operations++;
        if (line == -ETIMEDOUT)
            world->timeouts++;
        else if (line)
            world->line = line;
    }
    return NULL;
}

static int run_threads(void *process)
{
    uintptr_t first = *(unsigned *)process * THREADS;
    pthread_t threads[THREADS];

    for (uintptr_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, take_turns, (void *)(first + i)))
            return test_line(__LINE__);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return world->line;
}

static uint32_t below(uint32_t n)
{
    return (uint32_t)(test_mix(&test_seed) % n);
}

static void world_open(void)
{
    world = test_memory(sizeof *world);
    world->places = 1 + below(3);
    world->capacity = 1 + below(3);
    world->seed = test_mix(&test_seed);
    assert_int_equal(lock_open(&world->lock, (enum lock_kind)below(4)), 0);
    assert_int_equal(lock_open(&world->store_lock, (enum lock_kind)below(4)),
                     0);
    assert_int_equal(semaphore_open(&world->semaphore, world->places, true), 0);
    assert_int_equal(condition_open(&world->not_full, &world->store_lock), 0);
    assert_int_equal(condition_open(&world->not_empty, &world->store_lock), 0);
}

/* All is as it was. */
static void world_close(void)
{
    assert_int_equal(world->first, world->second);
    assert_int_equal(world->stored, 0);
    assert_int_equal(lock_owner(&world->lock), 0);
    assert_int_equal(lock_owner(&world->store_lock), 0);
    assert_int_equal(semaphore_value(&world->semaphore), world->places);
    assert_int_equal(world->semaphore.state->waiters, 0);
    assert_int_equal(world->not_full.state->waiters, 0);
    assert_int_equal(world->not_empty.state->waiters, 0);
    condition_close(&world->not_full);
    condition_close(&world->not_empty);
    semaphore_close(&world->semaphore);
    lock_close(&world->lock);
    lock_close(&world->store_lock);
    munmap(world, sizeof *world);
}

static void drawn_operations_keep_every_promise(void **state)
{
    uint64_t operations = 0, timeouts = 0;

    (void)state;
    for (int i = 0; i < ROUNDS || operations < 600000; i++) {
        pid_t pids[PROCESSES];

        alarm(3 * CENSUS_SECONDS);
        world_open();
        for (unsigned p = 0; p < PROCESSES; p++)
            pids[p] = test_fork(run_threads, &p);
        for (int p = 0; p < PROCESSES; p++)
            test_expect(pids[p]);
        operations += world->operations;
        timeouts += world->timeouts;
        world_close();
    }
    print_message("%llu operations, %llu timeouts\n",
                  (unsigned long long)operations, (unsigned long long)timeouts);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, census_begin, census_end)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(drawn_operations_keep_every_promise),
    };

    mechanisms_init(argc, argv);
    test_take_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
