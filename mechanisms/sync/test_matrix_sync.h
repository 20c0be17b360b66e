/* SPDX-License-Identifier: MIT */
/* test_matrix_sync.h - what processes synchronise with: each that a child uses
 * is the one that its parent has. */
#ifndef IPCLAB_TEST_MATRIX_SYNC_H
#define IPCLAB_TEST_MATRIX_SYNC_H

#include "start/test_matrix.h"

#include "sync/sync.h"

/* --- locks: held by the parent, so that nobody else can take it --- */

static inline int matrix_pack_lock(void *thing, struct parcel *parcel)
{
    return lock_pack(thing, parcel);
}

static inline int matrix_unpack_lock(void *thing, struct parcel *parcel)
{
    return lock_unpack(thing, parcel);
}

static inline void matrix_close_lock(void *thing)
{
    lock_close(thing);
}

static inline int matrix_make_plain_lock(void *thing, void *kept)
{
    int error = lock_open(thing, LOCK_PLAIN);

    (void)kept;
    return error ? error : lock_acquire(thing, 0);
}

/* Anybody may release it. */
static inline int matrix_use_plain_lock(void *thing)
{
    if (lock_acquire(thing, 0) != -ETIMEDOUT || lock_release(thing))
        return test_line(__LINE__);
    return 0;
}

static inline int matrix_check_plain_lock(void *thing, void *kept)
{
    (void)kept;
    return lock_release(thing) == -EOVERFLOW ? 0 : test_line(__LINE__);
}

static inline int matrix_make_rlock(void *thing, void *kept)
{
    int error = lock_open(thing, LOCK_RECURSIVE);

    (void)kept;
    return error ? error : lock_acquire(thing, 0);
}

/* Its owner alone may. */
static inline int matrix_use_rlock(void *thing)
{
    if (lock_acquire(thing, 0) != -ETIMEDOUT || lock_release(thing) != -EPERM)
        return test_line(__LINE__);
    return 0;
}

static inline int matrix_check_rlock(void *thing, void *kept)
{
    (void)kept;
    return lock_is_mine(thing) && lock_release(thing) == 0
               ? 0
               : test_line(__LINE__);
}

static inline int matrix_make_robust(void *thing, void *kept)
{
    (void)kept;
    return lock_open(thing, LOCK_ROBUST);
}

/* The child ends with it. */
static inline int matrix_use_robust(void *thing)
{
    return lock_acquire(thing, 0) ? test_line(__LINE__) : 0;
}

static inline int matrix_check_robust(void *thing, void *kept)
{
    (void)kept;
    if (lock_acquire(thing, 0) != -EOWNERDEAD || lock_release(thing))
        return test_line(__LINE__);
    return 0;
}

#define MATRIX_LOCK(what, title)                                               \
    static const struct shareable matrix_##what = {                            \
        .name = (title),                                                       \
        .make = matrix_make_##what,                                            \
        .pack = matrix_pack_lock,                                              \
        .unpack = matrix_unpack_lock,                                          \
        .use = matrix_use_##what,                                              \
        .check = matrix_check_##what,                                          \
        .close = matrix_close_lock}

MATRIX_LOCK(plain_lock, "Lock");
MATRIX_LOCK(rlock, "RLock");
MATRIX_LOCK(robust, "robust Lock");

/* --- Semaphore, BoundedSemaphore: of two places the child takes one --- */

static inline int matrix_make_semaphore(void *thing, void *kept)
{
    (void)kept;
    return semaphore_open(thing, 2, false);
}

static inline int matrix_make_bounded(void *thing, void *kept)
{
    (void)kept;
    return semaphore_open(thing, 2, true);
}

static inline int matrix_pack_semaphore(void *thing, struct parcel *parcel)
{
    return semaphore_pack(thing, parcel);
}

static inline int matrix_unpack_semaphore(void *thing, struct parcel *parcel)
{
    return semaphore_unpack(thing, parcel);
}

static inline int matrix_use_semaphore(void *thing)
{
    if (semaphore_value(thing) != 2 || semaphore_acquire(thing, 0))
        return test_line(__LINE__);
    return 0;
}

static inline int matrix_check_semaphore(void *thing, void *kept)
{
    (void)kept;
    if (semaphore_value(thing) != 1 || semaphore_release(thing) ||
        semaphore_release(thing))
        return test_line(__LINE__);
    return semaphore_value(thing) == 3 ? 0 : test_line(__LINE__);
}

static inline int matrix_check_bounded(void *thing, void *kept)
{
    (void)kept;
    if (semaphore_value(thing) != 1 || semaphore_release(thing))
        return test_line(__LINE__);
    return semaphore_release(thing) == -EOVERFLOW ? 0 : test_line(__LINE__);
}

static inline void matrix_close_semaphore(void *thing)
{
    semaphore_close(thing);
}

static const struct shareable matrix_semaphore = {
    .name = "Semaphore",
    .make = matrix_make_semaphore,
    .pack = matrix_pack_semaphore,
    .unpack = matrix_unpack_semaphore,
    .use = matrix_use_semaphore,
    .check = matrix_check_semaphore,
    .close = matrix_close_semaphore};

