/* SPDX-License-Identifier: MIT */
/*
 * array.c - the hosted Array: an array.array, whose items are of one C type.
 *
 * An Array of a manager is not shared memory (shm/array.c): its items are at
 * the server.  A client has its length and its items, one or a slice; others
 * are assigned to a slice from an array alone, which may change its length.
 */
#include "manager/array_item.h"
#include "manager/data.h"
#include "manager/utf8.h"

#include <errno.h>
#include <string.h>

struct array {
    const struct array_type *type;
    struct datum typecode, items; /* a str, and bytes that it alone has */
};

static size_t length_of(const struct array *a)
{
    return a->items.text->length / a->type->size;
}

static void *item_at(const struct array *a, size_t i)
{
    return a->items.text->bytes + i * a->type->size;
}

/* --- of any array --- */

size_t array_items(const struct datum *array)
{
    const struct datum *fields = array->record->fields;
    const struct array_type *t = array_type_find(&fields[0]);

    return t ? fields[1].text->length / t->size : 0;
}

struct datum array_item(const struct datum *array, size_t i)
{
    const struct datum *fields = array->record->fields;
    const struct array_type *t = array_type_find(&fields[0]);

    return array_load(t, fields[1].text->bytes + i * t->size);
}

/* --- made --- */

static int bad_typecode(struct call *call, const struct datum *typecode)
{
    const struct text *t = typecode->text;
    size_t n = 0;

    if (typecode->kind == DATUM_STR)
        for (size_t i = 0; i < t->length; i++)
            n += (t->bytes[i] & 0xc0) != 0x80;
    if (n != 1)
        return call_raise(call, "TypeError",
                          "array() argument 1 must be a unicode character, "
                          "not %s",
                          typecode->kind == DATUM_NONE ? "None"
                                                       : datum_type(typecode));
    return call_raise(call, "ValueError",
                      "bad typecode (must be b, B, u, h, H, i, I, l, L, q, Q, "
                      "f or d)");
}

/* Its items are the bytes of these. */
static int take_bytes(struct call *call, struct array *a, const struct text *t)
{
    if (t->length % a->type->size)
        return call_raise(call, "ValueError",
                          "bytes length not a multiple of item size");
    a->items = datum_text(DATUM_BYTES, t->bytes, t->length);
    return datum_error(&a->items);
}

static int take_items(struct call *call, struct array *a,
                      const struct datum *given)
{
    struct datum list;
    int error = call_iterate(call, given, &list);

    if (error)
        return error;
    if (list.sequence->length > SIZE_MAX / 16)
        error = -ENOMEM;
    else
        a->items = datum_text(DATUM_BYTES, NULL,
                              list.sequence->length * a->type->size);
    if (!error)
        error = datum_error(&a->items);
    for (size_t i = 0; !error && i < list.sequence->length; i++)
        error =
            array_store(call, a->type, &list.sequence->items[i], item_at(a, i));
    datum_drop(&list);
    return error;
}

/* Array(typecode, sequence, lock=True) */
static int array_open(struct call *call, void *state)
{
    static const char *const names[] = {"typecode", "sequence", "lock", NULL};
    struct array *a = state;
    const struct datum *given[3], *items;
    int error = call_take(call, names, 2, given);

    if (error)
        return error;
    a->type = array_type_find(given[0]);
    if (!a->type)
        return bad_typecode(call, given[0]);
    items = given[1];
    if (items->kind == DATUM_STR && a->type->kind != CHARACTER)
        return call_raise(call, "TypeError",
                          "cannot use a str to initialize an array with "
                          "typecode '%c'",
                          a->type->code);
    if (items->kind == DATUM_ARRAY && a->type->kind != CHARACTER &&
        datum_is_str(&items->record->fields[0], "u"))
        return call_raise(call, "TypeError",
                          "cannot use a unicode array to initialize an array "
                          "with typecode '%c'",
                          a->type->code);
    if (items->kind == DATUM_BYTES || items->kind == DATUM_BYTEARRAY)
        error = take_bytes(call, a, items->text);
    else
        error = take_items(call, a, items);
    if (error)
        datum_drop(&a->items);
    else
        a->typecode = datum_share(given[0]);
    return error;
}

static void array_close(void *state)
{
    struct array *a = state;

    datum_drop(&a->items);
    datum_drop(&a->typecode);
}

/* --- seen --- */

static int array_len(struct call *call, void *state)
{
    int error = call_take_slot(call, 0);

    if (!error)
        call->result = datum_int((int64_t)length_of(state));
    return error;
}

static int no_index(struct call *call)
{
    return call_raise(call, "TypeError", "array indices must be integers");
}

/* An array.array of these bytes, which are taken. */
static int make(const struct array *a, struct datum items, struct datum *array)
{
    struct datum fields[2] = {datum_share(&a->typecode), items};

    *array = datum_record(DATUM_ARRAY, fields, 2);
    return datum_error(array);
}

static int get_slice(struct call *call, const struct array *a,
                     const struct datum *d)
{
    struct slice slice;
    struct datum items;
    int error = slice_take(call, d, length_of(a), &slice);

    if (error)
        return error;
    items = datum_text(DATUM_BYTES, NULL, slice.count * a->type->size);
    for (size_t i = 0; items.kind != DATUM_NOTHING && i < slice.count; i++)
        memcpy(items.text->bytes + i * a->type->size,
               item_at(a, slice_at(&slice, i)), a->type->size);
    return make(a, items, &call->result);
}

