/* SPDX-License-Identifier: MIT */
/*
 * cell.h - what the files that make data share: weight, depth, hashes.
 *
 * Nobody else includes it.
 */
#ifndef IPCLAB_MANAGER_CELL_H
#define IPCLAB_MANAGER_CELL_H

#include "manager/datum.h"

static inline uint32_t datum_weight(const struct datum *d)
{
    return datum_has_cell(d) ? d->cell->weight : 1;
}

static inline uint16_t datum_depth(const struct datum *d)
{
    return datum_has_cell(d) ? d->cell->depth : 0;
}

static inline struct datum datum_nothing(int error)
{
    return (struct datum){.kind = DATUM_NOTHING, .integer = error};
}

/* A new cell has one reference: its maker's. */
static inline void cell_init(struct cell *c, uint32_t weight, uint16_t depth)
{
    atomic_init(&c->references, 1);
    c->weight = weight;
    c->depth = depth;
    c->placed = false;
}

/* Count d in: 0, or why it cannot be within (it was not counted then). */
static inline int cell_count(struct cell *c, const struct datum *d)
{
    int error = datum_error(d);

    if (error)
        return error;
    if (datum_weight(d) > DATUM_WEIGHT - c->weight ||
        datum_depth(d) >= DATUM_DEPTH)
        return -E2BIG;
    c->weight += datum_weight(d);
    if (c->depth <= datum_depth(d))
        c->depth = (uint16_t)(datum_depth(d) + 1);
    return 0;
}

/* Count d out.  How deep the others are is not known: see struct cell. */
static inline void cell_discount(struct cell *c, const struct datum *d)
{
    c->weight -= datum_weight(d);
}

/* Where a search for that hash begins, in a table that has slots. */
static inline size_t slot_of(const struct table *t, uint64_t hash)
{
    return (size_t)hash & (t->slot_count - 1);
}

/* What is the same in two that are equal only if they are one: its object's
 * address, of a proxy that the server has; else the cell's. */
static inline const void *datum_identity(const struct datum *d)
{
    if (d->kind == DATUM_PROXY && d->record->pin)
        return d->record->pin;
    return d->cell;
}

/* The hash of a str of these bytes (hash.c). */
uint64_t hash_text(const void *bytes, size_t n);

#endif
