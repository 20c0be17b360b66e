/* SPDX-License-Identifier: MIT */
/* block.c - blocks of the heap, and how another process gets them. */
#include "shm/arena.h"
#include "shm/heap.h"

#include <errno.h>

void block_release(struct block *b)
{
    if (b->base && !b->node && b->arena)
        arena_release(b->arena);
    else if (heap_free(heap_shared(), b) == 0)
        return;
    *b = (struct block){.base = NULL};
}

int block_pack(const struct block *b, struct parcel *parcel)
{
    int error = b->base ? parcel_put_u64(parcel, b->size) : -EBADF;

    if (!error)
        error =
            parcel_put_u64(parcel, (uint64_t)((char *)b->base -
                                              (char *)b->arena->region.base));
    return error ? error : arena_pack(b->arena, parcel);
}

int block_unpack(struct block *b, struct parcel *parcel)
{
    uint64_t size, offset;
    struct arena *a;
    int error;

    *b = (struct block){.base = NULL};
    error = parcel_take_u64(parcel, &size);
    if (!error)
        error = parcel_take_u64(parcel, &offset);
    if (!error)
        error = arena_unpack(&a, parcel);
    if (error)
        return error;
    if (size > a->region.size || offset > a->region.size - size ||
        offset % HEAP_ALIGNMENT) {
        arena_release(a);
        return -EBADMSG;
    }
    *b = (struct block){.base = (char *)a->region.base + offset,
                        .size = (size_t)size,
                        .arena = a,
                        .generation = fork_generation()};
    return 0;
}

int block_at(const void *address, size_t size, struct block *b)
{
    struct arena *a = arena_at(address);

    if (!a)
        return -EFAULT;
    *b = (struct block){
        .base = (void *)(uintptr_t)address, .size = size, .arena = a};
    return 0;
}
