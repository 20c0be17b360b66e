/* SPDX-License-Identifier: MIT */
/*
 * connections.h - how a proxy reaches its server.
 *
 * Private to the client's side (connections.c, request.c, proxy.c, manager.c).
 *
 * A place is a server that this process has proxies to.  A line is the
 * connection that one thread has to one place; it is opened by the thread's
 * first call, and closed with the last proxy that uses it, or with the thread.
 * A hold is what a proxy has: its reference, and the line that it used last, so
 * that a call finds its connection by looking at one pointer.
 */
#ifndef IPCLAB_MANAGER_CONNECTIONS_H
#define IPCLAB_MANAGER_CONNECTIONS_H

#include "manager/manager.h"
#include "pipe/pipe.h"

/* How long a handshake, or the answer to a request that is not a call of a
 * method, may take. */
#define REQUEST_PATIENCE (10 * SECOND)

/* No longer reply is taken; no more memory is kept from one to the next. */
enum { REPLY_MOST = 1 << 30, WIRE_KEPT = 1 << 20 };

/* A connection, and what is written to and read from it. */
struct wire {
    struct connection connection; /* fd -1: closed */
    struct buffer out;
    unsigned char *in;
    size_t in_size;
};

struct place {
    struct manager_place at;
    unsigned users;      /* how many lines and holds have it */
    _Atomic(bool) ended; /* its server was ours, and was closed */
    struct place *next;
};

struct line {
    struct wire wire;
    struct place *place;
    _Atomic(const void *) thread; /* whose; NULL: its thread has ended, or is
                                     the parent's */
    unsigned users;               /* holds that use it */
    bool torn; /* copied by a fork while another thread connected or called */
    struct line *next;
};

struct hold {
    struct place *place;
    struct line *line;
    struct datum ident;            /* of the object, a str */
    _Atomic(unsigned) generation;  /* of the process whose reference it is */
    bool given;                    /* back, at the process's end */
    struct hold *next, **previous; /* of all; see give_back */
};

/* --- connections.c --- */

/* The hold of an object at a place, by a thread that will call it; the
 * reference is this process's already.  NULL: no memory. */
struct hold *hold_new(const struct manager_place *at,
                      const struct datum *ident);

/* Give the reference back, if it is this process's, and let go of the rest. */
void hold_free(struct hold *h);

/* The calling thread's line to h's place, which may be closed; NULL: no
 * memory. */
struct line *hold_line(struct hold *h);

/* It is w from now on, or closed.  A fork meanwhile finds it before or after,
 * and nothing between. */
void line_set(struct line *l, const struct wire *w);
void line_close(struct line *l);

/* A forked child takes a reference of its own: 0 or as request_count. */
int hold_renew(struct hold *h);

/* The server of this place was ours and has ended: its proxies have nothing to
 * give back, and whoever comes to the same address finds another place. */
void place_end(const struct manager_place *at);

/* --- request.c --- */

void wire_close(struct wire *w);

/* Connect and prove the key.  0, or as manager_connect. */
int wire_open(struct wire *w, const struct manager_place *at, int64_t timeout);

/* What a reply is: 0 or negative as proxy_call's result, or this: *result is a
 * proxy datum with a reference to be given back. */
enum { REPLY_PROXY = 1 };

/*
 * One request and its reply.  `arguments` and `keywords` (NULL: none) stay the
 * caller's.  timeout bounds the wait for the reply.  *usable: another request
 * can follow.
 */
int wire_request(struct wire *w, struct datum *result,
                 const struct datum *ident, const char *function,
                 const struct datum *arguments, const struct datum *keywords,
                 int64_t timeout, bool *usable);

/* The same over a connection of its own; arguments are taken. */
int request_once(const struct manager_place *at, struct datum *result,
                 const char *function, struct datum arguments,
                 const struct datum *keywords, int64_t timeout);

/* Connect a line that is closed, to carry calls of methods: as wire_open. */
int line_open(struct line *l);

/* incref, decref of an object: 0 or as request_once; of what it raised only
 * that it did (-EREMOTEIO). */
int request_count(const struct manager_place *at, const char *function,
                  const struct datum *ident);

/* --- proxy.c --- */

/* A proxy of an object whose reference this process has; `type` is taken.  0 or
 * -ENOMEM: the caller still has the reference. */
int proxy_open(struct proxy *p, const struct manager_place *at,
               struct datum type, const struct datum *ident,
               const struct datum *exposed);

/* --- manager_serve.c --- */

/* What the process of a server tells who started it, once. */
struct manager_hello {
    int error;
    char address[MANAGER_ADDRESS];
};

/* What that process is to do; the end of the pipe is moved into the parcel. */
int manager_pack_server(struct parcel *parcel, int *hello,
                        const struct manager_options *options,
                        const struct manager_place *place);

#endif
