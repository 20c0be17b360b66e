/* SPDX-License-Identifier: MIT */
/* fuzz_datum.h - a datum of whatever bytes a fuzzer has, for fuzz_request.c. */
#ifndef IPCLAB_FUZZ_DATUM_H
#define IPCLAB_FUZZ_DATUM_H

#include "manager/serving.h"

#include <stdlib.h>

/* How deep it may be, and what proxies are of. */
enum { DEPTH = 4, OBJECTS = 20 };

/* --- the bytes --- */

static const uint8_t *at, *end;
static unsigned requests;
static struct object *objects[OBJECTS];
static size_t object_count;

static unsigned take(void)
{
    return at < end ? *at++ : 0;
}

static struct datum take_text(enum datum_kind kind)
{
    size_t n = take() % 16;

    if (n > (size_t)(end - at))
        n = (size_t)(end - at);
    at += n;
    for (size_t i = 0; kind == DATUM_STR && i < n; i++)
        if ((at - n)[i] >= 0x80)
            return datum_str("\xc3\xa9");
    return datum_text(kind, at - n, n);
}

static struct datum take_number(void)
{
    int64_t n = 0;

    switch (take() % 6) {
    case 0:
        return datum_int((int64_t)take() - 128);
    case 1:
        for (int i = 0; i < 8; i++)
            n = (int64_t)((uint64_t)n << 8 | take());
        return datum_int(n);
    case 2:
        return datum_float(((double)take() - 100) / 8);
    case 3:
        return datum_float(strtod(take() & 1 ? "nan" : "-inf", NULL));
    case 4:
        return datum_bool(take() & 1);
    default:
        return datum_long((const unsigned char *)"0123456789abcdefg",
                          take() % 18);
    }
}

static struct datum take_proxy(void)
{
    struct object *o = objects[take() % object_count];
    struct datum fields[] = {
        datum_str(o->type->proxy ? o->type->proxy : "AutoProxy"),
        object_token(o), datum_none()};

    return datum_record(DATUM_PROXY, fields, 3);
}

/* Such as the hosted Array has, mostly, so that a slice of it can be set. */
static struct datum take_array(void)
{
    struct datum fields[] = {datum_str(take() % 8 ? "i" : "d"),
                             take_text(DATUM_BYTES)};

    fields[1].text->length &= ~(size_t)7;
    fields[1].text->bytes[fields[1].text->length] = '\0';
    return datum_record(DATUM_ARRAY, fields, 2);
}

static struct datum take_datum(unsigned depth);

static struct datum take_record(enum datum_kind kind, size_t n)
{
    struct datum fields[3];

    for (size_t i = 0; i < n; i++)
        fields[i] = take() & 1 ? datum_none() : datum_int((int64_t)take() - 99);
    return datum_record(kind, fields, n);
}

static struct datum take_range(void)
{
    int64_t step = (int64_t)(take() % 7) - 3;
    struct datum fields[] = {datum_int((int64_t)take() - 99),
                             datum_int((int64_t)take() - 99),
                             datum_int(step ? step : 1)};

    return datum_record(DATUM_RANGE, fields, 3);
}

static struct datum take_items(enum datum_kind kind, unsigned depth)
{
    struct datum items[8];
    size_t n = take() % 8;

    for (size_t i = 0; i < n; i++)
        items[i] = take_datum(depth + 1);
    return datum_sequence(kind, items, n);
}

static struct datum take_table(struct datum d, unsigned depth)
{
    for (size_t n = take() % 8; n > 0; n--) {
        struct datum key = take_datum(depth + 1);

        (void)table_set(d.table, key,
                        d.kind == DATUM_DICT ? take_datum(depth + 1)
                                             : datum_none());
    }
    return d;
}

static struct datum take_datum(unsigned depth)
{
    unsigned which;

    switch (take() % (depth < DEPTH ? 13 : 8)) {
    case 0:
    case 1:
    case 2:
        return take_number();
    case 3:
        return datum_none();
    case 4:
        return take_text(DATUM_STR);
    case 5:
        which = take();
        if (which & 2)
            return take_array();
        return take_text(which & 1 ? DATUM_BYTES : DATUM_BYTEARRAY);
    case 6:
        return take_record(DATUM_SLICE, 3);
    case 7:
        return take_proxy();
    case 8:
        return take_items(DATUM_LIST, depth);
    case 9:
        return take_items(DATUM_TUPLE, depth);
    case 10:
        return take_table(datum_dict(), depth);
    case 11:
        return take_table(datum_set(), depth);
    default:
        return take_range();
    }
}

#endif
