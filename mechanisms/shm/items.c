/* SPDX-License-Identifier: MIT */
/*
 * items.c - the items of a Value or Array: got, set, added to, copied.
 *
 * Each call is one turn of the lock; an atomic add is one instruction and no
 * turn.
 */
#include "shm/typed.h"

#include <errno.h>
#include <string.h>

/* Is a variable of type `code` as good as one of t's? */
static bool fits(const struct typed *t, char code)
{
    const struct item_type *other;

    if (t->type == code)
        return true;
    other = type_find(code);
    return t->kind == other->kind && t->size == other->size;
}

/* --- a turn --- */

/* 0, or -EOWNERDEAD: the lock is ours, or there is none. */
static int begin(struct typed *t)
{
    return t->lock ? lock_acquire(t->lock, NO_TIMEOUT) : 0;
}

static bool failed(int error)
{
    return error && error != -EOWNERDEAD;
}

static int end(struct typed *t, int begun)
{
    int error = t->lock ? lock_release(t->lock) : 0;

    return begun ? begun : error;
}

/* --- one item --- */

/* The one at i, counted from the end when below 0; or NULL. */
static void *item_at(const struct typed *t, int64_t i)
{
    size_t at = i < 0 ? t->length - (size_t) - (i + 1) - 1 : (size_t)i;

    return at < t->length ? (char *)t->items + at * t->size : NULL;
}

/* Of a size that the compiler knows it is one load and one store: who does not
 * take the lock sees no half of an item either. */
static void copy_item(void *to, const void *from, size_t size)
{
    switch (size) {
    case 1:
        memcpy(to, from, 1);
        break;
    case 2:
        memcpy(to, from, 2);
        break;
    case 4:
        memcpy(to, from, 4);
        break;
    default:
        memcpy(to, from, 8);
        break;
    }
}

int typed_get(struct typed *t, int64_t i, char type, void *to)
{
    const void *item = item_at(t, i);
    int error;

    if (!item || !fits(t, type))
        return item ? -EINVAL : -ERANGE;
    /* region: turn */
    error = begin(t);
    if (failed(error))
        return error;
    copy_item(to, item, t->size);
    return end(t, error);
    /* end: turn */
}

int typed_set(struct typed *t, int64_t i, char type, const void *from)
{
    void *item = item_at(t, i);
    int error;

    if (!item || !fits(t, type))
        return item ? -EINVAL : -ERANGE;
    error = begin(t);
    if (failed(error))
        return error;
    copy_item(item, from, t->size);
    return end(t, error);
}

/* --- adding --- */

static void add_real(void *item, size_t size, int64_t n)
{
    if (size == sizeof(float))
        *(float *)item += (float)n;
    else
        *(double *)item += (double)n;
}

/* Modulo the range of the type: the same bits, signed or not. */
static void add_integer(void *item, size_t size, int64_t n)
{
    switch (size) {
    case 1:
        *(uint8_t *)item = (uint8_t)(*(uint8_t *)item + (uint8_t)n);
        break;
    case 2:
        *(uint16_t *)item = (uint16_t)(*(uint16_t *)item + (uint16_t)n);
        break;
    case 4:
        *(uint32_t *)item += (uint32_t)n;
        break;
    default:
        *(uint64_t *)item += (uint64_t)n;
        break;
    }
}

int typed_add(struct typed *t, int64_t i, int64_t n)
{
    void *item = item_at(t, i);
    enum item_kind kind = (enum item_kind)t->kind;
    int error;

    if (!item || kind == CHARACTER || kind == TRUTH)
        return item ? -EINVAL : -ERANGE;
    error = begin(t);
    if (failed(error))
        return error;
    if (kind == REAL)
        add_real(item, t->size, n);
    else
        add_integer(item, t->size, n);
    return end(t, error);
}

/* Acquires and releases: a count may say that what was written before it is
 * there.  What it was, as the type has it. */
static int64_t fetch_add(void *item, size_t size, bool is_signed, int64_t n)
{
    switch (size) {
    case 1: {
        uint8_t was = atomic_fetch_add_explicit(
            (_Atomic uint8_t *)item, (uint8_t)n, memory_order_acq_rel);

        return is_signed ? (int64_t)(int8_t)was : (int64_t)was;
    }
    case 2: {
        uint16_t was = atomic_fetch_add_explicit(
            (_Atomic uint16_t *)item, (uint16_t)n, memory_order_acq_rel);

        return is_signed ? (int64_t)(int16_t)was : (int64_t)was;
    }
    case 4: {
        uint32_t was = atomic_fetch_add_explicit(
            (_Atomic uint32_t *)item, (uint32_t)n, memory_order_acq_rel);

        return is_signed ? (int64_t)(int32_t)was : (int64_t)was;
    }
    default:
        return (int64_t)atomic_fetch_add_explicit(
            (_Atomic uint64_t *)item, (uint64_t)n, memory_order_acq_rel);
    }
}

int typed_atomic_add(struct typed *t, int64_t i, int64_t n, int64_t *before)
{
    void *item = item_at(t, i);
    enum item_kind kind = (enum item_kind)t->kind;
    int64_t was;

    if (!item || (kind != SIGNED && kind != UNSIGNED))
        return item ? -EINVAL : -ERANGE;
    was = fetch_add(item, t->size, kind == SIGNED, n);
    if (before)
        *before = was;
    return 0;
}

/* --- several --- */

static int check_slice(const struct typed *t, size_t start, size_t n, char type)
{
    if (start > t->length || n > t->length - start)
        return -ERANGE;
    return fits(t, type) ? 0 : -EINVAL;
}

int typed_read(struct typed *t, size_t start, size_t n, char type, void *to)
{
    int error = check_slice(t, start, n, type);

    if (!error)
        error = begin(t);
    if (failed(error))
        return error;
    if (n)
        memcpy(to, (char *)t->items + start * t->size, n * t->size);
    return end(t, error);
}

int typed_write(struct typed *t, size_t start, size_t n, char type,
                const void *from)
{
    int error = check_slice(t, start, n, type);

    if (!error)
        error = begin(t);
    if (failed(error))
        return error;
    if (n)
        memcpy((char *)t->items + start * t->size, from, n * t->size);
    return end(t, error);
}
