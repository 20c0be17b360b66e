/* SPDX-License-Identifier: MIT */
/*
 * inherit_child.c - a child that measures itself, and tries what it has.
 *
 * It is linked into every image that a child can be of, so it needs libc and
 * mechanisms/ alone.
 */
#include "inherit.h"

#include "common/io.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Is that number the parent's listener, and has it a client for us? */
static int try_accept(const struct inheritance *i)
{
    struct sockaddr_in at = {0};
    socklen_t n = sizeof at, size = sizeof(int);
    int listens = 0, fd;

    if (getsockopt(i->listener, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) <
            0 ||
        !listens || getsockname(i->listener, (struct sockaddr *)&at, &n) < 0 ||
        ntohs(at.sin_port) != i->port)
        return 0;
    fd = accept4(i->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return -errno;
    close(fd);
    return 1;
}

/* Bytes at stdin: 0 is its end. */
static int try_input(void)
{
    struct pollfd input = {STDIN_FILENO, POLLIN, 0};
    char bytes[64];
    ssize_t n;

    if (poll(&input, 1, 0) == 0)
        return -EAGAIN; /* somebody may yet write there */
    n = read_some(STDIN_FILENO, bytes, sizeof bytes);
    return (int)n;
}

/* Is that number the parent's file here?  Then move its offset. */
static int try_offset(const struct inheritance *i)
{
    struct stat status;

    if (fstat(i->file.fd, &status) < 0 || status.st_dev != i->file.device ||
        status.st_ino != i->file.inode)
        return 0;
    lseek(i->file.fd, 1, SEEK_CUR);
    return 1;
}

/* The parent takes the port away from itself meanwhile. */
static void stay_until_told(int channel)
{
    struct pollfd told = {channel, POLLIN, 0};

    for (int looks = 0; looks < 100; looks++)
        if (poll(&told, 1, 100) != 0 || process_parent_is_alive() != 1)
            return;
}

/* The parcel: the region, the method, a file and the channel. */
static int inherit_child(struct parcel *arguments)
{
    struct region r;
    struct inheritance *shared;
    struct inherited *mine;
    uint64_t method;
    int file, channel;

    if (region_unpack(&r, arguments) || parcel_take_u64(arguments, &method) ||
        method >= METHODS || parcel_take_fd(arguments, &file) ||
        parcel_take_fd(arguments, &channel))
        return 1;
    shared = r.base;
    mine = &shared->child[method];
    facts_measure(&mine->facts);
    mine->input = try_input();
    mine->accepts = try_accept(shared);
    mine->has_file = try_offset(shared);
    lseek(file, 1, SEEK_CUR);
    mine->told = 1;
    if (write_full(channel, "", 1))
        return 2;
    stay_until_told(channel);
    return 0;
}
TARGET(inherit_child)
