/* SPDX-License-Identifier: MIT */
/*
 * asked.h - what a manager's server has, asked by us.
 *
 * A client of it has proved the key already: we take a copy of its connection
 * (pidfd_getfd(2)) while it sleeps, ask, and read the answer ourselves, so that
 * it never knows.  Nothing that the client says of the object is believed.
 * Whoever is asked may be an impostor: each step is bounded in time and size.
 */
#ifndef IPCLAB_ASKED_H
#define IPCLAB_ASKED_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A connection between two processes. */
struct link {
    pid_t client, server;
    int fd, server_fd;          /* by which they have it */
    uint64_t socket, other_end; /* the client's, and the server's */
    char name[128];             /* where the server listens, or "" */
};

/* The first Unix socket of the client's whose other end is the server's: 0;
 * -ENOTCONN: it has none; or -errno. */
int link_find(pid_t client, pid_t server, struct link *l);

/*
 * repr(object), of the object that the server knows by that name.  0;
 * -ETIMEDOUT, -EPIPE: there was no answer; -EBADMSG: this is none;
 * -EREMOTEIO: it raised, or has no such object; or -errno.
 */
int link_ask(const struct link *l, const char *ident, char *text, size_t size);

#endif