static int array_getitem(struct call *call, void *state)
{
    const struct array *a = state;
    const struct datum *d = call->arguments;
    size_t at;
    int error = call_take_slot(call, 1);

    if (error)
        return error;
    if (d->kind == DATUM_SLICE)
        return get_slice(call, a, d);
    if (!datum_is_index(d))
        return no_index(call);
    error = index_take(call, d, length_of(a), "array index out of range", &at);
    if (error)
        return error;
    if (a->type->kind == CHARACTER &&
        array_read(a->type, item_at(a, at)).natural > UTF8_LAST)
        return call_raise(call, "ValueError",
                          "chr() arg not in range(0x110000)");
    call->result = array_load(a->type, item_at(a, at));
    return datum_error(&call->result);
}

/* --- changed --- */

/* Before a change: nobody else has the bytes. */
static int own(struct array *a)
{
    struct datum copy;

    if (atomic_load_explicit(&a->items.cell->references,
                             memory_order_acquire) == 1)
        return 0;
    copy = datum_text(DATUM_BYTES, a->items.text->bytes, a->items.text->length);
    if (copy.kind == DATUM_NOTHING)
        return datum_error(&copy);
    datum_drop(&a->items);
    a->items = copy;
    return 0;
}

/* Others in the place of n items from start on. */
static int splice(struct array *a, size_t start, size_t n,
                  const struct text *others)
{
    const size_t size = a->type->size, behind = start + n;
    const struct text *was = a->items.text;
    struct datum items;
    unsigned char *to;

    if (others->length == n * size)
        items = datum_share(&a->items);
    else
        items = datum_text(DATUM_BYTES, NULL,
                           was->length - n * size + others->length);
    if (items.kind == DATUM_NOTHING)
        return datum_error(&items);
    to = items.text->bytes;
    if (items.text != was) {
        memcpy(to, was->bytes, start * size);
        memcpy(to + start * size + others->length, was->bytes + behind * size,
               was->length - behind * size);
    }
    memmove(to + start * size, others->bytes, others->length);
    datum_drop(&a->items);
    a->items = items;
    return 0;
}

/* An empty array in the place of a slice takes out what is there, whatever the
 * step. */
static int delete_each(struct array *a, struct slice slice)
{
    const size_t size = a->type->size, n = length_of(a);
    struct datum items =
        datum_text(DATUM_BYTES, NULL, (n - slice.count) * size);
    size_t gone = 0;

    if (items.kind == DATUM_NOTHING)
        return datum_error(&items);
    slice_upwards(&slice);
    for (size_t i = 0; i < n; i++)
        if (gone < slice.count && i == slice_at(&slice, gone))
            gone++;
        else
            memcpy(items.text->bytes + (i - gone) * size, item_at(a, i), size);
    datum_drop(&a->items);
    a->items = items;
    return 0;
}

static int set_each(struct call *call, struct array *a,
                    const struct slice *slice, const struct text *others)
{
    const size_t size = a->type->size;

    if (others->length == 0)
        return delete_each(a, *slice);
    if (others->length / size != slice->count)
        return call_raise(call, "ValueError",
                          "attempt to assign array of size %zu to extended "
                          "slice of size %zu",
                          others->length / size, slice->count);
    for (size_t i = 0; i < slice->count; i++)
        memcpy(item_at(a, slice_at(slice, i)), others->bytes + i * size, size);
    return 0;
}

static int set_slice(struct call *call, struct array *a, const struct datum *d,
                     const struct datum *value)
{
    struct slice slice;
    int error = slice_take(call, d, length_of(a), &slice);

    if (error)
        return error;
    if (value->kind != DATUM_ARRAY)
        return call_raise(call, "TypeError",
                          "can only assign array (not \"%s\") to array slice",
                          datum_type(value));
    if (array_type_find(&value->record->fields[0]) != a->type)
        return call_raise(call, "TypeError",
                          "bad argument type for built-in operation");
    error = own(a);
    if (error)
        return error;
    if (slice.step == 1)
        return splice(a, (size_t)slice.start, slice.count,
                      value->record->fields[1].text);
    return set_each(call, a, &slice, value->record->fields[1].text);
}

static int array_setitem(struct call *call, void *state)
{
    struct array *a = state;
    const struct datum *d = call->arguments;
    size_t at;
    int error = call_take_slot(call, 2);

    if (error)
        return error;
    if (d->kind == DATUM_SLICE)
        return set_slice(call, a, d, d + 1);
    if (!datum_is_index(d))
        return no_index(call);
    error = index_take(call, d, length_of(a),
                       "array assignment index out of range", &at);
    if (!error)
        error = own(a);
    return error ? error : array_store(call, a->type, d + 1, item_at(a, at));
}

/* --- the type --- */

static int array_value(struct call *call, void *state)
{
    const struct array *a = state;

    return make(a, datum_share(&a->items), &call->result);
}

static const struct method methods[] = {
    {"__getitem__", array_getitem, NULL},
    {"__len__", array_len, NULL},
    {"__setitem__", array_setitem, NULL},
    {0},
};

const struct hosted_type array_type = {
    .name = "Array",
    .proxy = "ArrayProxy",
    .size = sizeof(struct array),
    .open = array_open,
    .close = array_close,
    .methods = methods,
    .value = array_value,
};
