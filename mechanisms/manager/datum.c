/* SPDX-License-Identifier: MIT */
/*
 * datum.c - data: made, shared, and dropped.
 *
 * Who shares a cell has a reference to it already, so counting up orders
 * nothing.  Counting down does: what others did with the cell has happened
 * before the last one frees it.
 */
#include "manager/cell.h"

#include "pipe/listener.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* --- shared and dropped --- */

struct datum datum_share(const struct datum *d)
{
    if (datum_has_cell(d))
        atomic_fetch_add_explicit(&d->cell->references, 1,
                                  memory_order_relaxed);
    return *d;
}

static void free_record(struct record *r)
{
    void (*unpin)(void *pin) = r->unpin;
    void *pin = r->pin;

    for (size_t i = 0; i < r->length; i++)
        datum_drop(&r->fields[i]);
    free(r);
    if (unpin)
        unpin(pin);
}

/* What nobody has any more.  What is within is less deep, so the recursion ends
 * at DATUM_DEPTH. */
static void free_cell(const struct datum *d)
{
    switch (d->kind) {
    case DATUM_BIG:
    case DATUM_STR:
    case DATUM_BYTES:
    case DATUM_BYTEARRAY:
        free(d->text);
        break;
    case DATUM_LIST:
    case DATUM_TUPLE:
        for (size_t i = 0; i < d->sequence->length; i++)
            datum_drop(&d->sequence->items[i]);
        if (d->sequence->items != d->sequence->few)
            free(d->sequence->items);
        free(d->sequence);
        break;
    case DATUM_DICT:
    case DATUM_SET:
    case DATUM_FROZENSET:
        table_clear(d->table);
        free(d->table);
        break;
    default:
        free_record(d->record);
    }
}

void datum_drop(struct datum *d)
{
    const struct datum was = *d;

    *d = datum_nothing(0);
    if (datum_has_cell(&was) &&
        atomic_fetch_sub_explicit(&was.cell->references, 1,
                                  memory_order_acq_rel) == 1)
        free_cell(&was);
}

static void drop_all(struct datum *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        datum_drop(&items[i]);
}

/* --- texts and ints --- */

struct datum datum_text(enum datum_kind kind, const void *bytes, size_t n)
{
    struct text *t;

    if (n / sizeof(struct datum) >= DATUM_WEIGHT)
        return datum_nothing(-E2BIG);
    t = malloc(sizeof *t + n + 1);
    if (!t)
        return datum_nothing(-ENOMEM);
    cell_init(&t->cell, (uint32_t)(1 + n / sizeof(struct datum)), 0);
    t->length = n;
    atomic_init(&t->hash, 0);
    if (bytes && n)
        memcpy(t->bytes, bytes, n);
    t->bytes[n] = '\0';
    return (struct datum){.kind = kind, .text = t};
}

struct datum datum_str(const char *text)
{
    return datum_text(DATUM_STR, text, strlen(text));
}

struct datum datum_address(const char *address)
{
    const char *colon = strrchr(address, ':');

    if (address_is_name(address))
        return datum_str(address);
    return datum_tuple(
        "Oi", datum_text(DATUM_STR, address, (size_t)(colon - address)),
        (int64_t)strtol(colon + 1, NULL, 10));
}

struct datum datum_long(const unsigned char *bytes, size_t n)
{
    uint64_t value = 0;

    /* A last byte that only repeats the sign is not needed. */
    while (n > 1 && ((bytes[n - 1] == 0x00 && bytes[n - 2] < 0x80) ||
                     (bytes[n - 1] == 0xff && bytes[n - 2] >= 0x80)))
        n--;
    if (n > sizeof value)
        return datum_text(DATUM_BIG, bytes, n);
    if (n && bytes[n - 1] >= 0x80)
        value = UINT64_MAX;
    for (size_t i = n; i-- > 0;)
        value = value << 8 | bytes[i];
    return datum_int((int64_t)value);
}

/* --- containers --- */

static struct datum new_sequence(enum datum_kind kind)
{
    struct sequence *s = malloc(sizeof *s);

