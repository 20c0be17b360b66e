/* SPDX-License-Identifier: MIT */
/*
 * hosted_wait.h - what the hosted types that wait are made of: a line in which
 * the calls stand that wait, the lock within a Lock and a Condition, and
 * arguments as Python's threading and queue take them.
 *
 * Who gives something up hands it to the first in the line, before that one
 * runs: a lock has its next owner, an item its getter.  So nobody who comes
 * later can be quicker, they are served in the order of their coming, and each
 * is woken once.  Who was handed something and is gone (-ECANCELED) hands it
 * on.
 *
 * All of it is touched with the object's lock held.
 */
#ifndef IPCLAB_MANAGER_HOSTED_WAIT_H
#define IPCLAB_MANAGER_HOSTED_WAIT_H

#include "manager/hosted.h"

struct item;

/* --- a line (hosted_wait.c) --- */

/* A call that waits: on the stack of its thread. */
struct turn {
    struct turn *next;
    struct line *line;      /* in which it stands, or NULL */
    struct waiters sleeper; /* the call's thread alone */
    bool came;              /* it was the first and was called */
    uint64_t thread;        /* who gets the lock, */
    uint64_t count;         /* and how often an RLock is taken then */
    uint64_t number;        /* which of those who came to the line it was */
    uint64_t until;         /* a notified one's: see hosted_condition.c */
    bool broken;            /* a Barrier's: it did not come together */
    uint64_t index;         /* a Barrier's: what wait() returns */
    struct item *item;      /* what is put, or was got */
};

/* Those who wait, in the order of their coming.  Zeroed: nobody. */
struct line {
    struct turn *first, *last;
    size_t length;
    uint64_t arrivals; /* of ever */
};

/* Stand at the end, asleep or not. */
void line_join(struct line *line, struct turn *turn);

/* Leave the line in which it stands. */
void line_leave(struct turn *turn);

/* Take the first out, whose turn has come, and wake it.  NULL: nobody. */
struct turn *line_call(struct line *line);

/*
 * Wait until the turn does not stand in this line any more: 0, also where the
 * deadline was passed meanwhile.  -ETIMEDOUT: it has left, and its turn has not
 * come.  -ECANCELED: it has left; if its turn had come, hand on what it got.
 */
int turn_wait(struct call *call, struct turn *turn, struct line *line,
              int64_t deadline);

/* --- what is in a Lock, an RLock and a Condition (hosted_lock.c) --- */

struct hosted_lock {
    bool recursive;
    uint64_t owner; /* the thread that took it, 0: it is free */
    uint64_t count; /* how often */
    struct line line;
    struct object *object; /* whose state this is at the beginning of */
};

void hosted_lock_open(struct hosted_lock *l, struct object *o, bool recursive);

/* The methods acquire(blocking=True, timeout=-1) and release(). */
int hosted_lock_acquire(struct call *call, struct hosted_lock *l);
int hosted_lock_release(struct call *call, struct hosted_lock *l);

/* Condition's _is_owned: of a Lock, is it taken by anybody? */
bool hosted_lock_is_mine(const struct call *call, const struct hosted_lock *l);

/* Give it up for the next in its line, however often it was taken. */
void hosted_lock_hand_on(struct hosted_lock *l);

/*
 * Have it back, as often as turn->count: a turn that stands in its line waits
 * there, another joins it.  0 or -ECANCELED: it is not had.
 */
int hosted_lock_have_back(struct call *call, struct hosted_lock *l,
                          struct turn *turn);

/* Whose call is given up: it is handed on if it was handed to this turn. */
void hosted_lock_give_back(struct hosted_lock *l, const struct turn *turn);

int hosted_lock_repr(const struct hosted_lock *l, struct buffer *out);

/* --- arguments (hosted_arguments.c) --- */

/*
 * As call_take, where a method's name is not what the type's and the call's
 * make it: it was inherited, or the type has two typeids.  function is how
 * Python's messages have it: "Queue.put", or, of a function in C, "acquire".
 * least is 0 or 1.
 */
int take_arguments(struct call *call, const char *function,
                   const char *const *names, size_t least,
                   const struct datum **into);

/* The same for one that takes none. */
int take_no_arguments(struct call *call, const char *function);

/* What Python does with a number first, and says if it is none. */
enum use {
    IS_MORE, /* n > 0 */
    IS_LESS, /* n < 0 */
    IS_ADDED /* time() + n */
};

/*
 * A number: 0 or RAISED.  One that is too large is an infinity, but an
 * OverflowError where it is added; what is not a number is 0.
 */
int take_number(struct call *call, const struct datum *d, enum use use,
                double *number);

/* A timeout in seconds as a deadline, which is past for 0 and less: 0, or
 * RAISED: an OverflowError. */
int take_deadline(struct call *call, double seconds, int64_t *deadline);

/* Both, where NULL and None are for ever. */
int take_timeout(struct call *call, const struct datum *d, enum use use,
                 int64_t *deadline);

/* Raise class(). */
int raise_bare(struct call *call, const char *class);

#endif
