/* SPDX-License-Identifier: MIT */
/*
 * dict_change.c - the hosted dict's methods that change it, and those that make
 * another of it.  Who changes it makes the cell the dict's own first
 * (data_own): a client may be being sent it.
 */
#include "manager/dict_methods.h"

#include <errno.h>
#include <stdio.h>

/* --- one key --- */

static int set(struct call *call, struct datum *dict, const struct datum *key,
               const struct datum *value)
{
    int error = data_own(dict);

    if (!error)
        error = table_set(dict->table, datum_share(key), datum_share(value));
    return error == -EINVAL ? call_raise_unhashable(call, key) : error;
}

int dict_setitem(struct call *call, void *state)
{
    int error = call_take_slot(call, 2);

    return error ? error
                 : set(call, state, &call->arguments[0], &call->arguments[1]);
}

/* Take an entry out: its value, the caller's. */
static int take_out(struct datum *dict, const struct datum *key, int64_t index,
                    struct datum *value)
{
    const struct table *was = dict->table;
    int error = data_own(dict);

    if (error)
        return error;
    if (dict->table != was) /* a copy has no holes: the index is another */
        index = table_find(dict->table, key);
    *value = datum_share(&dict->table->entries[index].value);
    table_delete(dict->table, index);
    return 0;
}

int dict_delitem(struct call *call, void *state)
{
    struct datum value = {0};
    int64_t i = TABLE_NONE;
    int error = call_take_slot(call, 1);

    if (!error)
        error = dict_find(call, state, &call->arguments[0], &i);
    if (error)
        return error;
    if (i == TABLE_NONE)
        return call_raise_with(call, "KeyError",
                               datum_share(&call->arguments[0]));
    error = take_out(state, &call->arguments[0], i, &value);
    datum_drop(&value);
    return error;
}

/* (CPython does not look at the key where the dict is empty.) */
int dict_pop(struct call *call, void *state)
{
    static const char *const names[] = {"/key", "/default", NULL};
    struct datum *dict = state;
    const struct datum *given[2];
    int64_t i = TABLE_NONE;
    int error = call_take(call, names, 1, given);

    if (!error && dict->table->used)
        error = dict_find(call, dict, given[0], &i);
    if (error)
        return error;
    if (i != TABLE_NONE)
        return take_out(dict, given[0], i, &call->result);
    if (!given[1])
        return call_raise_with(call, "KeyError", datum_share(given[0]));
    call->result = datum_share(given[1]);
    return 0;
}

/* The last that came. */
int dict_popitem(struct call *call, void *state)
{
    static const char *const names[] = {NULL};
    struct datum *dict = state, pair[2];
    int error = call_take(call, names, 0, NULL);
    int64_t last;

    if (error)
        return error;
    if (dict->table->used == 0)
        return call_raise(call, "KeyError", "popitem(): dictionary is empty");
    error = data_own(dict);
    if (error)
        return error;
    /* (At the end of a table there are no holes.) */
    last = (int64_t)dict->table->length - 1;
    pair[0] = datum_share(&dict->table->entries[last].key);
    pair[1] = datum_share(&dict->table->entries[last].value);
    call->result = datum_sequence(DATUM_TUPLE, pair, 2);
    error = datum_error(&call->result);
    if (!error)
        table_delete(dict->table, last);
    return error;
}

int dict_setdefault(struct call *call, void *state)
{
    static const char *const names[] = {"/key", "/default", NULL};
    const struct datum none = datum_none();
    struct datum *dict = state;
    const struct datum *given[2];
    int64_t i = TABLE_NONE;
    int error = call_take(call, names, 1, given);

    if (!error)
        error = dict_find(call, dict, given[0], &i);
    if (error)
        return error;
    if (i != TABLE_NONE) {
        call->result = datum_share(&dict->table->entries[i].value);
        return 0;
    }
    if (!given[1])
        given[1] = &none;
    error = set(call, dict, given[0], given[1]);
    if (!error)
        call->result = datum_share(given[1]);
    return error;
}

int dict_clear(struct call *call, void *state)
{
    static const char *const names[] = {NULL};
    struct datum *dict = state, empty;
    int error = call_take(call, names, 0, NULL);

    if (error)
        return error;
    empty = datum_dict();
    error = datum_error(&empty);
    if (error)
        return error;
    datum_drop(dict);
    *dict = empty;
    return 0;
}

