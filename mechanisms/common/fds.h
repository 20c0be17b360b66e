/* SPDX-License-Identifier: MIT */
/*
 * fds.h - descriptors through a Unix socket (man 7 unix, SCM_RIGHTS).
 *
 * The kernel gives the receiver a new number for the same open file.  One
 * message carries FDS_MOST at most.  A receiver at its limit on descriptors is
 * given fewer than were sent, and only a flag tells (MSG_CTRUNC): here that is
 * an error, and what did come is closed.
 */
#ifndef IPCLAB_FDS_H
#define IPCLAB_FDS_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

enum { FDS_MOST = 253 }; /* SCM_MAX_FD */

/*
 * Send the pieces and n descriptors as one message; a copy goes, so close them
 * as you like.  At least one byte must go with them.  0; -E2BIG beyond
 * FDS_MOST; -EPIPE, without a signal; or -errno.
 */
int fds_send(int socket, struct iovec *pieces, size_t count, const int *fds,
             size_t n);

/*
 * Receive one message into buffer, and its descriptors, all CLOEXEC and the
 * caller's.  Returns the bytes; 0 is the end.  *n: how many fds has room for,
 * FDS_MOST or less; then how many came.
 * -EMFILE:   descriptors were lost, for want of room here or in the process.
 * -EMSGSIZE: the message was longer; its descriptors are closed.
 */
ssize_t fds_receive(int socket, void *buffer, size_t size, int *fds, size_t *n);

/*
 * The same as CPython says it: one byte, n modulo 256, and n descriptors
 * (Lib/multiprocessing/reduction.py, sendfds and recvfds).  -EBADMSG: not
 * that many came with it.  -EPIPE: the other side has closed.
 */
int fds_send_handles(int socket, const int *fds, size_t n);
int fds_receive_handles(int socket, int *fds, size_t n);

#endif
