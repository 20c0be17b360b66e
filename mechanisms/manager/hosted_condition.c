/* SPDX-License-Identifier: MIT */
/*
 * hosted_condition.c - Condition in a server: give a lock up, wait to be
 * notified, and have it back.
 *
 * The lock is the RLock at the beginning of its own state, or that of the Lock
 * or RLock it was given.  That object is pinned as long as the Condition lives,
 * and its mutex is the Condition's too (object->lock), so one mutex guards the
 * lock, the line of those who wait for it, and the lines of all the Conditions
 * that share it.
 *
 * Who is notified is not woken: its turn goes over from the Condition's line to
 * the lock's, which the notifier has, and it is woken when the lock is its own.
 *
 * A notified client that is gone passes the notification on, but only to one
 * who waited already when it was given (turn.until): who came later has seen
 * what it was about.  Source: CPython Lib/threading.py, Condition.
 */
#include "manager/hosted_wait.h"

#include <errno.h>
#include <math.h>

struct condition {
    struct hosted_lock own;
    struct hosted_lock *lock;
    struct object *given; /* whose lock it is, or NULL */
    struct line line;
};

/* --- made of a lock --- */

static int use_lock(struct call *call, struct condition *c,
                    const struct datum *lock)
{
    struct object *o = object_of(lock);

    if (!o)
        return call_raise(call, "AttributeError",
                          "'%s' object has no attribute 'acquire'",
                          datum_type(lock));
    if (o->type != &lock_type && o->type != &rlock_type)
        return call_raise(call, "TypeError",
                          "a Condition's lock is a Lock or an RLock, not '%s'",
                          o->type->name);
    object_pin(o);
    c->given = o;
    c->lock = (struct hosted_lock *)(void *)o->state;
    call->object->lock = o->lock;
    return 0;
}

static int condition_open(struct call *call, void *state)
{
    static const char *const names[] = {"lock", NULL};
    struct condition *c = state;
    const struct datum *lock;
    int error = take_arguments(call, "Condition.__init__", names, 0, &lock);

    if (error)
        return error;
    hosted_lock_open(&c->own, call->object, true);
    c->lock = &c->own;
    return !lock || lock->kind == DATUM_NONE ? 0 : use_lock(call, c, lock);
}

static void condition_close(void *state)
{
    struct condition *c = state;

    if (c->given)
        object_unpin(c->given);
}

static int acquire(struct call *call, void *state)
{
    struct condition *c = state;

    return hosted_lock_acquire(call, c->lock);
}

static int release(struct call *call, void *state)
{
    struct condition *c = state;

    return hosted_lock_release(call, c->lock);
}

/* --- wait and notify --- */

/* The first goes over to the lock's line.  (The lock is taken, but perhaps
 * where a notification is passed on.) */
static void notify_first(struct condition *c, uint64_t until)
{
    struct turn *turn = c->line.first;

    line_leave(turn);
    turn->until = until;
    line_join(&c->lock->line, turn);
    if (!c->lock->owner)
        hosted_lock_hand_on(c->lock);
}

static void pass_on(struct condition *c, uint64_t until)
{
    if (c->line.first && c->line.first->number < until)
        notify_first(c, until);
}

/* The lock is ours: until we are notified, or not, and it is ours again. */
static int wait_without_lock(struct call *call, struct condition *c,
                             int64_t deadline)
{
    struct hosted_lock *l = c->lock;
    struct turn turn = {.thread = call_thread(call), .count = l->count};
    int waited, error;

    line_join(&c->line, &turn);
    hosted_lock_hand_on(l);
    waited = turn_wait(call, &turn, &c->line, deadline);
    error = waited;
    if (error != -ECANCELED)
        error = hosted_lock_have_back(call, l, &turn);
    if (error)
        hosted_lock_give_back(l, &turn);
    else
        error = waited;
    if (error && error != -ETIMEDOUT)
        pass_on(c, turn.until);
    return error;
}

static int wait(struct call *call, void *state)
{
    static const char *const names[] = {"timeout", NULL};
    struct condition *c = state;
    const struct datum *timeout;
    int64_t deadline = 0;
    int error = take_arguments(call, "Condition.wait", names, 0, &timeout);

    if (!error && !hosted_lock_is_mine(call, c->lock))
        return call_raise(call, "RuntimeError",
                          "cannot wait on un-acquired lock");
    if (!error)
        error = take_timeout(call, timeout, IS_MORE, &deadline);
    if (!error)
        error = call_can_wait(call);
    if (!error)
        error = wait_without_lock(call, c, deadline);
    if (error && error != -ETIMEDOUT)
        return error;
    call->result = datum_bool(error == 0);
    return 0;
}

static int notify_some(struct call *call, struct condition *c, double n)
{
    if (!hosted_lock_is_mine(call, c->lock))
        return call_raise(call, "RuntimeError",
                          "cannot notify on un-acquired lock");
    while (c->line.first && n > 0) {
        notify_first(c, c->line.arrivals);
        n--;
    }
    return 0;
}

static int notify(struct call *call, void *state)
{
    static const char *const names[] = {"n", NULL};
    struct condition *c = state;
    const struct datum *given;
    double n = 1;
    int error = take_arguments(call, "Condition.notify", names, 0, &given);

    /* (It is compared only with somebody there.) */
    if (!error && given && c->line.first && hosted_lock_is_mine(call, c->lock))
        error = take_number(call, given, IS_MORE, &n);
    return error ? error : notify_some(call, c, n);
}

static int notify_all(struct call *call, void *state)
{
    int error = take_no_arguments(call, "Condition.notify_all");

    return error ? error : notify_some(call, state, INFINITY);
}

static int repr(struct call *call, void *state, struct buffer *out)
{
    const struct condition *c = state;
    int error = buffer_text(out, "<Condition(");

    (void)call;
    if (!error)
        error = hosted_lock_repr(c->lock, out);
    return error ? error : buffer_format(out, ", %zu)>", c->line.length);
}

static const struct method methods[] = {{"acquire", acquire, NULL},
                                        {"release", release, NULL},
                                        {"wait", wait, NULL},
                                        {"notify", notify, NULL},
                                        {"notify_all", notify_all, NULL},
                                        {0}};

const struct hosted_type condition_type = {.name = "Condition",
                                           .proxy = "ConditionProxy",
                                           .size = sizeof(struct condition),
                                           .open = condition_open,
                                           .close = condition_close,
                                           .methods = methods,
                                           .repr = repr};
