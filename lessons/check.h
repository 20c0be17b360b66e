/* SPDX-License-Identifier: MIT */
/*
 * check.h - what the lessons' checks share.
 *
 * scripts/grade runs each test in a process of its own under the hazard
 * supervisor; `alarm` in the set-up ends a test that waits for ever, so that
 * the score comes soon.  A check says what to think about, and not the answer.
 */
#ifndef IPCLAB_LESSON_CHECK_H
#define IPCLAB_LESSON_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHECK_SECONDS = 10 };

/* Fail, and say what is worth a thought. */
static inline void expect(bool fine, const char *hint)
{
    if (fine)
        return;
    print_message("think about %s\n", hint);
    fail();
}

/* Nothing is graded before the exercise has been begun: -ENOSYS. */
static inline void expect_begun(int64_t result)
{
    expect(result != -ENOSYS, "where to begin: exercise.c still returns "
                              "-ENOSYS");
}

/* How many descriptors this process has open. */
static inline size_t open_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    const struct dirent *entry;
    size_t count = 0;

    while (dir && (entry = readdir(dir)))
        count += entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(dir);
    if (dir)
        closedir(dir);
    return count;
}

/* Is any child left, running or a zombie? */
static inline bool has_children(void)
{
    siginfo_t unused;

    return waitid(P_ALL, 0, &unused, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* The time is over: say so with what a handler may call, and end of it. */
static inline void check_time_is_over(int number)
{
    static const char hint[] =
        "think about what is waited for here, and who could give it\n";

    (void)!write(STDOUT_FILENO, hint, sizeof hint - 1);
    signal(number, SIG_DFL);
    raise(number);
}

static inline int check_begin(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGALRM, check_time_is_over);
    alarm(CHECK_SECONDS);
    return 0;
}

static inline int check_end(void **state)
{
    (void)state;
    alarm(0);
    return 0;
}

/* A test between the two. */
#define CHECK(test)                                                            \
    cmocka_unit_test_setup_teardown(test, check_begin, check_end)

#endif
