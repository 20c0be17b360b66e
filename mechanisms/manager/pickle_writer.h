/* SPDX-License-Identifier: MIT */
/* pickle_writer.h - the pieces of a pickle that is written.  Private to
 * pickle_dump.c and pickle_records.c. */
#ifndef IPCLAB_PICKLE_WRITER_H
#define IPCLAB_PICKLE_WRITER_H

#include "manager/pickle_machine.h"

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
