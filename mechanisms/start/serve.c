/* SPDX-License-Identifier: MIT */
/*
 * serve.c - the fork server serves a request: it forks, and the child becomes
 * what its client asked for.
 *
 * What the child need not do is done before the fork, where it costs no page.
 */
#include "start/server.h"

#include "common/io.h"
#include "common/tracker.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void drop_all_but(int pidfd)
{
    close(serving.listener.fd);
    close(serving.alive.fd);
    close(serving.signals.fd);
    close(serving.poll);
    for (const struct visitor *v = serving.visitors; v; v = v->next) {
        close(v->watched.fd);
        if (v->pidfd >= 0 && v->pidfd != pidfd)
            close(v->pidfd);
    }
    for (const struct worker *w = serving.workers; w; w = w->next)
        close(w->status);
}

/* What is in the message, if it is whole and of our build, or NULL. */
static const struct preparation *read_request(size_t n, size_t count)
{
    const struct preparation *fixed =
        (const struct preparation *)serving.packet;
    size_t here = sizeof *fixed;

    if (n < sizeof *fixed || fixed->size != sizeof *fixed || fixed->fd_count ||
        count < SERVED_FDS)
        return NULL;
    here += preparation_more(fixed) - (fixed->aside ? fixed->length : 0);
    return n == here &&
                   preparation_target(fixed, serving.packet + sizeof *fixed)
               ? fixed
               : NULL;
}

/* The parcel's bytes from the file beside the message. */
static void *read_aside(const struct preparation *fixed)
{
    void *bytes = mmap(NULL, fixed->length, PROT_READ | PROT_WRITE, MAP_PRIVATE,
                       serving.fds[SERVED_BYTES], 0);

    return bytes == MAP_FAILED ? NULL : bytes;
}

/* region: forkserver-child */
/* In the new child: of the server only what its client sent it to keep. */
static _Noreturn void become(const struct visitor *client,
                             const struct preparation *fixed,
                             const struct target *target, size_t count)
{
    char *more = serving.packet + sizeof *fixed;
    void *bytes = NULL;

    /* region: served-child */
    drop_all_but(client->pidfd);
    close(serving.fds[SERVED_STATUS]); /* the server alone writes there */
    if (fixed->aside) {
        bytes = read_aside(fixed);
        if (!bytes)
            _exit(1);
    }
    close(serving.fds[SERVED_BYTES]);
    forkserver_adopt(serving.fds[SERVED_ALIVE], serving.address, serving.key);
    tracker_adopt(serving.fds[SERVED_TRACKER]);
    self_take_parent_fd(client->pidfd);
    preparation_become(fixed, target, more, bytes, serving.fds + SERVED_FDS,
                       count - SERVED_FDS);
    /* end: served-child */
}
/* end: forkserver-child */

/* Remember whose end is to be told where.  NULL: no memory. */
static struct worker *new_worker(void)
{
    struct worker *w = serving.first_used ? malloc(sizeof *w) : &serving.first;

    serving.first_used |= w == &serving.first;
    return w;
}

void forget_worker(struct worker *w)
{
    struct worker **at = &serving.workers;

    while (*at && *at != w)
        at = &(*at)->next;
    if (*at)
        *at = w->next;
    if (w == &serving.first)
        serving.first_used = false;
    else
        free(w);
}

/* The pid of a new child, or -errno. */
static int64_t fork_one(const struct visitor *client,
                        const struct preparation *fixed, size_t count)
{
    const struct target *target =
        target_find(preparation_target(fixed, serving.packet + sizeof *fixed));
    struct worker *w = target ? new_worker() : NULL;
    int64_t pid;

    if (!w)
        return target ? -ENOMEM : -ENOENT;
    pid = fork();
    if (pid == 0)
        become(client, fixed, target, count);
    if (pid < 0) {
        pid = -errno;
        forget_worker(w);
        return pid;
    }
    *w = (struct worker){(pid_t)pid, serving.fds[SERVED_STATUS],
                         serving.workers};
    serving.workers = w;
    return pid;
}

/* Does the client still wait?  One that has given up is told nothing, and a
 * child of its would run for nobody. */
static bool is_awaited(int status)
{
    struct pollfd end = {status, 0, 0};

    return poll(&end, 1, 0) == 0;
}

/* Tell a client why there is no child of its; it sees its pipe end first. */
static void refuse(const struct visitor *client, int64_t reason)
{
    struct iovec piece = {&reason, sizeof reason};

    fds_send(client->watched.fd, &piece, 1, NULL, 0);
}

static void serve(const struct visitor *client, const struct preparation *fixed,
                  size_t count)
{
    int64_t pid = is_awaited(serving.fds[SERVED_STATUS])
                      ? fork_one(client, fixed, count)
                      : -ECANCELED;
    size_t first = pid > 0 ? SERVED_STATUS + 1 : SERVED_STATUS;

    if (pid > 0)
        write_full(serving.fds[SERVED_STATUS], &pid, sizeof pid);
    for (size_t i = first; i < count; i++)
        close(serving.fds[i]);
    if (pid < 0)
        refuse(client, pid);
}

void take_message(struct watched *w)
{
    struct visitor *client = (struct visitor *)w;
    const struct preparation *fixed = NULL;
    size_t count = FDS_MOST;
    ssize_t n = fds_receive(w->fd, serving.packet, sizeof serving.packet,
                            serving.fds, &count);

    if (n == -EMFILE) {
        refuse(client, n);
        return;
    }
    if (n > 0 && client->pidfd >= 0)
        fixed = read_request((size_t)n, count);
    if (fixed) {
        serve(client, fixed, count);
        return;
    }
    if (n == 1 && serving.packet[0] == HELLO && count == 1 &&
        client->pidfd < 0) {
        client->pidfd = serving.fds[0];
        return;
    }
    for (size_t i = 0; n > 0 && i < count; i++)
        close(serving.fds[i]);
    dismiss(client); /* it has ended, or it is not one of ours */
}