/* --- many --- */

static int set_all(struct call *call, struct datum *dict, const struct table *t)
{
    int error = 0;

    for (int64_t i = table_next(t, 0); !error && i != TABLE_NONE;
         i = table_next(t, i + 1))
        error = set(call, dict, &t->entries[i].key, &t->entries[i].value);
    return error;
}

/* The i-th of what dict() is given as pairs. */
static int set_pair(struct call *call, struct datum *dict,
                    const struct datum *given, size_t i)
{
    struct datum pair;
    char text[100];
    int error;

    snprintf(text, sizeof text,
             "cannot convert dictionary update sequence element #%zu to a "
             "sequence",
             i);
    error = call_iterate_or(call, given, &pair, text);
    if (error)
        return error;
    if (pair.sequence->length == 2)
        error =
            set(call, dict, &pair.sequence->items[0], &pair.sequence->items[1]);
    else
        error = call_raise(call, "ValueError",
                           "dictionary update sequence element #%zu has length "
                           "%zu; 2 is required",
                           i, pair.sequence->length);
    datum_drop(&pair);
    return error;
}

/* Another dict's entries, or pairs. */
static int set_from(struct call *call, struct datum *dict,
                    const struct datum *given)
{
    struct datum from, pairs = {0};
    int error = call_value(call, given, &from);

    if (error)
        return error;
    if (from.kind == DATUM_DICT)
        error = set_all(call, dict, from.table);
    else
        error = call_iterate(call, &from, &pairs);
    for (size_t i = 0;
         !error && pairs.kind == DATUM_LIST && i < pairs.sequence->length; i++)
        error = set_pair(call, dict, &pairs.sequence->items[i], i);
    datum_drop(&pairs);
    datum_drop(&from);
    return error;
}

/* Also what dict(...) is given. */
int dict_update(struct call *call, void *state)
{
    int error = call_check_names(call);

    if (error)
        return error;
    if (call->count > 1)
        return call_raise(call, "TypeError",
                          "%s expected at most 1 argument, got %zu", call->name,
                          call->count);
    if (call->count)
        error = set_from(call, state, &call->arguments[0]);
    if (!error && call->keywords)
        error = set_all(call, state, call->keywords);
    return error;
}

/* fromkeys(iterable, value=None): a new dict. */
int dict_fromkeys(struct call *call, void *state)
{
    static const char *const names[] = {"/iterable", "/value", NULL};
    const struct datum none = datum_none();
    const struct datum *given[2];
    struct datum keys, dict;
    int error = call_take(call, names, 1, given);

    (void)state;
    if (!error)
        error = call_iterate(call, given[0], &keys);
    if (error)
        return error;
    dict = datum_dict();
    error = datum_error(&dict);
    for (size_t i = 0; !error && i < keys.sequence->length; i++)
        error = set(call, &dict, &keys.sequence->items[i],
                    given[1] ? given[1] : &none);
    datum_drop(&keys);
    if (error)
        datum_drop(&dict);
    else
        call->result = dict;
    return error;
}

/* --- | --- */

/* (CPython answers NotImplemented, and its client raises this.) */
static int merge(struct call *call, const struct datum *left,
                 const struct datum *right)
{
    struct datum merged;
    int error;

    if (left->kind != DATUM_DICT || right->kind != DATUM_DICT)
        return call_raise(call, "TypeError",
                          "unsupported operand type(s) for |: '%s' and '%s'",
                          datum_type(left), datum_type(right));
    merged = table_copy(left->table, DATUM_DICT);
    error = datum_error(&merged);
    if (!error)
        error = set_all(call, &merged, right->table);
    if (error)
        datum_drop(&merged);
    else
        call->result = merged;
    return error;
}

int dict_or(struct call *call, void *state)
{
    int error = call_take_slot(call, 1);

    return error ? error : merge(call, state, &call->arguments[0]);
}

int dict_ror(struct call *call, void *state)
{
    int error = call_take_slot(call, 1);

    return error ? error : merge(call, &call->arguments[0], state);
}

int dict_ior(struct call *call, void *state)
{
    int error = call_take_slot(call, 1);

    if (!error)
        error = set_from(call, state, &call->arguments[0]);
    if (!error)
        call->result = datum_share(state);
    return error;
}
