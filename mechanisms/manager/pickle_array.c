/* SPDX-License-Identifier: MIT */
/*
 * pickle_array.c - arrays: items of any machine's format as this one has them.
 *
 * Source: CPython Modules/arraymodule.c, the machine format codes.
 */
#include "manager/array_item.h"
#include "manager/pickle_machine.h"
#include "manager/utf8.h"

#include <endian.h>
#include <errno.h>

/* --- formats --- */

struct format {
    enum array_kind kind;
    size_t size;
    bool big; /* its big end first */
};

/* By their numbers. */
static const struct format formats[] = {
    {UNSIGNED, 1, false},  {SIGNED, 1, false},   {UNSIGNED, 2, false},
    {UNSIGNED, 2, true},   {SIGNED, 2, false},   {SIGNED, 2, true},
    {UNSIGNED, 4, false},  {UNSIGNED, 4, true},  {SIGNED, 4, false},
    {SIGNED, 4, true},     {UNSIGNED, 8, false}, {UNSIGNED, 8, true},
    {SIGNED, 8, false},    {SIGNED, 8, true},    {REAL, 4, false},
    {REAL, 4, true},       {REAL, 8, false},     {REAL, 8, true},
    {CHARACTER, 2, false}, {CHARACTER, 2, true}, {CHARACTER, 4, false},
    {CHARACTER, 4, true},
};

enum { FORMATS = sizeof formats / sizeof *formats };

static const bool big_machine = BYTE_ORDER == BIG_ENDIAN;

static bool is_native(const struct format *f, const struct array_type *t)
{
    return f->kind == t->kind && f->size == t->size &&
           (f->big == big_machine || f->size == 1);
}

int pickle_array_format(const struct datum *code)
{
    const struct array_type *t = array_type_find(code);

    for (int i = 0; t && i < FORMATS; i++)
        if (is_native(&formats[i], t))
            return i;
    return -1;
}

/* --- made --- */

static int misfit(struct machine *m, const char *why)
{
    return machine_fail(m, -EBADMSG, "an array's %s", why);
}

static int are_characters(struct machine *m, const struct text *items)
{
    int error = machine_walks(m, items->length);
    uint32_t c;

    if (error)
        return error;
    for (size_t i = 0; i < items->length; i += sizeof c) {
        memcpy(&c, items->bytes + i, sizeof c);
        if (c > UTF8_LAST)
            return misfit(m, "character is none");
    }
    return 0;
}

/* Take the items. */
static int make(struct machine *m, const struct array_type *t,
                struct datum items, struct datum *array)
{
    struct datum fields[] = {datum_text(DATUM_STR, &t->code, 1), items};

    int error = 0;

    if (items.kind == DATUM_BYTES && t->kind == CHARACTER)
        error = are_characters(m, items.text);
    if (error) {
        datum_drop(&fields[0]);
        datum_drop(&fields[1]);
        return error;
    }
    *array = datum_record(DATUM_ARRAY, fields, 2);
    return 0;
}

/* --- from a list --- */

/* The item at `to`, or false: it is not in the range of its type. */
static bool put_int(const struct array_type *t, int64_t value, bool is_high,
                    unsigned char *to)
{
    int64_t low = t->size < 8 ? -(INT64_C(1) << (t->size * 8 - 1)) : INT64_MIN;
    int64_t high = t->size < 8 ? ~low : INT64_MAX;

    if (t->kind == UNSIGNED) {
        low = 0;
        high = t->size < 8 ? high * 2 + 1 : INT64_MAX;
    }
    if (is_high ? t->kind != UNSIGNED || t->size < 8
                : value < low || value > high)
        return false;
    array_write(t, (uint64_t)value, to);
    return true;
}

static bool put_character(const struct datum *d, unsigned char *to)
{
    static const unsigned char mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t c;

    if (d->kind != DATUM_STR || d->text->length == 0 || d->text->length > 4)
        return false;
    c = d->text->bytes[0] & mask[d->text->length];
    for (size_t i = 1; i < d->text->length; i++)
        c = c << 6 | (d->text->bytes[i] & 0x3f);
    if (utf8_write(NULL, c) != d->text->length)
        return false; /* more than one */
    memcpy(to, &c, sizeof c);
    return true;
}

static bool put_item(const struct array_type *t, const struct datum *d,
                     unsigned char *to)
{
    bool is_high =
        d->kind == DATUM_BIG && d->text->length == 9 && d->text->bytes[8] == 0;
    int64_t integer = 0;
    double real = 0;

    if (t->kind == CHARACTER)
        return put_character(d, to);
    if (t->kind == REAL) {
        if (datum_to_float(d, &real) < 0)
            return false;
        array_write_real(t, real, to);
        return true;
    }
    if (is_high) /* 2^63 and more: only 'Q' and 'L' hold it */
        integer = (int64_t)machine_number(d->text->bytes, 8);
    else if (datum_to_int(d, &integer) < 0)
        return false;
    return put_int(t, integer, is_high, to);
}

