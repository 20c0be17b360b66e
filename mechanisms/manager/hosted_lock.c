/* SPDX-License-Identifier: MIT */
/*
 * hosted_lock.c - Lock and RLock in a server, for all its clients.
 *
 * Who releases it hands it to the first who waits; that one owns it from then
 * on, and if it is gone, its own thread of the server hands it on.  So a lock
 * that is free has nobody in its line.
 *
 * A Lock can be released by anybody, an RLock by the thread of a client that
 * took it.  Source: CPython Modules/_threadmodule.c, lock_PyThread_* and
 * rlock_*.
 */
#include "manager/hosted_wait.h"

#include "common/clock.h"

#include <errno.h>
#include <limits.h>
#include <math.h>

void hosted_lock_open(struct hosted_lock *l, struct object *o, bool recursive)
{
    l->object = o;
    l->recursive = recursive;
}

/* --- taken and given up --- */

void hosted_lock_hand_on(struct hosted_lock *l)
{
    const struct turn *next = line_call(&l->line);

    l->owner = next ? next->thread : 0;
    l->count = next ? next->count : 0;
    call_held(l->object);
}

/* What a dead client held is free, for whoever waits. */
static void abandon(void *state)
{
    hosted_lock_hand_on(state);
}

/* Of the object that the lock is in, which may not be the one that is called.
 */
static void tell_it_is_held(const struct call *call, struct hosted_lock *l)
{
    struct call its = *call;

    its.object = l->object;
    call_holds(&its, abandon);
}

void hosted_lock_give_back(struct hosted_lock *l, const struct turn *turn)
{
    if (turn->came && l->owner == turn->thread)
        hosted_lock_hand_on(l);
}

/*
 * A turn that stands in the line, or does not yet: until it has come.  When the
 * thread runs, others may have released the Lock already that it was handed:
 * anybody may.
 */
static int take(struct call *call, struct hosted_lock *l, struct turn *turn,
                int64_t deadline)
{
    int error = 0;

    if (!turn->line && !turn->came && !l->owner) {
        l->owner = turn->thread;
        l->count = turn->count;
    } else {
        if (!turn->line && !turn->came)
            line_join(&l->line, turn);
        error = turn_wait(call, turn, &l->line, deadline);
    }
    if (error)
        hosted_lock_give_back(l, turn);
    else if (l->owner == turn->thread)
        tell_it_is_held(call, l);
    return error;
}

int hosted_lock_have_back(struct call *call, struct hosted_lock *l,
                          struct turn *turn)
{
    return take(call, l, turn, NO_TIMEOUT);
}

bool hosted_lock_is_mine(const struct call *call, const struct hosted_lock *l)
{
    return l->recursive ? l->owner == call_thread(call) : l->owner != 0;
}

/* --- acquire and release --- */

/* The int that a function in C asks for: of 3.11, whose blocking is one. */
static int take_blocking(struct call *call, const struct datum *d,
                         bool *blocking)
{
    int64_t n = 1;
    int error = d ? datum_to_int(d, &n) : 0;

    if (error == -EINVAL)
        return call_raise(call, "TypeError",
                          "'%s' object cannot be interpreted as an integer",
                          datum_type(d));
    if (error)
        return call_raise(call, "OverflowError",
                          "Python int too large to convert to C long");
    if (n > INT_MAX)
        return call_raise(call, "OverflowError",
                          "signed integer is greater than maximum");
    if (n < INT_MIN)
        return call_raise(call, "OverflowError",
                          "signed integer is less than minimum");
    *blocking = n != 0;
    return 0;
}

/* In seconds; -1: none.  What is too large is not told from infinity. */
static int take_seconds(struct call *call, const struct datum *d,
                        double *seconds)
{
    int error = d ? datum_to_float(d, seconds) : 0;

    if (error == -EINVAL)
        return call_raise(call, "TypeError",
                          "'%s' object cannot be interpreted as an integer",
                          datum_type(d));
    if (!error && isnan(*seconds))
        return call_raise(call, "ValueError",
                          "Invalid value NaN (not a number)");
    if (error || fabs(*seconds) * (double)SECOND >= 0x1p63)
        return call_raise(call, "OverflowError",
                          "timestamp too large to convert to C _PyTime_t");
    return 0;
}

