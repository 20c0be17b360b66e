/* SPDX-License-Identifier: MIT */
/*
 * hazards_torn.c - a message that does not come in one piece.
 *
 * Whoever writes a message in several pieces, because it is long or because
 * the pipe took only a part of it, relies on nobody writing in between, and on
 * living until the last.
 */
#include "pipe/hazards.h"

#include "common/io.h"
#include "common/region.h"
#include "pipe/pipe.h"

#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The first piece of a message of n bytes: its header and half of it. */
static int write_half(int fd, const char *message, size_t n)
{
    char piece[4 + 4096];
    uint32_t header = htobe32((uint32_t)n);

    memcpy(piece, &header, 4);
    memcpy(piece + 4, message, n / 2);
    return write_full(fd, piece, 4 + n / 2);
}

static int status_of(pid_t child)
{
    int status;

    if (child < 0 || waitpid(child, &status, 0) != child)
        return -ECHILD;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* --- interleaved-writers --- */

enum { CURE_LOCK = 1, CURE_ONE_WRITE };

enum { LONG = 6000, SHORT = 2000 };

/* How the two take their turns, and the lock that they should have had. */
static int begun[2], done[2];
static pthread_mutex_t *lock;

static int open_lock(struct region *r)
{
    pthread_mutexattr_t kind;
    int error = region_open(r, sizeof(pthread_mutex_t));

    if (error)
        return error;
    lock = r->base;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
    error = -pthread_mutex_init(lock, &kind);
    pthread_mutexattr_destroy(&kind);
    return error;
}

/* region: interleaved-writers */
/* Writer A: a message in two pieces. */
static int write_in_pieces(struct connection *writer, int cure)
{
    char message[LONG], byte;
    int error;

    memset(message, 'A', LONG);
    if (cure == CURE_LOCK)
        pthread_mutex_lock(lock);
    error = write_half(writer->fd, message, LONG);
    write_full(begun[1], "", 1);
    if (cure != CURE_LOCK) /* B writes now; with the lock it cannot */
        read_some(done[0], &byte, 1);
    if (!error)
        error = write_full(writer->fd, message + LONG / 2, LONG / 2);
    if (cure == CURE_LOCK)
        pthread_mutex_unlock(lock);
    return error;
}

/* Writer B: a message in one piece, while A is in the middle of its own. */
static int write_between(struct connection *writer, int cure)
{
    char message[SHORT], byte;
    int error;

    memset(message, 'B', SHORT);
    read_some(begun[0], &byte, 1);
    if (cure == CURE_LOCK)
        pthread_mutex_lock(lock);
    error = connection_send(writer, message, SHORT);
    if (cure == CURE_LOCK)
        pthread_mutex_unlock(lock);
    write_full(done[1], "", 1);
    return error;
}
/* end: interleaved-writers */

/* The same work for the cure of short messages: three, each in one write. */
static int write_at_once(struct connection *writer)
{
    char message[LONG / 3], byte;
    int error = 0;

    memset(message, 'A', sizeof message);
    for (int i = 0; i < 3 && !error; i++) {
        error = connection_send(writer, message, sizeof message);
        if (i == 1) { /* let B come between: it does no harm */
            write_full(begun[1], "", 1);
            read_some(done[0], &byte, 1);
        }
    }
    return error;
}

/* How many bytes came in messages that hold one letter alone. */
static int64_t receive_intact(struct connection *reader)
{
    char message[LONG + SHORT + 64];
    int64_t bytes = 0;
    ssize_t n;

    while ((n = connection_recv(reader, message, sizeof message)) >= 0) {
        bool intact = true;

        for (ssize_t i = 1; i < n; i++)
            intact &= message[i] == message[0];
        bytes += intact ? n : 0;
    }
    return bytes;
}

static pid_t fork_writer(int (*write_it)(struct connection *, int),
                         struct connection *reader, struct connection *writer,
                         int cure)
{
    pid_t child = fork();

    if (child == 0) {
        connection_close(reader);
        _exit(write_it(writer, cure) == 0 ? 0 : 1);
    }
    return child;
}

static int write_a(struct connection *writer, int cure)
{
    return cure == CURE_ONE_WRITE ? write_at_once(writer)
                                  : write_in_pieces(writer, cure);
}

int interleaved_writers(struct witness *w, int cure)
{
    struct connection reader, writer;
    struct region shared;
    int error = open_lock(&shared);
    pid_t a, b;

    witness_expect(w, LONG + SHORT);
    if (!error)
        error = pipe_open(&reader, &writer);
    if (!error)
        error = fd_pipe(begun);
    if (!error)
        error = fd_pipe(done);
    if (error)
        return error;
    a = fork_writer(write_a, &reader, &writer, cure);
    b = fork_writer(write_between, &reader, &writer, cure);
    connection_close(&writer);
    if (status_of(a) != 0 || status_of(b) != 0)
        return -ECHILD;
    /* Both have written, and nobody has read: the pipe shows what happened. */
    witness_victim(w, getpid());
    witness_fd(w, "writer's pipe", reader.fd);
    witness_show(w, 1);

    witness_got(w, receive_intact(&reader));
    connection_close(&reader);
    region_close(&shared);
    return 0;
}

/* --- killed-mid-message --- */

enum { CURE_CLOSE = 1, CURE_OWN_PIPES };

static int tasks[2];

/* The sender: one message, and half of the next. */
static _Noreturn void send_and_die(struct connection *writer)
{
    char message[SHORT];

    memset(message, 'x', SHORT);
    if (connection_send(writer, message, SHORT) == 0 &&
        write_half(writer->fd, message, SHORT) == 0)
        raise(SIGKILL);
    _exit(1);
}

/* Its sibling, which has the write end too, and waits for a task. */
static _Noreturn void idle(struct connection *writer, bool close_it)
{
    char task;

    fd_close(&tasks[1]);
    if (close_it)
        connection_close(writer);
    read_some(tasks[0], &task, 1);
    _exit(0);
}

/* region: killed-mid-message */
/* The reader: the message that is whole, then what comes. */
static int receive_two(struct connection *reader)
{
    char message[SHORT];
    ssize_t n = connection_recv(reader, message, SHORT);

    if (n != SHORT)
        return n < 0 ? (int)n : -EBADMSG;
    n = connection_recv(reader, message, SHORT); /* it never gets the rest */
    return n < 0 ? (int)n : 0;
}
/* end: killed-mid-message */

static pid_t fork_idle(struct connection *writer, int cure)
{
    pid_t child;

    if (cure == CURE_OWN_PIPES) /* the sender's pipe is the sender's alone */
        connection_close(writer);
    child = fork();
    if (child == 0)
        idle(writer, cure == CURE_CLOSE);
    return child;
}

int killed_mid_message(struct witness *w, int cure)
{
    struct connection reader, writer;
    int error = pipe_open(&reader, &writer);
    siginfo_t ended;
    pid_t sender, sibling;

    witness_expect(w, -EBADMSG); /* "it ended within a message" */
    if (!error)
        error = fd_pipe(tasks);
    if (error)
        return error;
    sender = fork();
    if (sender == 0)
        send_and_die(&writer);
    sibling = fork_idle(&writer, cure);
    connection_close(&writer);
    fd_close(&tasks[0]);
    /* Dead, and not asked how: everybody can see its zombie. */
    if (sender < 0 || sibling < 0 ||
        waitid(P_PID, (id_t)sender, &ended, WEXITED | WNOWAIT) < 0)
        return -ECHILD;
    witness_victim(w, getpid());
    witness_holder(w, sibling);
    witness_child(w, sender);
    witness_fd(w, "messages", reader.fd);
    witness_show(w, 1); /* what the dead left, before it is read */
    witness_ready(w);

    witness_got(w, receive_two(&reader));
    connection_close(&reader);
    fd_close(&tasks[1]); /* the sibling may go */
    if (status_of(sender) != -SIGKILL || status_of(sibling) != 0)
        return -ECHILD;
    return 0;
}
