/* SPDX-License-Identifier: MIT */
/*
 * repr_record.c - records as text: slice, range, and what
 * multiprocessing.managers has.
 */
#include "manager/repr.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- slice and range --- */

static void put_slice(struct printer *p, const struct record *slice)
{
    printer_text(p, "slice");
    printer_tuple(p, slice->fields, slice->length);
}

/* True within a range is the int 1. */
static void put_index(struct printer *p, const struct datum *index)
{
    if (index->kind == DATUM_BOOL)
        printer_int(p, index->truth);
    else
        printer_repr(p, index);
}

static void put_range(struct printer *p, const struct record *range)
{
    int64_t step;

    printer_text(p, "range(");
    put_index(p, &range->fields[0]);
    printer_text(p, ", ");
    put_index(p, &range->fields[1]);
    if (datum_to_int(&range->fields[2], &step) || step != 1) {
        printer_text(p, ", ");
        put_index(p, &range->fields[2]);
    }
    printer_text(p, ")");
}

/* --- of multiprocessing.managers --- */

static void put_address(struct printer *p, const void *address)
{
    if (!p->error)
        p->error = buffer_format(p->out, "0x%" PRIxPTR, (uintptr_t)address);
}

static void put_reversed(struct printer *p, const struct record *reversed)
{
    printer_text(p, "<list_reverseiterator object at ");
    put_address(p, reversed);
    printer_text(p, ">");
}

static void put_token(struct printer *p, const struct record *token)
{
    printer_text(p, "Token(typeid=");
    printer_repr(p, &token->fields[0]);
    printer_text(p, ", address=");
    printer_repr(p, &token->fields[1]);
    printer_text(p, ", id=");
    printer_repr(p, &token->fields[2]);
    printer_text(p, ")");
}

static void put_proxy(struct printer *p, const struct record *proxy)
{
    printer_text(p, "<");
    printer_raw(p, &proxy->fields[0]);
    printer_text(p, " object, typeid ");
    printer_repr(p, &proxy->fields[1].record->fields[0]);
    printer_text(p, " at ");
    put_address(p, proxy->pin ? proxy->pin : proxy);
    printer_text(p, ">");
}

/* --- Value and Namespace --- */

/* Of an attribute that is not there: None. */
static void put_attribute(struct printer *p, const struct table *state,
                          const char *name)
{
    const struct datum none = datum_none(), *value = table_get(state, name);

    printer_repr(p, value ? value : &none);
}

struct attribute {
    const struct text *name;
    const struct datum *value;
};

/* By "name=", for it is the texts that Python sorts: a0=1 is before a=1. */
static int compare_names(const void *left, const void *right)
{
    const struct text *a = ((const struct attribute *)left)->name;
    const struct text *b = ((const struct attribute *)right)->name;
    const size_t n = a->length < b->length ? a->length : b->length;
    const int order = memcmp(a->bytes, b->bytes, n);

    if (order || a->length == b->length)
        return order;
    return a->length < b->length ? '=' - b->bytes[n] : a->bytes[n] - '=';
}

/* Those that do not begin with _, sorted, for whom the caller has room; how
 * many. */
static size_t take_attributes(const struct table *state, struct attribute *into)
{
    size_t n = 0;

    for (int64_t i = table_next(state, 0); i != TABLE_NONE;
         i = table_next(state, i + 1)) {
        const struct entry *e = &state->entries[i];

        if (e->key.kind == DATUM_STR && e->key.text->bytes[0] != '_')
            into[n++] = (struct attribute){e->key.text, &e->value};
    }
    qsort(into, n, sizeof *into, compare_names);
    return n;
}

static void put_attributes(struct printer *p, const struct table *state)
{
    struct attribute *sorted = calloc(state->used + 1, sizeof *sorted);
    const size_t n = sorted ? take_attributes(state, sorted) : 0;

    if (!sorted)
        p->error = -ENOMEM;
    for (size_t i = 0; i < n && !p->error; i++) {
        if (i)
            printer_text(p, ", ");
        printer_put(p, sorted[i].name->bytes, sorted[i].name->length);
        printer_text(p, "=");
        printer_repr(p, sorted[i].value);
    }
    free(sorted);
}

static void put_instance(struct printer *p, const struct record *instance)
{
    const struct table *state = instance->fields[1].table;

    printer_raw(p, &instance->fields[0]);
    printer_text(p, "(");
    if (p->error)
        return;
    if (datum_is_str(&instance->fields[0], "Value")) {
        put_attribute(p, state, "_typecode");
        printer_text(p, ", ");
        put_attribute(p, state, "_value");
    } else {
        put_attributes(p, state);
    }
    printer_text(p, ")");
}

void printer_record(struct printer *p, const struct datum *d)
{
    const struct record *r = d->record;

    switch (d->kind) {
    case DATUM_SLICE:
        put_slice(p, r);
        break;
    case DATUM_RANGE:
        put_range(p, r);
        break;
    case DATUM_ARRAY:
        printer_array(p, r);
        break;
    case DATUM_REVERSED:
        put_reversed(p, r);
        break;
    case DATUM_EXCEPTION:
        printer_exception(p, r);
        break;
    case DATUM_TOKEN:
        put_token(p, r);
        break;
    case DATUM_INSTANCE:
        put_instance(p, r);
        break;
    default:
        put_proxy(p, r);
    }
}
