/* SPDX-License-Identifier: MIT */
/*
 * af_unix.c - a bare socket pair, a stream.
 *
 * Its capacity is memory: each message is a buffer of the kernel's, with a head
 * of its own.  Where the limit (net.core.wmem_max) may not be exceeded it holds
 * fewer.
 */
#include "peers/ends.h"

#include <sys/socket.h>

enum { HEAD = 768, BUFFER_LEAST = 100000, BUFFER_MOST = 1 << 29 };

static int way_open(struct way *w, size_t bytes, size_t capacity)
{
    size_t wanted = (bytes + HEAD) * capacity;
    int size = wanted > BUFFER_MOST ? BUFFER_MOST : (int)wanted;
    int error = fd_socket_pair(w->ends);

    if (!error && size > BUFFER_LEAST &&
        setsockopt(w->ends[1], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) <
            0)
        setsockopt(w->ends[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    return error;
}