static int take_how_long(struct call *call, int64_t *deadline)
{
    static const char *const names[] = {"blocking", "timeout", NULL};
    const struct datum *given[2];
    double seconds = -1;
    bool blocking = true;
    int error = take_arguments(call, "acquire", names, 0, given);

    if (!error)
        error = take_blocking(call, given[0], &blocking);
    if (!error)
        error = take_seconds(call, given[1], &seconds);
    if (error)
        return error;
    if (!blocking && seconds != -1)
        return call_raise(call, "ValueError",
                          "can't specify a timeout for a non-blocking call");
    if (seconds < 0 && seconds != -1)
        return call_raise(call, "ValueError", "timeout value must be positive");
    *deadline = !blocking ? 0 : NO_TIMEOUT;
    return blocking && seconds >= 0 ? take_deadline(call, seconds, deadline)
                                    : 0;
}

int hosted_lock_acquire(struct call *call, struct hosted_lock *l)
{
    struct turn turn = {.thread = call_thread(call), .count = 1};
    int64_t deadline = 0;
    int error = take_how_long(call, &deadline);

    if (error)
        return error;
    if (l->recursive && l->owner == turn.thread)
        l->count++;
    else
        error = take(call, l, &turn, deadline);
    if (error && error != -ETIMEDOUT)
        return error;
    call->result = datum_bool(error == 0);
    return 0;
}

static int take_nothing(struct call *call, const char *function)
{
    if (call->keywords && call->keywords->used)
        return call_raise(call, "TypeError", "%s() takes no keyword arguments",
                          function);
    if (call->count)
        return call_raise(call, "TypeError",
                          "%s() takes no arguments (%zu given)", function,
                          call->count);
    return 0;
}

int hosted_lock_release(struct call *call, struct hosted_lock *l)
{
    int error =
        take_nothing(call, l->recursive ? "RLock.release" : "lock.release");

    if (error)
        return error;
    if (!hosted_lock_is_mine(call, l))
        return call_raise(call, "RuntimeError",
                          l->recursive ? "cannot release un-acquired lock"
                                       : "release unlocked lock");
    if (--l->count == 0)
        hosted_lock_hand_on(l);
    return 0;
}

int hosted_lock_repr(const struct hosted_lock *l, struct buffer *out)
{
    const char *taken = l->owner ? "locked" : "unlocked";
    unsigned long long at = l->object->number;

    if (!l->recursive)
        return buffer_format(out, "<%s _thread.lock object at 0x%llx>", taken,
                             at);
    return buffer_format(
        out, "<%s _thread.RLock object owner=%llu count=%llu at 0x%llx>", taken,
        (unsigned long long)l->owner, (unsigned long long)l->count, at);
}

/* --- the two types --- */

static int lock_open(struct call *call, void *state)
{
    hosted_lock_open(state, call->object, false);
    return take_nothing(call, "_thread.allocate_lock");
}

/* (Whatever it is given, it looks at none of it.) */
static int rlock_open(struct call *call, void *state)
{
    hosted_lock_open(state, call->object, true);
    return 0;
}

static int acquire(struct call *call, void *state)
{
    return hosted_lock_acquire(call, state);
}

static int release(struct call *call, void *state)
{
    return hosted_lock_release(call, state);
}

static int repr(struct call *call, void *state, struct buffer *out)
{
    (void)call;
    return hosted_lock_repr(state, out);
}

static const struct method methods[] = {
    {"acquire", acquire, NULL}, {"release", release, NULL}, {0}};

const struct hosted_type lock_type = {.name = "Lock",
                                      .proxy = "AcquirerProxy",
                                      .size = sizeof(struct hosted_lock),
                                      .open = lock_open,
                                      .methods = methods,
                                      .repr = repr};

const struct hosted_type rlock_type = {.name = "RLock",
                                       .proxy = "AcquirerProxy",
                                       .size = sizeof(struct hosted_lock),
                                       .open = rlock_open,
                                       .methods = methods,
                                       .repr = repr};
