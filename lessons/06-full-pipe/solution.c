/* SPDX-License-Identifier: MIT */
/*
 * solution.c - lesson 06: two sides send to each other, and never wait in a
 * circle.
 *
 * There is one place to sleep, poll, and it waits for whatever is left to do.
 * No read and no write after it may sleep, whether the ends are blocking or
 * not: a read gives what is there; a socket is sent to with MSG_DONTWAIT; and
 * a pipe that is writable takes PIPE_BUF bytes.
 */
#include "exchange.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* What a call that failed means: how much it moved (nothing), or -errno. */
static ssize_t failed(int error)
{
    if (error == EINTR || error == EAGAIN)
        return 0;
    return error == ECONNRESET ? -EPIPE : -error;
}

/* Send some of n bytes, and never wait: how many, or -errno. */
static ssize_t give(int out, const void *data, size_t n)
{
    ssize_t put = send(out, data, n, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (put < 0 && errno == ENOTSOCK)
        put = write(out, data, n < PIPE_BUF ? n : PIPE_BUF);
    return put < 0 ? failed(errno) : put;
}

/* Receive some of n bytes, of which one at least is there: how many, -errno. */
static ssize_t take(int in, void *data, size_t n)
{
    ssize_t got = read(in, data, n);

    if (got == 0)
        return -EPIPE;
    return got < 0 ? failed(errno) : got;
}

int exchange(int in, int out, const void *outgoing, size_t n, void *incoming,
             size_t m)
{
    size_t sent = 0, received = 0;

    while (sent < n || received < m) {
        /* An end that is done with is not asked for: it may be closed, and
           poll would say so again and again. */
        struct pollfd ends[2] = {{received < m ? in : -1, POLLIN, 0},
                                 {sent < n ? out : -1, POLLOUT, 0}};
        ssize_t got = 0, put = 0;

        if (poll(ends, 2, -1) < 0) {
            if (errno != EINTR)
                return -errno;
            continue;
        }
        if (ends[0].revents)
            got = take(in, (char *)incoming + received, m - received);
        if (got >= 0 && ends[1].revents)
            put = give(out, (const char *)outgoing + sent, n - sent);
        if (got < 0 || put < 0)
            return (int)(got < 0 ? got : put);
        received += (size_t)got;
        sent += (size_t)put;
    }
    return 0;
}
