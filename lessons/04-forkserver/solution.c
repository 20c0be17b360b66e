/* SPDX-License-Identifier: MIT */
/*
 * solution.c - lesson 04: a fork server of one's own.
 *
 * SIGCHLD is blocked and comes through a descriptor, so that one poll waits for
 * requests and for deaths, and no handler interrupts anything.  One signal may
 * stand for many deaths: all are looked for.
 */
#include "zygote.h"

#include "common/fds.h"
#include "common/io.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

struct worker {
    pid_t pid;
    uint32_t id;
    struct worker *next;
};

struct zygote {
    int socket, deaths;
    sigset_t mask; /* the caller's */
    struct worker *workers;
};

static void reply(const struct zygote *z, uint32_t id, int kind, int value)
{
    struct zygote_reply r = {id, kind, value};
    struct iovec piece = {&r, sizeof r};

    fds_send(z->socket, &piece, 1, NULL, 0); /* a client that is gone: later */
}

/* --- deaths --- */

static void note_end(struct zygote *z, const siginfo_t *info)
{
    struct worker **at = &z->workers, *w;

    while (*at && (*at)->pid != info->si_pid)
        at = &(*at)->next;
    w = *at;
    if (w) {
        reply(z, w->id, ZYGOTE_ENDED,
              info->si_code == CLD_EXITED ? info->si_status : -info->si_status);
        *at = w->next;
        free(w);
    }
    waitpid(info->si_pid, NULL, 0); /* only now may the pid be another's */
}

static void note_ends(struct zygote *z)
{
    struct signalfd_siginfo unused;
    siginfo_t info;

    read_some(z->deaths, &unused, sizeof unused);
    for (;;) {
        info.si_pid = 0;
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
            info.si_pid == 0)
            return;
        note_end(z, &info);
    }
}

/* --- requests --- */

static const struct job *find(const char *name)
{
    for (const struct job *j = jobs; j->name; j++)
        if (strcmp(j->name, name) == 0)
            return j;
    return NULL;
}

static void start(struct zygote *z, const struct zygote_request *r, int fd)
{
    const struct job *job = find(r->job);
    struct worker *w = job ? malloc(sizeof *w) : NULL;
    pid_t pid = w ? fork() : -1;

    if (pid == 0) {
        close(z->socket);
        close(z->deaths);
        sigprocmask(SIG_SETMASK, &z->mask, NULL);
        _exit(job->run(fd));
    }
    if (pid < 0) {
        free(w);
        reply(z, r->id, ZYGOTE_REFUSED, job ? -EAGAIN : -ENOENT);
        return;
    }
    *w = (struct worker){pid, r->id, z->workers};
    z->workers = w;
    reply(z, r->id, ZYGOTE_STARTED, pid);
}

/* 1: served or refused; 0: the client has closed; or -errno. */
static int take_request(struct zygote *z)
{
    struct zygote_request r;
    int fd = -1;
    size_t count = 1;
    ssize_t n = fds_receive(z->socket, &r, sizeof r, &fd, &count);

    if (n == 0 || n == -ECONNRESET)
        return 0;
    if (n < 0 && n != -EMSGSIZE && n != -EMFILE)
        return (int)n;
    if (n == sizeof r && memchr(r.job, '\0', sizeof r.job))
        start(z, &r, count ? fd : -1);
    else
        reply(z, 0, ZYGOTE_REFUSED, n < 0 ? (int)n : -EBADMSG);
    if (n > 0 && count)
        fd_close(&fd);
    return 1;
}

int zygote_serve(int socket)
{
    struct zygote z = {.socket = socket};
    struct pollfd ends[2];
    sigset_t child;
    int more = 1;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, &z.mask);
    z.deaths = signalfd(-1, &child, SFD_CLOEXEC);
    if (z.deaths < 0)
        more = -errno;
    while (more > 0) {
        ends[0] = (struct pollfd){socket, POLLIN, 0};
        ends[1] = (struct pollfd){z.deaths, POLLIN, 0};
        if (poll(ends, 2, -1) < 0)
            more = errno == EINTR ? 1 : -errno;
        else if (ends[1].revents)
            note_ends(&z);
        else if (ends[0].revents)
            more = take_request(&z);
    }
    while (z.workers) {
        struct worker *next = z.workers->next;

        free(z.workers);
        z.workers = next;
    }
    fd_close(&z.deaths);
    sigprocmask(SIG_SETMASK, &z.mask, NULL);
    return more;
}
