/* SPDX-License-Identifier: MIT */
/* test_verdict_sides.h - two processes that share numbers, and are told when to
 * go on. */
#ifndef IPCLAB_TEST_VERDICT_SIDES_H
#define IPCLAB_TEST_VERDICT_SIDES_H

#include "test_verdict_told.h"

#include <stdatomic.h>
#include <sys/mman.h>

enum { SIDES = TOLD };

static _Atomic int64_t *numbers; /* what they share */

static inline void *map(int kind)
{
    void *memory =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        _exit(9);
    return memory;
}

static inline int prepare(int kind)
{
    int error = fd_pipe(done);

    for (int k = 0; k < SIDES && !error; k++)
        error = fd_pipe(may[k]);
    numbers = map(kind);
    return error;
}

#endif
