/* SPDX-License-Identifier: MIT */
/*
 * hazards_ahead.c - a reader with bytes ahead is forked.
 *
 * What was read ahead is in the reader's memory and not in the pipe any more,
 * and a fork copies memory.  Our Connection has the cure built in, so the one
 * that goes wrong is written here: the same reader, naive.
 */
#include "pipe/hazards.h"

#include "common/io.h"
#include "pipe/pipe.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CURE_DROP = 1, CURE_EXACT };

/* How the two agree that both have received: the judge looks then. */
static int looked[2], received[2];

/* What this process was given last: a message is one number. */
static volatile uint64_t delivered;

/* region: read-ahead-duplicated */
/* Reads as much as there is, and hands it out a number at a time. */
struct naive {
    int fd;
    uint64_t buffer[64];
    size_t count, taken;
};

static int naive_receive(struct naive *n, uint64_t *number)
{
    if (n->taken == n->count) {
        ssize_t got = read_some(n->fd, n->buffer, sizeof n->buffer);

        if (got <= 0)
            return got < 0 ? (int)got : -EPIPE;
        n->count = (size_t)got / sizeof *n->buffer;
        n->taken = 0;
    }
    *number = n->buffer[n->taken++];
    return 0;
}
/* end: read-ahead-duplicated */

/* Either kind of reader. */
struct reader {
    struct naive naive;
    struct connection *connection; /* NULL: naive */
};

static int receive(struct reader *r)
{
    uint64_t number = 0;
    ssize_t n;

    if (!r->connection) {
        n = naive_receive(&r->naive, &number);
    } else {
        n = connection_recv(r->connection, &number, sizeof number);
        n = n == sizeof number ? 0 : n < 0 ? n : -EBADMSG;
    }
    if (n == 0)
        delivered = number;
    return (int)n;
}

/* Two messages, and the end. */
static int send_two(struct connection *writer, bool framed)
{
    int error = 0;

    for (uint64_t number = 1; number <= 2 && !error; number++)
        error = framed ? connection_send(writer, &number, sizeof number)
                       : write_full(writer->fd, &number, sizeof number);
    connection_close(writer);
    return error;
}

/* The child: what is there for it?  Its exit status is how many it got. */
static _Noreturn void receive_in_child(struct reader *r)
{
    int status = receive(r) == 0;
    char byte;

    fd_close(&looked[1]);
    write_full(received[1], "", 1);
    read_some(looked[0], &byte, 1); /* its end: whoever looks has looked */
    _exit(status);
}

/* The second message, of which there is one: who gets it? */
static int receive_in_both(struct witness *w, struct reader *r)
{
    int count = receive(r) == 0, status, got;
    pid_t child;
    char byte;

    witness_victim(w, getpid());
    witness_fd(w, "pipe", r->naive.fd);
    witness_memory(w, "delivered", &delivered);
    witness_show(w, 1); /* both messages are out of the pipe, one is handed out
                         */
    child = count ? fork() : -1;
    if (child == 0)
        receive_in_child(r);
    if (child < 0)
        return -ECHILD;
    read_some(received[0], &byte, 1);
    got = receive(r) == 0;
    witness_holder(w, child);
    witness_show(w, 2);

    fd_close(&looked[1]);
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return -ECHILD;
    return count + got + WEXITSTATUS(status);
}

int read_ahead_duplicated(struct witness *w, int cure)
{
    struct connection reader, writer;
    struct reader r = {.connection = NULL};
    int error = pipe_open(&reader, &writer), count;

    witness_expect(w, 2);
    if (!error)
        error = fd_pipe(looked);
    if (!error)
        error = fd_pipe(received);
    if (!error && cure == CURE_EXACT)
        error = connection_set_read_ahead(&reader, 0);
    if (!error)
        error = send_two(&writer, cure != 0);
    if (error)
        return error;
    r.naive.fd = reader.fd;
    if (cure)
        r.connection = &reader;
    count = receive_in_both(w, &r);
    connection_close(&reader);
    if (count < 0)
        return count;
    witness_got(w, count);
    return 0;
}
