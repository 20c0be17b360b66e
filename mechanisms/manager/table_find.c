/* SPDX-License-Identifier: MIT */
/* table_find.c - dicts and sets: looked at, and not changed. */
#include "manager/cell.h"

#include <string.h>

/*
 * The next entry of that hash, from slot *at on, or TABLE_NONE; *at is then
 * the free slot.  It begins with *at = slot_of(hash), in a table that has
 * slots, and *at is the slot of what was found.
 */
static int64_t next_of_hash(const struct table *t, uint64_t hash, size_t *at)
{
    for (; t->slots[*at]; *at = (*at + 1) & (t->slot_count - 1))
        if (t->entries[t->slots[*at] - 1].hash == hash)
            return t->slots[*at] - 1;
    return TABLE_NONE;
}

int64_t table_find_hashed(const struct table *t, const struct datum *key,
                          uint64_t hash)
{
    size_t at;
    int64_t index = TABLE_NONE;

    if (!t->slot_count)
        return TABLE_NONE;
    at = slot_of(t, hash);
    while ((index = next_of_hash(t, hash, &at)) >= 0 &&
           !datum_equal(&t->entries[index].key, key))
        at = (at + 1) & (t->slot_count - 1);
    return index;
}

int64_t table_find(const struct table *t, const struct datum *key)
{
    uint64_t hash;
    const char *culprit;

    if (datum_hash(key, &hash, &culprit) < 0)
        return -EINVAL;
    return table_find_hashed(t, key, hash);
}

const struct datum *table_get(const struct table *t, const char *key)
{
    uint64_t hash = hash_text(key, strlen(key));
    size_t at;
    int64_t index;

    if (!t->slot_count)
        return NULL;
    at = slot_of(t, hash);
    while ((index = next_of_hash(t, hash, &at)) >= 0 &&
           !datum_is_str(&t->entries[index].key, key))
        at = (at + 1) & (t->slot_count - 1);
    return index < 0 ? NULL : &t->entries[index].value;
}

int64_t table_next(const struct table *t, int64_t index)
{
    size_t i = index < 0 ? 0 : (size_t)index;

    if (i < t->first)
        i = t->first;
    while (i < t->length && t->entries[i].key.kind == DATUM_NOTHING)
        i++;
    return i < t->length ? (int64_t)i : TABLE_NONE;
}
