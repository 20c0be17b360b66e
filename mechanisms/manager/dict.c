/* SPDX-License-Identifier: MIT */
/*
 * dict.c - the hosted dict.
 *
 * What CPython's DictProxy calls, by any of its versions, with the texts of
 * Python 3.11's errors.  keys(), values() and items() are lists, as that is
 * what a client gets of CPython's views.  What changes it is in dict_change.c.
 */
#include "manager/dict_methods.h"

#include <errno.h>

static struct table *table_of(void *state)
{
    return ((struct datum *)state)->table;
}

static int dict_len(struct call *call, void *state)
{
    int error = call_take_slot(call, 0);

    if (!error)
        call->result = datum_int((int64_t)table_of(state)->used);
    return error;
}

/* --- by key --- */

int dict_find(struct call *call, const struct datum *dict,
              const struct datum *key, int64_t *index)
{
    *index = table_find(dict->table, key);
    return *index == -EINVAL ? call_raise_unhashable(call, key) : 0;
}

static int dict_contains(struct call *call, void *state)
{
    static const char *const names[] = {"/key", NULL};
    const struct datum *key[1];
    int64_t i = TABLE_NONE;
    int error = call_take(call, names, 1, key);

    if (!error)
        error = dict_find(call, state, key[0], &i);
    if (!error)
        call->result = datum_bool(i != TABLE_NONE);
    return error;
}

static int dict_getitem(struct call *call, void *state)
{
    static const char *const names[] = {"/key", NULL};
    const struct datum *key[1];
    int64_t i = TABLE_NONE;
    int error = call_take(call, names, 1, key);

    if (!error)
        error = dict_find(call, state, key[0], &i);
    if (error)
        return error;
    if (i == TABLE_NONE)
        return call_raise_with(call, "KeyError", datum_share(key[0]));
    call->result = datum_share(&table_of(state)->entries[i].value);
    return 0;
}

static int dict_get(struct call *call, void *state)
{
    static const char *const names[] = {"/key", "/default", NULL};
    const struct datum *given[2];
    int64_t i = TABLE_NONE;
    int error = call_take(call, names, 1, given);

    if (!error)
        error = dict_find(call, state, given[0], &i);
    if (error)
        return error;
    if (i != TABLE_NONE)
        call->result = datum_share(&table_of(state)->entries[i].value);
    else if (given[1])
        call->result = datum_share(given[1]);
    return 0;
}

/* --- all of it --- */

enum view { KEYS, VALUES, ITEMS };

static struct datum view_of(const struct entry *e, enum view view)
{
    struct datum pair[2];

    if (view == KEYS)
        return datum_share(&e->key);
    if (view == VALUES)
        return datum_share(&e->value);
    pair[0] = datum_share(&e->key);
    pair[1] = datum_share(&e->value);
    return datum_sequence(DATUM_TUPLE, pair, 2);
}

/* As a new list. */
static int list_view(const struct table *t, enum view view, struct datum *list)
{
    int error;

    *list = datum_list();
    error = datum_error(list);
    if (!error)
        error = sequence_reserve(list->sequence, t->used);
    for (int64_t i = table_next(t, 0); !error && i != TABLE_NONE;
         i = table_next(t, i + 1))
        error = datum_append(list, view_of(&t->entries[i], view));
    return error;
}

static int take_view(struct call *call, void *state, enum view view)
{
    static const char *const names[] = {NULL};
    int error = call_take(call, names, 0, NULL);

    return error ? error : list_view(table_of(state), view, &call->result);
}

static int dict_keys(struct call *call, void *state)
{
    return take_view(call, state, KEYS);
}

static int dict_values(struct call *call, void *state)
{
    return take_view(call, state, VALUES);
}

static int dict_items(struct call *call, void *state)
{
    return take_view(call, state, ITEMS);
}

static int dict_copy(struct call *call, void *state)
{
    static const char *const names[] = {NULL};
    int error = call_take(call, names, 0, NULL);

    if (!error)
        call->result = datum_share(state);
    return error;
}

/* reversed(dict), over the keys that it has now. */
static int dict_reversed(struct call *call, void *state)
{
    static const char *const names[] = {NULL};
    struct datum fields[2];
    int error = call_take(call, names, 0, NULL);

    if (!error)
        error = list_view(table_of(state), KEYS, &call->result);
    if (error)
        return error;
    fields[0] = call->result;
    fields[1] = datum_int((int64_t)fields[0].sequence->length - 1);
    call->result = datum_record(DATUM_REVERSED, fields, 2);
    return datum_error(&call->result);
}

static void unpin(void *pin)
{
    object_unpin(pin);
}

/* What the iterator's open gets: the object, pinned, as a proxy that nobody
 * else sees. */
static int dict_iter(struct call *call, void *state)
{
    struct datum fields[3] = {datum_str("DictProxy"), datum_none(),
                              datum_none()};
    int error;

    (void)state;
    datum_drop(&call->result);
    call->result = datum_record(DATUM_PROXY, fields, 3);
    error = datum_error(&call->result);
    if (!error)
        error = call_take_slot(call, 0);
    if (error)
        return error;
    object_pin(call->object);
    call->result.record->pin = call->object;
    call->result.record->unpin = unpin;
    return 0;
}

/* --- the type --- */

static int dict_open(struct call *call, void *state)
{
    struct datum *dict = state;
    int error;

    *dict = datum_dict();
    error = datum_error(dict);
    if (!error)
        error = dict_update(call, dict);
    if (error)
        datum_drop(dict);
    return error;
}

static const struct method methods[] = {
    {"__contains__", dict_contains, NULL},
    {"__delitem__", dict_delitem, NULL},
    {"__getitem__", dict_getitem, NULL},
    {"__ior__", dict_ior, NULL},
    {"__iter__", dict_iter, "Iterator"},
    {"__len__", dict_len, NULL},
    {"__or__", dict_or, NULL},
    {"__reversed__", dict_reversed, NULL},
    {"__ror__", dict_ror, NULL},
    {"__setitem__", dict_setitem, NULL},
    {"clear", dict_clear, NULL},
    {"copy", dict_copy, NULL},
    {"fromkeys", dict_fromkeys, NULL},
    {"get", dict_get, NULL},
    {"items", dict_items, NULL},
    {"keys", dict_keys, NULL},
    {"pop", dict_pop, NULL},
    {"popitem", dict_popitem, NULL},
    {"setdefault", dict_setdefault, NULL},
    {"update", dict_update, NULL},
    {"values", dict_values, NULL},
    {0},
};

const struct hosted_type dict_type = {
    .name = "dict",
    .proxy = "DictProxy",
    .size = sizeof(struct datum),
    .open = dict_open,
    .close = data_close,
    .methods = methods,
    .value = data_value,
};
