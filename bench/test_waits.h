/* SPDX-License-Identifier: MIT */
/* test_waits.h - a stage that hangs, and the graph of it. */
#ifndef IPCLAB_TEST_WAITS_H
#define IPCLAB_TEST_WAITS_H

#include "waits.h"
#include "waits_find.h"

#include "common/clock.h"
#include "common/test_census.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>

enum { PATIENCE = 400 }; /* looks, of 0.11 s at the least */

static pid_t stage;
static struct graph graph;

static inline _Noreturn void stay(void)
{
    for (;;)
        pause();
}

static inline void begin_stage(void (*set)(void))
{
    fflush(stdout);
    stage = fork();
    if (stage == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        alarm(60);
        set();
        _exit(1);
    }
    assert_true(stage > 0);
}

/* End the stage and all its processes, whoever has adopted them. */
static inline void end_stage(void)
{
    struct pids below = {0};

    graph_free(&graph);
    kill(stage, SIGKILL);
    waitpid(stage, NULL, 0);
    while (descendants(getpid(), &below, SIZE_MAX) == 0 && below.count) {
        for (size_t i = 0; i < below.count; i++)
            kill(below.pid[i], SIGKILL);
        waitpid(below.pid[0], NULL, 0);
    }
    pids_free(&below);
}

static inline const struct waiter *find(enum wait_kind kind, const char *what)
{
    for (size_t i = 0; i < graph.waiters; i++)
        if (graph.waiter[i].kind == kind && strstr(graph.waiter[i].what, what))
            return &graph.waiter[i];
    return NULL;
}

/* Look until a thread waits so, and as many of the tree are stuck. */
static inline const struct waiter *shows(enum wait_kind kind, const char *what,
                                         unsigned stuck)
{
    const struct waiter *w = NULL;

    for (int i = 0; i < PATIENCE; i++) {
        graph_free(&graph);
        assert_int_equal(graph_read(&graph, stage), 0);
        w = find(kind, what);
        if (w && graph.stuck == stuck)
            return w;
    }
    graph_print(&graph, stderr, 80);
    fail_msg("nobody %s, or %u are stuck and not %u", what, graph.stuck, stuck);
    return NULL;
}

static inline pid_t fork_to(void (*f)(void))
{
    pid_t child = fork();

    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        f();
        _exit(1);
    }
    return child;
}

static int one[2]; /* a pipe of the stage */

static char much[1 << 20];

static inline void fill(void)
{
    close(one[0]);
    (void)!write(one[1], much, sizeof much);
}

/* Wait for the end of a child that waits for a reader. */
static inline void join_before_drain(void)
{
    pid_t child;

    (void)!pipe(one);
    child = fork_to(fill);
    close(one[1]);
    waitpid(child, NULL, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, patient, census_end)

static inline int patient(void **state)
{
    int error = census_begin(state);

    alarm(120);
    return error;
}

#endif
