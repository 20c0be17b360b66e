/* SPDX-License-Identifier: MIT */
/*
 * typed.c - what Value and Array are alike in: made, handed on, closed.
 *
 * A lock of its own lies behind the items, in the same block: nothing is opened
 * for it, and a small Value and its lock are mostly on one cache line, so that
 * whoever got the one has the other.
 */
#include "shm/typed.h"

#include <errno.h>

/* --- types --- */

static const struct item_type types[] = {
    {'c', CHARACTER, sizeof(char)},
    {'b', SIGNED, sizeof(signed char)},
    {'B', UNSIGNED, sizeof(unsigned char)},
    {'h', SIGNED, sizeof(short)},
    {'H', UNSIGNED, sizeof(unsigned short)},
    {'i', SIGNED, sizeof(int)},
    {'I', UNSIGNED, sizeof(unsigned)},
    {'l', SIGNED, sizeof(long)},
    {'L', UNSIGNED, sizeof(unsigned long)},
    {'q', SIGNED, sizeof(long long)},
    {'Q', UNSIGNED, sizeof(unsigned long long)},
    {'f', REAL, sizeof(float)},
    {'d', REAL, sizeof(double)},
    {'?', TRUTH, sizeof(bool)},
    {0, NONE, 0},
};

const struct item_type *type_find(char code)
{
    const struct item_type *t = types;

    while (t->code && t->code != code)
        t++;
    return t;
}

size_t type_size(char type)
{
    return type_find(type)->size;
}

/* --- made and closed --- */

/* Where a lock of its own lies, behind the items. */
static size_t lock_offset(const struct typed *t)
{
    const size_t multiple = _Alignof(struct lock_state);

    return (t->length * t->size + multiple - 1) / multiple * multiple;
}

static struct lock_state *own_state(const struct typed *t)
{
    return (struct lock_state *)(void *)((char *)t->items + lock_offset(t));
}

/* Is its lock there?  A given one may be all that there is of another's block,
 * and lie where its own would. */
static bool has_own_state(const struct typed *t)
{
    return t->block.size >= lock_offset(t) + sizeof(struct lock_state);
}

static bool is_behind(const struct typed *t, const struct lock *l)
{
    return has_own_state(t) && l->state == own_state(t);
}

static int set_type(struct typed *t, char type, size_t n)
{
    const struct item_type *found = type_find(type);

    *t = (struct typed){
        .length = n, .size = found->size, .type = type, .kind = found->kind};
    t->own.region.fd = -1;
    if (!t->size)
        return -EINVAL;
    return n > (PTRDIFF_MAX - sizeof(struct lock_state)) / t->size - 1 ? -ENOMEM
                                                                       : 0;
}

int typed_open(struct typed *t, char type, size_t n, size_t alignment,
               bool has_lock)
{
    int error = set_type(t, type, n);
    size_t size = t->length * t->size;

    if (!error) {
        if (has_lock)
            size = lock_offset(t) + sizeof(struct lock_state);
        error = heap_malloc(heap_shared(), size, alignment, &t->block);
    }
    if (error)
        return error;
    t->items = t->block.base;
    if (has_lock) {
        lock_init(&t->own, own_state(t), LOCK_RECURSIVE);
        t->lock = &t->own;
    }
    return 0;
}

/* What lies behind the items is not looked at: whoever made them may have freed
 * them, and then it is another's. */
void typed_close(struct typed *t)
{
    if (t->lock == &t->own && !is_behind(t, t->lock))
        lock_close(&t->own);
    block_release(&t->lent);
    block_release(&t->block);
    t->items = NULL;
    t->lock = NULL;
}

/* --- handed on --- */

/* Where the lock is, for who receives it. */
enum whose { RAW, BEHIND_THE_ITEMS, IN_ITS_REGION, ANOTHERS };

static enum whose whose_lock(const struct typed *t)
{
    if (!t->lock)
        return RAW;
    if (is_behind(t, t->lock))
        return BEHIND_THE_ITEMS;
    return t->lock->region.fd >= 0 ? IN_ITS_REGION : ANOTHERS;
}

int typed_pack(const struct typed *t, struct parcel *parcel)
{
    enum whose whose = whose_lock(t);
    struct block lent;
    int error = t->items ? block_pack(&t->block, parcel) : -EBADF;

    if (!error)
        error = parcel_put(parcel, &t->type, 1);
    if (!error)
        error = parcel_put_u64(parcel, t->length);
    if (!error)
        error = parcel_put_u64(parcel, whose);
    if (error || whose == RAW || whose == BEHIND_THE_ITEMS)
        return error;
    if (whose == IN_ITS_REGION)
        return lock_pack(t->lock, parcel);
    error = block_at(t->lock->state, sizeof *t->lock->state, &lent);
    return error ? error : block_pack(&lent, parcel);
}

/* The lock, as typed_pack has packed it. */
static int unpack_lock(struct typed *t, enum whose whose, struct parcel *parcel)
{
    int error = 0;

    if (whose == RAW)
        return 0;
    if (whose == BEHIND_THE_ITEMS) {
        if (!has_own_state(t))
            return -EBADMSG;
        lock_at(&t->own, own_state(t));
    } else if (whose == IN_ITS_REGION) {
        error = lock_unpack(&t->own, parcel);
    } else {
        error = block_unpack(&t->lent, parcel);
        if (!error)
            lock_at(&t->own, t->lent.base);
    }
    if (!error)
        t->lock = &t->own;
    return error;
}

int typed_unpack(struct typed *t, struct parcel *parcel)
{
    struct block block;
    uint64_t length = 0, whose = 0;
    char type = 0;
    int error = block_unpack(&block, parcel);

    *t = (struct typed){.own = {.region = {.fd = -1}}};
    if (error)
        return error;
    error = parcel_take(parcel, &type, 1);
    if (!error)
        error = parcel_take_u64(parcel, &length);
    if (!error)
        error = parcel_take_u64(parcel, &whose);
    if (!error)
        error = set_type(t, type, (size_t)length);
    t->block = block;
    if (!error && length * t->size > block.size)
        error = -EBADMSG;
    if (!error) {
        t->items = block.base;
        error = unpack_lock(t, (enum whose)whose, parcel);
    }
    if (error)
        typed_close(t);
    return error;
}
