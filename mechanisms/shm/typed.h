/* SPDX-License-Identifier: MIT */
/* typed.h - what Value and Array are alike in; private to shm/. */
#ifndef IPCLAB_TYPED_H
#define IPCLAB_TYPED_H

#include "shm/shm.h"

enum item_kind { NONE, CHARACTER, SIGNED, UNSIGNED, REAL, TRUTH };

struct item_type {
    char code;
    unsigned char kind, size; /* enum item_kind; bytes */
};

/* That of a code; where there is none, NONE of no size. */
const struct item_type *type_find(char code);

/* n zeroes of a type, with a lock of their own or none yet. */
int typed_open(struct typed *t, char type, size_t n, size_t alignment,
               bool has_lock);
void typed_close(struct typed *t);

int typed_add(struct typed *t, int64_t i, int64_t n);
int typed_atomic_add(struct typed *t, int64_t i, int64_t n, int64_t *before);

int typed_pack(const struct typed *t, struct parcel *parcel);
int typed_unpack(struct typed *t, struct parcel *parcel);

#endif
