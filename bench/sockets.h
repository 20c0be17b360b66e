/* SPDX-License-Identifier: MIT */
/*
 * sockets.h - the other end of a socket: of a Unix one by sock_diag(7), of a
 * TCP one, when both ends are on this machine, from /proc/net/tcp.
 */
#ifndef IPCLAB_SOCKETS_H
#define IPCLAB_SOCKETS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum socket_state { SOCKET_UNKNOWN, SOCKET_CONNECTED, SOCKET_LISTENS };

struct socket_facts {
    enum socket_state state;
    uint64_t peer;  /* the inode of the other end; 0: not on this machine */
    char text[128]; /* "unix /tmp/x", "tcp 127.0.0.1:80 to 10.0.0.1:4711" */
};

/*
 * What is known of the socket with this inode, in that process's network.
 * 0, -ENOENT when it is of another kind or in another network namespace, or
 * -errno.
 */
int socket_look(pid_t process, uint64_t inode, struct socket_facts *facts);

#endif
