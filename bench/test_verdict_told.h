/* SPDX-License-Identifier: MIT */
/* test_verdict_told.h - two processes that are told when to go on, and say when
 * they are so far. */
#ifndef IPCLAB_TEST_VERDICT_TOLD_H
#define IPCLAB_TEST_VERDICT_TOLD_H

#include "test_verdict.h"

enum { TOLD = 2 };

static int may[TOLD][2], done[2];

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
    char bytes[TOLD];

    if (read_full(done[0], bytes, (size_t)count) != count)
        _exit(1);
}

#endif
