/* SPDX-License-Identifier: MIT */
/* test_verdict_sides.h - two processes that share numbers, and are told when to
 * go on. */
#ifndef IPCLAB_TEST_VERDICT_SIDES_H
#define IPCLAB_TEST_VERDICT_SIDES_H

#include "test_verdict.h"

#include <stdatomic.h>
#include <sys/mman.h>

enum { SIDES = 2 };

static _Atomic int64_t *numbers; /* what they share */
static int may[SIDES][2], done[2];

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

static inline void told(int k)
{
    char byte;

    if (read_some(may[k][0], &byte, 1) != 1)
        _exit(1);
}

static inline void say_done(void)
{
    write_full(done[1], "", 1);
}

static inline void let(int k)
{
    write_full(may[k][1], "", 1);
}

static inline void hear(int count)
{
    char bytes[SIDES];

    if (read_full(done[0], bytes, (size_t)count) != count)
        _exit(1);
}

#endif
