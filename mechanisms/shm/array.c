/* SPDX-License-Identifier: MIT */
/* array.c - Array: items in shared memory. */
#include "shm/typed.h"

/* Large ones begin with a cache line, which is what memcpy is fastest with. */
static size_t alignment_of(char type, size_t n)
{
    size_t size = type_size(type);

    return size && n >= HEAP_APART / size ? HEAP_APART : HEAP_ALIGNMENT;
}

int array_open(struct array *a, char type, size_t n)
{
    return typed_open(&a->typed, type, n, alignment_of(type, n), true);
}

int array_open_with(struct array *a, char type, size_t n, struct lock *lock)
{
    int error = typed_open(&a->typed, type, n, alignment_of(type, n), false);

    a->typed.lock = error ? NULL : lock;
    return error;
}

void array_close(struct array *a)
{
    typed_close(&a->typed);
}

size_t array_length(const struct array *a)
{
    return a->typed.length;
}

int array_add(struct array *a, int64_t i, int64_t n)
{
    return typed_add(&a->typed, i, n);
}

int array_atomic_add(struct array *a, int64_t i, int64_t n, int64_t *before)
{
    return typed_atomic_add(&a->typed, i, n, before);
}

struct lock *array_get_lock(struct array *a)
{
    return a->typed.lock;
}

void *array_get_obj(const struct array *a)
{
    return a->typed.items;
}

int array_pack(const struct array *a, struct parcel *parcel)
{
    return typed_pack(&a->typed, parcel);
}

int array_unpack(struct array *a, struct parcel *parcel)
{
    return typed_unpack(&a->typed, parcel);
}
