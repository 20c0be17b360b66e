/* SPDX-License-Identifier: MIT */
/*
 * zygote.h - a fork server of one's own: it forks a child for each request, and
 * says how the child ended.
 *
 * One client, one socket (SOCK_SEQPACKET: a message arrives whole).  A request
 * names a job and may bring one descriptor, which is the job's:
 *
 *     client                                      zygote
 *     {7, "compile"}, descriptor  ------->        fork
 *                                 <-------        {7, ZYGOTE_STARTED, its pid}
 *     {8, "nonsense"}             ------->
 *                                 <-------        {8, ZYGOTE_REFUSED, -ENOENT}
 *                                 <-------        {7, ZYGOTE_ENDED, exit code}
 *
 * Android starts its applications so, and gave the thing its name.  The one of
 * start/ has a pipe for each child; here all answers come over the socket, so
 * each says to which request it belongs.
 */
#ifndef IPCLAB_ZYGOTE_H
#define IPCLAB_ZYGOTE_H

#include <stdint.h>

/* What a child may be asked to do: ended by a name that is NULL.  fd is what
 * came with the request, or -1; the result is the exit code. */
struct job {
    const char *name;
    int (*run)(int fd);
};

extern const struct job jobs[];

struct zygote_request {
    uint32_t id;  /* the client's choice */
    char job[28]; /* its name, with its final 0 */
};

enum { ZYGOTE_STARTED, ZYGOTE_ENDED, ZYGOTE_REFUSED };

struct zygote_reply {
    uint32_t id;
    int32_t kind;
    int32_t value; /* the pid; the exit code, or -N where signal N ended it;
                      -errno */
};

/*
 * Serve the client at the other end until it closes; 0, or -errno where nothing
 * more could be served.  The socket stays the caller's.
 *
 * - A child is forked at once, however many run, and its end is told as soon as
 *   it has come: STARTED and then ENDED for each, in whatever order they end.
 * - ENDED is sent before the child is reaped: a client that has not yet read it
 *   may send a signal to the pid, which cannot be another's.
 * - The child has the signal mask that the caller had, every descriptor that
 *   he had but for the socket, and its own.  It leaves by _exit.
 * - The zygote keeps none of it, so the client sees the end of a pipe when the
 *   job alone has closed it.
 * - A job that is not there: REFUSED, -ENOENT.  What is no request, by its
 *   length, by a name that does not end, or because its descriptors are more
 *   than one or were lost, is REFUSED with -errno and the id 0.  What came with
 *   either is closed, and the next request is served.
 * - When the client has closed, zygote_serve returns at once.  What still runs
 *   goes on; the caller's signal mask and descriptors are as they were.
 *
 * The caller has one thread and no other children, and ignores SIGPIPE.
 */
int zygote_serve(int socket);

#endif
