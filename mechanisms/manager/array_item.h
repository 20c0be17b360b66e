/* SPDX-License-Identifier: MIT */
/* array_item.h - one item of an array.array, of whichever C type; private to
 * manager/. */
#ifndef IPCLAB_MANAGER_ARRAY_ITEM_H
#define IPCLAB_MANAGER_ARRAY_ITEM_H

#include "manager/datum.h"

struct call;

enum array_kind { SIGNED, UNSIGNED, REAL, CHARACTER };

struct array_type {
    char code;
    unsigned char size;
    enum array_kind kind;
    /* What CPython reads it as first, and what it is then. */
    struct array_bound {
        int64_t least, most;
        const char *name;
    } bounds[2];
};

/* NULL: there is no such typecode. */
const struct array_type *array_type_find(const struct datum *typecode);

/* Of those that have this kind and size the last, or NULL. */
const struct array_type *array_type_of(enum array_kind kind, size_t size);

/* An item, as its kind says; a character is `natural`. */
union array_value {
    int64_t integer;
    uint64_t natural;
    double real;
};

/* What is there, at any address; and written there: an int as its low bytes. */
union array_value array_read(const struct array_type *t, const void *from);
void array_write(const struct array_type *t, uint64_t integer, void *to);
void array_write_real(const struct array_type *t, double real, void *to);

/* The item there as a datum, and a datum as the item there: 0 or RAISED. */
struct datum array_load(const struct array_type *t, const void *from);
int array_store(struct call *call, const struct array_type *t,
                const struct datum *d, void *to);

#endif
