/* SPDX-License-Identifier: MIT */
/*
 * hosted_queue.c - Queue and JoinableQueue in a server: CPython's are one class
 * there, queue.Queue, both with task_done and join.
 *
 * An item goes straight to the first who waits for one; and who takes one from
 * a full queue puts in for the first who waits for room.  So there is nobody to
 * get while there are items, and nobody to put while there is room.
 *
 * A getter that is gone puts its item back in front, be the queue full or not.
 * A putter's whose item went in has put it.  Source: CPython Lib/queue.py.
 */
#include "manager/hosted_wait.h"

#include "common/clock.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

struct item {
    struct item *next;
    struct datum value;
};

struct queue {
    double maxsize; /* 0 and less: none */
    struct item *first, *last;
    int64_t length, unfinished;
    struct line getters, putters, joiners;
};

/* (Python's takes anything for a maxsize, and complains when it puts.) */
static int queue_open(struct call *call, void *state)
{
    static const char *const names[] = {"maxsize", NULL};
    struct queue *q = state;
    const struct datum *maxsize;
    int error = take_arguments(call, "Queue.__init__", names, 0, &maxsize);

    return error || !maxsize ? error
                             : take_number(call, maxsize, IS_MORE, &q->maxsize);
}

static void free_item(struct item *i)
{
    datum_drop(&i->value);
    free(i);
}

static void queue_close(void *state)
{
    struct queue *q = state;

    for (struct item *i = q->first, *next; i; i = next) {
        next = i->next;
        free_item(i);
    }
}

/* --- items --- */

static bool is_full(const struct queue *q)
{
    return q->maxsize > 0 && (double)q->length >= q->maxsize;
}

/* To the first who waits for one: was there anybody? */
static bool hand_over(struct queue *q, struct item *i)
{
    struct turn *getter = line_call(&q->getters);

    if (getter)
        getter->item = i;
    return getter != NULL;
}

static void append(struct queue *q, struct item *i)
{
    q->unfinished++;
    if (hand_over(q, i))
        return;
    i->next = NULL;
    *(q->last ? &q->last->next : &q->first) = i;
    q->last = i;
    q->length++;
}

static void put_back(struct queue *q, struct item *i)
{
    if (hand_over(q, i))
        return;
    i->next = q->first;
    q->first = i;
    if (!q->last)
        q->last = i;
    q->length++;
}

/* The first of them, and those who waited for room put in. */
static struct item *take_first(struct queue *q)
{
    struct item *i = q->first;

    q->first = i->next;
    if (!q->first)
        q->last = NULL;
    q->length--;
    while (q->putters.first && !is_full(q))
        append(q, line_call(&q->putters)->item);
    return i;
}

/* --- put --- */

/* What both ask for when they wait: how long.  NULL of a timeout is for ever;
 * no number of seconds is needed by who does not wait. */
struct patience {
    bool block, forever;
    double seconds;
};

static int take_patience(struct call *call, const struct datum *block,
                         const struct datum *timeout, struct patience *p)
{
    int error;

    *p = (struct patience){.block = !block || datum_truth(block)};
    p->forever = !timeout || timeout->kind == DATUM_NONE;
    if (!p->block || p->forever)
        return 0;
    error = take_number(call, timeout, IS_LESS, &p->seconds);
    if (!error && p->seconds < 0)
        return call_raise(call, "ValueError",
                          "'timeout' must be a non-negative number");
    return error ? error : take_number(call, timeout, IS_ADDED, &p->seconds);
}

/* Stand in the line as long as that: as turn_wait, or RAISED. */
static int wait_in(struct call *call, struct line *line, struct turn *turn,
                   const struct patience *p)
{
    int64_t deadline = NO_TIMEOUT;
    int error = p->block ? 0 : -ETIMEDOUT;

    if (!error && !p->forever)
        error = take_deadline(call, p->seconds, &deadline);
    if (error)
        return error;
    line_join(line, turn);
    return turn_wait(call, turn, line, deadline);
}

static int put_item(struct call *call, struct queue *q,
                    const struct datum *value, const struct patience *p)
{
    struct turn turn = {.item = malloc(sizeof *turn.item)};
    int error = 0;

    if (!turn.item)
        return -ENOMEM;
    turn.item->value = datum_share(value);
    if (!is_full(q))
        append(q, turn.item);
    else
        error = wait_in(call, &q->putters, &turn, p);
    if (error && !turn.came)
        free_item(turn.item);
    return error == -ETIMEDOUT ? raise_bare(call, "Full") : error;
}

