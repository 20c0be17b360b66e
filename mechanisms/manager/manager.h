/* SPDX-License-Identifier: MIT */
/*
 * manager.h - a Manager: objects in a server process, used through proxies.
 *
 * The protocol is CPython's own (Lib/multiprocessing/managers.py): proxies of
 * this side use a server of Python's, and an unmodified Python uses ours
 * (manager/server.h).
 *
 *     #include "common/hooks.h"
 *     #include "manager/manager.h"
 *
 *     int main(int argc, char **argv)
 *     {
 *         struct manager m;
 *         struct proxy   numbers;
 *         struct datum   result = {0};
 *         int64_t        length = 0;
 *
 *         mechanisms_init(argc, argv);
 *         if (manager_start(&m, START_FORK, NULL) < 0) // SyncManager()
 *             return 1;
 *         manager_create(&m, &numbers, "list", "");    // m.list()
 *         proxy_call(&numbers, &result, "append", "i", INT64_C(7));
 *         proxy_call(&numbers, &result, "__len__", "");
 *         datum_to_int(&result, &length);
 *         proxy_close(&numbers);
 *         manager_close(&m);                           // shutdown()
 *         return length == 1 ? 0 : 1;
 *     }
 *
 * A value crosses by pickle, so what comes back is a copy: to change what is
 * within a hosted dict, set it again, or host it too and put its proxy within.
 *
 * Each thread of a process has one connection to a manager, made by its first
 * call; a forked child's are its own, as is the reference that a proxy of its
 * parent's takes with the child's first call: hand over by proxy_pack what the
 * parent may close before.  A proxy belongs to one thread at a time.
 */
#ifndef IPCLAB_MANAGER_H
#define IPCLAB_MANAGER_H

#include "common/clock.h"
#include "common/parcel.h"
#include "manager/datum.h"
#include "start/start.h"

struct hosted_type;

enum { MANAGER_ADDRESS = 256, MANAGER_KEY = 256 };

/* Where a server is, and the key that it shares. */
struct manager_place {
    char address[MANAGER_ADDRESS];
    unsigned char key[MANAGER_KEY];
    size_t key_length;
};

struct manager {
    struct manager_place place;
    struct process process; /* the server's, if it is ours */
    bool owned;             /* it is, and ends with this struct */
    bool folder;            /* its socket is in a folder of its own */
};

struct manager_options {
    const char *address; /* NULL: a socket in a folder of its own */
    const void *key;     /* NULL: 32 random bytes */
    size_t key_length;
    bool release; /* see server.h */
};

/*
 * SyncManager(address, authkey).start(): a server in a process of its own.  It
 * ends with manager_close, and when this process does.  options may be NULL.
 * 0, -EADDRINUSE, or as process_start.
 */
int manager_start(struct manager *m, enum start_method method,
                  const struct manager_options *options);

/*
 * SyncManager(address, authkey).connect(): to a server that runs, ours or
 * Python's.  0; -ECONNREFUSED or -ENOENT: nobody listens; -EACCES: the keys
 * differ; -ETIMEDOUT: it does not answer; -EINVAL: no address.
 */
int manager_connect(struct manager *m, const char *address, const void *key,
                    size_t key_length);

/* shutdown(): a server that manager_start started is asked to end, then told to
 * (SIGTERM), then killed, each after a second at the most. */
void manager_close(struct manager *m);

/* A hosted type of the caller's own (manager/hosted.h), for servers that are
 * started after it; a spawned server, or the fork server's, has those that its
 * image registers before mechanisms_init.  0; -EEXIST: there is one of that
 * name; -ENOSPC. */
int manager_register(const struct hosted_type *type);

/* What a server says of itself.  0 or as proxy_call. */
int manager_number_of_objects(struct manager *m, int64_t *n);
int manager_debug_info(struct manager *m, struct datum *text);
int manager_dummy(struct manager *m); /* it lives */

struct hold;

struct proxy {
    struct datum token;   /* typeid, address, id */
    struct datum exposed; /* the methods, or None: not known */
    struct hold *hold;    /* private: its reference, and its connection */
};

/*
 * m.list(...): make an object of that type, with arguments as datum_tuple has
 * them.  0, or as proxy_call, and then there is no proxy.
 */
int manager_create(struct manager *m, struct proxy *p, const char *type,
                   const char *format, ...);

/* The same with a tuple of arguments and a dict of keywords (or NULL), which
 * stay the caller's.  -EREMOTEIO: *raised (or NULL) is why, and the caller's to
 * drop; else it is DATUM_NOTHING. */
int manager_create_with(struct manager *m, struct proxy *p,
                        struct datum *raised, const char *type,
                        const struct datum *arguments,
                        const struct datum *keywords);

/*
 * Call a method.  0 and its result, which the caller drops (what *result was
 * before is not dropped).
 * -EREMOTEIO: it raised: *result is the exception, which the caller drops.  A
 * RemoteError has as its text what the server says went wrong; also that the
 * result, or the exception, is of a class that is no datum.
 * -EPIPE, -ECONNREFUSED, -ENOENT: the server is gone.   -EACCES, -ETIMEDOUT:
 * as manager_connect.  -EBADMSG: it is none.  -ESTALE: in a forked child, the
 * object had ended before the child's first call.  -EINVAL: the proxy is
 * closed.  -ENOMEM, -E2BIG, -EMFILE.  *result is DATUM_NOTHING then.
 *
 * A method that makes an object (a dict's __iter__) returns a proxy datum: make
 * a proxy of it (proxy_from), or drop it, and the object with it.
 */
int proxy_call(struct proxy *p, struct datum *result, const char *method,
               const char *format, ...);

/* For who has such arguments himself: va_end stays his. */
int proxy_call_list(struct proxy *p, struct datum *result, const char *method,
                    const char *format, va_list *list);

/* Where nobody cares for the result. */
int proxy_do(struct proxy *p, const char *method, const char *format, ...);

/* proxy_call with a tuple of arguments and a dict of keywords (or NULL), which
 * stay the caller's. */
int proxy_call_with(struct proxy *p, struct datum *result, const char *method,
                    const struct datum *arguments,
                    const struct datum *keywords);

/* A proxy that was in a result: the object it is of, as a proxy of its own.
 * Make it before this thread's next call: the server keeps an object that is
 * within nothing any more, such as one that was got from a Queue, until then.
 * (Another manager's object, in a container of Python's server, is looked for
 * where its token says, with the same key.)
 * 0, or as proxy_call; -EINVAL: it is none; -ESTALE: the object has ended. */
int proxy_from(struct proxy *p, const struct proxy *through,
               const struct datum *result);

/* As an argument ("O"): the datum that stands for the proxy. */
struct datum proxy_datum(const struct proxy *p);

/* Let go of the object: its reference is given back, and the connection of this
 * thread is closed with the last proxy that uses it.  Harmless when closed.  At
 * the end of a process (common/hooks.h) what is left is given back as well. */
void proxy_close(struct proxy *p);

/*
 * Hand a proxy to a child, under any start method.  The parcel has a reference
 * of its own, so that the object lives until the child has taken it, whatever
 * the parent does (CPython's does not: gh-110206).
 */
/* 0; as proxy_call; -ESTALE: the object has ended. */
int proxy_pack(const struct proxy *p, struct parcel *parcel);
int proxy_unpack(struct proxy *p, struct parcel *parcel);

#endif
