/* SPDX-License-Identifier: MIT */
/*
 * test_stepping.h - a child that does one instruction at a time, by ptrace(2).
 *
 * No storm finds every moment; this has them all.
 */
#ifndef IPCLAB_TEST_STEPPING_H
#define IPCLAB_TEST_STEPPING_H

#include "sync/test_sharing.h"

#include <sys/ptrace.h>

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

/* After each of them; what a sanitizer adds is many more of its own. */
#ifdef __SANITIZE_ADDRESS__
enum { EVERY = 5 };
#else
enum { EVERY = 1 };
#endif

/* More instructions than that are a loop. */
enum { STEPS_MOST = 10000 };

/* In the child: the steps begin here.  False: ptrace is denied. */
static inline bool stepping_begins(void)
{
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
        return false;
    kill(getpid(), SIGSTOP);
    return true;
}

/* In the child: they end here. */
static inline void stepping_ends(void)
{
    kill(getpid(), SIGSTOP);
}

/* A child of f that has come to where the steps begin, or has ended in vain. */
static inline bool stepping_starts(int (*f)(void *), void *argument, pid_t *pid)
{
    int status = -1;

    *pid = test_fork(f, argument);
    assert_int_equal(waitpid(*pid, &status, WUNTRACED), *pid);
    if (!WIFSTOPPED(status))
        return false;
    ptrace(PTRACE_SETOPTIONS, *pid, NULL, PTRACE_O_EXITKILL); /* with us */
    return true;
}

static inline pid_t stepping_fork(int (*f)(void *), void *argument)
{
    pid_t pid;

    assert_true(stepping_starts(f, argument, &pid));
    return pid;
}

static inline int stepping_tries(void *unused)
{
    (void)unused;
    return stepping_begins() ? 0 : 1;
}

/* Where ptrace is denied a test is skipped, before it has opened anything. */
static inline void stepping_needed(void)
{
    pid_t pid;

    if (stepping_starts(stepping_tries, NULL, &pid)) {
        test_kill(pid);
        return;
    }
    print_message("ptrace is denied\n");
    skip();
}

/* What a step has come to. */
enum stepped { STEPPED, ASLEEP, STOPPED };

/* Until it has stopped: false when it sleeps on the word instead. */
static inline bool stepping_stops(pid_t pid, const volatile void *word,
                                  int *status)
{
    struct timespec moment = {0, 1000000};
    bool stopped, asleep = false;
    sigset_t ended, before;

    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    sigprocmask(SIG_BLOCK, &ended, &before);
    for (;;) {
        stopped = waitpid(pid, status, WNOHANG) == pid;
        if (stopped || asleep)
            break;
        asleep = sigtimedwait(&ended, NULL, &moment) < 0 &&
                 test_is_asleep(pid, word);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return stopped;
}

/*
 * One instruction.  STOPPED: it has sent itself a signal instead.  ASLEEP: it
 * sleeps on the word, if one is given, within the instruction that calls the
 * kernel; stepping_wakes is for when it has been woken.
 */
static inline enum stepped stepping_step(pid_t pid, const volatile void *word)
{
    int status;

    assert_int_equal(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
    if (!word)
        assert_int_equal(waitpid(pid, &status, 0), pid);
    else if (!stepping_stops(pid, word, &status))
        return ASLEEP;
    assert_true(WIFSTOPPED(status));
    return WSTOPSIG(status) == SIGTRAP ? STEPPED : STOPPED;
}

static inline void stepping_wakes(pid_t pid)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSTOPPED(status));
}

/* It goes on until it sleeps on the word; the steps begin again within the
 * instruction in which it does. */
static inline void stepping_lets_sleep(pid_t pid, const volatile void *word)
{
    int status;

    assert_int_equal(ptrace(PTRACE_CONT, pid, NULL, NULL), 0);
    assert_true(test_sleeps(pid, word));
    kill(pid, SIGSTOP);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSTOPPED(status));
    while (stepping_step(pid, word) == STEPPED) /* the call is made again */
        ;
}

/* It goes on by itself, to its end. */
static inline void stepping_detach(pid_t pid)
{
    assert_int_equal(ptrace(PTRACE_DETACH, pid, NULL, NULL), 0);
}

#endif
