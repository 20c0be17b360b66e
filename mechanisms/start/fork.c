/* SPDX-License-Identifier: MIT */
/*
 * fork.c - the fork start method (CPython popen_fork.py, Popen._launch).
 *
 * A pipe says whether the child lives.  Nobody writes into it: its read end is
 * the sentinel, ready at the end of the file, when the kernel has closed the
 * write end for the child, and for whoever inherited that from it.
 *
 * CPython has a second pipe, by which a child knows whether its parent lives.
 * Here the child asks the kernel (process_parent_join), so that a start costs
 * two descriptors less, and no sibling can hold that pipe open.
 */
#include "start/child.h"

#include "common/io.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The child is ours and not reaped: its pid cannot be another's. */
static int open_pidfd(pid_t pid)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);

    return fd < 0 ? -errno : fd;
}

int fork_start(struct process *p, struct child *c)
{
    int ended[2] = {-1, -1};
    pid_t parent = getpid(), pid;
    int error = p->sentinel_kind == SENTINEL_PIPE ? fd_pipe(ended) : 0;

    if (error)
        return error;
    /* region: fork */
    flush_standard_streams();
    pid = fork();
    if (pid == 0) {
        /* ended[1] stays open as long as this process and what it forks. */
        fd_close(&ended[0]);
        child_main(p, parent);
    }
    /* end: fork */
    error = pid < 0 ? -errno : 0;
    if (!error && p->sentinel_kind == SENTINEL_PIDFD) {
        ended[0] = open_pidfd(pid);
        error = ended[0] < 0 ? ended[0] : 0;
    }
    fd_close(&ended[1]);
    c->pid = pid;
    c->sentinel = ended[0];
    return error;
}
