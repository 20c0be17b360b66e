/* SPDX-License-Identifier: MIT */
/*
 * list.c - the hosted list.
 *
 * What CPython's ListProxy calls, by any of its versions, with the texts of
 * Python 3.11's errors.  What changes it in place is in list_change.c.
 */
#include "manager/list_methods.h"

#include <errno.h>

/* --- made and seen --- */

static int list_open(struct call *call, void *state)
{
    static const char *const names[] = {"/iterable", NULL};
    struct datum *list = state;
    const struct datum *iterable[1];
    int error = call_take(call, names, 0, iterable);

    if (error)
        return error;
    if (iterable[0])
        return call_iterate(call, iterable[0], list);
    *list = datum_list();
    return datum_error(list);
}

static struct sequence *items_of(void *state)
{
    return ((struct datum *)state)->sequence;
}

static int list_len(struct call *call, void *state)
{
    int error = call_take_slot(call, 0);

    if (!error)
        call->result = datum_int((int64_t)items_of(state)->length);
    return error;
}

/* The index of the first that is equal, from start to before stop: -1. */
static int64_t find(const struct sequence *s, const struct datum *value,
                    size_t start, size_t stop)
{
    for (size_t i = start; i < stop && i < s->length; i++)
        if (datum_equal(&s->items[i], value))
            return (int64_t)i;
    return -1;
}

static int list_contains(struct call *call, void *state)
{
    int error = call_take_slot(call, 1);

    if (!error)
        call->result = datum_bool(
            find(items_of(state), &call->arguments[0], 0, SIZE_MAX) >= 0);
    return error;
}

static int list_count(struct call *call, void *state)
{
    static const char *const names[] = {"/value", NULL};
    const struct sequence *s = items_of(state);
    const struct datum *value[1];
    int error = call_take(call, names, 1, value);
    int64_t n = 0;

    if (error)
        return error;
    for (size_t i = 0; i < s->length; i++)
        n += datum_equal(&s->items[i], value[0]);
    call->result = datum_int(n);
    return 0;
}

/* "7 is not in list" */
static int raise_absent(struct call *call, const struct datum *value)
{
    struct buffer text = {0};
    int error = datum_repr(&text, value);

    if (!error)
        error = buffer_text(&text, " is not in list");
    if (!error)
        return call_raise_text(call, "ValueError", &text);
    buffer_free(&text);
    return error;
}

/* A bound of index(): from the end where it is negative, and not before 0. */
static int take_bound(struct call *call, const struct datum *d, size_t length,
                      size_t absent, size_t *bound)
{
    int64_t i;
    int error;

    *bound = absent;
    if (!d)
        return 0;
    error = slice_bound(call, d, false, &i);
    if (error)
        return error;
    if (i < 0)
        i += (int64_t)length;
    *bound = i < 0 ? 0 : (size_t)i;
    return 0;
}

static int list_index(struct call *call, void *state)
{
    static const char *const names[] = {"/value", "/start", "/stop", NULL};
    const struct sequence *s = items_of(state);
    const struct datum *given[3];
    size_t start = 0, stop = 0;
    int64_t at;
    int error = call_take(call, names, 1, given);

    if (!error)
        error = take_bound(call, given[1], s->length, 0, &start);
    if (!error)
        error = take_bound(call, given[2], s->length, SIZE_MAX, &stop);
    if (error)
        return error;
    at = find(s, given[0], start, stop);
    if (at < 0)
        return raise_absent(call, given[0]);
    call->result = datum_int(at);
    return 0;
}

static int get_slice(struct call *call, const struct sequence *s,
                     const struct datum *d)
{
    struct slice slice;
    int error = slice_take(call, d, s->length, &slice);

    if (error)
        return error;
    call->result = datum_list();
    error = datum_error(&call->result);
    if (!error)
        error = sequence_reserve(call->result.sequence, slice.count);
    for (size_t i = 0; !error && i < slice.count; i++)
        error = datum_append(&call->result,
                             datum_share(&s->items[slice_at(&slice, i)]));
    return error;
}

static int list_getitem(struct call *call, void *state)
{
    static const char *const names[] = {"/index", NULL};
    const struct sequence *s = items_of(state);
    const struct datum *d[1];
    size_t at;
    int error = call_take(call, names, 1, d);

    if (error)
        return error;
    if (d[0]->kind == DATUM_SLICE)
        return get_slice(call, s, d[0]);
    if (!datum_is_index(d[0]))
        return list_no_index(call, d[0]);
    error = index_take(call, d[0], s->length, "list index out of range", &at);
    if (!error)
        call->result = datum_share(&s->items[at]);
    return error;
}

/* reversed(list): it goes over what the list is now. */
static int list_reversed(struct call *call, void *state)
{
    static const char *const names[] = {NULL};
    struct datum *list = state;
    int error = call_take(call, names, 0, NULL);
    struct datum fields[2];

    if (error)
        return error;
    fields[0] = datum_share(list);
    fields[1] = datum_int((int64_t)list->sequence->length - 1);
    call->result = datum_record(DATUM_REVERSED, fields, 2);
    return datum_error(&call->result);
}

