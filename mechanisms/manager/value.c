/* SPDX-License-Identifier: MIT */
/*
 * value.c - the hosted Value: one value, and a typecode that nobody obeys.
 *
 * A Value of a manager is not shared memory (shm/value.c): it is any value, as
 * it came; the typecode is for its repr alone.
 */
#include "manager/data.h"

#include <errno.h>

struct value {
    struct datum typecode, value;
};

static int value_open(struct call *call, void *state)
{
    static const char *const names[] = {"typecode", "value", "lock", NULL};
    struct value *v = state;
    const struct datum *given[3];
    int error = call_take(call, names, 2, given);

    if (error)
        return error;
    v->typecode = datum_share(given[0]);
    v->value = datum_share(given[1]);
    return 0;
}

static void value_close(void *state)
{
    struct value *v = state;

    datum_drop(&v->typecode);
    datum_drop(&v->value);
}

static int value_get(struct call *call, void *state)
{
    int error = call_take_nothing(call);

    if (!error)
        call->result = datum_share(&((struct value *)state)->value);
    return error;
}

static int value_set(struct call *call, void *state)
{
    static const char *const names[] = {"value", NULL};
    struct value *v = state;
    const struct datum *value[1];
    int error = call_take(call, names, 1, value);

    if (error)
        return error;
    datum_drop(&v->value);
    v->value = datum_share(value[0]);
    return 0;
}

/* As an instance of managers.Value. */
static struct datum whole(const struct value *v)
{
    struct datum fields[2] = {datum_str("Value"), datum_dict()};
    int error = datum_error(&fields[1]);

    if (!error)
        error = table_set(fields[1].table, datum_str("_typecode"),
                          datum_share(&v->typecode));
    if (!error)
        error = table_set(fields[1].table, datum_str("_value"),
                          datum_share(&v->value));
    if (error)
        datum_drop(&fields[1]);
    return datum_record(DATUM_INSTANCE, fields, 2);
}

static int value_value(struct call *call, void *state)
{
    call->result = whole(state);
    return datum_error(&call->result);
}

static const struct method methods[] = {
    {"get", value_get, NULL},
    {"set", value_set, NULL},
    {0},
};

const struct hosted_type value_type = {
    .name = "Value",
    .proxy = "ValueProxy",
    .size = sizeof(struct value),
    .open = value_open,
    .close = value_close,
    .methods = methods,
    .value = value_value,
};
