/* SPDX-License-Identifier: MIT */
/*
 * hazards_inherited.c - a fork copies descriptors, and each of them stands for
 * the same open file, pipe or socket as before.
 *
 * An end of a pipe is copied open, without anybody who would close it; a file's
 * offset is one for both; a port stays taken as long as anybody has the socket.
 */
#include "start/hazards.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>

/* --- inherited-write-end --- */

enum { RESULTS = 3, CURE_CLOSE = 1, CURE_GIVE };

/* What worker A writes into, and what worker B waits for. */
static int results[2], tasks[2];

/* Worker A: three results, and home. */
static _Noreturn void produce(void)
{
    for (int i = 0; i < RESULTS; i++)
        write_full(results[1], "r", 1);
    _exit(0);
}

/* region: inherited-write-end */
/* Worker B: has nothing to do with the results.  It only inherited them. */
static _Noreturn void wait_for_tasks(int cure)
{
    char task;

    fd_close(&tasks[1]);
    if (cure == CURE_CLOSE)
        fd_close(&results[1]);
    while (read_some(tasks[0], &task, 1) > 0)
        ; /* nothing comes before the results are in */
    _exit(0);
}

/* The parent: every result there is, until nobody can write any more. */
static int64_t collect(void)
{
    int64_t count = 0;
    char result;

    while (read_some(results[0], &result, 1) > 0)
        count++;
    return count;
}
/* end: inherited-write-end */

int inherited_write_end(struct witness *w, int cure)
{
    int error = fd_pipe(results);
    pid_t a, b;

    witness_expect(w, RESULTS);
    if (!error)
        error = fd_pipe(tasks);
    if (error)
        return error;
    /* region: inherited-write-end-fork */
    a = fork();
    if (a == 0)
        produce();
    if (cure == CURE_GIVE) /* A has its end now: let nobody else inherit it */
        fd_close(&results[1]);
    b = fork();
    if (b == 0)
        wait_for_tasks(cure);
    fd_close(&results[1]);
    /* end: inherited-write-end-fork */
    if (a < 0 || b < 0 || wait_for(a) != 0)
        return -ECHILD;
    witness_fd(w, "results", results[0]);
    witness_victim(w, getpid());
    witness_holder(w, b);
    witness_ready(w);

    witness_got(w, collect());
    fd_close(&tasks[1]); /* B may go */
    return wait_for(b);
}

/* --- fork-shared-offset --- */

enum { LINES = 6, LINE = 7, CHILDS_LINES = 3, CURE_REOPEN = 1, CURE_PREAD };

/* Six lines, to be read from the first. */
static int write_lines(int file)
{
    char line[LINE + 1];

    for (int k = 0; k < LINES; k++) {
        snprintf(line, sizeof line, "line %d\n", k % 10);
        if (pwrite(file, line, LINE, (off_t)k * LINE) != LINE)
            return -EIO;
    }
    return 0;
}

/* region: fork-shared-offset */
/* Read up to `most` lines, from where the descriptor stands. */
static int read_lines(int file, int most)
{
    char line[LINE];
    int count = 0;

    while (count < most && read_full(file, line, LINE) == LINE)
        count++;
    return count;
}

/* The child: wants to see how the file begins. */
static int peek(int file, int cure)
{
    char path[32], line[LINE];
    int count = 0;

    if (cure == CURE_REOPEN) { /* a descriptor with an offset of its own */
        snprintf(path, sizeof path, "/proc/self/fd/%d", file);
        file = open(path, O_RDONLY | O_CLOEXEC);
    }
    if (cure == CURE_PREAD) { /* says where to read, and moves nothing */
        while (count < CHILDS_LINES &&
               pread(file, line, LINE, (off_t)count * LINE) == LINE)
            count++;
        return count;
    }
    return read_lines(file, CHILDS_LINES);
}
/* end: fork-shared-offset */

int fork_shared_offset(struct witness *w, int cure)
{
    int error = write_lines(w->file), count;
    pid_t child;

    if (error)
        return error;
    witness_expect(w, LINES);
    witness_victim(w, getpid());
    witness_fd(w, "lines", w->file);
    child = fork();
    if (child == 0) {
        witness_show(w, 1);
        count = peek(w->file, cure);
        witness_show(w, 2);
        _exit(count);
    }
    if (child < 0)
        return -errno;
    if (wait_for(child) != CHILDS_LINES)
        return -ECHILD;
    witness_got(w, read_lines(w->file, LINES));
    return 0;
}

/* --- inherited-port --- */

enum { CURE_CLOSE_LISTENER = 1 };

struct news {
    pid_t worker;
    int port;
};

static int stay[2]; /* the worker stays until this ends */
static int news[2]; /* what it says when it is there */

/* A socket that listens at 127.0.0.1, at `port` or, for 0, at any that is free,
 * which *port becomes.  The descriptor or -errno. */
static int listen_at(int *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)*port),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    if (bind(fd, (struct sockaddr *)&at, size) < 0 || listen(fd, 1) < 0 ||
        getsockname(fd, (struct sockaddr *)&at, &size) < 0) {
        int error = -errno;

        close(fd);
        return error;
    }
    *port = ntohs(at.sin_port);
    return fd;
}

/* region: inherited-port */
/* The worker: has nothing to do with the port. */
static _Noreturn void work(int listener, int port, int cure)
{
    struct news said = {getpid(), port};
    char byte;

    if (cure == CURE_CLOSE_LISTENER)
        fd_close(&listener);
    fd_close(&stay[1]);
    write_full(news[1], &said, sizeof said);
    read_some(stay[0], &byte, 1);
    _exit(0);
}

/* The server: listens, forks a worker, and dies. */
static _Noreturn void serve(struct witness *w, int cure)
{
    int port = 0, listener = listen_at(&port);

    if (listener < 0)
        _exit(1);
    w->port = port;
    witness_victim(w, getpid());
    witness_fd(w, "listener", listener);
    witness_show(w, 1);
    if (fork() == 0)
        work(listener, port, cure);
    _exit(0);
}
/* end: inherited-port */

/* Start the next server, at the same port: 1, or 0 when it is taken. */
static int listen_again(int port)
{
    int listener = listen_at(&port);

    if (listener < 0)
        return listener == -EADDRINUSE ? 0 : listener;
    close(listener);
    return 1;
}

int inherited_port(struct witness *w, int cure)
{
    int error = fd_pipe(stay), again;
    struct news said;
    pid_t server;

    prctl(PR_SET_CHILD_SUBREAPER, 1); /* the worker becomes ours to wait for */
    if (!error)
        error = fd_pipe(news);
    if (error)
        return error;
    witness_expect(w, 1);
    server = fork();
    if (server == 0)
        serve(w, cure);
    fd_close(&news[1]);
    if (server < 0 || wait_for(server) != 0 ||
        read_full(news[0], &said, sizeof said) != sizeof said)
        return -ECHILD;
    witness_holder(w, said.worker);
    witness_show(w, 2);
    again = listen_again(said.port);
    fd_close(&stay[1]); /* the worker may go */
    if (again < 0 || wait_for(said.worker) != 0)
        return again < 0 ? again : -ECHILD;
    witness_got(w, again);
    return 0;
}
