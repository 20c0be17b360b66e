/* SPDX-License-Identifier: MIT */
/* wait.c - waiting for whichever of several is ready first. */
#include "pipe/pipe.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

enum { FEW = 16 };

/* Fill in what to poll; returns how many are ready as they are, or -EBADF. */
static int prepare(struct waitable *list, size_t n, struct pollfd *polled)
{
    int ready = 0;

    for (size_t i = 0; i < n; i++) {
        const struct connection *c = list[i].connection;

        if (c && !c->readable)
            return -EBADF;
        polled[i] = (struct pollfd){c ? c->fd : list[i].fd, POLLIN, 0};
        if (polled[i].fd < 0)
            return -EBADF;
        list[i].ready = c && connection_is_ahead(c);
        ready += list[i].ready;
    }
    return ready;
}

/* Mark what the kernel found; returns how many are ready now, or -EBADF. */
static int collect(struct waitable *list, size_t n, const struct pollfd *polled)
{
    int ready = 0;

    for (size_t i = 0; i < n; i++) {
        if (polled[i].revents & POLLNVAL)
            return -EBADF;
        if (polled[i].revents)
            list[i].ready = true;
        ready += list[i].ready;
    }
    return ready;
}

int wait_ready(struct waitable *list, size_t n, int64_t timeout)
{
    struct pollfd few[FEW], *polled = few;
    struct timespec left;
    int64_t deadline;
    int ready, found;

    if (n > FEW && !(polled = calloc(n, sizeof *polled)))
        return -ENOMEM;
    ready = prepare(list, n, polled);
    if (ready < 0)
        goto out;
    deadline = ready || timeout <= 0   ? 0
               : timeout == NO_TIMEOUT ? NO_TIMEOUT
                                       : clock_deadline(timeout);
    do
        found = ppoll(polled, n, clock_left(deadline, &left), NULL);
    while (found < 0 && errno == EINTR);
    ready = found < 0 ? -errno : collect(list, n, polled);
out:
    if (polled != few)
        free(polled);
    return ready;
}
