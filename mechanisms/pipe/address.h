/* SPDX-License-Identifier: MIT */
/*
 * address.h - an address as the kernel has it, and as it is written
 * (listener.h has the two forms).
 *
 * Private to pipe/.
 */
#ifndef IPCLAB_ADDRESS_H
#define IPCLAB_ADDRESS_H

#include "pipe/listener.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

struct address {
    union {
        struct sockaddr any;
        struct sockaddr_un name;
        struct sockaddr_in port;
    } at;
    socklen_t size;
};

/* 0; -EINVAL: it is none; -ENAMETOOLONG. */
int address_read(struct address *a, const char *text);

/* As listener.h writes it. */
void address_write(const struct address *a, char text[LISTENER_ADDRESS]);

static inline bool address_is_port(const struct address *a)
{
    return a->at.any.sa_family == AF_INET;
}

/* A stream socket for that address, CLOEXEC: it or -errno. */
int address_socket(const struct address *a, int flags);

/* What is connected becomes a Connection, or is closed.  0, or -errno, which an
 * error that comes in as fd is passed through as. */
int connection_from_socket(struct connection *c, int fd);

#endif
