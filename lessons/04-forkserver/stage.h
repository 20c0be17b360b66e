/* SPDX-License-Identifier: MIT */
/*
 * stage.h - a zygote in a process of its own, the jobs that it is asked to run,
 * and what it does watched.
 *
 * The linker sends the zygote's writes here (`// wrap:` in check.c): at the
 * moment when it says that a child has ended, that child must still be there.
 */
#ifndef IPCLAB_STAGE_H
#define IPCLAB_STAGE_H

#include "../check.h"
#include "zygote.h"

#include "common/fds.h"
#include "common/io.h"

#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

enum { KEPT = 128, NOT_BEGUN = 99, NOT_AS_BEFORE = 98 };

/* What the processes of a test share. */
struct notes {
    pid_t zygote;
    int socket;         /* the zygote's */
    size_t descriptors; /* before it served */
    pid_t pids[KEPT];   /* by id */
    bool reaped_before; /* an end was told that nobody could act upon */
    bool told;
};

static struct notes *notes;
static int client = -1;
static pid_t zygote; /* until it is reaped */

/* --- what a zygote says --- */

static inline void watch_reply(int fd, const struct iovec *pieces, size_t count)
{
    struct zygote_reply r;

    if (!notes || getpid() != notes->zygote || fd != notes->socket ||
        count != 1 || pieces->iov_len != sizeof r)
        return;
    memcpy(&r, pieces->iov_base, sizeof r);
    if (r.id >= KEPT || r.kind == ZYGOTE_REFUSED)
        return;
    if (r.kind == ZYGOTE_STARTED)
        notes->pids[r.id] = r.value;
    else if (notes->pids[r.id] && kill(notes->pids[r.id], 0) < 0)
        notes->reaped_before = true;
    notes->told |= r.kind == ZYGOTE_ENDED;
}

ssize_t __real_write(int fd, const void *buffer, size_t n);
ssize_t __real_send(int fd, const void *buffer, size_t n, int flags);
ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_write(int fd, const void *buffer, size_t n);
ssize_t __wrap_send(int fd, const void *buffer, size_t n, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);

ssize_t __wrap_write(int fd, const void *buffer, size_t n)
{
    watch_reply(fd, &(struct iovec){(void *)buffer, n}, 1);
    return __real_write(fd, buffer, n);
}

ssize_t __wrap_send(int fd, const void *buffer, size_t n, int flags)
{
    watch_reply(fd, &(struct iovec){(void *)buffer, n}, 1);
    return __real_send(fd, buffer, n, flags);
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
    watch_reply(fd, message->msg_iov, message->msg_iovlen);
    return __real_sendmsg(fd, message, flags);
}

/* --- jobs --- */

static inline int zero(int fd)
{
    (void)fd;
    return 0;
}

static inline int seven(int fd)
{
    (void)fd;
    return 7;
}

static inline int kill_itself(int fd)
{
    (void)fd;
    raise(SIGKILL);
    return 0;
}

/* Ends when a byte comes, or nobody can send one any more. */
static inline int wait_for_byte(int fd)
{
    char byte;

    return read_some(fd, &byte, 1) < 0;
}

/* Sends back the byte that came. */
static inline int echo(int fd)
{
    char byte;

    return read_some(fd, &byte, 1) != 1 || write_full(fd, &byte, 1) != 0;
}

/* What a child finds in itself. */
struct found {
    pid_t pid, parent;
    size_t descriptors;
    bool blocked, ignored;
};

static inline int look(int fd)
{
    struct found f = {.pid = getpid(), .parent = getppid()};
    struct sigaction action;
    sigset_t mask;

    sigprocmask(SIG_SETMASK, NULL, &mask);
    for (int number = 1; number < 32; number++)
        f.blocked |= sigismember(&mask, number) == 1;
    sigaction(SIGCHLD, NULL, &action);
    f.ignored = action.sa_handler == SIG_IGN;
    f.descriptors = open_descriptors();
    return write_full(fd, &f, sizeof f) != 0;
}

const struct job jobs[] = {{"zero", zero},
                           {"seven", seven},
                           {"kill itself", kill_itself},
                           {"wait for a byte", wait_for_byte},
                           {"echo", echo},
                           {"look", look},
                           {NULL, NULL}};

/* --- the zygote's process --- */

static inline _Noreturn void be_zygote(int socket)
{
    sigset_t before, after;
    int error;

    signal(SIGALRM, SIG_DFL);
    alarm(2 * CHECK_SECONDS);
    notes->zygote = getpid();
    notes->socket = socket;
    notes->descriptors = open_descriptors();
    sigprocmask(SIG_SETMASK, NULL, &before);
    error = zygote_serve(socket);
    sigprocmask(SIG_SETMASK, NULL, &after);
    if (error == -ENOSYS)
        _exit(NOT_BEGUN);
    if (open_descriptors() != notes->descriptors)
        _exit(NOT_AS_BEFORE);
    for (int number = 1; number < 32; number++)
        if (sigismember(&before, number) != sigismember(&after, number))
            _exit(NOT_AS_BEFORE);
    _exit(error ? 1 : 0);
}

static inline int begin_zygote(void **state)
{
    int ends[2];
    pid_t pid;

    check_begin(state);
    notes = mmap(NULL, sizeof *notes, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (notes == MAP_FAILED ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -1;
    pid = fork();
    if (pid == 0) {
        close(ends[0]);
        be_zygote(ends[1]);
    }
    close(ends[1]);
    client = ends[0];
    zygote = notes->zygote = pid;
    return pid < 0 ? -1 : 0;
}

/* How its process ended; -N: by signal N. */
static inline int zygote_status(void)
{
    int status = 0;

    while (waitpid(zygote, &status, 0) < 0 && errno == EINTR)
        ;
    zygote = 0;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* --- the client --- */

static inline void send_bytes(const void *bytes, size_t n, const int *fds,
                              size_t count)
{
    struct iovec piece = {(void *)bytes, n};

    fds_send(client, &piece, 1, fds, count); /* who is gone does not answer */
}

/* Ask for a job; fd is -1, or goes with the request and is closed here. */
static inline void ask(uint32_t id, const char *job, int *fd)
{
    struct zygote_request r = {.id = id};

    strncpy(r.job, job, sizeof r.job - 1);
    send_bytes(&r, sizeof r, fd, fd ? 1 : 0);
    if (fd)
        fd_close(fd);
}

/* The next reply must be this, of whatever value; returns that. */
static inline int get(uint32_t id, int kind, const char *hint)
{
    struct zygote_reply r = {0};
    ssize_t n = recv(client, &r, sizeof r, 0);

    if (n <= 0)
        expect_begun(zygote_status() == NOT_BEGUN ? -ENOSYS : 0);
    expect(n > 0, "what ends a zygote, and what does not");
    expect(n == sizeof r && r.id == id && r.kind == kind, hint);
    return r.value;
}

#endif
