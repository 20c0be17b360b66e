/* SPDX-License-Identifier: MIT */
/* repr_array.c - an array.array as text: items of this machine's C types. */
#include "manager/array_item.h"
#include "manager/repr.h"
#include "manager/utf8.h"

#include <errno.h>
#include <stdlib.h>

static void put_item(struct printer *p, const struct array_type *t,
                     const void *from)
{
    const union array_value value = array_read(t, from);

    if (t->kind == REAL)
        printer_float(p, value.real);
    else if (t->kind == UNSIGNED)
        printer_unsigned(p, value.natural);
    else
        printer_int(p, value.integer);
}

/* array('u'): a str, of n characters. */
static void put_characters(struct printer *p, const struct array_type *t,
                           const unsigned char *items, size_t n)
{
    unsigned char *utf8 = p->error ? NULL : calloc(n, 4);
    size_t length = 0;

    if (!utf8 && !p->error)
        p->error = -ENOMEM;
    for (size_t i = 0; i < n && !p->error; i++) {
        const uint64_t character = array_read(t, items + i * t->size).natural;

        if (character > UTF8_LAST)
            p->error = -ERANGE;
        else
            length += utf8_write(utf8 + length, (uint32_t)character);
    }
    if (!p->error)
        printer_str(p, utf8, length);
    free(utf8);
}

static void put_items(struct printer *p, const struct array_type *t,
                      const unsigned char *items, size_t n)
{
    for (size_t i = 0; i < n && !p->error; i++) {
        printer_text(p, i ? ", " : "[");
        put_item(p, t, items + i * t->size);
    }
    printer_text(p, "]");
}

/* array('i') where it is empty. */
void printer_array(struct printer *p, const struct record *array)
{
    const struct text *items = array->fields[1].text;
    const struct array_type *t = array_type_find(&array->fields[0]);
    const size_t n = t ? items->length / t->size : 0;

    printer_text(p, "array('");
    printer_put(p, array->fields[0].text->bytes, 1);
    printer_text(p, n ? "', " : "'");
    if (n && t->kind == CHARACTER)
        put_characters(p, t, items->bytes, n);
    else if (n)
        put_items(p, t, items->bytes, n);
    printer_text(p, ")");
}
