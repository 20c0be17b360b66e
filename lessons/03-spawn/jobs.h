/* SPDX-License-Identifier: MIT */
/*
 * jobs.h - the jobs that the check has run.
 *
 * They are in other processes, which have nothing of the one that is graded.
 * What they must tell each other stands in a file of memory, whose place is in
 * the environment: that is inherited.
 */
#ifndef IPCLAB_JOBS_H
#define IPCLAB_JOBS_H

#include "../check.h"
#include "spawn_map.h"

#include "common/clock.h"
#include "common/hooks.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>

enum { MANY = 12, HIGH = 50 };

/* --- what the jobs share --- */

struct board {
    atomic_int running, most_running, arrived, finished;
};

static struct board *board;

static struct board *map_board(int fd)
{
    void *at = mmap(NULL, sizeof(struct board), PROT_READ | PROT_WRITE,
                    MAP_SHARED, fd, 0);

    close(fd);
    return at == MAP_FAILED ? NULL : at;
}

static void open_board(void)
{
    char place[64];
    int fd = memfd_create("board", 0);

    assert_int_equal(ftruncate(fd, sizeof(struct board)), 0);
    snprintf(place, sizeof place, "/proc/%d/fd/%d", getpid(), fd);
    setenv("IPCLAB_BOARD", place, 1);
    board = map_board(dup(fd));
    assert_non_null(board);
}

/* In a job, which an alarm ends if it waits for what never comes. */
static struct board *find_board(void)
{
    const char *place = getenv("IPCLAB_BOARD");

    alarm(CHECK_SECONDS / 2);
    return place ? map_board(open(place, O_RDWR | O_CLOEXEC)) : NULL;
}

static void sleep_ms(long ms)
{
    const struct timespec moment = {0, ms * 1000000};

    nanosleep(&moment, NULL);
}

/* --- the jobs --- */

static int mark;

static int64_t square(int64_t n)
{
    return n * n;
}

/* What a fresh image has not: the parent's memory, and its descriptors. */
static int64_t what_is_here(int64_t bit)
{
    return bit ? fcntl(HIGH, F_GETFD) >= 0 : mark;
}

/* Task -N dies of signal N; task 1000 + N leaves with exit code N. */
static int64_t die(int64_t n)
{
    if (n < 0)
        kill(getpid(), (int)-n);
    if (n >= 1000)
        _exit((int)(n - 1000));
    return n;
}

/* Runs until three have been here, and a moment longer. */
static int64_t crowd(int64_t n)
{
    struct board *b = find_board();
    int now = b ? atomic_fetch_add(&b->running, 1) + 1 : 0, most;

    if (!b)
        return -1;
    most = atomic_load(&b->most_running);
    while (now > most &&
           !atomic_compare_exchange_weak(&b->most_running, &most, now))
        ;
    atomic_fetch_add(&b->arrived, 1);
    while (atomic_load(&b->arrived) < 3)
        sleep_ms(1);
    sleep_ms(20);
    atomic_fetch_sub(&b->running, 1);
    return n;
}

/* Task 0 waits until all the others have finished. */
static int64_t slow_first(int64_t n)
{
    struct board *b = find_board();

    while (b && n == 0 && atomic_load(&b->finished) < MANY - 1)
        sleep_ms(1);
    if (b && n)
        atomic_fetch_add(&b->finished, 1);
    return b ? n : -1;
}

/* Leaves a process behind, which has all that the child had.  Task -N gives no
 * answer, and leaves with exit code N - 1. */
static int64_t leave_one_behind(int64_t n)
{
    if (fork() == 0) {
        alarm(2 * CHECK_SECONDS);
        pause();
        _exit(0);
    }
    if (n < 0)
        _exit((int)-n - 1);
    return n;
}

static int64_t stay(int64_t n)
{
    alarm(2 * CHECK_SECONDS);
    pause();
    return n;
}

const struct job jobs[] = {{"square", square},
                           {"what_is_here", what_is_here},
                           {"die", die},
                           {"crowd", crowd},
                           {"slow_first", slow_first},
                           {"leave_one_behind", leave_one_behind},
                           {"stay", stay},
                           {NULL, NULL}};

#endif
