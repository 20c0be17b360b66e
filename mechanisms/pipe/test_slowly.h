/* SPDX-License-Identifier: MIT */
/*
 * test_slowly.h - calls that are interrupted or short, and a clock of the
 * test's own, in which bytes arrive one by one.
 *
 * A test that includes this has the line
 *
 *     // wrap: recv send ppoll accept4 connect clock_gettime
 *
 * near its head.
 */
#ifndef IPCLAB_TEST_SLOWLY_H
#define IPCLAB_TEST_SLOWLY_H

#include "common/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* How long a byte takes. */
enum { TICK = 1000000 };

static struct {
    bool interrupt;   /* each call is interrupted once before it is made */
    bool interrupted; /* the last was */
    size_t limit;     /* bytes of a call at most; 0: as asked */
    int gone;         /* so many clients have gone before they are accepted */
    bool drip;        /* the clock is ours: a byte takes a TICK to come ... */
    bool came;        /* ... and has come */
    int64_t now;
} slowly;

ssize_t __real_recv(int fd, void *buffer, size_t n, int flags);
ssize_t __real_send(int fd, const void *buffer, size_t n, int flags);
int __real_ppoll(struct pollfd *list, nfds_t n, const struct timespec *timeout,
                 const sigset_t *mask);
int __real_accept4(int fd, struct sockaddr *from, socklen_t *size, int flags);
int __real_connect(int fd, const struct sockaddr *to, socklen_t size);
int __real_clock_gettime(clockid_t id, struct timespec *now);
ssize_t __wrap_recv(int fd, void *buffer, size_t n, int flags);
ssize_t __wrap_send(int fd, const void *buffer, size_t n, int flags);
int __wrap_ppoll(struct pollfd *list, nfds_t n, const struct timespec *timeout,
                 const sigset_t *mask);
int __wrap_accept4(int fd, struct sockaddr *from, socklen_t *size, int flags);
int __wrap_connect(int fd, const struct sockaddr *to, socklen_t size);
int __wrap_clock_gettime(clockid_t id, struct timespec *now);

static inline bool slowly_interrupts(void)
{
    slowly.interrupted = slowly.interrupt && !slowly.interrupted;
    if (slowly.interrupted)
        errno = EINTR;
    return slowly.interrupted;
}

static inline size_t slowly_limit(size_t n)
{
    return slowly.limit && n > slowly.limit ? slowly.limit : n;
}

ssize_t __wrap_recv(int fd, void *buffer, size_t n, int flags)
{
    if (slowly_interrupts())
        return -1;
    if (!slowly.drip)
        return __real_recv(fd, buffer, slowly_limit(n), flags);
    if (!slowly.came) {
        errno = EAGAIN;
        return -1;
    }
    slowly.came = false;
    return __real_recv(fd, buffer, 1, flags);
}

ssize_t __wrap_send(int fd, const void *buffer, size_t n, int flags)
{
    if (slowly_interrupts())
        return -1;
    return __real_send(fd, buffer, slowly_limit(n), flags);
}

int __wrap_ppoll(struct pollfd *list, nfds_t n, const struct timespec *timeout,
                 const sigset_t *mask)
{
    int64_t left =
        timeout ? timeout->tv_sec * SECOND + timeout->tv_nsec : NO_TIMEOUT;

    if (slowly_interrupts())
        return -1;
    if (!slowly.drip)
        return __real_ppoll(list, n, timeout, mask);
    if (left < TICK) {
        slowly.now += left;
        return 0;
    }
    slowly.now += TICK;
    slowly.came = true;
    return __real_ppoll(list, n, NULL, mask);
}

int __wrap_accept4(int fd, struct sockaddr *from, socklen_t *size, int flags)
{
    if (slowly_interrupts())
        return -1;
    if (slowly.gone) {
        slowly.gone--;
        errno = ECONNABORTED;
        return -1;
    }
    return __real_accept4(fd, from, size, flags);
}

int __wrap_connect(int fd, const struct sockaddr *to, socklen_t size)
{
    return slowly_interrupts() ? -1 : __real_connect(fd, to, size);
}

int __wrap_clock_gettime(clockid_t id, struct timespec *now)
{
    if (!slowly.drip)
        return __real_clock_gettime(id, now);
    now->tv_sec = (time_t)(slowly.now / SECOND);
    now->tv_nsec = (long)(slowly.now % SECOND);
    return 0;
}

#endif
