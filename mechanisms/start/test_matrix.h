/* SPDX-License-Identifier: MIT */
/*
 * test_matrix.h - what a mechanism says of a thing that can be handed to a
 * child, so that the matrix (test_matrix.c) tries it under every start method.
 *
 * Each mechanism has a header test_matrix_X.h with its things, and
 * test_matrix.c a line for each.  Calls return 0, or the number of the line
 * (test_line) that found something wrong: some run in children.
 */
#ifndef IPCLAB_TEST_MATRIX_H
#define IPCLAB_TEST_MATRIX_H

#include "start/test_children.h"

/* Room for the largest of them. */
enum { SHAREABLE_SIZE = 4096 };

struct shareable {
    const char *name;

    /* The thing to hand over, and what the parent keeps to see its effect. */
    int (*make)(void *thing, void *kept);
    int (*pack)(void *thing, struct parcel *parcel);
    int (*unpack)(void *thing, struct parcel *parcel);
    /* In the last of the children that it was handed to. */
    int (*use)(void *thing);
    /* In the parent, when all have ended: was it the same thing? */
    int (*check)(void *thing, void *kept);
    /* In every process that has it. */
    void (*close)(void *thing);
    void (*close_kept)(void *kept); /* or NULL */
};

#endif
