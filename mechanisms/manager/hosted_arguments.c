/* SPDX-License-Identifier: MIT */
/*
 * hosted_arguments.c - arguments as a method that is written in Python takes
 * them, and the numbers among them.
 *
 * A function in C complains in other words (call_take), and looks at a timeout
 * before anything else; threading's and queue's look at it when they need it,
 * with an operator, whose TypeError tells which.
 */
#include "manager/hosted_wait.h"

#include "common/clock.h"

#include <errno.h>
#include <math.h>

/* --- which argument is which --- */

static int take_keyword(struct call *call, const char *function,
                        const char *const *names, const struct entry *given,
                        const struct datum **into)
{
    for (size_t i = 0; names[i]; i++) {
        if (!datum_is_str(&given->key, names[i]))
            continue;
        if (into[i])
            return call_raise(call, "TypeError",
                              "%s() got multiple values for argument '%s'",
                              function, names[i]);
        into[i] = &given->value;
        return 0;
    }
    if (given->key.kind != DATUM_STR)
        return call_raise(call, "TypeError", "keywords must be strings");
    return call_raise(call, "TypeError",
                      "%s() got an unexpected keyword argument '%s'", function,
                      (const char *)given->key.text->bytes);
}

/* (The object itself is counted too.) */
static int raise_too_many(struct call *call, const char *function, size_t least,
                          size_t most)
{
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
    size_t most = 0;

    for (; names[most]; most++)
        into[most] = most < call->count ? &call->arguments[most] : NULL;
    for (int64_t i = keywords ? table_next(keywords, 0) : TABLE_NONE;
         i != TABLE_NONE; i = table_next(keywords, i + 1))
        if (take_keyword(call, function, names, &keywords->entries[i], into))
            return RAISED;
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

    return take_arguments(call, function, names, 0, NULL);
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
    *deadline = clock_deadline((int64_t)ceil(seconds * (double)SECOND));
    return 0;
}

int take_timeout(struct call *call, const struct datum *d, enum use use,
                 int64_t *deadline)
{
    double seconds = 0;

    *deadline = NO_TIMEOUT;
    if (!d || d->kind == DATUM_NONE)
        return 0;
    if (take_number(call, d, use, &seconds))
        return RAISED;
    return take_deadline(call, seconds, deadline);
}

int raise_bare(struct call *call, const char *class)
{
    return call_raise_with(call, class,
                           (struct datum){.kind = DATUM_NOTHING});
}
