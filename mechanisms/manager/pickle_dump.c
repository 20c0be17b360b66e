/* SPDX-License-Identifier: MIT */
/*
 * pickle_dump.c - a value as a pickle of protocol 4.
 *
 * Without frames, which only help who reads from a file, and without a memo:
 * what is shared is written again.
 */
#include "manager/pickle_writer.h"

#include <errno.h>

/* --- pieces --- */

int writer_code(struct buffer *out, int code)
{
    const unsigned char byte = (unsigned char)code;

    return writer_put(out, &byte, 1);
}

/* An operation with a number of `size` bytes behind it, little end first. */
static inline int put_number(struct buffer *out, enum opcode code, uint64_t n,
                             size_t size)
{
    unsigned char bytes[1 + sizeof n] = {(unsigned char)code};

    for (size_t i = 0; i < size; i++)
        bytes[1 + i] = (unsigned char)(n >> 8 * i);
    return writer_put(out, bytes, 1 + size);
}

int writer_global(struct buffer *out, const char *module, const char *name)
{
    int error = writer_code(out, GLOBAL);

    if (!error)
        error = buffer_text(out, module);
    if (!error)
        error = writer_code(out, '\n');
    if (!error)
        error = buffer_text(out, name);
    return error ? error : writer_code(out, '\n');
}

int writer_codes(struct buffer *out, const char *codes)
{
    return buffer_text(out, codes);
}

/* --- numbers and texts --- */

static int put_long(struct buffer *out, const unsigned char *bytes, size_t n)
{
    int error =
        n < 256 ? put_number(out, LONG1, n, 1) : put_number(out, LONG4, n, 4);

    return error ? error : writer_put(out, bytes, n);
}

int writer_int(struct buffer *out, int64_t integer)
{
    unsigned char bytes[sizeof integer];
    size_t n = sizeof bytes;

    if (integer >= 0 && integer < 256)
        return put_number(out, BININT1, (uint64_t)integer, 1);
    if (integer >= 0 && integer < 65536)
        return put_number(out, BININT2, (uint64_t)integer, 2);
    if (integer >= INT32_MIN && integer <= INT32_MAX)
        return put_number(out, BININT, (uint64_t)integer, 4);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (unsigned char)((uint64_t)integer >> 8 * i);
    while (bytes[n - 1] == (bytes[n - 2] & 0x80 ? 0xff : 0))
        n--;
    return put_long(out, bytes, n);
}

static int put_float(struct buffer *out, double real)
{
    unsigned char bytes[1 + sizeof real] = {BINFLOAT};
    uint64_t bits;

    memcpy(&bits, &real, sizeof bits);
    for (size_t i = 0; i < sizeof bits; i++)
        bytes[1 + i] = (unsigned char)(bits >> 8 * (sizeof bits - 1 - i));
    return writer_put(out, bytes, sizeof bytes);
}

/* What has a count and so many bytes; few of them are put at once. */
static int put_counted(struct buffer *out, const void *bytes, size_t n,
                       const enum opcode codes[3])
{
    unsigned char few[32] = {(unsigned char)codes[0], (unsigned char)n};
    int error;

    if (n <= sizeof few - 2) {
        memcpy(few + 2, bytes, n);
        return writer_put(out, few, n + 2);
    }
    if (n < 256)
        error = put_number(out, codes[0], n, 1);
    else if (n <= UINT32_MAX)
        error = put_number(out, codes[1], n, 4);
    else
        error = put_number(out, codes[2], n, 8);
    return error ? error : writer_put(out, bytes, n);
}

static const enum opcode str_codes[] = {SHORT_BINUNICODE, BINUNICODE,
                                        BINUNICODE8},
                         bytes_codes[] = {SHORT_BINBYTES, BINBYTES, BINBYTES8};

static int put_text(struct buffer *out, const struct datum *d)
{
    int error;

    if (d->kind == DATUM_BIG)
        return put_long(out, d->text->bytes, d->text->length);
    if (d->kind == DATUM_STR)
        return put_counted(out, d->text->bytes, d->text->length, str_codes);
    if (d->kind == DATUM_BYTES)
        return put_counted(out, d->text->bytes, d->text->length, bytes_codes);
    error = writer_global(out, "builtins", "bytearray");
    if (!error)
        error = put_counted(out, d->text->bytes, d->text->length, bytes_codes);
    return error ? error : writer_codes(out, "\x85R");
}

