/* SPDX-License-Identifier: MIT */
/*
 * inherit_state.c - what the parent sets before the fork server starts, and
 * changes afterwards.
 */
#include "inherit.h"

#include "common/io.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* What makes the parent large: many times what any child has of itself. */
#define BALLAST (size_t)(64 << 20)

int inherit_prepare(void)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGUSR1, SIG_DFL);
    signal(SIGUSR2, SIG_DFL);
    umask(022);
    if (setenv("IPCLAB_EARLY", "as it was", 1) < 0 ||
        setenv("IPCLAB_LATE", "as it was", 1) < 0 || chdir("/") < 0)
        return -errno;
    return 0;
}

static void do_nothing(int number)
{
    (void)number;
}

static int change_signals(void)
{
    sigset_t mask;

    sigemptyset(&mask);
    sigaddset(&mask, SIGURG);
    pthread_sigmask(SIG_BLOCK, &mask, NULL);
    if (signal(SIGUSR1, do_nothing) == SIG_ERR ||
        signal(SIGUSR2, SIG_IGN) == SIG_ERR)
        return -errno;
    return 0;
}

/* Of the processors that it may use the first. */
static int change_affinity(void)
{
    cpu_set_t all, one;
    size_t first = 0;

    if (sched_getaffinity(0, sizeof all, &all) < 0)
        return -errno;
    while (first + 1 < CPU_SETSIZE && !CPU_ISSET(first, &all))
        first++;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    return sched_setaffinity(0, sizeof one, &one) < 0 ? -errno : 0;
}

/* What other programs also see of it. */
static int change_standing(void)
{
    struct rlimit limit;
    int error = change_affinity();

    if (error)
        return error;
    errno = 0;
    if (nice(1) == -1 && errno)
        return -errno;
    if (setsid() < 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return -errno;
    limit.rlim_cur--;
    return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? -errno : 0;
}

/* There is something to read, and nothing more to come. */
static int change_input(void)
{
    int ends[2], error = fd_pipe(ends);

    if (error)
        return error;
    error = write_full(ends[1], "a line", 6);
    if (!error && dup2(ends[0], STDIN_FILENO) < 0)
        error = -errno;
    close(ends[0]);
    close(ends[1]);
    return error;
}

static void *sleep_for_ever(void *unused)
{
    while (pause() < 0) /* always */
        ;
    return unused;
}

static int change_threads(void)
{
    int error = inherit_hold_lock(); /* it is a thread, too */
    pthread_t thread;

    for (int i = 1; i < THREADS && !error; i++)
        error = -pthread_create(&thread, NULL, sleep_for_ever, NULL);
    return error;
}

static int change_memory(void)
{
    void *ballast = mmap(NULL, BALLAST, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (ballast == MAP_FAILED)
        return -errno;
    memset(ballast, 1, BALLAST);
    return inherit_write_words(BY_PARENT);
}

int inherit_change(void)
{
    int error = change_signals();

    umask(027);
    if (!error &&
        (setenv("IPCLAB_LATE", "as it is", 1) < 0 || chdir("/dev") < 0))
        error = -errno;
    if (!error)
        error = change_standing();
    if (!error)
        error = change_input();
    if (!error)
        error = change_memory();
    return error ? error : change_threads();
}