static int put(struct call *call, void *state)
{
    static const char *const names[] = {"item", "block", "timeout", NULL};
    struct queue *q = state;
    struct patience p = {.block = true, .forever = true};
    const struct datum *given[3];
    int error = take_arguments(call, "Queue.put", names, 1, given);

    if (!error && q->maxsize > 0)
        error = take_patience(call, given[1], given[2], &p);
    return error ? error : put_item(call, q, given[0], &p);
}

static int put_nowait(struct call *call, void *state)
{
    static const char *const names[] = {"item", NULL};
    const struct patience none = {.block = false};
    const struct datum *item;
    int error = take_arguments(call, "Queue.put_nowait", names, 1, &item);

    return error ? error : put_item(call, state, item, &none);
}

/* --- get --- */

static int get_item(struct call *call, struct queue *q,
                    const struct patience *p)
{
    struct turn turn = {.item = NULL};
    int error = 0;

    if (q->first)
        turn.item = take_first(q);
    else
        error = wait_in(call, &q->getters, &turn, p);
    if (error && turn.item)
        put_back(q, turn.item);
    if (error)
        return error == -ETIMEDOUT ? raise_bare(call, "Empty") : error;
    call->result = turn.item->value;
    free(turn.item);
    return 0;
}

static int get(struct call *call, void *state)
{
    static const char *const names[] = {"block", "timeout", NULL};
    const struct datum *given[2];
    struct patience p;
    int error = take_arguments(call, "Queue.get", names, 0, given);

    if (!error)
        error = take_patience(call, given[0], given[1], &p);
    return error ? error : get_item(call, state, &p);
}

static int get_nowait(struct call *call, void *state)
{
    const struct patience none = {.block = false};
    int error = take_no_arguments(call, "Queue.get_nowait");

    return error ? error : get_item(call, state, &none);
}

/* --- tasks --- */

static int task_done(struct call *call, void *state)
{
    struct queue *q = state;
    int error = take_no_arguments(call, "Queue.task_done");

    if (error)
        return error;
    if (q->unfinished == 0)
        return call_raise(call, "ValueError",
                          "task_done() called too many times");
    if (--q->unfinished == 0)
        while (line_call(&q->joiners))
            ;
    return 0;
}

static int join(struct call *call, void *state)
{
    struct queue *q = state;
    struct turn turn = {.came = false};
    int error = take_no_arguments(call, "Queue.join");

    if (error || q->unfinished == 0)
        return error;
    line_join(&q->joiners, &turn);
    return turn_wait(call, &turn, &q->joiners, NO_TIMEOUT);
}

/* --- how many --- */

static int qsize(struct call *call, void *state)
{
    const struct queue *q = state;

    call->result = datum_int(q->length);
    return take_no_arguments(call, "Queue.qsize");
}

static int empty(struct call *call, void *state)
{
    const struct queue *q = state;

    call->result = datum_bool(!q->first);
    return take_no_arguments(call, "Queue.empty");
}

static int full(struct call *call, void *state)
{
    call->result = datum_bool(is_full(state));
    return take_no_arguments(call, "Queue.full");
}

static int repr(struct call *call, void *state, struct buffer *out)
{
    (void)state;
    return buffer_format(out, "<queue.Queue object at 0x%llx>",
                         (unsigned long long)call->object->number);
}

static const struct method methods[] = {{"empty", empty, NULL},
                                        {"full", full, NULL},
                                        {"get", get, NULL},
                                        {"get_nowait", get_nowait, NULL},
                                        {"join", join, NULL},
                                        {"put", put, NULL},
                                        {"put_nowait", put_nowait, NULL},
                                        {"qsize", qsize, NULL},
                                        {"task_done", task_done, NULL},
                                        {0}};

const struct hosted_type queue_type = {.name = "Queue",
                                       .size = sizeof(struct queue),
                                       .open = queue_open,
                                       .close = queue_close,
                                       .methods = methods,
                                       .repr = repr};

const struct hosted_type joinable_queue_type = {.name = "JoinableQueue",
                                                .size = sizeof(struct queue),
                                                .open = queue_open,
                                                .close = queue_close,
                                                .methods = methods,
                                                .repr = repr};
