/* SPDX-License-Identifier: MIT */
/*
 * test_inject.h - reads and writes that are interrupted, short, and counted.
 *
 * The linker sends every call of these functions here; a test that includes
 * this has the line
 *
 *     // wrap: read readv write writev sendmsg send
 *
 * near its head.  A forked child goes on with what its parent had injected.
 */
#ifndef IPCLAB_TEST_INJECT_H
#define IPCLAB_TEST_INJECT_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static struct {
    bool interrupt; /* every call is interrupted once before it is made */
    size_t limit;   /* bytes of a call at most; 0: as asked */
    bool was_interrupted;
    int reads, writes; /* calls that reached the kernel */
} inject;

ssize_t __real_read(int fd, void *buffer, size_t n);
ssize_t __real_readv(int fd, const struct iovec *pieces, int count);
ssize_t __real_write(int fd, const void *buffer, size_t n);
ssize_t __real_writev(int fd, const struct iovec *pieces, int count);
ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __real_send(int fd, const void *buffer, size_t n, int flags);
ssize_t __wrap_read(int fd, void *buffer, size_t n);
ssize_t __wrap_readv(int fd, const struct iovec *pieces, int count);
ssize_t __wrap_write(int fd, const void *buffer, size_t n);
ssize_t __wrap_writev(int fd, const struct iovec *pieces, int count);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_send(int fd, const void *buffer, size_t n, int flags);

/* Nothing is injected, and the count begins again. */
static inline void inject_nothing(void)
{
    inject.interrupt = inject.was_interrupted = false;
    inject.limit = 0;
    inject.reads = inject.writes = 0;
}

static inline bool inject_signal(void)
{
    inject.was_interrupted = inject.interrupt && !inject.was_interrupted;
    if (inject.was_interrupted)
        errno = EINTR;
    return inject.was_interrupted;
}

static inline size_t inject_limit(size_t n)
{
    return inject.limit && n > inject.limit ? inject.limit : n;
}

ssize_t __wrap_read(int fd, void *buffer, size_t n)
{
    if (inject_signal())
        return -1;
    inject.reads++;
    return __real_read(fd, buffer, inject_limit(n));
}

ssize_t __wrap_write(int fd, const void *buffer, size_t n)
{
    if (inject_signal())
        return -1;
    inject.writes++;
    return __real_write(fd, buffer, inject_limit(n));
}

ssize_t __wrap_send(int fd, const void *buffer, size_t n, int flags)
{
    if (inject_signal())
        return -1;
    inject.writes++;
    return __real_send(fd, buffer, inject_limit(n), flags);
}

/* The pieces as far as the limit goes; at most two are ever passed here. */
static inline int inject_cut(const struct iovec *pieces, size_t count,
                             struct iovec cut[2])
{
    size_t left = inject.limit;
    int used = 0;

    for (size_t i = 0; i < count && i < 2; i++) {
        cut[used] = pieces[i];
        if (inject.limit && cut[used].iov_len > left)
            cut[used].iov_len = left;
        left -= cut[used].iov_len;
        used++;
    }
    return used;
}

ssize_t __wrap_readv(int fd, const struct iovec *pieces, int count)
{
    struct iovec cut[2];

    if (inject_signal())
        return -1;
    inject.reads++;
    return __real_readv(fd, cut, inject_cut(pieces, (size_t)count, cut));
}

ssize_t __wrap_writev(int fd, const struct iovec *pieces, int count)
{
    struct iovec cut[2];

    if (inject_signal())
        return -1;
    inject.writes++;
    return __real_writev(fd, cut, inject_cut(pieces, (size_t)count, cut));
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
    struct msghdr copy = *message;
    struct iovec cut[2];

    if (inject_signal())
        return -1;
    inject.writes++;
    copy.msg_iovlen =
        (size_t)inject_cut(message->msg_iov, message->msg_iovlen, cut);
    copy.msg_iov = cut;
    return __real_sendmsg(fd, &copy, flags);
}

#endif
