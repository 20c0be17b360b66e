/* SPDX-License-Identifier: MIT */
/* test_matrix_ring.h - rings, of every way to wait. */
#ifndef IPCLAB_TEST_MATRIX_RING_H
#define IPCLAB_TEST_MATRIX_RING_H

#include "start/test_matrix.h"

#include "ring/ring.h"

/* The parent's item goes to the child, and another comes back.  It is full, so
 * that the child's must have gone first. */
static inline int matrix_make_ring(void *thing, enum ring_wait wait)
{
    int error = ring_open(thing, 1, 0, wait);

    return error ? error : ring_put(thing, "told", 4, 0);
}

static inline int matrix_pack_ring(void *thing, struct parcel *parcel)
{
    return ring_pack(thing, parcel);
}

static inline int matrix_unpack_ring(void *thing, struct parcel *parcel)
{
    return ring_unpack(thing, parcel);
}

static inline int matrix_get_ring(struct ring *r, const char *right)
{
    char text[8] = "";

    if (ring_get(r, text, sizeof text - 1, 10 * SECOND) != 4)
        return test_line(__LINE__);
    return strcmp(text, right) == 0 ? 0 : test_line(__LINE__);
}

static inline int matrix_use_ring(void *thing)
{
    int line = ring_put(thing, "used", 4, 0) == -ETIMEDOUT
                   ? matrix_get_ring(thing, "told")
                   : test_line(__LINE__);

    if (!line && ring_put(thing, "used", 4, 0))
        line = test_line(__LINE__);
    return line;
}

/* And nobody was found killed. */
static inline int matrix_check_ring(void *thing, void *kept)
{
    int line = matrix_get_ring(thing, "used");

    (void)kept;
    if (!line && (!ring_empty(thing) || ring_killed(thing, RING_PUT) ||
                  ring_killed(thing, RING_GET)))
        line = test_line(__LINE__);
    return line;
}

static inline void matrix_close_ring(void *thing)
{
    ring_close(thing);
}

#define MATRIX_RING(wait)                                                      \
    static inline int matrix_make_##wait(void *thing, void *kept)              \
    {                                                                          \
        (void)kept;                                                            \
        return matrix_make_ring(thing, wait);                                  \
    }                                                                          \
    static const struct shareable matrix_##wait = {.name = "ring, " #wait,     \
                                                   .make = matrix_make_##wait, \
                                                   .pack = matrix_pack_ring,   \
                                                   .unpack =                   \
                                                       matrix_unpack_ring,     \
                                                   .use = matrix_use_ring,     \
                                                   .check = matrix_check_ring, \
                                                   .close = matrix_close_ring}

MATRIX_RING(RING_BLOCK);
MATRIX_RING(RING_SPIN);
MATRIX_RING(RING_SPIN_THEN_BLOCK);

#define MATRIX_RINGS                                                           \
    &matrix_RING_BLOCK, &matrix_RING_SPIN, &matrix_RING_SPIN_THEN_BLOCK

#endif
