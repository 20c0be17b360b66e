/* SPDX-License-Identifier: MIT */
/*
 * hosted.h - what a type is that a manager's server can host.
 *
 * A hosted type is one `const struct hosted_type`: how an object of it is made,
 * its methods, and how it looks from outside.  A user adds one with
 * manager_register, before the server starts:
 *
 *     struct counter {
 *         int64_t n;
 *     };
 *
 *     static int counter_next(struct call *call, void *state)
 *     {
 *         struct counter *c = state;
 *
 *         call->result = datum_int(c->n++);
 *         return 0;
 *     }
 *
 *     static const struct method methods[] = {{"next", counter_next}, {0}};
 *
 *     const struct hosted_type counter_type = {
 *         .name = "Counter", .size = sizeof(struct counter),
 *         .methods = methods};
 *
 * A method is called with the object's lock held, by the thread of one client's
 * connection: what it does to the state is done whole, where CPython leans on
 * its interpreter's lock.  It answers through call->result (None at first, the
 * server's after that), or raises:
 *
 *     return call_raise(call, "IndexError", "pop from empty list");
 *
 * Every int that it returns is 0, RAISED, or -errno: -ENOMEM and -E2BIG become
 * a MemoryError, -ECANCELED ends the connection without an answer, and what is
 * left is an OSError of that number.
 *
 * It may wait (call_wait), and may take the lock of an object that it pins; an
 * object's lock is never taken under that of one that it is pinned by.
 */
#ifndef IPCLAB_HOSTED_H
#define IPCLAB_HOSTED_H

#include "manager/datum.h"

#include <pthread.h>
#include <sys/types.h>

struct server;
struct session;
struct object;

enum { RAISED = 1 };

/* One call of one method, or the making of an object. */
struct call {
    struct server *server;
    struct session *session; /* whose thread this is: one thread of a client */
    struct object *object;
    const char *name;              /* of the method, or of the type */
    const struct datum *arguments; /* by position */
    size_t count;
    const struct table *keywords; /* by name, or NULL */
    struct datum result;          /* what it returns, or the exception */
};

struct method {
    const char *name;
    int (*run)(struct call *call, void *state);
    /* Its result is made an object of that type, and a proxy of it returned
     * (CPython's method_to_typeid): run leaves in call->result what the type's
     * open gets as its one argument. */
    const char *returns;
};

struct hosted_type {
    const char *name; /* the typeid: "list" */
    /* The class that a client has for it, of multiprocessing.managers; NULL:
     * AutoProxy, which has just the methods that are exposed. */
    const char *proxy;
    size_t size; /* of its state, zeroed before open */
    /* type(*arguments, **keywords).  Its object's lock is not held and not
     * needed: nobody else has it yet.  NULL: no arguments. */
    int (*open)(struct call *call, void *state);
    void (*close)(void *state);   /* or NULL: nothing to drop */
    const struct method *methods; /* those that are exposed; ended by {0} */
    /* repr(object) (or NULL: that of its value, or "<Lock object at 0x...>"),
     * str(object) where it differs (or NULL), and what #GETVALUE gives, a value
     * (or NULL: it has none, and cannot be pickled). */
    int (*repr)(struct call *call, void *state, struct buffer *out);
    int (*print)(struct call *call, void *state, struct buffer *out);
    int (*value)(struct call *call, void *state);
    bool unmade; /* no client can ask for one: it comes from a method alone */
};

/* --- arguments and results (call.c) --- */

