/* SPDX-License-Identifier: MIT */
/*
 * supervisor.c - the caller's side: a guard is started, and waited for.
 * What the guard does is in guard.c.
 */
#include "supervisor.h"

#include "common/io.h"
#include "evidence.h"
#include "guard.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* The signals that end a run; blocked, and read from a descriptor. */
static int hold_signals(sigset_t *before)
{
    sigset_t wanted;

    sigemptyset(&wanted);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGHUP);
    sigprocmask(SIG_BLOCK, &wanted, before);
    return signalfd(-1, &wanted, SFD_CLOEXEC);
}

/* Wait for the guard's end or a signal of ours: that signal, or 0. */
static int wait_or_signal(int life, int signals)
{
    struct pollfd watched[2] = {{life, POLLIN, 0}, {signals, POLLIN, 0}};
    struct signalfd_siginfo info;

    while (poll(watched, 2, -1) < 0 && errno == EINTR)
        ;
    if (watched[0].revents ||
        read_full(signals, &info, sizeof info) != sizeof info)
        return 0;
    return (int)info.ssi_signo;
}

static int reap_guard(pid_t guard)
{
    int status = 0;

    while (waitpid(guard, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

/* Start the guard; its pid, or -errno.  *life becomes our end of the line. */
static pid_t start_guard(const struct watch *watch, struct shared *shared,
                         const sigset_t *mask, int *life)
{
    int ends[2];
    pid_t guard;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    fflush(NULL); /* or the program prints our lines once more */
    guard = fork();
    if (guard == 0) {
        close(ends[0]);
        guard_main(watch, shared, ends[1], mask);
    }
    if (guard < 0)
        guard = -errno;
    close(ends[1]);
    *life = ends[0];
    return guard;
}

/*
 * Watch over the guard until it has ended.  If it was killed, what it watched
 * is now ours, as long as we are the next to adopt.
 */
static int watch_guard(pid_t guard, struct ended *shared, int *life,
                       int signals, const struct pids *spare)
{
    int number = wait_or_signal(*life, signals);
    int status, left;

    fd_close(life); /* a signal of ours: the guard ends the tree */
    status = reap_guard(guard);
    if (WIFSIGNALED(status)) {
        left = end_descendants(spare);
        shared->how = GUARD_WAS_KILLED;
        shared->left = left < 0 ? 0 : (unsigned)left;
        shared->stuck = left < 0;
    } else if (WEXITSTATUS(status) != 0) {
        return -WEXITSTATUS(status);
    }
    if (number) {
        shared->how = INTERRUPTED;
        shared->status = number;
    }
    return 0;
}

static int run_guard(const struct watch *watch, struct shared *shared,
                     const struct pids *spare)
{
    sigset_t before;
    int life = -1, signals = hold_signals(&before);
    int error = signals < 0 ? -errno : 0;
    pid_t guard;

    if (!error)
        error = folder_name(shared->folder, sizeof shared->folder);
    if (!error) {
        guard = start_guard(watch, shared, &before, &life);
        error = guard < 0
                    ? guard
                    : watch_guard(guard, &shared->ended, &life, signals, spare);
        folder_forget(shared->folder);
    }
    fd_close(&life);
    fd_close(&signals);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return error;
}

int supervise(const struct watch *watch, struct ended *ended)
{
    struct pids spare = {0};
    int adopts = 0, error;
    struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (shared == MAP_FAILED)
        return -errno;
    prctl(PR_GET_CHILD_SUBREAPER, &adopts);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    error = descendants(getpid(), &spare, SIZE_MAX);
    if (!error)
        error = run_guard(watch, shared, &spare);
    *ended = shared->ended;
    prctl(PR_SET_CHILD_SUBREAPER, adopts);
    pids_free(&spare);
    munmap(shared, sizeof *shared);
    return error;
}
