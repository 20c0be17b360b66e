/* SPDX-License-Identifier: MIT */
/*
 * listener.h - connections between strangers: Listener and Client.
 *
 * A Listener waits at an address, the name of a Unix socket or a TCP port; a
 * Client connects to it; each then has one end of a duplex Connection (CPython
 * Lib/multiprocessing/connection.py, SocketListener, SocketClient).  With a key
 * both prove that they have it before anything else is said (common/auth.h).
 *
 *     address    "/run/user/7/socket", "name"     AF_UNIX
 *                "127.0.0.1:6000", "localhost:0"  AF_INET; 0: a free port
 *
 * A name with a slash, or without a colon and a number behind it, is a
 * socket's.  A host is four numbers or "localhost": none is looked up, since
 * no timeout bounds that.
 */
#ifndef IPCLAB_LISTENER_H
#define IPCLAB_LISTENER_H

#include "pipe/pipe.h"

enum { LISTENER_ADDRESS = 256, LISTENER_BACKLOG = 16 };

struct listener {
    int fd;                         /* -1 when closed */
    char address[LISTENER_ADDRESS]; /* where it listens, the port that it got */
    bool named;                     /* a name to be removed ... */
    pid_t owner;                    /* ... by the process that made it ... */
    dev_t device;                   /* ... as long as it is still the one */
    ino_t inode;                    /* that was made */
};

/*
 * Listen.  0.  -EADDRINUSE: somebody does, or a name is there (one that a
 * killed listener left is to be removed by whoever knows that it is dead).
 * -EINVAL: no address.  -ENAMETOOLONG: a socket's name has 107 bytes at most.
 * Or -errno of bind(2) and listen(2).  SO_REUSEADDR is set, so that a port can
 * be used again at once; the name of a socket has mode 0600.
 */
int listener_open(struct listener *l, const char *address, int backlog);

/*
 * Stop listening, and remove the name, in the process that made it alone, and
 * where it is still of this socket.  What a program that ends without it leaves
 * is a name at which nobody listens.
 */
void listener_close(struct listener *l);

/*
 * The next connection.  0; -ETIMEDOUT after timeout ns; -EBADF: it is closed;
 * -EMFILE and the like: the client waits on.  One that was gone again before it
 * was accepted is no error.  What it sends is not to be trusted before the
 * handshake.
 */
int listener_accept(struct listener *l, struct connection *c, int64_t timeout);

/*
 * Connect; a listener whose backlog is full is waited for.  0; -ECONNREFUSED,
 * -ENOENT: nobody listens; -ETIMEDOUT; -EINVAL, -ENAMETOOLONG: as
 * listener_open; -EHOSTUNREACH and the like.
 */
int client_open(struct connection *c, const char *address, int64_t timeout);

/*
 * The handshake, each side its own: who listens delivers a challenge and then
 * answers one (authenticate_client), who connects answers first
 * (authenticate_server).  All of it takes timeout ns at the most.  0.
 * -EACCES: the other side has not the key, or says that we have not.
 * -ETIMEDOUT.  -EBADMSG: this is no handshake, or a message of it is longer
 * than AUTH_MESSAGE.  -EPIPE: it has gone.  -EBUSY, -EBADF: the connection was
 * used before, or is closed.  Nothing can be said over the connection any more
 * then, and the caller closes it.  What the other side sends behind the
 * handshake is read by connection_recv, and not before.
 */
int authenticate_client(struct connection *c, const void *key, size_t n,
                        int64_t timeout);
int authenticate_server(struct connection *c, const void *key, size_t n,
                        int64_t timeout);

/* Is that address the name of a socket? */
bool address_is_name(const char *address);

#endif
