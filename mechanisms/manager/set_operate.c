/* SPDX-License-Identifier: MIT */
/*
 * set_operate.c - the hosted set's operators, which take sets alone.
 *
 * (Where CPython's server answers NotImplemented, and its client raises, this
 * one raises.)
 */
#include "manager/set_methods.h"

#include <errno.h>

static bool is_set(const struct datum *d)
{
    return d->kind == DATUM_SET || d->kind == DATUM_FROZENSET;
}

/* left `symbol` right, where one of them is the object's. */
static int operate(struct call *call, const struct datum *left,
                   const struct datum *right, const char *symbol,
                   set_algebra *run)
{
    struct datum result;
    int error;

    if (!is_set(left) || !is_set(right))
        return call_raise(call, "TypeError",
                          "unsupported operand type(s) for %s: '%s' and '%s'",
                          symbol, datum_type(left), datum_type(right));
    error = run(left, right, &result);
    if (!error)
        call->result = result;
    return error;
}

static int forwards(struct call *call, void *state, const char *symbol,
                    set_algebra *run)
{
    int error = call_take_slot(call, 1);

    return error ? error
                 : operate(call, state, &call->arguments[0], symbol, run);
}

static int backwards(struct call *call, void *state, const char *symbol,
                     set_algebra *run)
{
    int error = call_take_slot(call, 1);

    return error ? error
                 : operate(call, &call->arguments[0], state, symbol, run);
}

/* What it gives is what the object is from now on. */
static int in_place(struct call *call, void *state, const char *symbol,
                    set_algebra *run)
{
    struct datum *set = state;
    int error = forwards(call, state, symbol, run);

    if (error)
        return error;
    datum_drop(set);
    *set = datum_share(&call->result);
    return 0;
}

int set_and(struct call *call, void *state)
{
    return forwards(call, state, "&", set_intersect);
}

int set_rand(struct call *call, void *state)
{
    return backwards(call, state, "&", set_intersect);
}

int set_iand(struct call *call, void *state)
{
    return in_place(call, state, "&=", set_intersect);
}

int set_or(struct call *call, void *state)
{
    return forwards(call, state, "|", set_unite);
}

int set_ror(struct call *call, void *state)
{
    return backwards(call, state, "|", set_unite);
}

int set_ior(struct call *call, void *state)
{
    return in_place(call, state, "|=", set_unite);
}

int set_sub(struct call *call, void *state)
{
    return forwards(call, state, "-", set_subtract);
}

int set_rsub(struct call *call, void *state)
{
    return backwards(call, state, "-", set_subtract);
}

int set_isub(struct call *call, void *state)
{
    return in_place(call, state, "-=", set_subtract);
}

int set_xor(struct call *call, void *state)
{
    return forwards(call, state, "^", set_differ);
}

int set_rxor(struct call *call, void *state)
{
    return backwards(call, state, "^", set_differ);
}

int set_ixor(struct call *call, void *state)
{
    return in_place(call, state, "^=", set_differ);
}

/* --- comparisons --- */

/* Is the set within the argument, or the argument within it; not the same where
 * strict. */
static int compare(struct call *call, void *state, const char *symbol,
                   bool turn, bool strict)
{
    const struct datum *set = state, *other = call->arguments;
    const struct table *one, *two;
    int error = call_take_slot(call, 1);

    if (error)
        return error;
    if (!is_set(other))
        return call_raise(
            call, "TypeError",
            "'%s' not supported between instances of '%s' and '%s'", symbol,
            "set", datum_type(other));
    one = turn ? other->table : set->table;
    two = turn ? set->table : other->table;
    call->result = datum_bool(set_is_within(one, two) &&
                              !(strict && one->used == two->used));
    return 0;
}

int set_le(struct call *call, void *state)
{
    return compare(call, state, "<=", false, false);
}

int set_lt(struct call *call, void *state)
{
    return compare(call, state, "<", false, true);
}

int set_ge(struct call *call, void *state)
{
    return compare(call, state, ">=", true, false);
}

int set_gt(struct call *call, void *state)
{
    return compare(call, state, ">", true, true);
}
