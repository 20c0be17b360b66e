/* SPDX-License-Identifier: MIT */
/* array_item.h - one item of an array.array, for array.c alone. */
#ifndef IPCLAB_MANAGER_ARRAY_ITEM_H
#define IPCLAB_MANAGER_ARRAY_ITEM_H

#include "manager/data.h"

struct array_type {
    char code;
    unsigned char size;
    enum { SIGNED, UNSIGNED, REAL, CHARACTER } kind;
    /* What CPython reads it as first, and what it is then. */
    struct array_bound {
        int64_t least, most;
        const char *name;
    } bounds[2];
};

/* NULL: there is no such typecode. */
const struct array_type *array_type_find(const struct datum *typecode);

/* The item there as a datum, and a datum as the item there: 0 or RAISED. */
struct datum array_load(const struct array_type *t, const void *from);
int array_store(struct call *call, const struct array_type *t,
                const struct datum *d, void *to);

#endif