static int list_copy(struct call *call, void *state)
{
    static const char *const names[] = {NULL};
    int error = call_take(call, names, 0, NULL);

    if (!error)
        call->result = datum_share(state);
    return error;
}

/* --- added to and repeated --- */

static int list_add(struct call *call, void *state)
{
    const struct sequence *s = items_of(state);
    const struct datum *other = call->arguments;
    int error = call_take_slot(call, 1);

    if (error)
        return error;
    if (other->kind != DATUM_LIST)
        return call_raise(call, "TypeError",
                          "can only concatenate list (not \"%s\") to list",
                          datum_type(other));
    call->result = datum_list();
    error = datum_error(&call->result);
    if (!error)
        error = sequence_splice(call->result.sequence, 0, 0, s);
    if (!error)
        error = sequence_splice(call->result.sequence, s->length, 0,
                                other->sequence);
    return error;
}

/* A factor: a negative one is 0. */
static int take_factor(struct call *call, int64_t *factor)
{
    int error = call_take_slot(call, 1);

    if (error)
        return error;
    error = datum_to_int(&call->arguments[0], factor);
    if (error == -ERANGE)
        return call_raise(call, "OverflowError",
                          "cannot fit 'int' into an index-sized integer");
    if (*factor < 0)
        *factor = 0;
    return error ? call_take_int(call, &call->arguments[0], factor) : 0;
}

/* A new list: the items, so many times. */
static int repeat(const struct sequence *s, int64_t factor, struct datum *list)
{
    int error;

    *list = datum_list();
    error = datum_error(list);
    if (error || s->length == 0 || factor == 0)
        return error;
    if (factor > 1 && (uint64_t)factor > DATUM_UNFOLDED / s->length)
        return -E2BIG;
    error = sequence_reserve(list->sequence, s->length * (size_t)factor);
    for (int64_t i = 0; !error && i < factor; i++)
        error = sequence_splice(list->sequence, list->sequence->length, 0, s);
    return error;
}

static int list_mul(struct call *call, void *state)
{
    int64_t factor = 0;
    int error = take_factor(call, &factor);

    return error ? error : repeat(items_of(state), factor, &call->result);
}

static int list_imul(struct call *call, void *state)
{
    struct datum *list = state, product = {0};
    int64_t factor = 0;
    int error = take_factor(call, &factor);

    if (!error)
        error = repeat(items_of(state), factor, &product);
    if (error) {
        datum_drop(&product);
        return error;
    }
    datum_drop(list);
    *list = product;
    call->result = datum_share(list);
    return 0;
}

/* All of an iterable at the end. */
static int extend(struct call *call, struct datum *list, const struct datum *d)
{
    struct datum items;
    int error = call_iterate(call, d, &items);

    if (!error)
        error = data_own(list);
    if (!error)
        error = sequence_splice(list->sequence, list->sequence->length, 0,
                                items.sequence);
    datum_drop(&items);
    return error;
}

static int list_extend(struct call *call, void *state)
{
    static const char *const names[] = {"/iterable", NULL};
    const struct datum *iterable[1];
    int error = call_take(call, names, 1, iterable);

    return error ? error : extend(call, state, iterable[0]);
}

static int list_iadd(struct call *call, void *state)
{
    int error = call_take_slot(call, 1);

    if (!error)
        error = extend(call, state, &call->arguments[0]);
    if (!error)
        call->result = datum_share(state);
    return error;
}

/* --- the type --- */

static const struct method methods[] = {
    {"__add__", list_add, NULL},
    {"__contains__", list_contains, NULL},
    {"__delitem__", list_delitem, NULL},
    {"__getitem__", list_getitem, NULL},
    {"__iadd__", list_iadd, NULL},
    {"__imul__", list_imul, NULL},
    {"__len__", list_len, NULL},
    {"__mul__", list_mul, NULL},
    {"__reversed__", list_reversed, NULL},
    {"__rmul__", list_mul, NULL},
    {"__setitem__", list_setitem, NULL},
    {"append", list_append, NULL},
    {"clear", list_clear, NULL},
    {"copy", list_copy, NULL},
    {"count", list_count, NULL},
    {"extend", list_extend, NULL},
    {"index", list_index, NULL},
    {"insert", list_insert, NULL},
    {"pop", list_pop, NULL},
    {"remove", list_remove, NULL},
    {"reverse", list_reverse, NULL},
    {"sort", list_sort, NULL},
    {0},
};

const struct hosted_type list_type = {
    .name = "list",
    .proxy = "ListProxy",
    .size = sizeof(struct datum),
    .open = list_open,
    .close = data_close,
    .methods = methods,
    .value = data_value,
};
