/* SPDX-License-Identifier: MIT */
/*
 * repr.c - values as text: repr() and str(), as Python 3.11 prints them.
 *
 * What is of one piece and what contains others is here; the rest has files of
 * its own (repr.h).  A set is written in the order of its insertion, where
 * Python's order is that of its hashes.
 */
#include "manager/repr.h"

#include <errno.h>
#include <string.h>

/* --- pieces --- */

void printer_put(struct printer *p, const void *data, size_t n)
{
    if (!p->error && n)
        p->error = buffer_put(p->out, data, n);
}

void printer_text(struct printer *p, const char *text)
{
    printer_put(p, text, strlen(text));
}

void printer_raw(struct printer *p, const struct datum *text)
{
    if (text->kind == DATUM_STR)
        printer_put(p, text->text->bytes, text->text->length);
}

/* --- containers --- */

/* The items, with commas between them. */
static void put_items(struct printer *p, const struct datum *items, size_t n)
{
    for (size_t i = 0; i < n && !p->error; i++) {
        if (i)
            printer_text(p, ", ");
        printer_repr(p, &items[i]);
    }
}

void printer_tuple(struct printer *p, const struct datum *items, size_t n)
{
    printer_text(p, "(");
    put_items(p, items, n);
    printer_text(p, n == 1 ? ",)" : ")");
}

static void put_list(struct printer *p, const struct sequence *list)
{
    printer_text(p, "[");
    put_items(p, list->items, list->length);
    printer_text(p, "]");
}

/* {a, b}, or {a: b, c: d}. */
static void put_table(struct printer *p, const struct table *t, bool values)
{
    bool first = true;

    printer_text(p, "{");
    for (int64_t i = table_next(t, 0); i != TABLE_NONE && !p->error;
         i = table_next(t, i + 1)) {
        if (!first)
            printer_text(p, ", ");
        first = false;
        printer_repr(p, &t->entries[i].key);
        if (!values)
            continue;
        printer_text(p, ": ");
        printer_repr(p, &t->entries[i].value);
    }
    printer_text(p, "}");
}

/* {} is a dict, so a set without items has to say what it is. */
static void put_set(struct printer *p, const struct table *set, bool frozen)
{
    bool named = frozen || set->used == 0;

    if (named)
        printer_text(p, frozen ? "frozenset(" : "set(");
    if (set->used)
        put_table(p, set, false);
    if (named)
        printer_text(p, ")");
}

/* --- whatever it is --- */

static void put_cell(struct printer *p, const struct datum *d)
{
    switch (d->kind) {
    case DATUM_BIG:
        printer_big(p, d->text);
        break;
    case DATUM_STR:
        printer_str(p, d->text->bytes, d->text->length);
        break;
    case DATUM_BYTES:
        printer_bytes(p, d->text);
        break;
    case DATUM_BYTEARRAY:
        printer_bytearray(p, d->text);
        break;
    case DATUM_LIST:
        put_list(p, d->sequence);
        break;
    case DATUM_TUPLE:
        printer_tuple(p, d->sequence->items, d->sequence->length);
        break;
    case DATUM_DICT:
        put_table(p, d->table, true);
        break;
    case DATUM_SET:
    case DATUM_FROZENSET:
        put_set(p, d->table, d->kind == DATUM_FROZENSET);
        break;
    default:
        printer_record(p, d);
    }
}

/* Is there a level left?  One more than containers have: for what is in the
 * innermost. */
static bool enter(struct printer *p)
{
    if (!p->error && p->depth > DATUM_DEPTH)
        p->error = -E2BIG;
    if (p->error)
        return false;
    p->depth++;
    return true;
}

void printer_repr(struct printer *p, const struct datum *d)
{
    if (!enter(p))
        return;
    switch (d->kind) {
    case DATUM_NOTHING:
        p->error = datum_error(d);
        break;
    case DATUM_NONE:
        printer_text(p, "None");
        break;
    case DATUM_BOOL:
        printer_text(p, d->truth ? "True" : "False");
        break;
    case DATUM_INT:
        printer_int(p, d->integer);
        break;
    case DATUM_FLOAT:
        printer_float(p, d->real);
        break;
    default:
        put_cell(p, d);
    }
    p->depth--;
}

void printer_print(struct printer *p, const struct datum *d)
{
    if (d->kind == DATUM_STR) {
        printer_raw(p, d);
    } else if (d->kind != DATUM_EXCEPTION) {
        printer_repr(p, d);
    } else if (enter(p)) {
        printer_message(p, d->record);
        p->depth--;
    }
}

static int write_by(void (*put)(struct printer *p, const struct datum *d),
                    struct buffer *out, const struct datum *d)
{
    struct printer p = {.out = out};
    const size_t before = out->length;

    put(&p, d);
    if (p.error)
        out->length = before;
    return p.error;
}

int datum_repr(struct buffer *out, const struct datum *d)
{
    return write_by(printer_repr, out, d);
}

int datum_print(struct buffer *out, const struct datum *d)
{
    return write_by(printer_print, out, d);
}
