/* SPDX-License-Identifier: MIT */
/*
 * hazards.c - how a pipe goes wrong, and the cures.
 *
 * Every run has a process of its own, so that the disposition of a signal may
 * be set, and a death is the hazard's and not ours.
 */
#include "mechanism.h"

#include "pipe/hazards.h"
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
    {.name = "both-send-first",
     .summary = "each sends more than a pipe holds before it receives, and "
                "each waits for the other to read",
     .lesson = "06",
     .question = "Two processes have a pipe in each direction.  Each sends "
                 "256 KiB, and then\nreceives what the other has sent.  What "
                 "will they do: a) finish b) hang c) crash?",
     .victim = "the sender",
     .expect = HANGS,
     .evidence = "cycle 2",
     .cures =
         (const char *const[]){"one of the two receives first",
                               "each receives in a thread while it sends",
                               "in turns, in pieces that a pipe holds", NULL},
     .run = both_send_first},
    {.name = "interleaved-writers",
     .summary = "a message written in two pieces has another one in the middle",
     .lesson = "06",
     .question = "Writer A has written the first half of a message, and writer "
                 "B a whole one into\nthe same pipe; then A writes the rest.  "
                 "What will the reader do: a) finish, all\nright b) hang c) "
                 "crash d) finish, with something wrong?",
     .victim = "the writer",
     .expect = CORRUPTS,
     .evidence = "message within message",
     .cures =
         (const char *const[]){"a lock, held for a whole message",
                               "one write of up to PIPE_BUF bytes is whole",
                               NULL},
     .run = interleaved_writers},
    {.name = "killed-mid-message",
     .summary =
         "the writer dies within a message, and a sibling holds the pipe "
         "open",
     .lesson = "06",
     .question = "A writer is killed in the middle of a message.  A sibling "
                 "has the pipe's write end\ntoo.  What will the reader do: a) "
                 "finish b) hang c) crash?",
     .victim = "the reader",
     .expect = HANGS,
     .evidence = "torn message",
     .cures =
         (const char *const[]){
             "the sibling closes the end: -EBADMSG tells it",
             "a pipe for each writer: its end is the writer's end", NULL},
     .run = killed_mid_message},
    {.name = "read-ahead-duplicated",
     .summary = "a reader that reads ahead is forked: both deliver what was in "
                "its buffer",
     .lesson = "05",
     .question = "A reader has taken two messages out of the pipe and handed "
                 "out one.  It forks.\nWho gets the second message: a) one of "
                 "the two b) nobody: they hang c) one\ncrashes d) both of "
                 "them?",
     .victim = "the fork",
     .expect = CORRUPTS,
     .evidence = "delivered twice",
     .cures =
         (const char *const[]){"a Connection: the child drops its copy",
                               "no read-ahead: the pipe has each byte once",
                               NULL},
     .run = read_ahead_duplicated},
    {.name = "fds-truncated",
     .summary = "a receiver that has no descriptor left gets a message without "
                "those that came with it",
     .lesson = "04",
     .question = "A process that may open no more files is sent a message with "
                 "three pipes, one\n"
                 "result in each.  It receives it, and reads them.  What will "
                 "it do: a) finish,\n"
                 "with three b) hang c) crash d) finish, with fewer?",
     .victim = "the receiver",
     .expect = LOSES,
     .evidence = "descriptors cut off",
     .cures =
         (const char *const[]){
             "look at the flags, make room, have it sent again",
             "raise the limit first: setrlimit(2)", NULL},
     .run = fds_truncated},
    {.name = NULL},
};
