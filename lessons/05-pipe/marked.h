/* SPDX-License-Identifier: MIT */
/*
 * marked.h - a framing that finds its way again after damage.
 *
 * A Connection's frame is a length and the payload: one wrong byte in a
 * length, and nothing after it can be read.  Here a frame says where it begins
 * and whether it is whole, so that damage costs the message it hit and no
 * other:
 *
 *     offset  bytes
 *          0      4  the marker: 0xab 0x49 0x50 0x43
 *          4      4  n, the length of the payload, big-endian
 *          8      4  marked_sum of the first 8 bytes, big-endian
 *         12      4  marked_sum of the payload, big-endian
 *         16      n  the payload, at most MARKED_MOST bytes
 *
 * A whole frame is no longer than PIPE_BUF, so one write(2) of it is atomic:
 * several writers may share the pipe.
 *
 *     struct marked reader;
 *     char message[MARKED_MOST];
 *
 *     marked_init(&reader, ends[0]);
 *     marked_send(ends[1], "hello", 5);
 *     marked_recv(&reader, message, sizeof message);     // 5
 */
#ifndef IPCLAB_MARKED_H
#define IPCLAB_MARKED_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { MARKED_HEADER = 16, MARKED_MOST = PIPE_BUF - MARKED_HEADER };

struct marked {
    int fd;                         /* the caller's */
    uint64_t skipped;               /* bytes so far that were of no message */
    unsigned char buffer[PIPE_BUF]; /* what was read and not yet delivered */
    size_t start, end;
};

/* FNV-1a, 32 bits: any one byte that differs makes another sum. */
static inline uint32_t marked_sum(const void *data, size_t n)
{
    const unsigned char *at = (const unsigned char *)data;
    uint32_t sum = 2166136261u;

    for (size_t i = 0; i < n; i++)
        sum = (sum ^ at[i]) * 16777619u;
    return sum;
}

/* Read messages from fd from now on. */
void marked_init(struct marked *m, int fd);

/*
 * Send one message, as one write(2) where the kernel takes it so.  0 or
 * -errno; -EMSGSIZE: longer than MARKED_MOST, and nothing was written.
 */
int marked_send(int fd, const void *data, size_t n);

/*
 * Receive the next message that arrived whole; returns its length.  What is
 * damaged is skipped and counted, byte by byte, and holds nothing up: as soon
 * as a whole message is there, and no undamaged header before it waits for
 * more, it is delivered.
 *
 * -EPIPE: every writer is closed and no whole message is left; what was torn
 * off by the end is counted as skipped.  -EMSGSIZE: the message is longer than
 * size; it stays.  -errno: as read(2).
 */
ssize_t marked_recv(struct marked *m, void *data, size_t size);

#endif
