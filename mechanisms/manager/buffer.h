/* SPDX-License-Identifier: MIT */
/*
 * buffer.h - bytes that grow: what is being written for another side.
 *
 *     struct buffer out = {0};
 *     buffer_put(&out, "abc", 3);
 *     ...
 *     buffer_free(&out);
 *
 * A put that fails leaves the buffer as it was.  `limit`, where it is not 0,
 * is how long it may become: what a stranger can ask for is bounded.
 */
#ifndef IPCLAB_BUFFER_H
#define IPCLAB_BUFFER_H

#include <stddef.h>

struct buffer {
    unsigned char *bytes;
    size_t length, capacity;
    size_t limit; /* 0: none */
};

/* Append.  0, -ENOMEM, or -E2BIG beyond the limit. */
int buffer_put(struct buffer *b, const void *data, size_t n);
int buffer_text(struct buffer *b, const char *text);
int buffer_format(struct buffer *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Room for n more at the end, which the caller fills and counts to length
 * itself; NULL: as a put that fails. */
unsigned char *buffer_room(struct buffer *b, size_t n);

/* Free the memory; the buffer is empty and can be used again. */
void buffer_free(struct buffer *b);

#endif
