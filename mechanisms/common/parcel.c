/* SPDX-License-Identifier: MIT */
/* parcel.c - what crosses to a child: bytes and descriptors. */
#include "common/parcel.h"

#include "common/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void parcel_init(struct parcel *p)
{
    *p = (struct parcel){0};
}

void parcel_free(struct parcel *p)
{
    for (size_t i = p->fds_taken; i < p->fd_count; i++)
        if (p->fds[i].given)
            fd_close(&p->fds[i].fd);
    free(p->fds);
    free(p->bytes);
    parcel_init(p);
}

int parcel_put(struct parcel *p, const void *data, size_t n)
{
    if (n > p->capacity - p->length) {
        size_t capacity = p->capacity ? p->capacity : 256;
        unsigned char *bytes;

        if (n > SIZE_MAX / 4 - p->length)
            return -ENOMEM;
        while (capacity < p->length + n)
            capacity *= 2;
        bytes = realloc(p->bytes, capacity);
        if (!bytes)
            return -ENOMEM;
        p->bytes = bytes;
        p->capacity = capacity;
    }
    if (n)
        memcpy(p->bytes + p->length, data, n);
    p->length += n;
    return 0;
}

int parcel_put_u64(struct parcel *p, uint64_t value)
{
    return parcel_put(p, &value, sizeof value);
}

int parcel_put_text(struct parcel *p, const char *text)
{
    size_t n = strlen(text) + 1;
    int error = parcel_put_u64(p, n);

    return error ? error : parcel_put(p, text, n);
}

/*
 * Append fd.  A child's standard descriptors are not the parent's (it gets a
 * new stdin before it takes anything), so one of those crosses as a copy.
 */
static int add_fd(struct parcel *p, int fd, bool given)
{
    int flags = fcntl(fd, F_GETFD), copy = -1;
    struct parcel_fd *fds;

    if (flags < 0)
        return -errno;
    if (p->fd_count == PARCEL_FDS)
        return -E2BIG;
    fds = realloc(p->fds, (p->fd_count + 1) * sizeof *fds);
    if (!fds)
        return -ENOMEM;
    p->fds = fds;
    if (fd <= STDERR_FILENO && (copy = fd_duplicate(fd)) < 0)
        return copy;
    if (given && copy < 0 && !(flags & FD_CLOEXEC))
        fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
    if (given && copy >= 0)
        close(fd);
    p->fds[p->fd_count++] = copy < 0 ? (struct parcel_fd){fd, given}
                                     : (struct parcel_fd){copy, true};
    return 0;
}

int parcel_put_fd(struct parcel *p, int fd)
{
    return add_fd(p, fd, false);
}

int parcel_give_fd(struct parcel *p, int *fd)
{
    int error = add_fd(p, *fd, true);

    if (!error)
        *fd = -1;
    return error;
}

int parcel_take(struct parcel *p, void *data, size_t n)
{
    if (n > p->length - p->taken)
        return -ENODATA;
    if (n)
        memcpy(data, p->bytes + p->taken, n);
    p->taken += n;
    return 0;
}

int parcel_take_u64(struct parcel *p, uint64_t *value)
{
    return parcel_take(p, value, sizeof *value);
}

int parcel_take_text(struct parcel *p, const char **text)
{
    size_t before = p->taken;
    uint64_t n;
    int error = parcel_take_u64(p, &n);

    if (!error && (n == 0 || n > p->length - p->taken ||
                   p->bytes[p->taken + n - 1] != '\0'))
        error = -ENODATA;
    if (error) {
        p->taken = before;
        return error;
    }
    *text = (const char *)p->bytes + p->taken;
    p->taken += n;
    return 0;
}

/*
 * What was given is the taker's as it is.  What was shared is still named by
 * the number that the parent's own object uses, in a forked child too, where a
 * global of that object lives on: so it is duplicated.
 */
int parcel_take_fd(struct parcel *p, int *fd)
{
    struct parcel_fd *next;
    int copy;

    if (p->fds_taken == p->fd_count)
        return -ENODATA;
    next = &p->fds[p->fds_taken];
    if (next->fd < 0)
        return -EBADF;
    copy = next->given ? next->fd : fd_duplicate(next->fd);
    if (copy < 0)
        return copy;
    p->fds_taken++;
    *fd = copy;
    return 0;
}

void parcel_sent(struct parcel *p)
{
    for (size_t i = 0; i < p->fd_count; i++)
        if (p->fds[i].given)
            fd_close(&p->fds[i].fd);
}
