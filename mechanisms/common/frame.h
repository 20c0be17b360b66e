/* SPDX-License-Identifier: MIT */
/*
 * frame.h - how messages lie in a stream of bytes, as multiprocessing puts
 * them: a big-endian signed 32-bit length and that many bytes; a length beyond
 * 2^31 - 1 is -1 and an unsigned 64-bit length (CPython
 * Lib/multiprocessing/connection.py, Connection._send_bytes).
 */
#ifndef IPCLAB_COMMON_FRAME_H
#define IPCLAB_COMMON_FRAME_H

#include <endian.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes of a header: of most messages, and of the longest. */
enum { HEADER = 4, LONG_HEADER = 12 };

/* Write the header of a message of size bytes; its length. */
static inline size_t frame_put_header(unsigned char *at, size_t size)
{
    uint32_t small = htobe32((uint32_t)size), escape = htobe32(UINT32_MAX);
    uint64_t large = htobe64((uint64_t)size);

    if (size <= INT32_MAX) {
        memcpy(at, &small, HEADER);
        return HEADER;
    }
    memcpy(at, &escape, HEADER);
    memcpy(at + HEADER, &large, sizeof large);
    return LONG_HEADER;
}

/*
 * Read the header that begins at `at`, of which `have` bytes are there: its
 * length, and *size of the message.  0: more bytes are wanted.  -EBADMSG: it is
 * no header.
 */
static inline int frame_header(const unsigned char *at, size_t have,
                               uint64_t *size)
{
    uint32_t small;
    uint64_t large;

    if (have < HEADER)
        return 0;
    memcpy(&small, at, HEADER);
    small = be32toh(small);
    if (small <= INT32_MAX) {
        *size = small;
        return HEADER;
    }
    if (small != UINT32_MAX)
        return -EBADMSG;
    if (have < LONG_HEADER)
        return 0;
    memcpy(&large, at + HEADER, sizeof large);
    *size = be64toh(large);
    return LONG_HEADER;
}

#endif
