/* SPDX-License-Identifier: MIT */
/*
 * reach.c - how the fork server is reached: started, connected to, let go of.
 *
 * File-scope state and its fork story: `server` says how the fork server is
 * reached.  A forked child may use it as well, over a connection of its own: it
 * drops its copy of this process's, is not the server's parent, and makes the
 * lock new.
 */
#include "start/forkserver.h"
#include "start/served.h"

#include "common/hooks.h"
#include "common/io.h"
#include "common/tracker.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
    pthread_mutex_t lock;
    struct served at;
    int connection; /* of this process alone */
    const char *executable;
    const char *const *preload;
} server = {PTHREAD_MUTEX_INITIALIZER, {0, -1, -1, {0}}, -1, NULL, NULL};

static void forget_connection(void *unused)
{
    (void)unused;
    server.lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    fd_close(&server.connection);
    if (server.at.pid)
        server.at.pid = 0;
}

__attribute__((constructor)) static void watch(void)
{
    static struct after_fork forget = {.run = forget_connection};

    after_fork_register(&forget);
}

void forkserver_adopt(int alive, int address, const unsigned char key[AUTH_KEY])
{
    server.at.alive = alive;
    server.at.address = address;
    memcpy(server.at.key, key, AUTH_KEY);
}

/* Close what leads to a server; a dead one of ours is reaped. */
static void forget_server(void)
{
    fd_close(&server.connection);
    fd_close(&server.at.address);
    fd_close(&server.at.alive);
    if (server.at.pid > 0)
        waitpid(server.at.pid, NULL, 0);
    server.at.pid = 0;
}

/* --- a connection --- */

/* The server hands this on to our children, who know by it that we live. */
static int say_hello(int connection)
{
    int self = (int)syscall(SYS_pidfd_open, getpid(), 0), error;
    char hello = HELLO;
    struct iovec piece = {&hello, 1};

    if (self < 0)
        return -errno;
    error = fds_send(connection, &piece, 1, &self, 1);
    close(self);
    return error;
}

/* The lock is held.  0 or -errno: -ECONNREFUSED when nobody listens. */
static int visit(void)
{
    const struct timeval longest = {SERVED_PATIENCE / SECOND, 0};
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = served_socket(), error = 0;
    struct auth_wire wire = served_wire(&fd);

    if (fd < 0)
        return fd;
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &longest, sizeof longest);
    snprintf(at.sun_path, sizeof at.sun_path, "/proc/self/fd/%d",
             server.at.address);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) < 0)
        error = -errno;
    if (!error)
        error = served_check_peer(fd);
    if (!error)
        error = auth_answer(&wire, server.at.key, AUTH_KEY);
    if (!error)
        error = auth_deliver(&wire, server.at.key, AUTH_KEY);
    if (!error)
        error = say_hello(fd);
    if (error)
        close(fd);
    else
        server.connection = fd;
    return error;
}

/* The other side of the connection is gone; whether the server is, its
 * listener tells. */
static bool says_gone(int error)
{
    return error == -ECONNRESET || error == -EPIPE;
}

/* The lock is held.  Have a server and a connection to it: 0 or -errno. */
static int ensure_running(void)
{
    int error = -ECONNREFUSED;

    if (server.connection >= 0)
        return 0;
    if (server.at.address >= 0)
        error = visit();
    if (says_gone(error)) /* it may have died of us while we waited */
        error = visit();
    if (error != -ECONNREFUSED)
        return error;
    forget_server();
    error = served_launch(&server.at, server.executable, server.preload);
    return error ? error : visit();
}

int forkserver_ensure_running(void)
{
    struct pollfd end = {0};
    int error;

    if (!mechanisms_initialised())
        return -ELOOP;
    pthread_mutex_lock(&server.lock);
    end.fd = server.connection;
    if (end.fd >= 0 && poll(&end, 1, 0) == 1) /* it says nothing: it is dead */
        fd_close(&server.connection);
    error = ensure_running();
    pthread_mutex_unlock(&server.lock);
    return error;
}

/* --- what a start says over it --- */

int served_request(struct iovec *pieces, size_t count, int *fds, size_t n)
{
    int error = 0, tracker = tracker_ensure_running();

    if (tracker < 0)
        return tracker;
    fds[SERVED_TRACKER] = tracker;
    pthread_mutex_lock(&server.lock);
    for (int tries = 0; tries < 2; tries++) { /* a dead server is replaced */
        error = ensure_running();
        fds[SERVED_ALIVE] = server.at.alive;
        if (!error)
            error = fds_send(server.connection, pieces, count, fds, n);
        if (!says_gone(error))
            break;
        fd_close(&server.connection);
    }
    pthread_mutex_unlock(&server.lock);
    return error;
}

int served_reason(void)
{
    int64_t reason = 0;
    struct auth_wire wire = served_wire(&server.connection);

    pthread_mutex_lock(&server.lock);
    if (server.connection < 0 ||
        wire.receive(wire.argument, &reason, sizeof reason) != sizeof reason) {
        reason = -ECONNRESET;
        fd_close(&server.connection);
    }
    pthread_mutex_unlock(&server.lock);
    return (int)reason;
}

void served_hang_up(void)
{
    pthread_mutex_lock(&server.lock);
    fd_close(&server.connection);
    pthread_mutex_unlock(&server.lock);
}

/* --- what a program says of it --- */

int forkserver_set_preload(const char *const *names)
{
    size_t length = PRELOAD_NONE;
    int error = 0;

    for (const char *const *name = names; name && *name; name++) {
        if (!preload_is_known(*name))
            return -ENOENT;
        length += strlen(*name) + 1; /* and a comma */
    }
    if (length > PRELOAD_TEXT)
        return -E2BIG;
    pthread_mutex_lock(&server.lock);
    if (server.at.address >= 0)
        error = -EBUSY;
    else
        server.preload = names;
    pthread_mutex_unlock(&server.lock);
    return error;
}

int forkserver_set_executable(const char *path)
{
    if (path && access(path, X_OK) < 0)
        return -errno;
    server.executable = path;
    return 0;
}

pid_t forkserver_pid(void)
{
    return server.at.pid;
}

int forkserver_stop(int64_t timeout)
{
    int error = 0, fd;

    pthread_mutex_lock(&server.lock);
    fd_close(&server.connection);
    fd_close(&server.at.address);
    fd_close(&server.at.alive);
    if (server.at.pid > 0) {
        fd = (int)syscall(SYS_pidfd_open, server.at.pid, 0);
        error = fd < 0 ? -errno : poll_until(fd, clock_deadline(timeout));
        fd_close(&fd);
        error = error > 0 ? 0 : error < 0 ? error : -ETIMEDOUT;
        if (!error) {
            waitpid(server.at.pid, NULL, 0);
            server.at.pid = 0;
        }
    }
    pthread_mutex_unlock(&server.lock);
    return error;
}
