/* SPDX-License-Identifier: MIT */
/*
 * demo.c - lesson 06: how much goes in before a writer must wait, and when
 * there is room again.
 *
 * Nobody reads while it writes, and no write waits: where it would, it fails
 * with EAGAIN instead, since the end has been made non-blocking.
 */
#include "common/hooks.h"
#include "common/io.h"
#include "pipe/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

enum { MOST = 1 << 20 }; /* the largest write tried */

static char bytes[MOST];

/* A Pipe, of either kind, whose writer fails where it would have to wait. */
static int open_both(bool duplex, struct connection *reader,
                     struct connection *writer)
{
    int error =
        duplex ? pipe_open_duplex(reader, writer) : pipe_open(reader, writer);

    if (error)
        return error;
    return fcntl(writer->fd, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

/* region: fill */
/* Write pieces of n bytes until one would have to wait: bytes or -errno. */
static ssize_t fill(const struct connection *writer, size_t n)
{
    ssize_t put, total = 0;

    while ((put = write(writer->fd, bytes, n)) > 0)
        total += put;
    return errno == EAGAIN ? total : -errno;
}
/* end: fill */

/* How many bytes go into an empty Pipe, n at a time. */
static ssize_t capacity(bool duplex, size_t n)
{
    struct connection reader, writer;
    ssize_t total = open_both(duplex, &reader, &writer);

    if (total == 0)
        total = fill(&writer, n);
    connection_close(&reader);
    connection_close(&writer);
    return total;
}

/* region: room */
/* Take n bytes out of the pipe: how many go in again, a byte at a time? */
static ssize_t room_after(const struct connection *reader,
                          const struct connection *writer, size_t n)
{
    if (read_full(reader->fd, bytes, n) != (ssize_t)n)
        return -EIO;
    return fill(writer, 1);
}
/* end: room */

static void show_room(void)
{
    struct connection reader, writer;
    ssize_t first, second;

    if (open_both(false, &reader, &writer) == 0 &&
        fill(&writer, PIPE_BUF) > 0) {
        first = room_after(&reader, &writer, PIPE_BUF - 1);
        second = room_after(&reader, &writer, 1);
        printf("full, %d bytes are read: room for %zd\n", PIPE_BUF - 1, first);
        printf("then 1 byte more is read: room for %zd\n", second);
    }
    connection_close(&reader);
    connection_close(&writer);
}

/* region: resize */
/* Ask for a pipe of n bytes: what is granted, and what goes in? */
static void show_size(int n)
{
    struct connection reader, writer;
    int granted = open_both(false, &reader, &writer);

    if (granted == 0)
        granted = fcntl(writer.fd, F_SETPIPE_SZ, n);
    printf("%7d bytes asked for, %7d granted, %7zd go in\n", n, granted,
           fill(&writer, 1));
    connection_close(&reader);
    connection_close(&writer);
}
/* end: resize */

int main(int argc, char **argv)
{
    static const size_t sizes[] = {1, 100, 3000, 4096, 4097, 65536, MOST};

    mechanisms_init(argc, argv);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        printf("%7zu at a time: a pipe takes %5zd, a socket pair %6zd\n",
               sizes[i], capacity(false, sizes[i]), capacity(true, sizes[i]));
    show_room();
    show_size(1);
    show_size(5000);
    show_size(MOST);
    return 0;
}
