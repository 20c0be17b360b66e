/* SPDX-License-Identifier: MIT */
/* inherit_opened.c - descriptors that a child is asked for. */
#include "inherit_opened.h"

#include "common/io.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- descriptors --- */

static struct fact_fd identify(int fd)
{
    struct fact_fd f = {.fd = fd};
    struct stat status;

    if (fstat(fd, &status) == 0) {
        f.device = status.st_dev;
        f.inode = status.st_ino;
    }
    return f;
}

static bool same_file(const struct fact_fd *a, const struct fact_fd *b)
{
    return a->device == b->device && a->inode == b->inode;
}

void opened_know(struct opened *o, int fd)
{
    if (fd >= 0 && o->knows < KNOWN)
        o->known[o->knows++] = identify(fd);
}

static bool is_known(const struct opened *o, const struct fact_fd *f)
{
    for (unsigned i = 0; i < o->knows; i++)
        if (same_file(f, &o->known[i]))
            return true;
    return false;
}

static bool is_probe(const struct opened *o, const struct fact_fd *f)
{
    for (unsigned i = 0; i < PROBES; i++) {
        struct fact_fd probe = identify(o->probe[i]);

        if (probe.fd == f->fd && same_file(f, &probe))
            return true;
    }
    return false;
}

void opened_sort(const struct opened *o, struct inherited *c)
{
    for (int i = 0; i < c->facts.fds && i < FACT_FDS; i++) {
        const struct fact_fd *f = &c->facts.fd[i];

        if (is_probe(o, f))
            c->probes++;
        else if (!is_known(o, f))
            memcpy(c->kinds[c->more++], f->kind, sizeof f->kind);
    }
}

int opened_files(struct opened *o)
{
    int error = 0;

    o->file = memfd_create("ipclab-inherit", MFD_CLOEXEC);
    o->handed = memfd_create("ipclab-handed", MFD_CLOEXEC);
    if (o->file < 0 || o->handed < 0)
        return -errno;
    o->i->file = identify(o->file);
    for (int i = 0; i < PROBES && !error; i += 2) {
        error = fd_pipe(&o->probe[i]);
        /* One as a library that knows of no exec would open it. */
        if (!error)
            fcntl(o->probe[i], F_SETFD, 0);
    }
    opened_know(o, o->shared.fd);
    opened_know(o, o->file);
    opened_know(o, o->handed);
    return error;
}

/* --- a port --- */

/* A socket at that port of this machine, or at any for 0; or -errno. */
static int bind_port(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int again = 1, error;

    if (fd < 0)
        return -errno;
    /* Connections that have ended do not keep it, a listener does. */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &again, sizeof again);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) == 0)
        return fd;
    error = -errno;
    close(fd);
    return error;
}

/* A client in the queue of our listener, or -errno. */
static int visit(int listener, int *port)
{
    struct sockaddr_in at = {0};
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), error;

    if (fd < 0)
        return -errno;
    if (listen(listener, 1) == 0 &&
        getsockname(listener, (struct sockaddr *)&at, &n) == 0 &&
        connect(fd, (struct sockaddr *)&at, n) == 0) {
        *port = ntohs(at.sin_port);
        return fd;
    }
    error = -errno;
    close(fd);
    return error;
}

void opened_listener(struct opened *o)
{
    struct inheritance *i = o->i;

    i->listener = bind_port(0);
    o->client = i->listener < 0 ? i->listener : visit(i->listener, &i->port);
    if (o->client < 0) {
        i->no_listener = o->client;
        fd_close(&i->listener);
        i->listener = -1;
        o->client = -1;
    }
    opened_know(o, i->listener);
    opened_know(o, o->client);
}

int opened_close_listener(struct opened *o)
{
    int fd;

    if (o->i->listener < 0)
        return 0;
    fd_close(&o->i->listener);
    fd = bind_port(o->i->port);
    if (fd < 0)
        return fd == -EADDRINUSE ? 1 : fd;
    close(fd);
    return 0;
}