static int from_list(struct machine *m, const struct array_type *t,
                     const struct sequence *list, struct datum *array)
{
    int error = machine_copies(m, list->length);
    struct datum items;

    if (error)
        return error;
    items = datum_text(DATUM_BYTES, NULL, list->length * t->size);
    if (items.kind != DATUM_BYTES)
        return make(m, t, items, array);
    for (size_t i = 0; i < list->length; i++)
        if (!put_item(t, &list->items[i], items.text->bytes + i * t->size)) {
            datum_drop(&items);
            return misfit(m, "item is not of its type");
        }
    return make(m, t, items, array);
}

int machine_array(struct machine *m, const struct datum *code,
                  const struct datum *source, struct datum *array)
{
    const struct array_type *t = array_type_find(code);

    if (!t)
        return misfit(m, "typecode is none");
    if (!source)
        return make(m, t, datum_text(DATUM_BYTES, NULL, 0), array);
    if (source->kind == DATUM_LIST)
        return from_list(m, t, source->sequence, array);
    if (source->kind != DATUM_BYTES || source->text->length % t->size)
        return misfit(m, "items are not of its type");
    return make(m, t, machine_share(source), array);
}

/* --- from another machine's format --- */

/* The item as a number, its little end first; a float's bits. */
static uint64_t bits_of(const struct format *f, const unsigned char *item)
{
    uint64_t bits = 0;

    if (!f->big)
        return machine_number(item, f->size);
    for (size_t i = 0; i < f->size; i++)
        bits = bits << 8 | item[i];
    return bits;
}

static double real_of(const struct format *f, uint64_t bits)
{
    uint32_t low = (uint32_t)bits;
    double real;
    float single;

    if (f->size == sizeof single) {
        memcpy(&single, &low, sizeof single);
        return (double)single;
    }
    memcpy(&real, &bits, sizeof real);
    return real;
}

/* The character at *at, which is moved on; UINT32_MAX: it is none. */
static uint32_t character_of(const struct format *f, const unsigned char *bytes,
                             size_t n, size_t *at)
{
    uint32_t c = (uint32_t)bits_of(f, bytes + *at), low;

    *at += f->size;
    if (f->size == 4 || c < 0xd800 || c > 0xdfff)
        return c;
    if (c > 0xdbff || *at == n)
        return UINT32_MAX;
    low = (uint32_t)bits_of(f, bytes + *at);
    *at += f->size;
    if (low < 0xdc00 || low > 0xdfff)
        return UINT32_MAX;
    return 0x10000 + ((c - 0xd800) << 10 | (low - 0xdc00));
}

/* Every item of `from` into `to`: how many bytes those are. */
static size_t convert(const struct format *f, const struct array_type *t,
                      const struct text *from, unsigned char *to)
{
    size_t length = 0;

    for (size_t at = 0; at < from->length; length += t->size) {
        uint64_t bits = bits_of(f, from->bytes + at);
        uint32_t c;

        if (t->kind == CHARACTER) {
            c = character_of(f, from->bytes, from->length, &at);
            memcpy(to + length, &c, sizeof c);
            continue;
        }
        if (t->kind == REAL)
            array_write_real(t, real_of(f, bits), to + length);
        else
            array_write(t, bits, to + length);
        at += f->size;
    }
    return length;
}

/* What an array of that typecode has on this machine, of items of that format:
 * as Python, an int keeps its size, and the typecode is of that. */
static const struct array_type *native_code(const struct format *f,
                                            const struct array_type *t)
{
    if (f->kind == REAL || f->kind == CHARACTER)
        return t->kind == f->kind ? t : NULL;
    return array_type_of(f->kind, f->size);
}

int machine_array_format(struct machine *m, const struct datum *code,
                         int64_t format, const struct datum *bytes,
                         struct datum *array)
{
    const struct array_type *t = array_type_find(code);
    const struct format *f =
        format >= 0 && format < FORMATS ? &formats[format] : NULL;
    struct datum items;
    int error;

    if (!t || !f)
        return misfit(m, "typecode or format is none");
    if (bytes->text->length % f->size)
        return misfit(m, "items are not of its format");
    if (is_native(f, t))
        return make(m, t, machine_share(bytes), array);
    t = native_code(f, t);
    if (!t)
        return misfit(m, "items are not of its type");
    error = machine_copies(m, bytes->text->length);
    if (error)
        return error;
    items =
        datum_text(DATUM_BYTES, NULL, bytes->text->length / f->size * t->size);
    if (items.kind == DATUM_BYTES)
        items.text->length = convert(f, t, bytes->text, items.text->bytes);
    if (items.kind == DATUM_BYTES)
        items.text->bytes[items.text->length] = '\0';
    return make(m, t, items, array);
}
