/* SPDX-License-Identifier: MIT */
/*
 * solution.c - lesson 10: a desk whose work comes back.
 *
 * A piece that is out belongs to a datum, whose last holder gives it back: the
 * Task, when it ends; or the server, where there was no memory for a Task.
 * Each such piece pins the desk, so that there is one to come back to.
 */
#include "desk.h"

#include "common/clock.h"

#include <stdlib.h>

struct piece {
    struct object *desk; /* pinned while it is out */
    int64_t number;
    struct datum item;
    bool done;
    struct piece *next;
};

struct desk {
    struct piece *first; /* on the desk, by their numbers */
    int64_t last;        /* the number that was given last */
    int64_t left;
    struct waiters takers;
    bool closed; /* the server ends, in whatever order */
};

static void piece_free(struct piece *p)
{
    datum_drop(&p->item);
    free(p);
}

/* In its place, under the desk's lock.  Who is woken looks for himself. */
static void lay(struct desk *d, struct piece *p)
{
    struct piece **link = &d->first;

    while (*link && (*link)->number < p->number)
        link = &(*link)->next;
    p->next = *link;
    *link = p;
    call_wake(&d->takers, 1);
}

static int desk_put(struct call *call, void *state)
{
    static const char *const names[] = {"item", NULL};
    struct desk *d = state;
    const struct datum *item[1];
    struct piece *p;
    int error = call_take(call, names, 1, item);

    if (error)
        return error;
    p = calloc(1, sizeof *p);
    if (!p)
        return -ENOMEM;
    p->desk = call->object;
    p->number = ++d->last;
    p->item = datum_share(item[0]);
    d->left++;
    lay(d, p);
    call->result = datum_int(p->number);
    return 0;
}

/* Nobody has it any more. */
static void come_back(void *pin)
{
    struct piece *p = pin;
    struct object *o = p->desk;
    struct desk *d = (void *)o->state;
    bool over;

    pthread_mutex_lock(o->lock);
    over = p->done || d->closed;
    if (!over)
        lay(d, p);
    pthread_mutex_unlock(o->lock);
    if (over)
        piece_free(p);
    object_unpin(o);
}

/* The first that lies there, as a datum that gives it back when it is dropped.
 */
static int take_first(struct call *call, struct desk *d)
{
    struct datum out = datum_record(DATUM_TOKEN, NULL, 0);
    struct piece *p = d->first;

    if (out.kind == DATUM_NOTHING)
        return datum_error(&out);
    d->first = p->next;
    object_pin(p->desk);
    out.record->pin = p;
    out.record->unpin = come_back;
    call->result = out;
    return 0;
}

static int desk_take(struct call *call, void *state)
{
    static const char *const names[] = {"timeout", NULL};
    struct desk *d = state;
    const struct datum *timeout[1];
    int64_t ns, deadline;
    int error = call_take(call, names, 0, timeout);

    if (!error)
        error = call_take_timeout(call, timeout[0], &ns);
    if (error)
        return error;
    deadline = clock_deadline(ns);
    while (!error && !d->first)
        error = call_wait(call, &d->takers, deadline);
    if (error == -ETIMEDOUT)
        return call_raise(call, "TimeoutError", "there is no work");
    return error ? error : take_first(call, d);
}

static int desk_left(struct call *call, void *state)
{
    const struct desk *d = state;

    call->result = datum_int(d->left);
    return call_take_nothing(call);
}

static void desk_close(void *state)
{
    struct desk *d = state;

    d->closed = true;
    for (struct piece *p; (p = d->first) != NULL;) {
        d->first = p->next;
        piece_free(p);
    }
}

/* --- a Task: the datum that has the piece --- */

static struct piece *piece_of(const struct datum *out)
{
    return out->record->pin;
}

static int task_open(struct call *call, void *state)
{
    struct datum *out = state;

    *out = datum_share(&call->arguments[0]);
    return 0;
}

static void task_close(void *state)
{
    datum_drop(state);
}

static int task_number(struct call *call, void *state)
{
    call->result = datum_int(piece_of(state)->number);
    return call_take_nothing(call);
}

static int task_item(struct call *call, void *state)
{
    call->result = datum_share(&piece_of(state)->item);
    return call_take_nothing(call);
}

static int task_done(struct call *call, void *state)
{
    struct piece *p = piece_of(state);
    struct desk *d = (void *)p->desk->state;
    int error = call_take_nothing(call);

    if (error)
        return error;
    if (p->done)
        return call_raise(call, "ValueError", "it is done already");
    p->done = true;
    pthread_mutex_lock(p->desk->lock);
    d->left--;
    pthread_mutex_unlock(p->desk->lock);
    return 0;
}

static const struct method desk_methods[] = {{"put", desk_put, NULL},
                                             {"take", desk_take, "Task"},
                                             {"left", desk_left, NULL},
                                             {0}};

const struct hosted_type desk_type = {.name = "Desk",
                                      .size = sizeof(struct desk),
                                      .close = desk_close,
                                      .methods = desk_methods};

static const struct method task_methods[] = {{"number", task_number, NULL},
                                             {"item", task_item, NULL},
                                             {"done", task_done, NULL},
                                             {0}};

const struct hosted_type task_type = {.name = "Task",
                                      .size = sizeof(struct datum),
                                      .open = task_open,
                                      .close = task_close,
                                      .methods = task_methods,
                                      .unmade = true};
