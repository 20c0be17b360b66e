/* SPDX-License-Identifier: MIT */
/*
 * hazards_port.c - a port stays taken as long as anybody has the socket that
 * listens there, and whoever is forked has it.
 */
#include "start/hazards.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>

enum { CURE_CLOSE = 1, CURE_SPAWN, CURE_SERVED };

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
static void work(int port)
{
    struct news said = {getpid(), port};
    char byte;

    write_full(news[1], &said, sizeof said);
    read_some(stay[0], &byte, 1);
}

/* The same worker, with what it was handed: the two pipes, and no listener. */
static int work_there(struct parcel *arguments)
{
    uint64_t port;
    int error = parcel_take_u64(arguments, &port);

    if (!error)
        error = parcel_take_fd(arguments, &news[1]);
    if (!error)
        error = parcel_take_fd(arguments, &stay[0]);
    if (!error)
        work((int)port);
    return error;
}
TARGET(work_there)

/* Not joined: it outlives this process. */
static int start_fresh(int port, enum start_method method)
{
    struct parcel arguments;
    struct process p;
    int error;

    parcel_init(&arguments);
    process_init(&p, "work_there", &arguments);
    p.method = method;
    error = parcel_put_u64(&arguments, (uint64_t)port);
    if (!error)
        error = parcel_put_fd(&arguments, news[1]);
    if (!error)
        error = parcel_put_fd(&arguments, stay[0]);
    if (!error)
        error = process_start(&p);
    parcel_free(&arguments);
    return error;
}

/* The server: listens, starts a worker, and dies. */
static _Noreturn void serve(struct witness *w, int cure)
{
    int port = 0, listener = listen_at(&port);

    if (listener < 0)
        _exit(1);
    w->port = port;
    witness_victim(w, getpid());
    witness_fd(w, "listener", listener);
    witness_show(w, 1);
    if (cure == CURE_SPAWN || cure == CURE_SERVED)
        _exit(start_fresh(port, cure == CURE_SPAWN ? START_SPAWN
                                                   : START_FORKSERVER) != 0);
    if (fork() == 0) {
        if (cure == CURE_CLOSE)
            fd_close(&listener);
        fd_close(&stay[1]);
        work(port);
    }
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
    fd_close(&stay[1]); /* the worker may go, and who started it */
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        ;
    if (again < 0)
        return again;
    witness_got(w, again);
    return 0;
}
