/* SPDX-License-Identifier: MIT */
/*
 * forkserver.c - the forkserver start method: one message to the server, and
 * the pid that comes back (CPython popen_forkserver.py, Popen._launch).
 */
#include "start/served.h"

#include "common/io.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <unistd.h>

/* How long the server may take until it has forked. */
static const int64_t patience = 60 * SECOND;

/* A parcel too long for a message, as a file. */
static int put_aside(const struct parcel *parcel)
{
    int fd = memfd_create("ipclab-parcel", MFD_CLOEXEC), error;

    if (fd < 0)
        return -errno;
    error = write_full(fd, parcel->bytes, parcel->length);
    if (error)
        fd_close(&fd);
    return error ? error : fd;
}

/* Head, bytes and descriptors, as one message. */
static int request(const struct preparation_head *head, size_t n,
                   const struct parcel *parcel, int status, int bytes)
{
    struct iovec pieces[2] = {{(void *)head, n}, {NULL, 0}};
    int fds[FDS_MOST] = {
        [SERVED_STATUS] = status, [SERVED_BYTES] = bytes < 0 ? status : bytes};
    size_t count = SERVED_FDS;

    if (parcel && bytes < 0)
        pieces[1] = (struct iovec){parcel->bytes, parcel->length};
    for (size_t i = 0; parcel && i < parcel->fd_count; i++)
        fds[count++] = parcel->fds[i].fd;
    return served_request(pieces, pieces[1].iov_len ? 2 : 1, fds, count);
}

static int await_pid(int status, pid_t *pid)
{
    int ready = poll_until(status, clock_deadline(patience));
    int64_t number = 0;

    if (ready <= 0) {
        served_hang_up(); /* whatever it says now is too late */
        return ready < 0 ? ready : -ETIMEDOUT;
    }
    if (read_some(status, &number, sizeof number) != sizeof number)
        return served_reason();
    *pid = (pid_t)number;
    return 0;
}

int forkserver_start(struct process *p, struct child *c)
{
    const struct parcel *parcel = p->arguments;
    char directory[PATH_MAX];
    struct preparation_head head;
    int status[2], bytes = -1, error;
    ssize_t n =
        preparation_pack(&head, p, getcwd(directory, sizeof directory), false);

    if (n < 0)
        return (int)n;
    if (parcel && (size_t)n + parcel->length > PACKET) {
        bytes = put_aside(parcel);
        if (bytes < 0)
            return bytes;
        head.fixed.aside = true;
    }
    error = fd_pipe(status);
    if (!error) {
        fcntl(status[0], F_SETFL, O_NONBLOCK);
        flush_standard_streams();
        error = request(&head, (size_t)n, parcel, status[1], bytes);
    }
    fd_close(&bytes);
    fd_close(&status[1]);
    if (!error)
        error = await_pid(status[0], &c->pid);
    c->served = true;
    c->sentinel = status[0];
    return error;
}
