/* SPDX-License-Identifier: MIT */
/*
 * client.c - who goes to an address, and what both sides make of a socket.
 */
#include "pipe/address.h"

#include "common/clock.h"
#include "common/io.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

/*
 * Small messages go at once: with Nagle's algorithm a second one would wait for
 * the other side's word that it has the first.
 */
static int set_no_delay(int fd)
{
    int family, yes = 1;
    socklen_t size = sizeof family;

    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size) < 0)
        return -errno;
    if (family == AF_INET &&
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) < 0)
        return -errno;
    return 0;
}

int connection_from_socket(struct connection *c, int fd)
{
    int error = fd < 0 ? fd : set_no_delay(fd);

    if (!error)
        error = connection_from_fd(c, fd);
    if (error)
        fd_close(&fd);
    return error;
}

/* --- connect --- */

/* How long connect(2) may wait; 0 would be for ever, so at least 1 us. */
static int set_patience(int fd, int64_t deadline)
{
    struct timeval longest = {0, 0};
    int64_t left;

    if (deadline != NO_TIMEOUT) {
        left = deadline - clock_now();
        left = left < 1000 ? 1 : (left - 1) / 1000 + 1;
        longest.tv_sec = (time_t)(left / 1000000);
        longest.tv_usec = (suseconds_t)(left % 1000000);
    }
    return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &longest, sizeof longest) < 0
               ? -errno
               : 0;
}

/*
 * A client of a port that is free may be given that very port as its own, and
 * then has connected to itself: nobody listens.
 */
static bool is_self(int fd)
{
    struct address own = {.size = sizeof own.at};
    struct address peer = {.size = sizeof peer.at};

    return getsockname(fd, &own.at.any, &own.size) == 0 &&
           getpeername(fd, &peer.at.any, &peer.size) == 0 &&
           address_is_port(&own) && address_is_port(&peer) &&
           own.at.port.sin_port == peer.at.port.sin_port &&
           own.at.port.sin_addr.s_addr == peer.at.port.sin_addr.s_addr;
}

/*
 * The socket blocks, for the time that is left: a name whose listener has a
 * full backlog cannot be waited for otherwise (a socket that does not block is
 * told EAGAIN, and poll knows nothing of it).  An interrupted call is made
 * again: to a port it goes on in the kernel, and the second one waits for it.
 */
static int connect_until(int fd, const struct address *a, int64_t deadline)
{
    int error;

    do {
        error = set_patience(fd, deadline);
        if (!error && connect(fd, &a->at.any, a->size) < 0)
            error = -errno;
    } while (error == -EINTR && clock_now() < deadline);
    switch (error) {
    case 0:
        return is_self(fd) ? -ECONNREFUSED : set_patience(fd, NO_TIMEOUT);
    case -EINTR:
    case -EAGAIN:      /* a name */
    case -EINPROGRESS: /* a port */
    case -EALREADY:    /* a port, after an interruption */
        return -ETIMEDOUT;
    default:
        return error;
    }
}

int client_open(struct connection *c, const char *address, int64_t timeout)
{
    int64_t deadline = clock_deadline(timeout);
    struct address a;
    int error = address_read(&a, address), fd;

    *c = (struct connection){.fd = -1};
    if (error)
        return error;
    fd = address_socket(&a, 0);
    if (fd < 0)
        return fd;
    error = connect_until(fd, &a, deadline);
    if (!error)
        return connection_from_socket(c, fd);
    fd_close(&fd);
    return error;
}
