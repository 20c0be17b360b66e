/* SPDX-License-Identifier: MIT */
// tsan: yes
/*
 * test_threads.c - the registries are edited by many threads at once.
 *
 * One process, no fork: what a race detector can see.
 */
#include "common/hooks.h"
#include "common/test_census.h"

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 4, TURNS = 500, EACH = 8 };

static atomic_int runs;
static pthread_barrier_t together;

static void count(void *unused)
{
    (void)unused;
    runs++;
}

/* Register eight, cancel half of them, call a quarter, leave a quarter. */
static void *edit(void *unused)
{
    struct finalizer f[EACH];
    struct after_fork hook = {.run = count};

    pthread_barrier_wait(&together);
    for (int turn = 0; turn < TURNS; turn++) {
        after_fork_register(&hook);
        for (int i = 0; i < EACH; i++) {
            f[i] = (struct finalizer){.run = count, .priority = i % 3 - 1};
            finalizer_register(&f[i]);
        }
        for (int i = 0; i < EACH; i += 2)
            finalizer_cancel(&f[i]);
        for (int i = 1; i < EACH; i += 4)
            finalizer_call(&f[i]);
        for (int i = 3; i < EACH; i += 4)
            finalizer_call(&f[i]);
        after_fork_cancel(&hook);
    }
    return unused;
}

static void threads_may_edit_the_registries_at_once(void **state)
{
    pthread_t threads[THREADS];

    (void)state;
    runs = 0;
    pthread_barrier_init(&together, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, edit, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&together);
    assert_int_equal(runs, THREADS * TURNS * EACH / 2);
    finalizers_run(EVERY_PRIORITY);
    assert_int_equal(runs, THREADS * TURNS * EACH / 2);
}

static struct finalizer shared[EACH];

static void *run_all(void *unused)
{
    pthread_barrier_wait(&together);
    finalizers_run(EVERY_PRIORITY);
    return unused;
}

static void each_finalizer_runs_once_whoever_runs_them(void **state)
{
    (void)state;
    for (int turn = 0; turn < TURNS; turn++) {
        pthread_t threads[2];

        runs = 0;
        for (int i = 0; i < EACH; i++) {
            shared[i] = (struct finalizer){.run = count};
            finalizer_register(&shared[i]);
        }
        pthread_barrier_init(&together, NULL, 2);
        for (int i = 0; i < 2; i++)
            pthread_create(&threads[i], NULL, run_all, NULL);
        for (int i = 0; i < 2; i++)
            pthread_join(threads[i], NULL);
        pthread_barrier_destroy(&together);
        assert_int_equal(runs, EACH);
    }
}

static void *nothing(void *unused)
{
    return unused;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(threads_may_edit_the_registries_at_once,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(
            each_finalizer_runs_once_whoever_runs_them, census_begin,
            census_end),
    };

    pthread_t first;

    mechanisms_init(argc, argv);
    /* With the first thread a race detector starts one of its own. */
    if (pthread_create(&first, NULL, nothing, NULL) == 0)
        pthread_join(first, NULL);
    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