int writer_str(struct buffer *out, const char *text)
{
    return put_counted(out, text, strlen(text), str_codes);
}

/* --- containers --- */

int writer_items(struct buffer *out, const struct datum *items, size_t n)
{
    int error = 0;

    for (size_t i = 0; i < n && !error; i++)
        error = pickle_put(out, &items[i]);
    return error;
}

static int put_tuple(struct buffer *out, const struct sequence *s)
{
    int error = s->length > 3 ? writer_code(out, MARK) : 0;

    if (!error)
        error = writer_items(out, s->items, s->length);
    if (!error && s->length > 3)
        return writer_code(out, TUPLE);
    return error ? error : pickle_tuple(out, (unsigned)s->length);
}

static int put_list(struct buffer *out, const struct sequence *s)
{
    int error = writer_codes(out, s->length > 1 ? "](" : "]");

    if (!error)
        error = writer_items(out, s->items, s->length);
    if (error || s->length == 0)
        return error;
    return writer_code(out, s->length > 1 ? APPENDS : APPEND);
}

static int put_entries(struct buffer *out, const struct table *t,
                       bool has_values)
{
    int error = 0;

    for (int64_t i = table_next(t, 0); i >= 0 && !error;
         i = table_next(t, i + 1)) {
        error = pickle_put(out, &t->entries[i].key);
        if (!error && has_values)
            error = pickle_put(out, &t->entries[i].value);
    }
    return error;
}

static int put_dict(struct buffer *out, const struct table *t)
{
    int error = writer_codes(out, t->used > 1 ? "}(" : "}");

    if (!error)
        error = put_entries(out, t, true);
    if (error || t->used == 0)
        return error;
    return writer_code(out, t->used > 1 ? SETITEMS : SETITEM);
}

static int put_set(struct buffer *out, const struct datum *d)
{
    bool frozen = d->kind == DATUM_FROZENSET;
    int error = writer_codes(out, frozen           ? "("
                                  : d->table->used ? "\x8f("
                                                   : "\x8f");

    if (!error)
        error = put_entries(out, d->table, false);
    if (error || (!frozen && d->table->used == 0))
        return error;
    return writer_code(out, frozen ? FROZENSET : ADDITEMS);
}

/* --- all of it --- */

int pickle_put(struct buffer *out, const struct datum *value)
{
    switch (value->kind) {
    case DATUM_NOTHING:
        return datum_error(value);
    case DATUM_NONE:
        return writer_code(out, NONE);
    case DATUM_BOOL:
        return writer_code(out, value->truth ? NEWTRUE : NEWFALSE);
    case DATUM_INT:
        return writer_int(out, value->integer);
    case DATUM_FLOAT:
        return put_float(out, value->real);
    case DATUM_LIST:
        return put_list(out, value->sequence);
    case DATUM_TUPLE:
        return put_tuple(out, value->sequence);
    case DATUM_DICT:
        return put_dict(out, value->table);
    case DATUM_SET:
    case DATUM_FROZENSET:
        return put_set(out, value);
    default:
        return value->kind < DATUM_LIST ? put_text(out, value)
                                        : writer_record(out, value);
    }
}

int pickle_begin(struct buffer *out)
{
    return put_number(out, PROTO, PICKLE_PROTOCOL, 1);
}

int pickle_tuple(struct buffer *out, unsigned n)
{
    static const int codes[] = {EMPTY_TUPLE, TUPLE1, TUPLE2, TUPLE3};

    return n < 4 ? writer_code(out, codes[n]) : -EINVAL;
}

int pickle_text(struct buffer *out, const char *text)
{
    return writer_str(out, text);
}

int pickle_mark(struct buffer *out)
{
    return writer_code(out, MARK);
}

int pickle_marked(struct buffer *out)
{
    return writer_code(out, TUPLE);
}

int pickle_end(struct buffer *out)
{
    return writer_code(out, STOP);
}

int pickle_dump(struct buffer *out, const struct datum *value)
{
    size_t length = out->length;
    int error = pickle_begin(out);

    if (!error)
        error = pickle_put(out, value);
    if (!error)
        error = pickle_end(out);
    if (error)
        out->length = length;
    return error;
}