static const struct shareable matrix_bounded = {
    .name = "BoundedSemaphore",
    .make = matrix_make_bounded,
    .pack = matrix_pack_semaphore,
    .unpack = matrix_unpack_semaphore,
    .use = matrix_use_semaphore,
    .check = matrix_check_bounded,
    .close = matrix_close_semaphore};

/* --- Condition: its own lock, or one that was given to it --- */

static inline int matrix_make_condition(void *thing, void *kept)
{
    int error = condition_open(thing, NULL);

    (void)kept;
    return error ? error : condition_acquire(thing, 0);
}

/* The given lock is what the parent keeps. */
static inline int matrix_make_given(void *thing, void *kept)
{
    int error = lock_open(kept, LOCK_PLAIN);

    if (!error)
        error = condition_open(thing, kept);
    return error ? error : condition_acquire(thing, 0);
}

static inline int matrix_pack_condition(void *thing, struct parcel *parcel)
{
    return condition_pack(thing, parcel);
}

static inline int matrix_unpack_condition(void *thing, struct parcel *parcel)
{
    return condition_unpack(thing, parcel);
}

static inline int matrix_use_condition(void *thing)
{
    if (condition_acquire(thing, 0) != -ETIMEDOUT ||
        condition_notify_all(thing) != -EPERM)
        return test_line(__LINE__);
    return 0;
}

static inline int matrix_check_condition(void *thing, void *kept)
{
    (void)kept;
    return condition_release(thing) ? test_line(__LINE__) : 0;
}

static inline void matrix_close_condition(void *thing)
{
    condition_close(thing);
}

static const struct shareable matrix_condition = {
    .name = "Condition",
    .make = matrix_make_condition,
    .pack = matrix_pack_condition,
    .unpack = matrix_unpack_condition,
    .use = matrix_use_condition,
    .check = matrix_check_condition,
    .close = matrix_close_condition};

static const struct shareable matrix_given = {.name =
                                                  "Condition with a given Lock",
                                              .make = matrix_make_given,
                                              .pack = matrix_pack_condition,
                                              .unpack = matrix_unpack_condition,
                                              .use = matrix_use_condition,
                                              .check = matrix_check_condition,
                                              .close = matrix_close_condition,
                                              .close_kept = matrix_close_lock};

/* --- Event --- */

static inline int matrix_make_event(void *thing, void *kept)
{
    (void)kept;
    return event_open(thing);
}

static inline int matrix_pack_event(void *thing, struct parcel *parcel)
{
    return event_pack(thing, parcel);
}

static inline int matrix_unpack_event(void *thing, struct parcel *parcel)
{
    return event_unpack(thing, parcel);
}

static inline int matrix_use_event(void *thing)
{
    if (event_is_set(thing))
        return test_line(__LINE__);
    event_set(thing);
    return 0;
}

static inline int matrix_check_event(void *thing, void *kept)
{
    (void)kept;
    return event_wait(thing, 0) ? test_line(__LINE__) : 0;
}

static inline void matrix_close_event(void *thing)
{
    event_close(thing);
}

static const struct shareable matrix_event = {.name = "Event",
                                              .make = matrix_make_event,
                                              .pack = matrix_pack_event,
                                              .unpack = matrix_unpack_event,
                                              .use = matrix_use_event,
                                              .check = matrix_check_event,
                                              .close = matrix_close_event};

/* --- Barrier: the child breaks it --- */

static inline int matrix_make_barrier(void *thing, void *kept)
{
    (void)kept;
    return barrier_open(thing, 2, NULL, NULL);
}

static inline int matrix_pack_barrier(void *thing, struct parcel *parcel)
{
    return barrier_pack(thing, parcel);
}

static inline int matrix_unpack_barrier(void *thing, struct parcel *parcel)
{
    return barrier_unpack(thing, parcel);
}

static inline int matrix_use_barrier(void *thing)
{
    return barrier_wait(thing, 0) == -ETIMEDOUT ? 0 : test_line(__LINE__);
}

static inline int matrix_check_barrier(void *thing, void *kept)
{
    (void)kept;
    return barrier_is_broken(thing) ? 0 : test_line(__LINE__);
}

static inline void matrix_close_barrier(void *thing)
{
    barrier_close(thing);
}

static const struct shareable matrix_barrier = {.name = "Barrier",
                                                .make = matrix_make_barrier,
                                                .pack = matrix_pack_barrier,
                                                .unpack = matrix_unpack_barrier,
                                                .use = matrix_use_barrier,
                                                .check = matrix_check_barrier,
                                                .close = matrix_close_barrier};

#define MATRIX_SYNC                                                            \
    &matrix_plain_lock, &matrix_rlock, &matrix_robust, &matrix_semaphore,      \
        &matrix_bounded, &matrix_condition, &matrix_given, &matrix_event,      \
        &matrix_barrier

#endif
