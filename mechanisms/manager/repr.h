/* SPDX-License-Identifier: MIT */
/*
 * repr.h - what writes values as text; private to manager/.
 *
 * After its first error a printer puts nothing more, so who puts many pieces
 * looks at it once, and in loops.
 */
#ifndef IPCLAB_REPR_H
#define IPCLAB_REPR_H

#include "manager/datum.h"

struct printer {
    struct buffer *out;
    unsigned depth; /* of the data within others that are being written */
    int error;
};

/* --- pieces, repr() and str() (repr.c) --- */

void printer_put(struct printer *p, const void *data, size_t n);
void printer_text(struct printer *p, const char *text);
void printer_repr(struct printer *p, const struct datum *d);
void printer_print(struct printer *p, const struct datum *d);

/* A tuple; (1,) is one of one item.  Of `text` just its characters. */
void printer_tuple(struct printer *p, const struct datum *items, size_t n);
void printer_raw(struct printer *p, const struct datum *text);

/* --- ints (decimal.c) --- */

void printer_int(struct printer *p, int64_t integer);
void printer_unsigned(struct printer *p, uint64_t integer);
void printer_big(struct printer *p, const struct text *big);

/* --- floats (shortest.c) --- */

void printer_float(struct printer *p, double real);

/* --- in quotes (quoted.c) --- */

/* 'text', b'bytes', bytearray(b'bytes'). */
void printer_str(struct printer *p, const unsigned char *bytes, size_t n);
void printer_bytes(struct printer *p, const struct text *bytes);
void printer_bytearray(struct printer *p, const struct text *bytes);

/* --- records (repr_record.c, repr_array.c, repr_exception.c) --- */

void printer_record(struct printer *p, const struct datum *d);
void printer_array(struct printer *p, const struct record *array);
void printer_exception(struct printer *p, const struct record *exception);

/* str() of one. */
void printer_message(struct printer *p, const struct record *exception);

#endif
