/* SPDX-License-Identifier: MIT */
/*
 * serving.h - what the parts of a server know of each other.
 *
 * Private to manager/.  listen.c lets clients in, session.c is the thread of
 * one connection, server.c answers what is asked of objects, functions.c what
 * is asked of the server, wire.c turns messages into requests and replies,
 * objects.c has what is hosted, clients.c knows which process has what.
 *
 * Order of the locks: an object's before the server's, and never two objects'
 * but as hosted.h says.  Under the server's nothing is closed or waited for.
 *
 * Fork story: a server is of the process that opened it, and of no other.
 */
#ifndef IPCLAB_SERVING_H
#define IPCLAB_SERVING_H

#include "manager/hosted.h"
#include "manager/server.h"
#include "pipe/listener.h"

/* What a reply can be; the texts are kind_names. */
enum reply_kind { RETURN, ERROR, TRACEBACK, PROXY, UNSERIALIZABLE, KINDS };

struct server {
    struct listener listener;
    char folder[LISTENER_ADDRESS]; /* made for its name, or "" */
    struct server_options options; /* the key is a copy */
    struct datum place;            /* its address as clients have it */
    struct datum kinds[KINDS];
    int stop;  /* an eventfd, readable from the end on */
    int watch; /* an epoll, of that, the listener and the clients' pidfds */
    _Atomic uint64_t answered;

    pthread_mutex_t lock;
    struct object **slots; /* by number */
    size_t slot_count, object_count;
    uint64_t number; /* of the last object; it began at random */
    struct session *sessions;
    unsigned session_count;
    pthread_cond_t session_ended;
    pthread_t ended; /* the thread of the last that did, to be joined */
    bool has_ended;
    uint64_t thread; /* the last that call_thread said */
    struct client *clients;
};

/* One thread of a client, and the thread of ours that serves it. */
struct session {
    struct server *server;
    struct connection connection;
    struct client *client;
    int woken; /* an eventfd, once it has waited; or -1 */
    uint64_t thread;
    struct datum name; /* as accept_connection told it, or None */
    unsigned char *in; /* the last message */
    size_t capacity;
    struct buffer out;
    struct object *made; /* pinned: its reference goes with the next reply */
    struct datum sent;   /* the last reply, if it had proxies, or NOTHING */
    struct session *next, **link; /* under the server's lock */
};

/* A process that has connected; over TCP, a connection. */
struct client {
    pid_t process;     /* or 0: not known */
    int pidfd;         /* or -1 */
    unsigned sessions; /* under the server's lock, as all that follows */
    unsigned holds;    /* objects whose holder it is */
    bool dead;         /* its process has ended */
    struct datum has;  /* how many references to which object: a dict */
    struct client *next;
};

/* --- wire.c --- */

/* What was asked: (ident, name, arguments, keywords). */
struct request {
    struct datum whole; /* that has the others */
    const char *ident;  /* or NULL */
    const char *name;   /* or NULL */
    const struct datum *arguments;
    size_t count;
    const struct table *keywords; /* or NULL */
};

/*
 * The next request: 0.  RAISED: it is none of ours, and what is wrong with it
 * is in *wrong, to be sent back.  Else -errno: the connection has ended.
 */
int request_receive(struct session *s, struct request *r, struct datum *wrong);
void request_free(struct request *r);

/* Send a reply; the value is dropped.  If proxies are within it their objects
 * live until the next request: before that the client has taken references of
 * its own, over other connections.  0 or -errno: the connection is lost. */
int reply_send(struct session *s, enum reply_kind kind, struct datum value);

/* "Traceback ...\nKeyError: 'x'\n", as CPython sends what it cannot raise. */
struct datum reply_traceback(const char *where, const struct datum *exception);

/* --- server.c --- */

/* Answer the first request of a connection, and all that follow. */
void server_answer(struct session *s);

/* The result is these two, which are taken, and a reference to the object,
 * which was just made, is the client's.  0 or -errno. */
int call_hand_out(struct call *call, struct object *o, struct datum items[2]);

/* --- functions.c --- */

/* What can be asked of the server, but for accept_connection; NULL-ended. */
extern const struct function {
    const char *name;
    int (*run)(struct call *call);
} server_functions[];

/* --- session.c --- */

/* Start the thread of a connection, which it takes over, or closes, but for
 * want of memory: 0 or -errno. */
int session_start(struct server *server, struct connection *c);

/* End every session, and wait until they have. */
void sessions_end(struct server *server);

/* --- objects.c --- */

/* Make one: pinned once, and known by its ident.  0, RAISED (call->result) or
 * -errno. */
int object_make(struct call *call, const struct hosted_type *type,
                struct object **made);

/* The object of that ident, pinned; or NULL. */
struct object *object_find(struct server *server, const char *ident);

/* The one of that number, not pinned, or NULL.  The server's lock is held. */
struct object *object_numbered(struct server *server, uint64_t number);

enum { IDENT = 20 };
void object_ident(const struct object *o, char ident[IDENT]);

/* managers.Token of it; and a tuple of its methods' names. */
struct datum object_token(const struct object *o);
struct datum object_exposed(const struct object *o);

/* Make a proxy that a client sent refer to its object: pickle_reader's. */
struct pickle_fault;
int object_resolve(void *server, struct datum *proxy,
                   struct pickle_fault *fault);

/* Close all that are left, whoever has them. */
void objects_close(struct server *server);

/* repr(object), or str(), to the end of the buffer; a type that has none of its
 * own has what any object has.  Its lock is held.  As the type's. */
int object_text(struct call *call, bool print, struct buffer *out);

/* number_of_objects: those that clients have.  debug_info: a line or two for
 * each. */
int64_t objects_count(struct server *server);
int objects_describe(struct call *call, struct buffer *out);

/* --- clients.c --- */

/* Whose connection is this?  Counted as a session of it; NULL: no memory, or no
 * descriptor to know it by. */
struct client *client_of(struct server *server, int fd);
void client_left(struct server *server, struct client *client);

/* One more, or one less, reference of a client (the process, where it is not
 * 0) to an object.  0, also where that process has ended, by which its
 * references came back; -ENOENT: it has none, and no other has. */
int client_incref(struct client *client, struct object *o);
int client_decref(struct client *client, pid_t process, struct object *o);

/* A pidfd is readable: its process has ended. */
void clients_look(struct server *server, int pidfd);
void clients_close(struct server *server);

#endif
