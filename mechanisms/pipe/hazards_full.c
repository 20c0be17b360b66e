/* SPDX-License-Identifier: MIT */
/*
 * hazards_full.c - both sides send first: two full pipes, two sleepers.
 *
 * Each side has something for the other, larger than a pipe, and wants to be
 * rid of it before it listens.  Each then sleeps until the other reads.
 */
#include "pipe/hazards.h"

#include "pipe/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CURE_RECEIVE_FIRST = 1, CURE_THREAD, CURE_PIECES };

/* What a pipe holds, four times that, and a piece that fits one with its
 * header. */
enum { HOLDS = 64 * 1024, WHOLE = 4 * HOLDS, PIECE = HOLDS / 2 };

/* One side: what it sends into and what it receives from. */
struct side {
    struct connection out, in;
    int64_t received; /* bytes, or -errno */
};

static char to_send[WHOLE]; /* the same in both, read alone */

/* Receive messages until all the bytes are there. */
static void *receive_all(void *argument)
{
    struct side *s = argument;
    static char buffer[WHOLE];

    while (s->received >= 0 && s->received < WHOLE) {
        ssize_t n = connection_recv(&s->in, buffer, sizeof buffer);

        s->received = n < 0 ? n : s->received + n;
    }
    return NULL;
}

/* region: both-send-first */
/* What each of the two does: send all, then receive all. */
static int send_first(struct side *s)
{
    int error = connection_send(&s->out, to_send, WHOLE);

    receive_all(s);
    return error;
}
/* end: both-send-first */

/* region: both-send-first-cures */
static int receive_first(struct side *s)
{
    receive_all(s);
    return connection_send(&s->out, to_send, WHOLE);
}

static int receive_in_a_thread(struct side *s)
{
    pthread_t thread;
    int error = -pthread_create(&thread, NULL, receive_all, s);

    if (error)
        return error;
    error = connection_send(&s->out, to_send, WHOLE);
    pthread_join(thread, NULL);
    return error;
}

/* No side has more under way than the other's pipe holds. */
static int send_in_pieces(struct side *s)
{
    char buffer[PIECE];
    int error = 0;

    while (s->received < WHOLE && !error) {
        ssize_t n;

        error = connection_send(&s->out, to_send + s->received, PIECE);
        n = error ? 0 : connection_recv(&s->in, buffer, sizeof buffer);
        error = n < 0 ? (int)n : error;
        s->received += n;
    }
    return error;
}
/* end: both-send-first-cures */

static int talk(struct side *s, int cure, bool child)
{
    switch (cure) {
    case CURE_RECEIVE_FIRST: /* one of them is enough */
        return child ? receive_first(s) : send_first(s);
    case CURE_THREAD:
        return receive_in_a_thread(s);
    case CURE_PIECES:
        return send_in_pieces(s);
    default:
        return send_first(s);
    }
}

/* A pipe of that size: by itself it holds 16 pages, whatever a page is here, or
 * fewer when this user has many pipes. */
static int open_sized(struct connection *reader, struct connection *writer)
{
    int error = pipe_open(reader, writer), granted;

    if (error)
        return error;
    granted = fcntl(writer->fd, F_SETPIPE_SZ, HOLDS);
    if (granted < 0)
        return -errno;
    return granted < WHOLE ? 0 : -EMSGSIZE;
}

int both_send_first(struct witness *w, int cure)
{
    struct side ours = {.received = 0}, theirs = {.received = 0};
    int error = open_sized(&theirs.in, &ours.out), status;
    pid_t child;

    witness_expect(w, INT64_C(2) * WHOLE);
    if (!error)
        error = open_sized(&ours.in, &theirs.out);
    if (error)
        return error;
    child = fork();
    if (child == 0) {
        connection_close(&ours.in);
        connection_close(&ours.out);
        error = talk(&theirs, cure, true);
        _exit(error == 0 && theirs.received == WHOLE ? 0 : 1);
    }
    connection_close(&theirs.in);
    connection_close(&theirs.out);
    witness_victim(w, getpid());
    witness_holder(w, child);
    witness_fd(w, "pipe", ours.out.fd);
    witness_ready(w);

    error = child < 0 ? -errno : talk(&ours, cure, false);
    connection_close(&ours.in);
    connection_close(&ours.out);
    if (child > 0 && (waitpid(child, &status, 0) != child || status != 0))
        error = error ? error : -ECHILD;
    witness_got(w, ours.received + (error ? 0 : WHOLE));
    return error;
}
