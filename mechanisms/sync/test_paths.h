/* SPDX-License-Identifier: MIT */
/*
 * test_paths.h - how a child comes to its n-th instruction without n steps.
 *
 * A step costs as much as ten system calls, and to stop after each of n
 * instructions in turn takes n * n / 2 of them.  So the first child that goes
 * a path is followed, and where it has been is kept; the others run to where
 * the path comes for the first time, into a trap, and are stepped from there.
 *
 * Traps are set in this program alone: what the clock does is not always the
 * same.
 */
#ifndef IPCLAB_TEST_PATHS_H
#define IPCLAB_TEST_PATHS_H

#include "sync/test_stepping.h"

#include <sys/user.h>

extern const char __executable_start[], etext[]; /* ld(1) knows them */

struct path {
    int n;                        /* instructions of it */
    uint64_t at[STEPS_MOST];      /* where it is after so many, or 0 */
    bool comes_first[STEPS_MOST]; /* of this program, and not been at before */
};

/* The address of the next instruction, or 0. */
static inline uint64_t stepping_at(pid_t pid)
{
    char path[64], text[256] = "";
    const char *last;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/syscall", pid);
    file = fopen(path, "re");
    if (!file)
        return 0;
    last = fgets(text, sizeof text, file) ? strrchr(text, ' ') : NULL;
    fclose(file);
    return last ? strtoull(last + 1, NULL, 16) : 0;
}

/* It is at the next instruction of the path. */
static inline void path_add(struct path *p, pid_t pid)
{
    assert_true(p->n < STEPS_MOST);
    p->at[p->n] = stepping_at(pid);
    p->comes_first[p->n] = p->at[p->n] >= (uintptr_t)__executable_start &&
                           p->at[p->n] < (uintptr_t)etext;
    for (int i = 0; i < p->n; i++)
        if (p->at[i] == p->at[p->n])
            p->comes_first[p->n] = false;
    p->n++;
}

/* After each instruction; with a sanitizer, whose are most of them and whose
 * processes are slow to begin, after some. */
static inline int path_stride(const struct path *p)
{
    return EVERY == 1 ? 1 : p->n / 50 + 1;
}

#if defined __x86_64__
enum { TRAP = 0xcc, TRAP_MASK = 0xff };
#elif defined __aarch64__
enum { TRAP = 0xd4200000, TRAP_MASK = 0xffffffff };
#else
enum { TRAP = 0, TRAP_MASK = 0 }; /* all of it is stepped */
#endif

/* The processor may be behind the trap. */
static inline void path_go_back(pid_t pid, uint64_t at)
{
#if defined __x86_64__
    assert_int_equal(ptrace(PTRACE_POKEUSER, pid,
                            offsetof(struct user_regs_struct, rip), at),
                     0);
#else
    (void)pid;
    (void)at;
#endif
}

/* Run into a trap there; false: none could be set. */
static inline bool path_run(pid_t pid, uint64_t at)
{
    int status;
    long was;

    errno = 0;
    was = ptrace(PTRACE_PEEKTEXT, pid, at, NULL);
    if (errno || !TRAP ||
        ptrace(PTRACE_POKETEXT, pid, at, (was & ~(long)TRAP_MASK) | TRAP) < 0)
        return false;
    assert_int_equal(ptrace(PTRACE_CONT, pid, NULL, NULL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
    assert_int_equal(ptrace(PTRACE_POKETEXT, pid, at, was), 0);
    path_go_back(pid, at);
    return true;
}

/* After `from` of its instructions, run as far as a trap can bring it, at most
 * to the n-th: how many it has done then. */
static inline int path_follow(const struct path *p, pid_t pid, int from, int n)
{
    for (int i = n < p->n ? n : p->n - 1; i > from; i--)
        if (p->comes_first[i] && path_run(pid, p->at[i]))
            return i;
    return from;
}

#endif
