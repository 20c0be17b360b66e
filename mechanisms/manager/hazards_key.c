/* SPDX-License-Identifier: MIT */
/*
 * hazards_key.c - a server that obeys before it has seen the key.
 *
 * Who knows the name of a socket can connect to it, and an abstract name has
 * neither a mode nor an owner: every process of the machine knows it, from
 * /proc/net/unix.  A key that is not asked for keeps nobody out.  (So it was
 * with CPython's fork server: CVE-2022-42919.)  A manager of ours, or of
 * CPython's, asks first; the server here is a naive one of its own making.
 */
#include "manager/hazards.h"

#include "pipe/listener.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { CURE_HANDSHAKE = 1, CURE_WHO };

/* What who has the key orders, and what the stranger does. */
enum { RIGHT = 7, WRONG = 66 };

static const char right_key[] = "swordfish", wrong_key[] = "sturgeon";

/* An order is a number, which becomes the server's limit. */
static volatile int64_t limit;

/* Where it listens, as it says itself. */
struct hello {
    int listener;
    socklen_t size;
    struct sockaddr_un at;
};

static int told[2], results[2], quit[2];

/* --- the server --- */

/* At an abstract name that the kernel chooses; or with a cure at one of mode
 * 0600 in the folder of this run.  0 or -errno. */
static int listen_at_name(struct hello *h, int cure)
{
    const char *folder = getenv("TMPDIR");

    *h = (struct hello){.listener =
                            socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
                        .size = sizeof(sa_family_t),
                        .at = {.sun_family = AF_UNIX}};
    if (cure)
        h->size +=
            1 + (socklen_t)snprintf(h->at.sun_path, sizeof h->at.sun_path,
                                    "%s/control", folder ? folder : ".");
    if (h->listener < 0 || h->size > sizeof h->at ||
        (cure && fchmod(h->listener, 0600) < 0) ||
        bind(h->listener, (struct sockaddr *)&h->at, h->size) < 0 ||
        listen(h->listener, 4) < 0)
        return -errno;
    h->size = sizeof h->at;
    return getsockname(h->listener, (struct sockaddr *)&h->at, &h->size) < 0
               ? -errno
               : 0;
}

/* region: wrong-authkey-cures */
/* Only who has the key is listened to ... */
static bool has_key(struct connection *c)
{
    return authenticate_client(c, right_key, sizeof right_key, SECOND) == 0;
}

/* ... or only the process that it belongs to: the kernel says who connected. */
static bool is_parent(const struct connection *c)
{
    struct ucred who;
    socklen_t size = sizeof who;

    return getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 &&
           who.uid == geteuid() && who.pid == getppid();
}
/* end: wrong-authkey-cures */

static bool is_known(struct connection *c, int cure)
{
    return cure == CURE_HANDSHAKE ? has_key(c)
           : cure == CURE_WHO     ? is_parent(c)
                                  : true;
}

/* region: wrong-authkey */
/* Do what a client says. */
static void obey(int fd, int cure)
{
    struct connection client;
    int64_t order;

    if (connection_from_fd(&client, fd) < 0)
        return;
    if (is_known(&client, cure) &&
        connection_recv(&client, &order, sizeof order) == sizeof order)
        limit = order;
    connection_close(&client); /* by which the client sees that it is done */
}
/* end: wrong-authkey */

static _Noreturn void serve(int cure)
{
    struct hello hello;
    struct pollfd either[2] = {{quit[0], POLLIN, 0}, {-1, POLLIN, 0}};
    int error = listen_at_name(&hello, cure);

    fd_close(&quit[1]);
    if (!error)
        error = write_full(told[1], &hello, sizeof hello);
    either[1].fd = hello.listener;
    while (!error && poll(either, 2, -1) > 0 && !either[0].revents) {
        int fd = accept4(hello.listener, NULL, NULL, SOCK_CLOEXEC);

        if (fd >= 0)
            obey(fd, cure);
    }
    if (cure && !error)
        unlink(hello.at.sun_path);
    write_full(results[1], (void *)&limit, sizeof limit);
    _exit(error ? 1 : 0);
}

/* --- who gives it orders --- */

/* Connect, prove a key where one is asked for, say it, and wait until that was
 * heard, or not.  0 or -errno. */
static int give_order(const struct hello *h, const char *key, size_t n,
                      int64_t order, int cure)
{
    struct connection c;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), error = 0;
    char byte;

    if (fd < 0)
        return -errno;
    if (connect(fd, (const struct sockaddr *)&h->at, h->size) < 0) {
        error = -errno;
        close(fd);
        return error;
    }
    error = connection_from_fd(&c, fd);
    if (!error && cure == CURE_HANDSHAKE)
        error = authenticate_server(&c, key, n, SECOND);
    if (!error)
        error = connection_send(&c, &order, sizeof order);
    if (!error && connection_recv(&c, &byte, 1) != -EPIPE)
        error = -EBADMSG;
    connection_close(&c);
    return error;
}

/* Of a stranger it does not matter whether it got through to the end. */
static int be_stranger(const struct hello *h, int cure)
{
    pid_t stranger = fork();

    if (stranger == 0) {
        give_order(h, wrong_key, sizeof wrong_key, WRONG, cure);
        _exit(0);
    }
    return stranger < 0 ? -errno : wait_for(stranger);
}

/* --- the scenario --- */

static int order_both(struct witness *w, pid_t server, int cure)
{
    struct hello hello;
    int64_t found = 0;
    int error;

    fd_close(&told[1]);
    if (read_full(told[0], &hello, sizeof hello) != sizeof hello)
        return -ECHILD;
    error = give_order(&hello, right_key, sizeof right_key, RIGHT, cure);
    witness_victim(w, server);
    witness_memory(w, "limit", &limit);
    w->fd = hello.listener;
    if (!error) {
        witness_show(w, 1); /* anybody may give it another order now */
        error = be_stranger(&hello, cure);
    }
    fd_close(&quit[1]);
    if (error || read_full(results[0], &found, sizeof found) != sizeof found)
        return error ? error : -ECHILD;
    witness_got(w, found);
    return wait_for(server) == 0 ? 0 : -ECHILD;
}

int wrong_authkey(struct witness *w, int cure)
{
    int error = fd_pipe(told);
    pid_t server;

    witness_expect(w, RIGHT);
    if (!error)
        error = fd_pipe(results);
    if (!error)
        error = fd_pipe(quit);
    if (error)
        return error;
    server = fork();
    if (server == 0)
        serve(cure);
    return server < 0 ? -errno : order_both(w, server, cure);
}
