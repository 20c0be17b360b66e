/* SPDX-License-Identifier: MIT */
/* send.c - messages into the byte stream. */
#include "pipe/frame.h"

#include "common/io.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A socket whose peer went away while we waited for room says so. */
static int sent(int error)
{
    return error == -ECONNRESET ? -EPIPE : error;
}

/*
 * A pipe keeps what one write(2) brings in pages of its own: with the header
 * written apart, as CPython does, the payload of a large message lies in whole
 * pages, which are copied out of and into aligned memory.  For one that fits
 * the pipe, waking the reader twice would cost more than that saves.
 */
static int send_large(struct connection *c, const void *header, size_t n,
                      const void *data, size_t size)
{
    int error;

    if (c->socket || size <= MIDDLE)
        return write_pair(c->fd, c->socket, header, n, data, size);
    error = write_full(c->fd, header, n);
    return error ? error : write_full(c->fd, data, size);
}

int connection_send(struct connection *c, const void *data, size_t size)
{
    unsigned char frame[SMALL];
    size_t header;
    ssize_t put;

    if (!c->writable)
        return -EBADF;
    /* region: one-write */
    header = frame_put_header(frame, size);
    if (size > sizeof frame - header)
        return sent(send_large(c, frame, header, data, size));
    if (size)
        memcpy(frame + header, data, size);
    size += header;
    put = c->socket ? send(c->fd, frame, size, MSG_NOSIGNAL)
                    : write(c->fd, frame, size);
    if (put == (ssize_t)size)
        return 0;
    /* end: one-write */
    if (put < 0 && errno != EINTR)
        return sent(-errno);
    header = put < 0 ? 0 : (size_t)put;
    return sent(write_pair(c->fd, c->socket, frame, header, frame + header,
                           size - header));
}

int connection_send_part(struct connection *c, const void *buffer, size_t n,
                         int64_t offset, int64_t size)
{
    if (offset < 0 || size < 0 || (uint64_t)offset > n ||
        (uint64_t)size > n - (uint64_t)offset)
        return -EINVAL;
    return connection_send(c, (const char *)buffer + offset, (size_t)size);
}
