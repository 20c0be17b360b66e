/* SPDX-License-Identifier: MIT */
/*
 * connection.c - one end of a Pipe: where it comes from, where it goes.
 */
#include "pipe/frame.h"

#include "common/hooks.h"
#include "common/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

static void adopt(struct connection *c, int fd, bool readable, bool writable,
                  bool socket)
{
    *c = (struct connection){.fd = fd,
                             .readable = readable,
                             .writable = writable,
                             .socket = socket,
                             .read_ahead = READ_AHEAD,
                             .generation = fork_generation()};
}

int pipe_open(struct connection *reader, struct connection *writer)
{
    int ends[2], error = fd_pipe(ends);

    if (error)
        return error;
    adopt(reader, ends[0], true, false, false);
    adopt(writer, ends[1], false, true, false);
    return 0;
}

int pipe_open_duplex(struct connection *one, struct connection *other)
{
    int ends[2], error = fd_socket_pair(ends);

    if (error)
        return error;
    adopt(one, ends[0], true, true, true);
    adopt(other, ends[1], true, true, true);
    return 0;
}

int connection_from_fd(struct connection *c, int fd)
{
    struct stat status;
    int flags = fcntl(fd, F_GETFL), mode = flags & O_ACCMODE;

    if (flags < 0 || fstat(fd, &status) < 0)
        return -errno;
    if (flags & O_PATH ||
        (mode != O_RDONLY && mode != O_WRONLY && mode != O_RDWR))
        return -EINVAL;
    adopt(c, fd, mode != O_WRONLY, mode != O_RDONLY, S_ISSOCK(status.st_mode));
    return 0;
}

void connection_close(struct connection *c)
{
    fd_close(&c->fd);
    free(c->buffer);
    c->buffer = NULL;
    c->start = c->end = 0;
    c->known = c->readable = c->writable = false;
}

bool connection_is_ahead(const struct connection *c)
{
    return c->generation == fork_generation() && (c->known || ahead(c));
}

int connection_poll(struct connection *c, int64_t timeout)
{
    struct waitable it = {.connection = c};

    return wait_ready(&it, 1, timeout);
}

int connection_set_read_ahead(struct connection *c, size_t bytes)
{
    if (connection_is_ahead(c))
        return -EBUSY;
    free(c->buffer);
    c->buffer = NULL;
    c->start = c->end = 0;
    c->read_ahead = bytes;
    return 0;
}

/* What unpack needs to know beside the descriptor. */
enum { READABLE = 1, WRITABLE = 2, SOCKET = 4 };

static int pack_state(const struct connection *c, struct parcel *parcel)
{
    int error;

    if (c->fd < 0)
        return -EBADF;
    if (connection_is_ahead(c))
        return -EBUSY;
    error = parcel_put_u64(parcel, (c->readable ? READABLE : 0u) |
                                       (c->writable ? WRITABLE : 0u) |
                                       (c->socket ? SOCKET : 0u));
    return error ? error : parcel_put_u64(parcel, c->read_ahead);
}

int connection_pack(const struct connection *c, struct parcel *parcel)
{
    int error = pack_state(c, parcel);

    return error ? error : parcel_put_fd(parcel, c->fd);
}

int connection_give(struct connection *c, struct parcel *parcel)
{
    int error = pack_state(c, parcel);

    if (!error)
        error = parcel_give_fd(parcel, &c->fd);
    if (!error)
        connection_close(c);
    return error;
}

int connection_unpack(struct connection *c, struct parcel *parcel)
{
    uint64_t state, read_ahead;
    int fd, error = parcel_take_u64(parcel, &state);

    if (!error)
        error = parcel_take_u64(parcel, &read_ahead);
    if (!error)
        error = parcel_take_fd(parcel, &fd);
    if (error)
        return error;
    adopt(c, fd, state & READABLE, state & WRITABLE, state & SOCKET);
    c->read_ahead = (size_t)read_ahead;
    return 0;
}