    if (!s)
        return datum_nothing(-ENOMEM);
    cell_init(&s->cell, 1, 1);
    s->length = 0;
    s->capacity = SEQUENCE_FEW;
    s->items = s->few;
    return (struct datum){.kind = kind, .sequence = s};
}

struct datum datum_list(void)
{
    return new_sequence(DATUM_LIST);
}

static struct datum new_table(enum datum_kind kind)
{
    struct table *t = calloc(1, sizeof *t);

    if (!t)
        return datum_nothing(-ENOMEM);
    cell_init(&t->cell, 1, 1);
    return (struct datum){.kind = kind, .table = t};
}

struct datum datum_dict(void)
{
    return new_table(DATUM_DICT);
}

struct datum datum_set(void)
{
    return new_table(DATUM_SET);
}

struct datum datum_sequence(enum datum_kind kind, struct datum *items, size_t n)
{
    struct datum d = new_sequence(kind);
    int error = datum_error(&d);

    if (!error)
        error = sequence_reserve(d.sequence, n);
    if (error) {
        drop_all(items, n);
    } else if (n) {
        memcpy(d.sequence->items, items, n * sizeof *items);
        d.sequence->length = n;
        error = sequence_weigh(d.sequence);
    }
    if (error) {
        datum_drop(&d);
        return datum_nothing(error);
    }
    return d;
}

struct datum datum_record(enum datum_kind kind, struct datum *fields, size_t n)
{
    struct record *r = NULL;
    int error = 0;

    if (n <= (PTRDIFF_MAX - sizeof *r) / sizeof *fields)
        r = malloc(sizeof *r + n * sizeof *fields);
    if (!r) {
        drop_all(fields, n);
        return datum_nothing(-ENOMEM);
    }
    cell_init(&r->cell, 1, 1);
    r->length = n;
    r->pin = NULL;
    r->unpin = NULL;
    for (size_t i = 0; i < n && !error; i++)
        error = cell_count(&r->cell, &fields[i]);
    if (error) {
        drop_all(fields, n);
        free(r);
        return datum_nothing(error);
    }
    if (n)
        memcpy(r->fields, fields, n * sizeof *fields);
    return (struct datum){.kind = kind, .record = r};
}

struct datum datum_exception(const char *class, struct datum argument)
{
    size_t n = argument.kind == DATUM_NOTHING ? 0 : 1;
    struct datum fields[2] = {
        datum_str(class),
        datum_sequence(DATUM_TUPLE, &argument, n),
    };

    return datum_record(DATUM_EXCEPTION, fields, 2);
}

/* The next argument, of that letter; each is fetched, so that all that are
 * given are taken though one before them fails. */
static struct datum next_argument(char letter, va_list *arguments)
{
    const void *bytes;

    switch (letter) {
    case 'b':
        return datum_bool(va_arg(*arguments, int) != 0);
    case 'i':
        return datum_int(va_arg(*arguments, int64_t));
    case 'd':
        return datum_float(va_arg(*arguments, double));
    case 's':
        return datum_str(va_arg(*arguments, const char *));
    case 'y':
        bytes = va_arg(*arguments, const void *);
        return datum_text(DATUM_BYTES, bytes, va_arg(*arguments, size_t));
    case 'N':
        return datum_none();
    case 'O':
        return va_arg(*arguments, struct datum);
    default:
        return datum_nothing(-EINVAL);
    }
}

struct datum datum_tuple_from(const char *format, va_list *arguments)
{
    struct datum tuple = new_sequence(DATUM_TUPLE);
    int error = datum_error(&tuple);

    for (const char *letter = format; *letter; letter++) {
        struct datum next = next_argument(*letter, arguments);

        if (error)
            datum_drop(&next);
        else
            error = datum_append(&tuple, next);
    }
    if (error) {
        datum_drop(&tuple);
        return datum_nothing(error);
    }
    return tuple;
}

struct datum datum_tuple(const char *format, ...)
{
    struct datum tuple;
    va_list arguments;

    va_start(arguments, format);
    tuple = datum_tuple_from(format, &arguments);
    va_end(arguments);
    return tuple;
}
