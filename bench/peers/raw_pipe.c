/* SPDX-License-Identifier: MIT */
/*
 * raw_pipe.c - a bare pipe.
 *
 * Its capacity is in bytes, and a power of two: what holds as many messages, as
 * far as the kernel allows (/proc/sys/fs/pipe-max-size).
 */
#include "peers/ends.h"

#include <fcntl.h>

enum { PIPE_LEAST = 65536, PIPE_MOST = 1 << 30 };

static int way_open(struct way *w, size_t bytes, size_t capacity)
{
    int size = PIPE_LEAST, error = fd_pipe(w->ends);

    while ((size_t)size < bytes * capacity && size < PIPE_MOST)
        size *= 2;
    while (!error && size > PIPE_LEAST &&
           fcntl(w->ends[1], F_SETPIPE_SZ, size) < 0)
        size /= 2;
    return error;
}
