/* SPDX-License-Identifier: MIT */
/* buffer.c - bytes that grow: what is being written for another side. */
#include "manager/buffer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_LEAST = 256 };

/* Make room for n more.  It doubles, so that many small puts cost no more than
 * a few large ones. */
static int reserve(struct buffer *b, size_t n)
{
    size_t most = b->limit ? b->limit : PTRDIFF_MAX;
    size_t capacity = b->capacity ? b->capacity : BUFFER_LEAST;
    unsigned char *bytes;

    if (b->length > most || n > most - b->length)
        return b->limit ? -E2BIG : -ENOMEM;
    if (n <= b->capacity - b->length)
        return 0;
    while (capacity < b->length + n)
        capacity = capacity > PTRDIFF_MAX / 2 ? PTRDIFF_MAX : capacity * 2;
    bytes = realloc(b->bytes, capacity);
    if (!bytes)
        return -ENOMEM;
    b->bytes = bytes;
    b->capacity = capacity;
    return 0;
}

unsigned char *buffer_room(struct buffer *b, size_t n)
{
    /* (Room for none is a place too.) */
    if (reserve(b, n) < 0 || (!b->bytes && reserve(b, 1) < 0))
        return NULL;
    return b->bytes + b->length;
}

int buffer_put(struct buffer *b, const void *data, size_t n)
{
    int error = reserve(b, n);

    if (error || n == 0)
        return error;
    memcpy(b->bytes + b->length, data, n);
    b->length += n;
    return 0;
}

int buffer_text(struct buffer *b, const char *text)
{
    return buffer_put(b, text, strlen(text));
}

int buffer_format(struct buffer *b, const char *format, ...)
{
    char small[256];
    char *text = small;
    va_list arguments, again;
    int n, error = -ENOMEM;

    va_start(arguments, format);
    va_copy(again, arguments);
    n = vsnprintf(small, sizeof small, format, arguments);
    if (n >= (int)sizeof small)
        text = malloc((size_t)n + 1);
    if (text && n >= (int)sizeof small)
        n = vsnprintf(text, (size_t)n + 1, format, again);
    if (text && n >= 0)
        error = buffer_put(b, text, (size_t)n);
    if (text != small)
        free(text);
    va_end(again);
    va_end(arguments);
    return error;
}

void buffer_free(struct buffer *b)
{
    free(b->bytes);
    b->bytes = NULL;
    b->length = b->capacity = 0;
}