/* Raise class(message); or class(argument), which is taken.  RAISED. */
int call_raise(struct call *call, const char *class, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int call_raise_with(struct call *call, const char *class,
                    struct datum argument);

/* Raise TypeError("unhashable type: 'list'"). */
int call_raise_unhashable(struct call *call, const struct datum *key);

/*
 * The arguments by their names, given by position or by keyword, as a Python
 * function has them: into[i] is the argument of names[i] (NULL-ended), or NULL
 * where it was not given.  The first `least` must be.  0, or RAISED: a
 * TypeError, as Python words it.
 *     {"/object"}     a function of C, by position alone (so for all names):
 *                     "list.append() takes exactly one argument (0 given)"
 *     {"*reverse"}    one of C, by keyword alone (so for all names):
 *                     "'x' is an invalid keyword argument for sort()"
 *     {"item"}        one of Python, either way (self is counted, as there):
 *                     "Queue.put() takes from 2 to 4 positional arguments but
 *                     5 were given"
 */
int call_take(struct call *call, const char *const *names, size_t least,
              const struct datum **into);

/* A function of Python's that takes none: 0 or RAISED. */
int call_take_nothing(struct call *call);

/* The n arguments of an operator, "__setitem__", are call->arguments: 0, or
 * RAISED: " expected 2 arguments, got 1" (3.11 has a blank there). */
int call_take_slot(struct call *call, size_t n);

/* As Python's int(), float("timeout"): 0 or RAISED.  A timeout in seconds to
 * ns; NULL, or None, is NO_TIMEOUT. */
int call_take_int(struct call *call, const struct datum *d, int64_t *integer);
int call_take_timeout(struct call *call, const struct datum *d, int64_t *ns);

/* Seconds, fewer than 2^63 ns, as ns, rounded up: no wait is shorter than was
 * asked for. */
int64_t call_ns(double seconds);

/* The items of what Python would iterate over: a list, tuple, dict (its keys),
 * set, range, str, bytes or array, as a new list; 0 or RAISED: a TypeError,
 * "'int' object is not iterable". */
int call_iterate(struct call *call, const struct datum *d, struct datum *list);

/* --- waiting (session.c) --- */

/* Who waits for an object, in the order of their coming; under its lock. */
struct waiters {
    struct waiter *first, *last;
};

/*
 * Let go of the object's lock, wait to be woken, and take it again: 0, which
 * may be for nothing (look at what was waited for, and wait again);
 * -ETIMEDOUT after the deadline; -ECANCELED: the client is gone, or the server
 * ends: give back what was taken for the client, and return it.  A wake that
 * would be lost by that is handed on to the next.
 */
int call_wait(struct call *call, struct waiters *queue, int64_t deadline);

/* Have what a wait needs, for who gives something up before it: 0 or -errno,
 * -EMFILE. */
int call_can_wait(struct call *call);

/* Wake the first n of them; SIZE_MAX: all. */
void call_wake(struct waiters *queue, size_t n);

/* The client has taken, or given back, something that it alone should give
 * back (a Lock): if it dies meanwhile, that is reported, by these names; and
 * `abandon` is called with the lock held where the server was told to release
 * what the dead held.  Under the object's lock. */
void call_holds(struct call *call, void (*abandon)(void *state));
void call_held(struct object *object);

/* The thread of the client that this call is of: another for each connection,
 * never 0 and never used twice. */
uint64_t call_thread(const struct call *call);

/* --- objects (objects.c) --- */

/*
 * An object of this server: made by create, alive while a client has a proxy of
 * it or another object has one within (it is pinned).
 */
struct object {
    const struct hosted_type *type;
    struct server *server;
    uint64_t number;       /* never used twice; its ident is this in hex */
    pthread_mutex_t *lock; /* its own, or that of the object it is a part of */
    pthread_mutex_t own;
    _Atomic uint32_t pins;
    /* under the server's lock */
    uint64_t clients;    /* how many references clients have */
    struct object *next; /* in the same slot, or to be closed */
    /* under its own lock */
    struct client *_Atomic holder; /* the process that has taken it */
    void (*abandon)(void *state);
    max_align_t state[];
};

/* The object of a proxy (or of an argument that is one), or NULL.  It lives as
 * long as the datum; pin it to have it longer. */
struct object *object_of(const struct datum *proxy);

void object_pin(struct object *o);
void object_unpin(struct object *o);

/* --- what is hosted (types.c) --- */

/* CPython's, and those that manager_register added; NULL: there is none. */
const struct hosted_type *hosted_find(const char *name);

extern const struct hosted_type list_type, dict_type, set_type, namespace_type,
    value_type, array_type, queue_type, joinable_queue_type, event_type,
    lock_type, rlock_type, semaphore_type, bounded_semaphore_type,
    condition_type, barrier_type, iterator_type;

#endif
