/* SPDX-License-Identifier: MIT */
/*
 * set.c - the hosted set.
 *
 * What the SetProxy of CPython 3.14 calls, with the texts of Python 3.11's
 * errors.  A method takes whatever can be iterated over; an operator
 * (set_operate.c) takes sets alone; what changes it is in set_change.c.
 */
#include "manager/set_methods.h"

#include <errno.h>

/* --- by what can be iterated over --- */

static int take_other(struct call *call, struct datum *other)
{
    static const char *const names[] = {"/other", NULL};
    const struct datum *given[1];
    int error = call_take(call, names, 1, given);

    return error ? error : set_take(call, given[0], other);
}

static int set_isdisjoint(struct call *call, void *state)
{
    struct datum other;
    int error = take_other(call, &other);

    if (error)
        return error;
    call->result =
        datum_bool(set_is_apart(other.table, ((struct datum *)state)->table));
    datum_drop(&other);
    return 0;
}

static int is_within(struct call *call, void *state, bool turn)
{
    struct datum other;
    const struct table *own;
    int error = take_other(call, &other);

    if (error)
        return error;
    own = ((struct datum *)state)->table;
    call->result = datum_bool(turn ? set_is_within(other.table, own)
                                   : set_is_within(own, other.table));
    datum_drop(&other);
    return 0;
}

static int set_issubset(struct call *call, void *state)
{
    return is_within(call, state, false);
}

static int set_issuperset(struct call *call, void *state)
{
    return is_within(call, state, true);
}

/* --- new sets --- */

/* The set and each argument, one after the other. */
static int fold(struct call *call, const struct datum *set, set_algebra *run)
{
    struct datum result = datum_share(set);
    int error = 0;

    if (call->keywords && call->keywords->used)
        error = call_raise(call, "TypeError", "%s() takes no keyword arguments",
                           call->name);
    for (size_t i = 0; !error && i < call->count; i++) {
        struct datum other, next;

        error = set_take(call, &call->arguments[i], &other);
        if (error)
            break;
        error = run(&result, &other, &next);
        datum_drop(&other);
        if (error)
            break;
        datum_drop(&result);
        result = next;
    }
    if (error)
        datum_drop(&result);
    else
        call->result = result;
    return error;
}

static int set_union(struct call *call, void *state)
{
    return fold(call, state, set_unite);
}

static int set_intersection(struct call *call, void *state)
{
    return fold(call, state, set_intersect);
}

static int set_difference(struct call *call, void *state)
{
    return fold(call, state, set_subtract);
}

static int set_symmetric_difference(struct call *call, void *state)
{
    struct datum other, result;
    int error = take_other(call, &other);

    if (error)
        return error;
    error = set_differ(state, &other, &result);
    datum_drop(&other);
    if (!error)
        call->result = result;
    return error;
}

/* --- seen --- */

static int set_len(struct call *call, void *state)
{
    int error = call_take_slot(call, 0);

    if (!error)
        call->result = datum_int((int64_t)((struct datum *)state)->table->used);
    return error;
}

static int set_contains(struct call *call, void *state)
{
    static const char *const names[] = {"/object", NULL};
    const struct datum *item[1];
    int64_t i = TABLE_NONE;
    int error = call_take(call, names, 1, item);

    if (!error)
        error = set_find(call, state, item[0], &i);
    if (!error)
        call->result = datum_bool(i != TABLE_NONE);
    return error;
}

static int set_copy(struct call *call, void *state)
{
    static const char *const names[] = {NULL};
    int error = call_take(call, names, 0, NULL);

    if (!error)
        call->result = datum_share(state);
    return error;
}

/* An iterator that is data: over a list of what the set has now.  (CPython's is
 * one that goes up; which items come first is the set's own affair.) */
static int set_iter(struct call *call, void *state)
{
    struct datum fields[2] = {{0}, {0}};
    int error = call_take_slot(call, 0);

    if (!error)
        error = call_iterate(call, state, &fields[0]);
    if (error)
        return error;
    fields[1] = datum_int((int64_t)fields[0].sequence->length - 1);
    call->result = datum_record(DATUM_REVERSED, fields, 2);
    return datum_error(&call->result);
}

/* --- the type --- */

static int set_open(struct call *call, void *state)
{
    static const char *const names[] = {"/iterable", NULL};
    struct datum *set = state, given;
    const struct datum *iterable[1];
    int error = call_take(call, names, 0, iterable);

    if (error)
        return error;
    *set = datum_set();
    error = datum_error(set);
    if (error || !iterable[0])
        return error;
    error = set_take(call, iterable[0], &given);
    if (error) {
        datum_drop(set);
        return error;
    }
    datum_drop(set);
    *set = table_copy(given.table, DATUM_SET);
    datum_drop(&given);
    return datum_error(set);
}

static const struct method methods[] = {
    {"__and__", set_and, NULL},
    {"__contains__", set_contains, NULL},
    {"__ge__", set_ge, NULL},
    {"__gt__", set_gt, NULL},
    {"__iand__", set_iand, NULL},
    {"__ior__", set_ior, NULL},
    {"__isub__", set_isub, NULL},
    {"__iter__", set_iter, NULL},
    {"__ixor__", set_ixor, NULL},
    {"__le__", set_le, NULL},
    {"__len__", set_len, NULL},
    {"__lt__", set_lt, NULL},
    {"__or__", set_or, NULL},
    {"__rand__", set_rand, NULL},
    {"__ror__", set_ror, NULL},
    {"__rsub__", set_rsub, NULL},
    {"__rxor__", set_rxor, NULL},
    {"__sub__", set_sub, NULL},
    {"__xor__", set_xor, NULL},
    {"add", set_add, NULL},
    {"clear", set_clear, NULL},
    {"copy", set_copy, NULL},
    {"difference", set_difference, NULL},
    {"difference_update", set_difference_update, NULL},
    {"discard", set_discard, NULL},
    {"intersection", set_intersection, NULL},
    {"intersection_update", set_intersection_update, NULL},
    {"isdisjoint", set_isdisjoint, NULL},
    {"issubset", set_issubset, NULL},
    {"issuperset", set_issuperset, NULL},
    {"pop", set_pop, NULL},
    {"remove", set_remove, NULL},
    {"symmetric_difference", set_symmetric_difference, NULL},
    {"symmetric_difference_update", set_symmetric_difference_update, NULL},
    {"union", set_union, NULL},
    {"update", set_update, NULL},
    {0},
};

const struct hosted_type set_type = {
    .name = "set",
    .proxy = "SetProxy",
    .size = sizeof(struct datum),
    .open = set_open,
    .close = data_close,
    .methods = methods,
    .value = data_value,
};
