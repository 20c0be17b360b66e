/* SPDX-License-Identifier: MIT */
/*
 * served.c - the socket between the fork server and its clients: what both
 * sides do with it.
 *
 * A name in the file system must be removed by somebody, and who is killed
 * removes nothing.  A name in the abstract space is every user's to connect to
 * (CVE-2022-42919).  So the name is gone as soon as the socket has been bound,
 * and a descriptor of the socket's file, which only those have who were given
 * it, is what connect(2) finds it by.
 */
#include "start/served.h"

#include "common/io.h"
#include "common/tracker.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Not one of the standard descriptors: a child makes those new. */
int served_socket(void)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    return fd < 0 ? -errno : fd_raised(fd);
}

static int open_path(const char *path)
{
    int fd = open(path, O_PATH | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

/*
 * Make the folder, bind in it, keep a descriptor of what was bound, and take
 * both names away.  connect(2) finds the socket through that descriptor.
 */
static int bind_in(const char *folder, int listener)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int place, address, error = 0;

    if (mkdir(folder, 0700) < 0)
        return -errno;
    /* region: private-name */
    place = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    /* However long the path is: a name of a socket has 107 bytes at most. */
    snprintf(at.sun_path, sizeof at.sun_path, "/proc/self/fd/%d/socket", place);
    if (place < 0 || bind(listener, (struct sockaddr *)&at, sizeof at) < 0)
        error = -errno;
    if (!error && chmod(at.sun_path, 0600) < 0)
        error = -errno;
    address = error ? error : fd_raised(open_path(at.sun_path));
    unlinkat(place, "socket", 0);
    rmdir(folder);
    /* end: private-name */
    fd_close(&place);
    return address;
}

/* A killed process removes nothing: until the name is gone the tracker has it.
 */
int served_bind(int listener)
{
    const char *tmp = getenv("TMPDIR");
    unsigned char random[8];
    char folder[PATH_MAX], path[PATH_MAX + 8];
    int error = auth_random(random, sizeof random), address;
    uint64_t number;

    memcpy(&number, random, sizeof number);
    snprintf(folder, sizeof folder, "%.4000s/ipclab-%016llx",
             tmp && *tmp ? tmp : "/tmp", (unsigned long long)number);
    snprintf(path, sizeof path, "%s/socket", folder);
    if (!error)
        error = tracker_register("socket", path);
    if (error)
        return error;
    address = bind_in(folder, listener);
    tracker_unregister("socket", path);
    return address;
}

/* --- the handshake --- */

static int send_message(void *connection, const void *message, size_t n)
{
    struct iovec piece = {(void *)message, n};

    return fds_send(*(int *)connection, &piece, 1, NULL, 0);
}

static ssize_t receive_message(void *connection, void *message, size_t size)
{
    int fd = *(int *)connection, ready;
    ssize_t got;

    ready = poll_until(fd, clock_deadline(SERVED_PATIENCE));
    if (ready <= 0)
        return ready < 0 ? ready : -ETIMEDOUT;
    got = recv(fd, message, size, 0);
    return got < 0 ? -errno : got == 0 ? -EPIPE : got;
}

struct auth_wire served_wire(const int *connection)
{
    return (struct auth_wire){send_message, receive_message,
                              (void *)connection};
}

int served_check_peer(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        return -errno;
    return peer.uid == geteuid() ? 0 : -EACCES;
}
