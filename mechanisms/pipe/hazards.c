/* SPDX-License-Identifier: MIT */
/*
 * hazards.c - how a pipe goes wrong, and the cures.
 *
 * Every run has a process of its own, so that the disposition of a signal may
 * be set, and a death is the hazard's and not ours.
 */
#include "mechanism.h"

#include "pipe/pipe.h"
#include "witness.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

extern const struct hazard pipe_hazards[];

/* --- sigpipe --- */

enum { CURE_IGNORE = 1, CURE_NOSIGNAL };

/* The child: takes one message and ends. */
static _Noreturn void read_one(struct connection *reader,
                               struct connection *writer)
{
    char text[8];

    connection_close(writer);
    _exit(connection_recv(reader, text, sizeof text) == 5 ? 0 : 1);
}

/* region: sigpipe */
/* Send one message to a reader that takes it, and one when it is gone. */
static int send_two(struct connection *reader, struct connection *writer)
{
    int status, error = connection_send(writer, "hello", 5);
    pid_t child = error ? -1 : fork();

    if (child == 0)
        read_one(reader, writer);
    connection_close(reader);
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        return -ECHILD;
    return connection_send(writer, "anybody?", 8); /* -EPIPE, or our death */
}
/* end: sigpipe */

static int sigpipe(struct witness *w, int cure)
{
    struct connection reader, writer;
    int error;

    /* region: sigpipe-cures */
    if (cure == CURE_NOSIGNAL) /* a socket pair is sent to with MSG_NOSIGNAL */
        error = pipe_open_duplex(&reader, &writer);
    else
        error = pipe_open(&reader, &writer);
    /* What a C program starts with, and what mechanisms_init and Python do. */
    signal(SIGPIPE, cure == CURE_IGNORE ? SIG_IGN : SIG_DFL);
    /* end: sigpipe-cures */
    if (error)
        return error;
    witness_expect(w, -EPIPE);
    witness_victim(w, getpid());
    witness_fd(w, "writer", writer.fd);
    witness_ready(w);

    witness_got(w, send_two(&reader, &writer));
    connection_close(&writer);
    return 0;
}

/* -------------------------------------------------------------------------- */

const struct hazard pipe_hazards[] = {
    {.name = "sigpipe",
     .summary = "writing to a pipe that nobody reads any more ends a C program",
     .lesson = "05",
     .question = "The only reader of a pipe has ended, and a C program sends "
                 "it one more message.\nWhat will the sender do: a) finish b) "
                 "hang c) crash?",
     .victim = "the sender",
     .expect = CRASHES,
     .evidence = "signal PIPE",
     .cures =
         (const char *const[]){
             "ignore SIGPIPE, as mechanisms_init does: -EPIPE",
             "a socket pair, sent to with MSG_NOSIGNAL: -EPIPE", NULL},
     .run = sigpipe},
    {.name = NULL},
};
