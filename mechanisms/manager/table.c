/* SPDX-License-Identifier: MIT */
/*
 * table.c - dicts and sets: entries in the order of insertion, found by hash.
 *
 * Slots are probed one after the other and are at most half full.  An entry
 * that is taken out leaves no mark among them: those behind it move up.  Among
 * the entries it leaves a hole, so that the others keep their index; the holes
 * go when a new key finds the entries full.  Those at either end are not even
 * walked over: taking the first, or the last, again and again is as cheap as
 * the rest.
 */
#include "manager/cell.h"

#include <stdlib.h>

enum { TABLE_LEAST = 8 };

/* Put a key that is not there: the entry of that index. */
static void occupy(struct table *t, size_t index)
{
    size_t at = slot_of(t, t->entries[index].hash);

    while (t->slots[at])
        at = (at + 1) & (t->slot_count - 1);
    t->slots[at] = (uint32_t)(index + 1);
}

/* Entries and slots anew, for at least n entries and without holes. */
static int rebuild(struct table *t, size_t n)
{
    struct table new = {.slot_count = TABLE_LEAST};

    if (n > DATUM_WEIGHT)
        return -E2BIG;
    while (new.slot_count / 2 < n)
        new.slot_count *= 2;
    new.capacity = new.slot_count / 2;
    new.entries = calloc(new.capacity, sizeof *new.entries);
    new.slots = calloc(new.slot_count, sizeof *new.slots);
    if (!new.entries || !new.slots) {
        free(new.entries);
        free(new.slots);
        return -ENOMEM;
    }
    for (size_t i = t->first; i < t->length; i++) {
        if (t->entries[i].key.kind == DATUM_NOTHING)
            continue;
        new.entries[new.length] = t->entries[i];
        occupy(&new, new.length++);
    }
    free(t->entries);
    free(t->slots);
    t->entries = new.entries;
    t->slots = new.slots;
    t->length = new.length;
    t->first = 0;
    t->capacity = new.capacity;
    t->slot_count = new.slot_count;
    return 0;
}

/* Room for one more, and for half as many as there are: so it grows, keeps its
 * size or shrinks by how many of the entries were holes. */
static int make_room(struct table *t)
{
    return t->length < t->capacity ? 0 : rebuild(t, t->used + t->used / 2 + 1);
}

/* --- set --- */

/* Replace the value of an entry; not taken when it fails. */
static int replace(struct table *t, struct entry *entry, struct datum value)
{
    struct datum old = entry->value;
    int error;

    cell_discount(&t->cell, &old);
    error = cell_count(&t->cell, &value);
    if (error) {
        t->cell.weight += datum_weight(&old);
        return error;
    }
    entry->value = value;
    datum_drop(&old);
    return 0;
}

/* A key that is not there, at the end; not taken when it fails. */
static int add(struct table *t, const struct entry *entry)
{
    int error = make_room(t);

    if (!error)
        error = cell_count(&t->cell, &entry->key);
    if (error)
        return error;
    error = cell_count(&t->cell, &entry->value);
    if (error) {
        cell_discount(&t->cell, &entry->key);
        return error;
    }
    t->entries[t->length] = *entry;
    occupy(t, t->length++);
    t->used++;
    return 0;
}

int table_set(struct table *t, struct datum key, struct datum value)
{
    struct entry entry = {.key = key, .value = value};
    const char *culprit;
    int64_t index = TABLE_NONE;
    int error = datum_error(&key);

    if (!error)
        error = datum_error(&value);
    if (!error)
        error = datum_hash(&key, &entry.hash, &culprit);
    if (!error) {
        index = table_find_hashed(t, &key, entry.hash);
        error =
            index < 0 ? add(t, &entry) : replace(t, &t->entries[index], value);
    }
    if (error || index >= 0)
        datum_drop(&key); /* the old one stays */
    if (error)
        datum_drop(&value);
    return error;
}

/* --- taken out --- */

/* Free a slot.  Each behind it, up to a free one, moves up if the hole lies
 * between where it wants to be and where it is. */
static void vacate(struct table *t, size_t hole)
{
    const size_t mask = t->slot_count - 1;

    for (size_t at = (hole + 1) & mask; t->slots[at]; at = (at + 1) & mask) {
        size_t home = slot_of(t, t->entries[t->slots[at] - 1].hash);

        if (((at - home) & mask) < ((at - hole) & mask))
            continue;
        t->slots[hole] = t->slots[at];
        hole = at;
    }
    t->slots[hole] = 0;
}

/* The last entry is gone.  A few stay for those to come. */
static void empty(struct table *t)
{
    t->first = 0;
    t->cell.depth = 1;
    if (t->slot_count <= 8 * TABLE_LEAST)
        return;
    free(t->entries);
    free(t->slots);
    t->entries = NULL;
    t->slots = NULL;
    t->capacity = t->slot_count = 0;
}

void table_delete(struct table *t, int64_t index)
{
    struct entry old = t->entries[index];
    size_t at = slot_of(t, old.hash);

    while (t->slots[at] != (uint32_t)(index + 1))
        at = (at + 1) & (t->slot_count - 1);
    vacate(t, at);
    t->entries[index] = (struct entry){0};
    t->used--;
    while (t->length && t->entries[t->length - 1].key.kind == DATUM_NOTHING)
        t->length--;
    while (t->first < t->length &&
           t->entries[t->first].key.kind == DATUM_NOTHING)
        t->first++;
    if (t->used == 0)
        empty(t);
    cell_discount(&t->cell, &old.key);
    cell_discount(&t->cell, &old.value);
    datum_drop(&old.key);
    datum_drop(&old.value);
}

void table_clear(struct table *t)
{
    struct entry *entries = t->entries;
    const size_t first = t->first, length = t->length;

    free(t->slots);
    t->entries = NULL;
    t->slots = NULL;
    t->used = t->length = t->capacity = t->first = t->slot_count = 0;
    t->cell.weight = t->cell.depth = 1;
    for (size_t i = first; i < length; i++) {
        datum_drop(&entries[i].key);
        datum_drop(&entries[i].value);
    }
    free(entries);
}

struct datum table_copy(const struct table *t, enum datum_kind kind)
{
    struct datum copy = datum_set();
    int error = datum_error(&copy);

    if (!error && t->used)
        error = rebuild(copy.table, t->used);
    for (int64_t i = table_next(t, 0); !error && i >= 0;
         i = table_next(t, i + 1)) {
        const struct entry *from = &t->entries[i];
        struct entry entry = {from->key, datum_none(), from->hash};

        if (kind == DATUM_DICT)
            entry.value = from->value;
        error = add(copy.table, &entry);
        if (!error) {
            (void)datum_share(&entry.key);
            (void)datum_share(&entry.value);
        }
    }
    if (error) {
        datum_drop(&copy);
        return datum_nothing(error);
    }
    copy.kind = kind;
    return copy;
}
