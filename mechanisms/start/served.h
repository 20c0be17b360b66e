/* SPDX-License-Identifier: MIT */
/*
 * served.h - what the fork server and its clients say to each other.
 *
 * Private to start/.  The socket is SOCK_SEQPACKET: a request arrives whole,
 * with its descriptors, or not at all.
 *
 *     client                                server
 *     connect                     ------->  accept; is it the same user?
 *     auth_answer, auth_deliver   <------>  auth_deliver, auth_answer
 *     HELLO and its own pidfd     ------->
 *     a preparation and           ------->  fork
 *       SERVED_FDS descriptors,   status <- pid
 *       then the parcel's         status <- exit code, when it has ended
 *
 * Where the status pipe ends before a pid came, the reason comes back over the
 * socket, an int64 of -errno; if that ends, too, the server is dead.
 */
#ifndef IPCLAB_SERVED_H
#define IPCLAB_SERVED_H

#include "start/image.h"

#include "common/fds.h"
#include "common/parcel.h"

/* region: served-fds */
/* In this order before the parcel's descriptors.  The last is the file with
 * the parcel's bytes, or where those are in the message once more the first. */
enum { SERVED_STATUS, SERVED_ALIVE, SERVED_TRACKER, SERVED_BYTES, SERVED_FDS };
/* end: served-fds */

_Static_assert(PARCEL_FDS + SERVED_FDS == FDS_MOST, "a parcel in one message");

/* The longest message; a parcel that would make it longer goes aside. */
enum { PACKET = 24576, HELLO = 'h' };

/* How long the other side may take over each step of the handshake. */
#define SERVED_PATIENCE (10 * SECOND)

/* A socket of the kind that both sides use, above the standard descriptors:
 * it or -errno. */
int served_socket(void);

/* Bind it where no other user can come, and leave no name: a descriptor to
 * connect by, or -errno. */
int served_bind(int listener);

/* How a fork server is reached. */
struct served {
    pid_t pid;   /* where it is our child, else 0 */
    int alive;   /* it lives while somebody has this */
    int address; /* the socket it listens at, O_PATH */
    unsigned char key[AUTH_KEY];
};

/* The longest list of initialisers, and what of it is no name. */
enum { PRELOAD_TEXT = 1024, PRELOAD_NONE = sizeof "preload=" };

/* Start one: of that program, or NULL for the usual, with those initialisers,
 * or NULL for none.  0 or -errno. */
int served_launch(struct served *at, const char *executable,
                  const char *const *preload);

/* A handshake over a connection; each step waits SERVED_PATIENCE at most. */
struct auth_wire served_wire(const int *connection);

/* Is the other side of our own user?  0, -EACCES or -errno. */
int served_check_peer(int fd);

/*
 * Send a request, to a server that is started if there is none.  The places
 * SERVED_ALIVE and SERVED_TRACKER of fds are filled in.  0 or -errno.
 */
int served_request(struct iovec *pieces, size_t count, int *fds, size_t n);

/* Why a request was refused, -errno; -ECONNRESET: the server is dead. */
int served_reason(void);

/* Connect anew for the next request. */
void served_hang_up(void);

/* In a child of the server: be a client of it, as the starter was. */
void forkserver_adopt(int alive, int address,
                      const unsigned char key[AUTH_KEY]);

/* In the server: run the initialisers of a list "name,name". */
void preloads_run(const char *names);

/* Has this image an initialiser of that name? */
bool preload_is_known(const char *name);

#endif
