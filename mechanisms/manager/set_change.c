/* SPDX-License-Identifier: MIT */
/* set_change.c - the hosted set's methods that change it.  Each makes the cell
 * the set's own first (data_own): a client may be being sent it. */
#include "manager/set_methods.h"

#include <errno.h>

int set_find(struct call *call, const struct datum *set,
             const struct datum *item, int64_t *index)
{
    struct datum key = *item;

    if (key.kind == DATUM_SET)
        key.kind = DATUM_FROZENSET;
    *index = table_find(set->table, &key);
    return *index == -EINVAL ? call_raise_unhashable(call, item) : 0;
}

static int take_item(struct call *call, const struct datum **item)
{
    static const char *const names[] = {"/object", NULL};

    return call_take(call, names, 1, item);
}

int set_add(struct call *call, void *state)
{
    struct datum *set = state;
    const struct datum *item[1];
    int error = take_item(call, item);

    if (!error)
        error = data_own(set);
    if (error)
        return error;
    error = table_set(set->table, datum_share(item[0]), datum_none());
    return error == -EINVAL ? call_raise_unhashable(call, item[0]) : error;
}

/* Take an item out, which may not be there. */
static int take_out(struct call *call, struct datum *set,
                    const struct datum *item, bool *was_there)
{
    int64_t i;
    int error = set_find(call, set, item, &i);

    *was_there = !error && i != TABLE_NONE;
    if (!*was_there)
        return error;
    error = data_own(set);
    if (!error)
        error = set_find(call, set, item, &i); /* a copy has another index */
    if (!error)
        table_delete(set->table, i);
    return error;
}

int set_discard(struct call *call, void *state)
{
    const struct datum *item[1];
    bool was_there;
    int error = take_item(call, item);

    return error ? error : take_out(call, state, item[0], &was_there);
}

int set_remove(struct call *call, void *state)
{
    const struct datum *item[1];
    bool was_there = true;
    int error = take_item(call, item);

    if (!error)
        error = take_out(call, state, item[0], &was_there);
    if (!was_there && !error)
        return call_raise_with(call, "KeyError", datum_share(item[0]));
    return error;
}

/* The first that came: which it is is nobody's business. */
int set_pop(struct call *call, void *state)
{
    static const char *const names[] = {NULL};
    struct datum *set = state;
    int error = call_take(call, names, 0, NULL);
    int64_t i;

    if (error)
        return error;
    if (set->table->used == 0)
        return call_raise(call, "KeyError", "pop from an empty set");
    error = data_own(set);
    if (error)
        return error;
    i = table_next(set->table, 0);
    call->result = datum_share(&set->table->entries[i].key);
    table_delete(set->table, i);
    return 0;
}

int set_clear(struct call *call, void *state)
{
    static const char *const names[] = {NULL};
    struct datum *set = state, empty;
    int error = call_take(call, names, 0, NULL);

    if (error)
        return error;
    empty = datum_set();
    error = datum_error(&empty);
    if (error)
        return error;
    datum_drop(set);
    *set = empty;
    return 0;
}

/* --- by another --- */

static int no_keywords(struct call *call)
{
    if (!call->keywords || call->keywords->used == 0)
        return 0;
    return call_raise(call, "TypeError", "%s() takes no keyword arguments",
                      call->name);
}

/* Put the keys in, or take them out. */
static int change_by_keys(struct datum *set, const struct table *other,
                          bool add)
{
    int error = data_own(set);

    for (int64_t i = table_next(other, 0); !error && i != TABLE_NONE;
         i = table_next(other, i + 1)) {
        const struct entry *e = &other->entries[i];
        int64_t at = table_find_hashed(set->table, &e->key, e->hash);

        if (add && at < 0)
            error = table_set(set->table, datum_share(&e->key), datum_none());
        else if (!add && at >= 0)
            table_delete(set->table, at);
    }
    return error;
}

static int change_one(struct datum *set, const struct datum *item, bool add)
{
    int64_t at;

    if (add)
        return table_set(set->table, datum_share(item), datum_none());
    at = table_find(set->table, item);
    if (at >= 0)
        table_delete(set->table, at);
    return at == -EINVAL ? -EINVAL : 0;
}

/* The same with items: those before one that cannot be in a set have been put,
 * or taken, when it raises. */
static int change_by_items(struct call *call, struct datum *set,
                           const struct datum *given, bool add)
{
    struct datum items;
    int error = call_iterate(call, given, &items);

    if (!error)
        error = data_own(set);
    for (size_t i = 0; !error && i < items.sequence->length; i++) {
        error = change_one(set, &items.sequence->items[i], add);
        if (error == -EINVAL)
            error = call_raise_unhashable(call, &items.sequence->items[i]);
    }
    datum_drop(&items);
    return error;
}

/* By each argument, one after the other, as it is then. */
static int change(struct call *call, struct datum *set, bool add)
{
    int error = no_keywords(call);

    for (size_t i = 0; !error && i < call->count; i++) {
        struct datum other;

        error = call_value(call, &call->arguments[i], &other);
        if (error)
            break;
        if (other.kind == DATUM_SET || other.kind == DATUM_FROZENSET ||
            other.kind == DATUM_DICT)
            error = change_by_keys(set, other.table, add);
        else
            error = change_by_items(call, set, &other, add);
        datum_drop(&other);
    }
    return error;
}

int set_update(struct call *call, void *state)
{
    return change(call, state, true);
}

int set_difference_update(struct call *call, void *state)
{
    return change(call, state, false);
}

/* The state becomes the result. */
static void become(struct datum *set, struct datum *result)
{
    datum_drop(set);
    *set = *result;
}

int set_intersection_update(struct call *call, void *state)
{
    struct datum result = {0}, *set = state;
    int error = no_keywords(call);

    for (size_t i = 0; !error && i < call->count; i++) {
        struct datum other, next;

        error = set_take(call, &call->arguments[i], &other);
        if (error)
            break;
        error = set_intersect(result.kind ? &result : set, &other, &next);
        datum_drop(&other);
        if (error)
            break;
        become(&result, &next);
    }
    if (error)
        datum_drop(&result);
    else if (result.kind)
        become(set, &result);
    return error;
}

int set_symmetric_difference_update(struct call *call, void *state)
{
    const struct datum *item[1];
    struct datum other, result;
    int error = take_item(call, item);

    if (!error)
        error = set_take(call, item[0], &other);
    if (error)
        return error;
    error = set_differ(state, &other, &result);
    datum_drop(&other);
    if (!error)
        become(state, &result);
    return error;
}
