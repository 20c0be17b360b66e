/* SPDX-License-Identifier: MIT */
/*
 * hosted_barrier.c - Barrier in a server: all wait until all have come.
 *
 * The last who comes tells each who stands in the line its index, and whether
 * they came together; so the next round can begin at once, and nobody waits for
 * it to drain.  A client that is gone stands there no more: it is as if it had
 * not come.  (CPython counts it, and lets the others go on without it.)
 *
 * An action cannot come: a function is no data.  Source: CPython
 * Lib/threading.py, Barrier.
 */
#include "manager/hosted_wait.h"

#include <errno.h>

struct barrier {
    int64_t parties;
    struct datum timeout; /* for those who give none; NOTHING: nor have we */
    bool broken;
    struct line line;
};

static int barrier_open(struct call *call, void *state)
{
    static const char *const names[] = {"parties", "action", "timeout", NULL};
    struct barrier *b = state;
    const struct datum *given[3];
    int error = take_arguments(call, "Barrier.__init__", names, 1, given);

    if (!error)
        error = call_take_int(call, given[0], &b->parties);
    if (error)
        return error;
    if (given[1] && given[1]->kind != DATUM_NONE)
        return call_raise(call, "TypeError", "'%s' object is not callable",
                          datum_type(given[1]));
    if (given[2])
        b->timeout = datum_share(given[2]);
    return 0;
}

static void barrier_close(void *state)
{
    struct barrier *b = state;

    datum_drop(&b->timeout);
}

/* All who wait go on: together, or not. */
static void end_round(struct barrier *b, bool broken)
{
    struct turn *turn;

    for (uint64_t i = 0; (turn = line_call(&b->line)) != NULL; i++) {
        turn->index = i;
        turn->broken = broken;
    }
}

static void break_it(struct barrier *b)
{
    b->broken = true;
    end_round(b, true);
}

/* Not the last one: until that has come. */
static int wait_for_all(struct call *call, struct barrier *b,
                        const struct datum *timeout)
{
    struct turn turn = {.came = false};
    int64_t deadline = 0;
    int error;

    if ((!timeout || timeout->kind == DATUM_NONE) &&
        b->timeout.kind != DATUM_NOTHING)
        timeout = &b->timeout;
    error = take_timeout(call, timeout, IS_ADDED, &deadline);
    if (error)
        return error;
    line_join(&b->line, &turn);
    error = turn_wait(call, &turn, &b->line, deadline);
    if (error == -ETIMEDOUT)
        break_it(b);
    else if (error)
        return error;
    if (error || turn.broken)
        return raise_bare(call, "BrokenBarrierError");
    call->result = datum_int((int64_t)turn.index);
    return 0;
}

static int wait(struct call *call, void *state)
{
    static const char *const names[] = {"timeout", NULL};
    struct barrier *b = state;
    const struct datum *timeout;
    int64_t index = (int64_t)b->line.length;
    int error = take_arguments(call, "Barrier.wait", names, 0, &timeout);

    if (error)
        return error;
    if (b->broken)
        return raise_bare(call, "BrokenBarrierError");
    if (index + 1 != b->parties)
        return wait_for_all(call, b, timeout);
    end_round(b, false);
    call->result = datum_int(index);
    return 0;
}

static int abort_round(struct call *call, void *state)
{
    int error = take_no_arguments(call, "Barrier.abort");

    if (!error)
        break_it(state);
    return error;
}

static int reset(struct call *call, void *state)
{
    struct barrier *b = state;
    int error = take_no_arguments(call, "Barrier.reset");

    if (error)
        return error;
    b->broken = false;
    end_round(b, true);
    return 0;
}

static int get_attribute(struct call *call, void *state)
{
    const struct barrier *b = state;
    int error = call_take_slot(call, 1);
    const struct datum *name = call->arguments;

    if (error)
        return error;
    if (name->kind != DATUM_STR)
        return call_raise(call, "TypeError",
                          "attribute name must be string, not '%s'",
                          datum_type(name));
    if (datum_is_str(name, "parties"))
        call->result = datum_int(b->parties);
    else if (datum_is_str(name, "n_waiting"))
        call->result = datum_int((int64_t)b->line.length);
    else if (datum_is_str(name, "broken"))
        call->result = datum_bool(b->broken);
    else
        return call_raise(call, "AttributeError",
                          "'Barrier' object has no attribute '%s'",
                          (const char *)name->text->bytes);
    return 0;
}

static int repr(struct call *call, void *state, struct buffer *out)
{
    const struct barrier *b = state;
    unsigned long long at = call->object->number;

    if (b->broken)
        return buffer_format(out, "<threading.Barrier at 0x%llx: broken>", at);
    return buffer_format(out, "<threading.Barrier at 0x%llx: waiters=%zu/%lld>",
                         at, b->line.length, (long long)b->parties);
}

static const struct method methods[] = {
    {"__getattribute__", get_attribute, NULL},
    {"wait", wait, NULL},
    {"abort", abort_round, NULL},
    {"reset", reset, NULL},
    {0}};

const struct hosted_type barrier_type = {.name = "Barrier",
                                         .proxy = "BarrierProxy",
                                         .size = sizeof(struct barrier),
                                         .open = barrier_open,
                                         .close = barrier_close,
                                         .methods = methods,
                                         .repr = repr};
