/* SPDX-License-Identifier: MIT */
/*
 * hosted_event.c - Event in a server: a flag that others wait for.
 *
 * set() wakes those who wait then, and they return True though it is cleared
 * before they run.  Source: CPython Lib/threading.py, Event.
 */
#include "manager/hosted_wait.h"

#include <errno.h>

struct event {
    bool flag;
    struct line line;
};

static int event_open(struct call *call, void *state)
{
    (void)state;
    return take_no_arguments(call, "Event.__init__");
}

static int is_set(struct call *call, void *state)
{
    const struct event *e = state;

    call->result = datum_bool(e->flag);
    return take_no_arguments(call, "Event.is_set");
}

static int set(struct call *call, void *state)
{
    struct event *e = state;
    int error = take_no_arguments(call, "Event.set");

    if (error)
        return error;
    e->flag = true;
    while (line_call(&e->line))
        ;
    return 0;
}

static int clear(struct call *call, void *state)
{
    struct event *e = state;
    int error = take_no_arguments(call, "Event.clear");

    if (!error)
        e->flag = false;
    return error;
}

static int wait(struct call *call, void *state)
{
    static const char *const names[] = {"timeout", NULL};
    struct event *e = state;
    struct turn turn = {.came = false};
    const struct datum *timeout;
    int64_t deadline = 0;
    int error = take_arguments(call, "Event.wait", names, 0, &timeout);

    if (!error && !e->flag) {
        error = take_timeout(call, timeout, IS_MORE, &deadline);
        if (!error) {
            line_join(&e->line, &turn);
            error = turn_wait(call, &turn, &e->line, deadline);
        }
    }
    if (error && error != -ETIMEDOUT)
        return error;
    call->result = datum_bool(error == 0);
    return 0;
}

static int repr(struct call *call, void *state, struct buffer *out)
{
    const struct event *e = state;

    return buffer_format(out, "<threading.Event at 0x%llx: %s>",
                         (unsigned long long)call->object->number,
                         e->flag ? "set" : "unset");
}

static const struct method methods[] = {{"is_set", is_set, NULL},
                                        {"set", set, NULL},
                                        {"clear", clear, NULL},
                                        {"wait", wait, NULL},
                                        {0}};

const struct hosted_type event_type = {.name = "Event",
                                       .proxy = "EventProxy",
                                       .size = sizeof(struct event),
                                       .open = event_open,
                                       .methods = methods,
                                       .repr = repr};
