/* SPDX-License-Identifier: MIT */
/* value.c - Value: one item in shared memory. */
#include "shm/typed.h"

int value_open(struct value *v, char type)
{
    return typed_open(&v->typed, type, 1, HEAP_ALIGNMENT, true);
}

int value_open_with(struct value *v, char type, struct lock *lock)
{
    int error = typed_open(&v->typed, type, 1, HEAP_ALIGNMENT, false);

    v->typed.lock = error ? NULL : lock;
    return error;
}

int value_open_apart(struct value *v, char type)
{
    return typed_open(&v->typed, type, 1, HEAP_APART, true);
}

void value_close(struct value *v)
{
    typed_close(&v->typed);
}

int value_add(struct value *v, int64_t n)
{
    return typed_add(&v->typed, 0, n);
}

int value_atomic_add(struct value *v, int64_t n, int64_t *before)
{
    return typed_atomic_add(&v->typed, 0, n, before);
}

struct lock *value_get_lock(struct value *v)
{
    return v->typed.lock;
}

void *value_get_obj(const struct value *v)
{
    return v->typed.items;
}

int value_pack(const struct value *v, struct parcel *parcel)
{
    return typed_pack(&v->typed, parcel);
}

int value_unpack(struct value *v, struct parcel *parcel)
{
    return typed_unpack(&v->typed, parcel);
}
