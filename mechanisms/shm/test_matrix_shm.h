/* SPDX-License-Identifier: MIT */
/* test_matrix_shm.h - shared memory: what a child writes its parent reads, and
 * the lock that it sees is its parent's. */
#ifndef IPCLAB_TEST_MATRIX_SHM_H
#define IPCLAB_TEST_MATRIX_SHM_H

#include "start/test_matrix.h"

#include "shm/shm.h"

/* --- Value: the parent's number is answered by another --- */

static inline int matrix_make_value(void *thing, void *kept)
{
    double told = 3.25;
    int error = value_open(thing, 'd');

    (void)kept;
    return error ? error : value_set((struct value *)thing, &told);
}

static inline int matrix_pack_value(void *thing, struct parcel *parcel)
{
    return value_pack(thing, parcel);
}

static inline int matrix_unpack_value(void *thing, struct parcel *parcel)
{
    return value_unpack(thing, parcel);
}

static inline int matrix_use_value(void *thing)
{
    struct value *v = thing;
    double told = 0, answer = -7;

    if (value_get(v, &told) || told != 3.25 || value_set(v, &answer))
        return test_line(__LINE__);
    /* And what is left is its lock, taken. */
    return lock_acquire(value_get_lock(v), 0) ? test_line(__LINE__) : 0;
}

static inline int matrix_check_value(void *thing, void *kept)
{
    const struct value *v = thing;

    (void)kept;
    if (*(double *)value_get_obj(v) != -7 || !lock_owner(v->typed.lock))
        return test_line(__LINE__);
    return 0;
}

static inline void matrix_close_value(void *thing)
{
    value_close(thing);
    heap_trim(heap_shared());
}

static const struct shareable matrix_value = {.name = "Value",
                                              .make = matrix_make_value,
                                              .pack = matrix_pack_value,
                                              .unpack = matrix_unpack_value,
                                              .use = matrix_use_value,
                                              .check = matrix_check_value,
                                              .close = matrix_close_value};

/* --- Array: its own lock, or a given one, is held by the parent; or none ---
 */

enum { MATRIX_LENGTH = 1000 };

static inline int matrix_fill(struct array *a)
{
    short item = 7;

    return array_set(a, MATRIX_LENGTH - 1, &item);
}

static inline int matrix_make_array(void *thing, void *kept)
{
    struct array *a = thing;
    int error = array_open(a, 'h', MATRIX_LENGTH);

    (void)kept;
    if (!error)
        error = matrix_fill(a);
    return error ? error : lock_acquire(array_get_lock(a), 0);
}

static inline int matrix_make_raw(void *thing, void *kept)
{
    int error = array_open_with(thing, 'h', MATRIX_LENGTH, NULL);

    (void)kept;
    return error ? error : matrix_fill(thing);
}

/* The given lock is what the parent keeps. */
static inline int matrix_make_array_with(void *thing, void *kept)
{
    int error = lock_open(kept, LOCK_PLAIN);

    if (!error)
        error = array_open_with(thing, 'h', MATRIX_LENGTH, kept);
    if (!error)
        error = matrix_fill(thing);
    return error ? error : lock_acquire(kept, 0);
}

static inline int matrix_pack_array(void *thing, struct parcel *parcel)
{
    return array_pack(thing, parcel);
}

static inline int matrix_unpack_array(void *thing, struct parcel *parcel)
{
    return array_unpack(thing, parcel);
}

/* Without the lock, which it cannot have. */
static inline int matrix_use_array(void *thing)
{
    struct array *a = thing;
    struct lock *l = array_get_lock(a);
    int64_t before = 0;

    if (array_length(a) != MATRIX_LENGTH ||
        (l && lock_acquire(l, 0) != -ETIMEDOUT))
        return test_line(__LINE__);
    if (array_atomic_add(a, -1, 1, &before) || before != 7)
        return test_line(__LINE__);
    return 0;
}

static inline int matrix_use_raw(void *thing)
{
    return array_get_lock(thing) ? test_line(__LINE__)
                                 : matrix_use_array(thing);
}

static inline int matrix_check_array(void *thing, void *kept)
{
    const short *items = array_get_obj(thing);
    struct lock *l = array_get_lock(thing);

    (void)kept;
    if (items[MATRIX_LENGTH - 1] != 8 || (l && lock_release(l)))
        return test_line(__LINE__);
    return 0;
}

static inline void matrix_close_array(void *thing)
{
    array_close(thing);
    heap_trim(heap_shared());
}

static inline void matrix_close_given_lock(void *kept)
{
    lock_close(kept);
}

static const struct shareable matrix_array = {.name = "Array",
                                              .make = matrix_make_array,
                                              .pack = matrix_pack_array,
                                              .unpack = matrix_unpack_array,
                                              .use = matrix_use_array,
                                              .check = matrix_check_array,
                                              .close = matrix_close_array};

static const struct shareable matrix_raw_array = {.name = "RawArray",
                                                  .make = matrix_make_raw,
                                                  .pack = matrix_pack_array,
                                                  .unpack = matrix_unpack_array,
                                                  .use = matrix_use_raw,
                                                  .check = matrix_check_array,
                                                  .close = matrix_close_array};

static const struct shareable matrix_array_with = {
    .name = "Array with a given Lock",
    .make = matrix_make_array_with,
    .pack = matrix_pack_array,
    .unpack = matrix_unpack_array,
    .use = matrix_use_array,
    .check = matrix_check_array,
    .close = matrix_close_array,
    .close_kept = matrix_close_given_lock};

/* --- SharedMemory: the parent keeps a second one, to unlink it --- */

static inline int matrix_make_segment(void *thing, void *kept)
{
    struct shared_memory *m = thing;
    int error = shared_memory_create(m, NULL, 5000);

    if (error)
        return error;
    strcpy(m->buf, "told");
    return shared_memory_attach(kept, m->name);
}

static inline int matrix_pack_segment(void *thing, struct parcel *parcel)
{
    return shared_memory_pack(thing, parcel);
}

static inline int matrix_unpack_segment(void *thing, struct parcel *parcel)
{
    return shared_memory_unpack(thing, parcel);
}

static inline int matrix_use_segment(void *thing)
{
    const struct shared_memory *m = thing;

    if (m->size != 5000 || strcmp(m->buf, "told") != 0)
        return test_line(__LINE__);
    strcpy((char *)m->buf + 4990, "used");
    return 0;
}

static inline int matrix_check_segment(void *thing, void *kept)
{
    const struct shared_memory *other = kept;

    if (strcmp((char *)other->buf + 4990, "used") != 0)
        return test_line(__LINE__);
    return shared_memory_unlink(thing) ? test_line(__LINE__) : 0;
}

static inline void matrix_close_segment(void *thing)
{
    shared_memory_close(thing);
}

static const struct shareable matrix_segment = {.name = "SharedMemory",
                                                .make = matrix_make_segment,
                                                .pack = matrix_pack_segment,
                                                .unpack = matrix_unpack_segment,
                                                .use = matrix_use_segment,
                                                .check = matrix_check_segment,
                                                .close = matrix_close_segment,
                                                .close_kept =
                                                    matrix_close_segment};

#define MATRIX_SHM                                                             \
    &matrix_value, &matrix_array, &matrix_raw_array, &matrix_array_with,       \
        &matrix_segment

#endif
