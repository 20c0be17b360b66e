/* SPDX-License-Identifier: MIT */
/* pickle_writer.h - the pieces of a pickle that is written.  Private to
 * pickle_dump.c and pickle_records.c. */
#ifndef IPCLAB_PICKLE_WRITER_H
#define IPCLAB_PICKLE_WRITER_H

#include "manager/pickle_machine.h"

/* buffer_put, where it mostly only moves a few bytes. */
static inline int writer_put(struct buffer *out, const void *data, size_t n)
{
    size_t most = out->limit ? out->limit : out->capacity;

    if (out->length > most || n > most - out->length ||
        n > out->capacity - out->length || !out->bytes)
        return buffer_put(out, data, n);
    memcpy(out->bytes + out->length, data, n);
    out->length += n;
    return 0;
}

/* --- pickle_dump.c; every int is as pickle_put's --- */

int writer_code(struct buffer *out, int code);

/* Operations one after the other, as a string of their bytes. */
int writer_codes(struct buffer *out, const char *codes);

/* A name of a module of Python's. */
int writer_global(struct buffer *out, const char *module, const char *name);

int writer_int(struct buffer *out, int64_t integer);
int writer_str(struct buffer *out, const char *text);
int writer_items(struct buffer *out, const struct datum *items, size_t n);

/* --- pickle_records.c --- */

/* A datum that is a struct record. */
int writer_record(struct buffer *out, const struct datum *d);

#endif
