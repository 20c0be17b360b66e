/* SPDX-License-Identifier: MIT */
/*
 * server.h - the server of a manager: the process that has the objects.
 *
 * It speaks CPython's protocol (Lib/multiprocessing/managers.py, Server), so an
 * unmodified Python can connect:
 *
 *     connection   #CHALLENGE# ... both ways (common/auth.h), then one request
 *     request      pickle of (ident or None, function, args, kwds)
 *     reply        pickle of (kind, value), kind one of #RETURN, #ERROR,
 *                  #TRACEBACK, #PROXY, #UNSERIALIZABLE
 *
 * The functions of the first request are create, incref, decref, get_methods,
 * number_of_objects, debug_info, dummy, shutdown, and accept_connection, after
 * which the connection belongs to one thread of a client and carries calls of
 * methods until it ends.  One thread a connection, as in CPython; but the
 * handshake is in that thread and bounded in time, so a silent client keeps
 * nobody else waiting.
 *
 * Beyond CPython: what a client had is taken back when its process ends without
 * saying so (over AF_UNIX, where the kernel tells which process it is); a
 * client that dies while it waits for a lock or an item does not get it; and
 * what a dead client held is reported.
 *
 *     struct server *server;
 *     struct server_options options = {.key = key, .key_length = 32};
 *
 *     server_open(&server, &options);   // bound: clients can connect from now
 *     puts(server_address(server));
 *     server_serve(server);             // until shutdown, or server_stop
 *     server_close(server);
 */
#ifndef IPCLAB_MANAGER_SERVER_H
#define IPCLAB_MANAGER_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct server;

struct server_options {
    /* The name of a socket, or "HOST:PORT" (port 0: any that is free); NULL: a
     * name of its own in a new folder, which goes with it. */
    const char *address;
    const void *key;
    size_t key_length;
    int64_t patience;     /* ns for a handshake; 0: 10 s */
    unsigned connections; /* at once, more are closed; 0: 1024 */
    size_t message;       /* no longer request is taken; 0: 1 GiB */
    int until;            /* a descriptor, the caller's: when it is readable,
                             the server stops; 0: none */
    bool release;         /* give back the locks that a dead client held */
    /* A line for whoever runs it, or NULL: "process 31 ended with Lock 2a". */
    void (*report)(void *argument, const char *line);
    void *argument;
};

/* 0 or -errno: as listener_open's; -ENOMEM, -EMFILE. */
int server_open(struct server **server, const struct server_options *options);

/* Where it listens, as clients write it; the server's. */
const char *server_address(const struct server *s);

/* Serve until a client says shutdown or server_stop is called, then end every
 * connection and close every object.  0 or -errno. */
int server_serve(struct server *s);

/* May be called in a signal handler, and from any thread. */
void server_stop(struct server *s);

/* After server_serve, or in its place: free it, and remove its name. */
void server_close(struct server *s);

/* How many requests it has answered. */
uint64_t server_answered(const struct server *s);

#endif
