/* SPDX-License-Identifier: MIT */
/*
 * listener.c - who waits at an address: opened, visited, closed.
 */
#include "pipe/address.h"
#include "pipe/until.h"

#include "common/io.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- the name of a socket --- */

/* Is what has the name still what we bound?  Another may have removed ours and
 * listen there now, or this process may have gone to another folder. */
static bool is_ours(const struct listener *l)
{
    struct stat found;

    return lstat(l->address, &found) == 0 && found.st_dev == l->device &&
           found.st_ino == l->inode;
}

/* To be called while the socket is open, which keeps the inode's number from
 * being used again. */
static void remove_name(struct listener *l)
{
    if (l->named && l->owner == getpid() && is_ours(l))
        unlink(l->address);
    l->named = false;
}

static int remember_name(struct listener *l)
{
    struct stat made;

    if (lstat(l->address, &made) < 0)
        return -errno;
    l->device = made.st_dev;
    l->inode = made.st_ino;
    l->named = true;
    return 0;
}

/* --- open --- */

/*
 * A socket's name has the mode that the socket had (and not what the umask
 * leaves of 0777), so there is no moment at which others could connect.
 */
static int bind_to(struct listener *l, struct address *a)
{
    int yes = 1;

    if (address_is_port(a)) {
        if (setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0)
            return -errno;
    } else if (fchmod(l->fd, S_IRUSR | S_IWUSR) < 0) {
        return -errno;
    }
    if (bind(l->fd, &a->at.any, a->size) < 0)
        return -errno;
    if (address_is_port(a) && getsockname(l->fd, &a->at.any, &a->size) < 0)
        return -errno;
    address_write(a, l->address);
    return address_is_port(a) ? 0 : remember_name(l);
}

int listener_open(struct listener *l, const char *address, int backlog)
{
    struct address a;
    int error = address_read(&a, address);

    *l = (struct listener){.fd = -1, .owner = getpid()};
    if (error)
        return error;
    /* A client that goes away between poll and accept must not hold us up. */
    error = address_socket(&a, SOCK_NONBLOCK);
    if (error < 0)
        return error;
    l->fd = error;
    error = bind_to(l, &a);
    if (!error && listen(l->fd, backlog) < 0)
        error = -errno;
    if (error)
        listener_close(l);
    return error;
}

void listener_close(struct listener *l)
{
    remove_name(l);
    fd_close(&l->fd);
}

/* --- accept --- */

/*
 * Linux hands on what went wrong with the client's connection (man 2 accept):
 * it is that client's loss.
 */
static bool is_anothers(int error)
{
    switch (-error) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENOPROTOOPT:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
        return true;
    default:
        return false;
    }
}

int listener_accept(struct listener *l, struct connection *c, int64_t timeout)
{
    int64_t deadline = clock_deadline(timeout);
    int error, fd;

    *c = (struct connection){.fd = -1};
    if (l->fd < 0)
        return -EBADF;
    do {
        fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            return connection_from_socket(c, fd_raised(fd));
        error = -errno;
        if (error == -EAGAIN)
            error = wait_until(l->fd, POLLIN, deadline);
    } while (!error || is_anothers(error));
    return error;
}
