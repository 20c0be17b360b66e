/* SPDX-License-Identifier: MIT */
// tsan: yes
/*
 * test_threads.c - what one thread wrote before, another sees after.
 *
 * One process, no fork: what a race detector can see.  What is written here is
 * not atomic: that nobody else is at it, and that it is seen, is what each of
 * these promises.
 */
#include "sync/test_sharing.h"

#include <pthread.h>

enum { THREADS = 4, TURNS = 5000 };

static atomic_int wrong; /* the line of what was wrong, at last */

static struct lock lock;
static struct semaphore semaphore;
static struct condition condition;
static struct event ready, taken;
static struct barrier barrier;

static uint64_t counter; /* plain */
static uint64_t written[THREADS];

static void note(int line)
{
    if (line)
        wrong = line;
}

/* Run f in n threads at once, each with its number. */
static void run_all(void *(*f)(void *), int n)
{
    pthread_t threads[THREADS];

    counter = 0;
    memset(written, 0, sizeof written);
    for (intptr_t i = 0; i < n; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, f, (void *)i), 0);
    for (int i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(wrong, 0);
}

static void *counts_under_the_lock(void *unused)
{
    for (int i = 0; i < TURNS; i++) {
        int64_t timeout = i % 2 ? TEST_BOUND : NO_TIMEOUT;

        note(lock_acquire(&lock, timeout) ? __LINE__ : 0);
        counter++;
        note(lock_release(&lock) ? __LINE__ : 0);
    }
    return unused;
}

static void a_lock_of_any_kind_guards_what_is_written(void **state)
{
    const int kinds[] = {LOCK_PLAIN, LOCK_RECURSIVE, LOCK_ROBUST,
                         LOCK_RECURSIVE | LOCK_ROBUST};

    (void)state;
    for (size_t k = 0; k < 4; k++) {
        assert_int_equal(lock_open(&lock, (enum lock_kind)kinds[k]), 0);
        run_all(counts_under_the_lock, THREADS);
        assert_int_equal(counter, THREADS * TURNS);
        lock_close(&lock);
    }
}

static void *counts_with_the_one_place(void *unused)
{
    for (int i = 0; i < TURNS; i++) {
        note(semaphore_acquire(&semaphore, TEST_BOUND) ? __LINE__ : 0);
        counter++;
        note(semaphore_release(&semaphore) ? __LINE__ : 0);
    }
    return unused;
}

static void a_semaphore_of_one_place_guards_what_is_written(void **state)
{
    (void)state;
    assert_int_equal(semaphore_open(&semaphore, 1, true), 0);
    run_all(counts_with_the_one_place, THREADS);
    assert_int_equal(counter, THREADS * TURNS);
    semaphore_close(&semaphore);
}

static bool is_turn_of(void *who)
{
    return counter % THREADS == (uintptr_t)who;
}

static void *counts_in_its_turn(void *who)
{
    for (int i = 0; i < TURNS / 10; i++) {
        note(condition_acquire(&condition, TEST_BOUND) ? __LINE__ : 0);
        note(condition_wait_for(&condition, is_turn_of, who, TEST_BOUND)
                 ? __LINE__
                 : 0);
        counter++;
        note(condition_notify_all(&condition) ? __LINE__ : 0);
        note(condition_release(&condition) ? __LINE__ : 0);
    }
    return NULL;
}

static void who_was_notified_sees_what_changed(void **state)
{
    (void)state;
    assert_int_equal(condition_open(&condition, NULL), 0);
    run_all(counts_in_its_turn, THREADS);
    assert_int_equal(counter, TURNS / 10 * THREADS);
    condition_close(&condition);
}

/* The first writes, the second reads, and neither looks before it is told. */
static void *writes_or_reads(void *who)
{
    for (uint64_t i = 1; i <= TURNS / 5; i++) {
        struct event *mine = who ? &ready : &taken;

        if (!who) {
            counter = i;
            event_set(&ready);
        }
        note(event_wait(mine, TEST_BOUND) ? __LINE__ : 0);
        event_clear(mine);
        if (who) {
            note(counter == i ? 0 : __LINE__);
            event_set(&taken);
        }
    }
    return NULL;
}

static void who_waited_for_an_event_sees_what_was_before_it(void **state)
{
    (void)state;
    assert_int_equal(event_open(&ready), 0);
    assert_int_equal(event_open(&taken), 0);
    run_all(writes_or_reads, 2);
    event_close(&ready);
    event_close(&taken);
}

/* Behind the barrier all have written, and nobody yet the next. */
static void *writes_and_reads_all(void *who)
{
    for (uint64_t i = 1; i <= TURNS / 10; i++) {
        written[(uintptr_t)who] = i;
        note(barrier_wait(&barrier, TEST_BOUND) < 0 ? __LINE__ : 0);
        for (int other = 0; other < THREADS; other++)
            note(written[other] == i ? 0 : __LINE__);
        note(barrier_wait(&barrier, TEST_BOUND) < 0 ? __LINE__ : 0);
    }
    return NULL;
}

static void behind_a_barrier_all_is_seen(void **state)
{
    (void)state;
    assert_int_equal(barrier_open(&barrier, THREADS, NULL, NULL), 0);
    run_all(writes_and_reads_all, THREADS);
    barrier_close(&barrier);
}

static void *nothing(void *unused)
{
    return unused;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, census_begin, census_end)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(a_lock_of_any_kind_guards_what_is_written),
        TEST(a_semaphore_of_one_place_guards_what_is_written),
        TEST(who_was_notified_sees_what_changed),
        TEST(who_waited_for_an_event_sees_what_was_before_it),
        TEST(behind_a_barrier_all_is_seen),
    };
    pthread_t first;

    mechanisms_init(argc, argv);
    /* With the first thread a race detector starts one of its own. */
    if (pthread_create(&first, NULL, nothing, NULL) == 0)
        pthread_join(first, NULL);
    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
