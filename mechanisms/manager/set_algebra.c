/* SPDX-License-Identifier: MIT */
/* set_algebra.c - sets of sets: union, intersection, difference, and what is
 * within what. */
#include "manager/set_methods.h"

#include <errno.h>

/* Share each key of one that the other has, or has not. */
static int put_each(const struct table *one, const struct table *other,
                    bool has, struct datum *into)
{
    int error = 0;

    for (int64_t i = table_next(one, 0); !error && i != TABLE_NONE;
         i = table_next(one, i + 1)) {
        const struct entry *e = &one->entries[i];

        if ((table_find_hashed(other, &e->key, e->hash) >= 0) == has)
            error = table_set(into->table, datum_share(&e->key), datum_none());
    }
    return error;
}

static int finish(int error, struct datum *result)
{
    if (error)
        datum_drop(result);
    return error;
}

static int begin(const struct datum *left, struct datum *result)
{
    int error;

    *result = datum_set();
    error = datum_error(result);
    if (!error)
        result->kind = left->kind;
    return error;
}

int set_unite(const struct datum *left, const struct datum *right,
              struct datum *result)
{
    int error;

    *result = table_copy(left->table, left->kind);
    error = datum_error(result);
    if (!error)
        error = put_each(right->table, left->table, false, result);
    return finish(error, result);
}

/* The keys are those of the smaller (1 and True are one key, and which of them
 * it is can be seen); only what is no set is always gone over itself. */
int set_intersect(const struct datum *left, const struct datum *right,
                  struct datum *result)
{
    const bool turn =
        right->kind != DATUM_DICT && right->table->used > left->table->used;
    int error = begin(left, result);

    if (!error)
        error = put_each(turn ? left->table : right->table,
                         turn ? right->table : left->table, true, result);
    return finish(error, result);
}

int set_subtract(const struct datum *left, const struct datum *right,
                 struct datum *result)
{
    int error = begin(left, result);

    if (!error)
        error = put_each(left->table, right->table, false, result);
    return finish(error, result);
}

int set_differ(const struct datum *left, const struct datum *right,
               struct datum *result)
{
    int error = set_subtract(left, right, result);

    if (!error)
        error =
            finish(put_each(right->table, left->table, false, result), result);
    return error;
}

bool set_is_within(const struct table *one, const struct table *other)
{
    if (one->used > other->used)
        return false;
    for (int64_t i = table_next(one, 0); i != TABLE_NONE;
         i = table_next(one, i + 1))
        if (table_find_hashed(other, &one->entries[i].key,
                              one->entries[i].hash) < 0)
            return false;
    return true;
}

bool set_is_apart(const struct table *one, const struct table *other)
{
    for (int64_t i = table_next(one, 0); i != TABLE_NONE;
         i = table_next(one, i + 1))
        if (table_find_hashed(other, &one->entries[i].key,
                              one->entries[i].hash) >= 0)
            return false;
    return true;
}

/* --- what comes --- */

static int put_all(struct call *call, const struct sequence *items,
                   struct datum *set)
{
    int error = 0;

    for (size_t i = 0; !error && i < items->length; i++) {
        error =
            table_set(set->table, datum_share(&items->items[i]), datum_none());
        if (error == -EINVAL)
            error = call_raise_unhashable(call, &items->items[i]);
    }
    return error;
}

int set_take(struct call *call, const struct datum *d, struct datum *set)
{
    struct datum items;
    int error = call_value(call, d, set);

    if (error || set->kind == DATUM_SET || set->kind == DATUM_FROZENSET ||
        set->kind == DATUM_DICT)
        return error;
    error = call_iterate(call, set, &items);
    datum_drop(set);
    if (error)
        return error;
    *set = datum_set();
    error = datum_error(set);
    if (!error) {
        set->kind = DATUM_DICT; /* it came as no set: see set_intersect */
        error = put_all(call, items.sequence, set);
    }
    datum_drop(&items);
    return finish(error, set);
}
