/* SPDX-License-Identifier: MIT */
/* sequence.c - lists and tuples: what only the caller has is changed here. */
#include "manager/cell.h"

#include <stdlib.h>
#include <string.h>

enum { SHORT = 64 }; /* as many items keep their memory */

/* Room for just n items, which are not fewer than there are. */
static int set_capacity(struct sequence *s, size_t n)
{
    struct datum *items;

    if (n > PTRDIFF_MAX / sizeof *items)
        return -ENOMEM;
    items = realloc(s->items == s->few ? NULL : s->items, n * sizeof *items);
    if (!items)
        return -ENOMEM;
    if (s->items == s->few)
        memcpy(items, s->few, s->length * sizeof *items);
    s->items = items;
    s->capacity = n;
    return 0;
}

int sequence_reserve(struct sequence *s, size_t n)
{
    return n <= s->capacity ? 0 : set_capacity(s, n);
}

int sequence_insert(struct sequence *s, size_t at, struct datum item)
{
    int error = datum_error(&item);

    if (!error && s->length == s->capacity)
        error = set_capacity(s, s->capacity + s->capacity / 2);
    if (!error)
        error = cell_count(&s->cell, &item);
    if (error) {
        datum_drop(&item);
        return error;
    }
    memmove(s->items + at + 1, s->items + at,
            (s->length - at) * sizeof *s->items);
    s->items[at] = item;
    s->length++;
    return 0;
}

int datum_append(struct datum *list, struct datum item)
{
    int error = datum_error(list);

    if (!error)
        return sequence_insert(list->sequence, list->sequence->length, item);
    datum_drop(&item);
    return error;
}

/* (No memory for less: then it keeps what it has.) */
void sequence_shrink(struct sequence *s)
{
    if (s->length == 0)
        s->cell.depth = 1;
    if (s->capacity > SHORT && s->length < s->capacity / 4)
        (void)set_capacity(s,
                           s->length < SHORT / 4 ? SHORT / 2 : s->length * 2);
}

void sequence_remove(struct sequence *s, size_t at, size_t n)
{
    for (size_t i = at; i < at + n; i++) {
        cell_discount(&s->cell, &s->items[i]);
        datum_drop(&s->items[i]);
    }
    s->length -= n;
    if (n)
        memmove(s->items + at, s->items + at + n,
                (s->length - at) * sizeof *s->items);
    sequence_shrink(s);
}

int sequence_weigh(struct sequence *s)
{
    int error = 0;

    s->cell.weight = s->cell.depth = 1;
    for (size_t i = 0; i < s->length && !error; i++)
        error = cell_count(&s->cell, &s->items[i]);
    return error;
}
