/* SPDX-License-Identifier: MIT */
/*
 * image.c - a fresh process: an exec of a program with nothing but what it is
 * handed.
 *
 * The child of clone(2) with CLONE_VM and CLONE_VFORK has no memory of its own
 * until it execs, and the parent sleeps as long: no page table is copied, so
 * the cost does not depend on the parent's size.  It also must not disturb
 * anything.  It runs on a stack of its own, calls nothing but the kernel, and
 * has every signal blocked, since a handler of the parent's that ran in it
 * would write into the parent's memory.
 *
 * File-scope state and its fork story: the path is set by the program, and a
 * forked child has its parent's.
 */
#include "start/image.h"

#include "common/io.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *executable;

int process_set_executable(const char *path)
{
    if (path && access(path, X_OK) < 0)
        return -errno;
    executable = path;
    return 0;
}

const char *image_path(void)
{
    return executable ? executable : "/proc/self/exe";
}

/* What the child needs to know, on the stack of its sleeping parent. */
struct launch {
    const char *path;
    char *const *argv;
    const int *fds;
    size_t n;
    int error; /* what the child could not do */
};

/* region: image-child */
/*
 * In the child, in the parent's memory.  All descriptors are marked to be
 * closed by the exec, and then those that are wanted are not: one system call
 * however many there are, where closing each would be one for each.
 */
__attribute__((no_sanitize("address", "thread", "undefined"))) static int
become(void *argument)
{
    struct launch *l = argument;

    /* region: image-exec */
    if (syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) ==
        0) {
        for (size_t i = 0; i < l->n; i++)
            syscall(SYS_fcntl, l->fds[i], F_SETFD, 0);
        syscall(SYS_execve, l->path, l->argv, environ);
    }
    l->error = errno;
    syscall(SYS_exit_group, 127);
    /* end: image-exec */
    return 127;
}
/* end: image-child */

int image_run(const char *path, char *const argv[], const int *fds, size_t n,
              pid_t *pid, int *pidfd)
{
    _Alignas(16) char stack[16384];
    struct launch launch = {path, argv, fds, n, 0};
    int flags = CLONE_VM | CLONE_VFORK | SIGCHLD, error = 0;
    sigset_t all, before;

    /* region: image-run */
    if (pidfd)
        flags |= CLONE_PIDFD;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    *pid = clone(become, stack + sizeof stack, flags, &launch, pidfd);
    if (*pid < 0)
        error = -errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    /* end: image-run */
    if (error || !launch.error)
        return error;
    while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
        ;
    *pid = 0; /* it may be somebody else's now */
    if (pidfd)
        fd_close(pidfd);
    return -launch.error;
}

void image_keep_from_exec(void)
{
    syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
}

void image_argument(char *text, size_t size, const char *name, int64_t value)
{
    snprintf(text, size, "%s=%lld", name, (long long)value);
}

const char *image_option_text(char **argv, const char *name)
{
    size_t n = strlen(name);

    for (; *argv; argv++)
        if (strncmp(*argv, name, n) == 0 && (*argv)[n] == '=')
            return *argv + n + 1;
    return NULL;
}

int64_t image_option(char **argv, const char *name)
{
    const char *text = image_option_text(argv, name);

    return text ? strtoll(text, NULL, 10) : -1;
}

/* The kernel's set, which has 64 signals; glibc's is larger. */
uint64_t image_mask(void)
{
    uint64_t mask = 0;

    syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &mask, sizeof mask);
    return mask;
}

void image_set_mask(uint64_t mask)
{
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof mask);
}
