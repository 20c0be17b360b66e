/* SPDX-License-Identifier: MIT */
/* type.c - what a datum is: its type's name, and whether it is true. */
#include "manager/number.h"

#include <string.h>

const char *datum_type(const struct datum *d)
{
    static const char *const names[] = {
        [DATUM_NOTHING] = "",
        [DATUM_NONE] = "NoneType",
        [DATUM_BOOL] = "bool",
        [DATUM_INT] = "int",
        [DATUM_FLOAT] = "float",
        [DATUM_BIG] = "int",
        [DATUM_STR] = "str",
        [DATUM_BYTES] = "bytes",
        [DATUM_BYTEARRAY] = "bytearray",
        [DATUM_LIST] = "list",
        [DATUM_TUPLE] = "tuple",
        [DATUM_DICT] = "dict",
        [DATUM_SET] = "set",
        [DATUM_FROZENSET] = "frozenset",
        [DATUM_SLICE] = "slice",
        [DATUM_RANGE] = "range",
        [DATUM_ARRAY] = "array.array",
        [DATUM_REVERSED] = "list_reverseiterator",
        [DATUM_TOKEN] = "Token",
    };

    switch (d->kind) {
    case DATUM_EXCEPTION:
    case DATUM_INSTANCE:
    case DATUM_PROXY:
        return (const char *)d->record->fields[0].text->bytes;
    default:
        return names[d->kind];
    }
}

bool datum_truth(const struct datum *d)
{
    struct span span;

    switch (d->kind) {
    case DATUM_NOTHING:
    case DATUM_NONE:
        return false;
    case DATUM_BOOL:
        return d->truth;
    case DATUM_INT:
        return d->integer != 0;
    case DATUM_FLOAT:
        return d->real != 0;
    case DATUM_STR:
    case DATUM_BYTES:
    case DATUM_BYTEARRAY:
        return d->text->length > 0;
    case DATUM_LIST:
    case DATUM_TUPLE:
        return d->sequence->length > 0;
    case DATUM_DICT:
    case DATUM_SET:
    case DATUM_FROZENSET:
        return d->table->used > 0;
    case DATUM_RANGE:
        return !range_span(d, &span) || span.count > 0;
    case DATUM_ARRAY:
        return d->record->fields[1].text->length > 0;
    default:
        return true;
    }
}

bool datum_is_str(const struct datum *d, const char *text)
{
    const size_t n = strlen(text);

    return d->kind == DATUM_STR && d->text->length == n &&
           memcmp(d->text->bytes, text, n) == 0;
}
