/* SPDX-License-Identifier: MIT */
/*
 * hosted_arguments.c - arguments as threading and queue take them, and the
 * numbers among them.
 *
 * A function in C looks at a timeout before anything else; what is written in
 * Python looks at it when it needs it, with an operator, whose TypeError tells
 * which.
 */
#include "manager/hosted_wait.h"

#include "common/clock.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* --- which argument is which --- */

static bool is_of_c(const char *function)
{
    return !strchr(function, '.');
}

static int raise_twice(struct call *call, const char *function,
                       const char *name, size_t position)
{
    if (is_of_c(function))
        return call_raise(call, "TypeError",
                          "argument for %s() given by name ('%s') and position "
                          "(%zu)",
                          function, name, position);
    return call_raise(call, "TypeError",
                      "%s() got multiple values for argument '%s'", function,
                      name);
}

static int take_keyword(struct call *call, const char *function,
                        const char *const *names, const struct entry *given,
                        const struct datum **into)
{
    for (size_t i = 0; names[i]; i++) {
        if (!datum_is_str(&given->key, names[i]))
            continue;
        if (into[i])
            return raise_twice(call, function, names[i], i + 1);
        into[i] = &given->value;
        return 0;
    }
    if (given->key.kind != DATUM_STR)
        return call_raise(call, "TypeError", "keywords must be strings");
    return call_raise(call, "TypeError",
                      is_of_c(function)
                          ? "'%.200s' is an invalid keyword argument for %s()"
                          : "%2$s() got an unexpected keyword argument "
                            "'%1$.200s'",
                      (const char *)given->key.text->bytes, function);
}

static size_t number_given(const struct call *call)
{
    return call->count + (call->keywords ? call->keywords->used : 0);
}

/* (The object itself is counted too, but not in C.) */
static int raise_too_many(struct call *call, const char *function, size_t least,
                          size_t most)
{
    if (is_of_c(function))
        return call_raise(call, "TypeError",
                          "%s() takes at most %zu arguments (%zu given)",
                          function, most, number_given(call));
    if (least < most)
        return call_raise(call, "TypeError",
                          "%s() takes from %zu to %zu positional arguments "
                          "but %zu were given",
                          function, least + 1, most + 1, call->count + 1);
    return call_raise(call, "TypeError",
                      "%s() takes %zu positional argument%s but %zu were given",
                      function, most + 1, most ? "s" : "", call->count + 1);
}

int take_arguments(struct call *call, const char *function,
                   const char *const *names, size_t least,
                   const struct datum **into)
{
    const struct table *keywords = call->keywords;
    int64_t i = keywords ? table_next(keywords, 0) : TABLE_NONE;
    size_t most = 0;

    for (; names[most]; most++)
        into[most] = most < call->count ? &call->arguments[most] : NULL;
    if (is_of_c(function) && number_given(call) > most)
        return raise_too_many(call, function, least, most);
    for (; i != TABLE_NONE; i = table_next(keywords, i + 1)) {
        int error =
            take_keyword(call, function, names, &keywords->entries[i], into);

        if (error)
            return error;
    }
    if (call->count > most)
        return raise_too_many(call, function, least, most);
    if (least && !into[0])
        return call_raise(call, "TypeError",
                          "%s() missing 1 required positional argument: '%s'",
                          function, names[0]);
    return 0;
}

int take_no_arguments(struct call *call, const char *function)
{
    static const char *const names[] = {NULL};
    const struct datum *none;

    return take_arguments(call, function, names, 0, &none);
}

/* --- numbers and timeouts --- */

static int raise_no_number(struct call *call, const struct datum *d,
                           enum use use)
{
    if (use == IS_ADDED)
        return call_raise(call, "TypeError",
                          "unsupported operand type(s) for +: 'float' and '%s'",
                          datum_type(d));
    return call_raise(call, "TypeError",
                      "'%c' not supported between instances of '%s' and 'int'",
                      use == IS_MORE ? '>' : '<', datum_type(d));
}

int take_number(struct call *call, const struct datum *d, enum use use,
                double *number)
{
    const struct datum zero = datum_int(0);
    const char *culprits[2];
    int error = datum_to_float(d, number);

    if (error == -EINVAL)
        return raise_no_number(call, d, use);
    if (error == -ERANGE && use == IS_ADDED)
        return call_raise(call, "OverflowError",
                          "int too large to convert to float");
    if (error)
        *number = datum_less(d, &zero, culprits) == 1 ? -INFINITY : INFINITY;
    else if (isnan(*number))
        *number = 0;
    return 0;
}

int take_deadline(struct call *call, double seconds, int64_t *deadline)
{
    *deadline = 0;
    if (seconds <= 0)
        return 0;
    if (seconds * (double)SECOND >= 0x1p63)
        return call_raise(call, "OverflowError",
                          "timestamp too large to convert to C _PyTime_t");
    *deadline = clock_deadline(call_ns(seconds));
    return 0;
}

int take_timeout(struct call *call, const struct datum *d, enum use use,
                 int64_t *deadline)
{
    double seconds = 0;
    int error;

    *deadline = NO_TIMEOUT;
    if (!d || d->kind == DATUM_NONE)
        return 0;
    error = take_number(call, d, use, &seconds);
    return error ? error : take_deadline(call, seconds, deadline);
}

int raise_bare(struct call *call, const char *class)
{
    return call_raise_with(call, class, (struct datum){.kind = DATUM_NOTHING});
}
