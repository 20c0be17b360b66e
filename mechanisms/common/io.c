/* SPDX-License-Identifier: MIT */
/* io.c - reads and writes that finish. */
#include "common/io.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

ssize_t read_some(int fd, void *buffer, size_t n)
{
    ssize_t got;

    do
        got = read(fd, buffer, n);
    while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

ssize_t read_full(int fd, void *buffer, size_t n)
{
    size_t done = 0;

    while (done < n) {
        ssize_t got = read_some(fd, (char *)buffer + done, n - done);

        if (got < 0)
            return got;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

int write_full(int fd, const void *buffer, size_t n)
{
    size_t done = 0;

    while (done < n) {
        ssize_t put = write(fd, (const char *)buffer + done, n - done);

        if (put >= 0)
            done += (size_t)put;
        else if (errno != EINTR)
            return -errno;
    }
    return 0;
}

int write_pair(int fd, bool socket, const void *first, size_t n_first,
               const void *second, size_t n_second)
{
    struct iovec pieces[2] = {{(void *)first, n_first},
                              {(void *)second, n_second}};
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 2};

    for (;;) {
        ssize_t put =
            socket ? sendmsg(fd, &message, MSG_NOSIGNAL)
                   : writev(fd, message.msg_iov, (int)message.msg_iovlen);
        size_t done = put < 0 ? 0 : (size_t)put;

        if (put < 0 && errno != EINTR)
            return -errno;
        while (message.msg_iovlen && done >= message.msg_iov->iov_len) {
            done -= message.msg_iov->iov_len;
            message.msg_iov++;
            message.msg_iovlen--;
        }
        if (message.msg_iovlen == 0)
            return 0;
        message.msg_iov->iov_base = (char *)message.msg_iov->iov_base + done;
        message.msg_iov->iov_len -= done;
    }
}

void fd_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

int fd_duplicate(int fd)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

    return copy < 0 ? -errno : copy;
}

int fd_raised(int fd)
{
    int high;

    if (fd < 0 || fd > STDERR_FILENO)
        return fd;
    high = fd_duplicate(fd);
    close(fd);
    return high;
}

/* Have both ends above the standard descriptors, or close them. */
static int move_up(int ends[2])
{
    for (int i = 0; i < 2; i++) {
        int error = ends[i] = fd_raised(ends[i]);

        if (error < 0) {
            ends[i] = -1;
            fd_close(&ends[!i]);
            return error;
        }
    }
    return 0;
}

int fd_pipe(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC) == 0)
        return move_up(ends);
    ends[0] = ends[1] = -1;
    return -errno;
}

int fd_socket_pair(int ends[2])
{
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0)
        return move_up(ends);
    ends[0] = ends[1] = -1;
    return -errno;
}
