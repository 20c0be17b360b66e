/* SPDX-License-Identifier: MIT */
/*
 * hosted_semaphore.c - Semaphore and BoundedSemaphore in a server.
 *
 * A release hands its unit to the first who waits, so the value is above 0 only
 * while nobody does.  Nobody is said to hold one: it may be released by whoever
 * never took it.  Source: CPython Lib/threading.py, Semaphore.
 */
#include "manager/hosted_wait.h"

#include <errno.h>

struct semaphore {
    int64_t value, initial;
    bool bounded;
    struct line line;
};

static int take_initial(struct call *call, struct semaphore *s,
                        const char *function)
{
    static const char *const names[] = {"value", NULL};
    const struct datum *value;
    double number = 1;
    int error = take_arguments(call, function, names, 0, &value);

    if (!error && value)
        error = take_number(call, value, IS_LESS, &number);
    if (error)
        return error;
    if (number < 0)
        return call_raise(call, "ValueError",
                          "semaphore initial value must be >= 0");
    s->value = 1;
    error = value ? call_take_int(call, value, &s->value) : 0;
    s->initial = s->value;
    return error;
}

static int semaphore_open(struct call *call, void *state)
{
    return take_initial(call, state, "Semaphore.__init__");
}

static int bounded_open(struct call *call, void *state)
{
    struct semaphore *s = state;

    s->bounded = true;
    return take_initial(call, s, "BoundedSemaphore.__init__");
}

/* Give n units to those who wait, and keep what is left. */
static void give(struct semaphore *s, int64_t n)
{
    while (n > 0 && line_call(&s->line))
        n--;
    if (__builtin_add_overflow(s->value, n, &s->value))
        s->value = INT64_MAX; /* nobody can take so many */
}

/* There is none: wait for one. */
static int wait_for_one(struct call *call, struct semaphore *s,
                        const struct datum *timeout)
{
    struct turn turn = {.came = false};
    int64_t deadline = 0;
    int error = take_timeout(call, timeout, IS_ADDED, &deadline);

    if (error)
        return error;
    line_join(&s->line, &turn);
    error = turn_wait(call, &turn, &s->line, deadline);
    if (error && turn.came)
        give(s, 1);
    return error;
}

static int acquire(struct call *call, void *state)
{
    static const char *const names[] = {"blocking", "timeout", NULL};
    struct semaphore *s = state;
    const struct datum *given[2];
    bool blocking;
    int error = take_arguments(call, "Semaphore.acquire", names, 0, given);

    if (error)
        return error;
    blocking = !given[0] || datum_truth(given[0]);
    if (!blocking && given[1] && given[1]->kind != DATUM_NONE)
        return call_raise(call, "ValueError",
                          "can't specify timeout for non-blocking acquire");
    if (s->value > 0)
        s->value--;
    else
        error = blocking ? wait_for_one(call, s, given[1]) : -ETIMEDOUT;
    if (error && error != -ETIMEDOUT)
        return error;
    call->result = datum_bool(error == 0);
    return 0;
}

static int release(struct call *call, void *state)
{
    static const char *const names[] = {"n", NULL};
    struct semaphore *s = state;
    const struct datum *given;
    double number = 1;
    int64_t n = 1;
    int error = take_arguments(
        call, s->bounded ? "BoundedSemaphore.release" : "Semaphore.release",
        names, 0, &given);

    if (!error && given)
        error = take_number(call, given, IS_LESS, &number);
    if (!error && number < 1)
        return call_raise(call, "ValueError", "n must be one or more");
    if (!error && given)
        error = call_take_int(call, given, &n);
    if (error)
        return error;
    if (s->bounded && n > s->initial - s->value)
        return call_raise(call, "ValueError",
                          "Semaphore released too many times");
    give(s, n);
    return 0;
}

static int repr(struct call *call, void *state, struct buffer *out)
{
    const struct semaphore *s = state;
    int error = buffer_format(
        out, "<threading.%s at 0x%llx: value=%lld", call->object->type->name,
        (unsigned long long)call->object->number, (long long)s->value);

    if (!error && s->bounded)
        error = buffer_format(out, "/%lld", (long long)s->initial);
    return error ? error : buffer_text(out, ">");
}

static const struct method methods[] = {
    {"acquire", acquire, NULL}, {"release", release, NULL}, {0}};

const struct hosted_type semaphore_type = {.name = "Semaphore",
                                           .proxy = "AcquirerProxy",
                                           .size = sizeof(struct semaphore),
                                           .open = semaphore_open,
                                           .methods = methods,
                                           .repr = repr};

const struct hosted_type bounded_semaphore_type = {.name = "BoundedSemaphore",
                                                   .proxy = "AcquirerProxy",
                                                   .size =
                                                       sizeof(struct semaphore),
                                                   .open = bounded_open,
                                                   .methods = methods,
                                                   .repr = repr};
