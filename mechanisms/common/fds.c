/* SPDX-License-Identifier: MIT */
/* fds.c - descriptors through a Unix socket. */
#include "common/fds.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for the control message with all the descriptors there can be. */
union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(FDS_MOST * sizeof(int))];
};

int fds_send(int socket, struct iovec *pieces, size_t count, const int *fds,
             size_t n)
{
    union control control;
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = count};
    ssize_t sent;

    if (n > FDS_MOST)
        return -E2BIG;
    if (n) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(n * sizeof *fds);
        control.align.cmsg_level = SOL_SOCKET;
        control.align.cmsg_type = SCM_RIGHTS;
        control.align.cmsg_len = CMSG_LEN(n * sizeof *fds);
        memcpy(CMSG_DATA(&control.align), fds, n * sizeof *fds);
    }
    do
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

static void close_all(const int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++)
        close(fds[i]);
}

/*
 * What came is in the header: to fds; where there is no room (the kernel's
 * padding may have held one more) it is closed, and noted as cut off.
 */
static size_t take(struct msghdr *message, int *fds, size_t room)
{
    size_t count = 0;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c;
         c = CMSG_NXTHDR(message, c)) {
        size_t came = (c->cmsg_len - CMSG_LEN(0)) / sizeof *fds;
        int fd;

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i < came; i++) {
            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            if (count < room) {
                fds[count++] = fd;
                continue;
            }
            close(fd);
            message->msg_flags |= MSG_CTRUNC;
        }
    }
    return count;
}

ssize_t fds_receive(int socket, void *buffer, size_t size, int *fds, size_t *n)
{
    union control control;
    struct iovec piece = {buffer, size};
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = CMSG_SPACE(*n * sizeof *fds)};
    ssize_t got;

    do
        got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return -errno;
    *n = take(&message, fds, *n);
    if (message.msg_flags & (MSG_CTRUNC | MSG_TRUNC)) {
        close_all(fds, *n);
        *n = 0;
        return (message.msg_flags & MSG_TRUNC) ? -EMSGSIZE : -EMFILE;
    }
    return got;
}

int fds_send_handles(int socket, const int *fds, size_t n)
{
    unsigned char count = (unsigned char)n;
    struct iovec piece = {&count, 1};

    return fds_send(socket, &piece, 1, fds, n);
}

int fds_receive_handles(int socket, int *fds, size_t n)
{
    unsigned char said = 0;
    size_t came = n > FDS_MOST ? FDS_MOST : n;
    ssize_t got = fds_receive(socket, &said, 1, fds, &came);

    if (got == 0)
        return -EPIPE;
    if (got < 0)
        return (int)got;
    if (came == n && said == (unsigned char)n)
        return 0;
    close_all(fds, came);
    return -EBADMSG;
}
