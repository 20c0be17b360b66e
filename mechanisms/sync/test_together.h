/* SPDX-License-Identifier: MIT */
/*
 * test_together.h - threads that begin at once, and note what is wrong.
 */
#ifndef IPCLAB_TEST_TOGETHER_H
#define IPCLAB_TEST_TOGETHER_H

#include "sync/test_sharing.h"

#include <pthread.h>

enum { THREADS = 4 };

static pthread_barrier_t together;
static atomic_int wrong; /* the line of what was wrong, at last */

static inline void note(int line)
{
    if (line)
        wrong = line;
}

/* Run f in THREADS threads, each with its number: it waits for the others at
 * the barrier first. */
static inline void run_all(void *(*f)(void *))
{
    pthread_t threads[THREADS];

    pthread_barrier_init(&together, NULL, THREADS);
    for (intptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, f, (void *)i), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&together);
    assert_int_equal(wrong, 0);
}

static inline void *nothing(void *unused)
{
    return unused;
}

/* With the first thread a race detector starts one of its own, which is no
 * test's. */
static inline void start_the_first_thread(void)
{
    pthread_t first;

    if (pthread_create(&first, NULL, nothing, NULL) == 0)
        pthread_join(first, NULL);
}

#endif
