/* SPDX-License-Identifier: MIT */
/* repr_array.c - an array.array as text: items of this machine's C types. */
#include "manager/repr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

union item {
    signed char b;
    unsigned char B;
    short h;
    unsigned short H;
    int i;
    unsigned I;
    long l;
    unsigned long L;
    long long q;
    unsigned long long Q;
    float f;
    double d;
};

static size_t item_size(char code)
{
    switch (code) {
    case 'b':
    case 'B':
        return sizeof(char);
    case 'h':
    case 'H':
        return sizeof(short);
    case 'i':
    case 'I':
        return sizeof(int);
    case 'l':
    case 'L':
        return sizeof(long);
    case 'q':
    case 'Q':
        return sizeof(long long);
    case 'f':
        return sizeof(float);
    case 'd':
        return sizeof(double);
    case 'u':
        return sizeof(wchar_t);
    default:
        return 0;
    }
}

static int64_t signed_item(char code, const union item *item)
{
    switch (code) {
    case 'b':
        return item->b;
    case 'h':
        return item->h;
    case 'i':
        return item->i;
    case 'l':
        return item->l;
    default:
        return item->q;
    }
}

static uint64_t unsigned_item(char code, const union item *item)
{
    switch (code) {
    case 'B':
        return item->B;
    case 'H':
        return item->H;
    case 'I':
        return item->I;
    case 'L':
        return item->L;
    default:
        return item->Q;
    }
}

static void put_item(struct printer *p, char code, const union item *item)
{
    if (code == 'f')
        printer_float(p, (double)item->f);
    else if (code == 'd')
        printer_float(p, item->d);
    else if (strchr("BHILQ", code))
        printer_unsigned(p, unsigned_item(code, item));
    else
        printer_int(p, signed_item(code, item));
}

/* As UTF-8, surrogates too; how long.  0: there is no such character. */
static size_t encode(unsigned char utf8[4], uint32_t character)
{
    size_t width = character < 0x80      ? 1
                   : character < 0x800   ? 2
                   : character < 0x10000 ? 3
                                         : 4;

    if (character > 0x10ffff)
        return 0;
    for (size_t i = width; --i > 0; character >>= 6)
        utf8[i] = (unsigned char)(0x80 | (character & 0x3f));
    utf8[0] =
        (unsigned char)((width == 1 ? 0 : 0xf00 >> width & 0xff) | character);
    return width;
}

/* array('u'): a str, of n wchar_t. */
static void put_characters(struct printer *p, const unsigned char *items,
                           size_t n)
{
    unsigned char *utf8 = p->error ? NULL : calloc(n, 4);
    size_t length = 0;

    if (!utf8 && !p->error)
        p->error = -ENOMEM;
    for (size_t i = 0; i < n && !p->error; i++) {
        wchar_t character;
        size_t width;

        memcpy(&character, items + i * sizeof character, sizeof character);
        width = encode(utf8 + length, (uint32_t)character);
        if (width == 0)
            p->error = -ERANGE;
        length += width;
    }
    if (!p->error)
        printer_str(p, utf8, length);
    free(utf8);
}

/* array('i') where it is empty. */
void printer_array(struct printer *p, const struct record *array)
{
    const struct text *items = array->fields[1].text;
    const char code = (char)array->fields[0].text->bytes[0];
    const size_t size = item_size(code), n = size ? items->length / size : 0;

    printer_text(p, "array('");
    printer_put(p, &code, 1);
    printer_text(p, n ? "', " : "'");
    if (n && code == 'u') {
        put_characters(p, items->bytes, n);
    } else if (n) {
        for (size_t i = 0; i < n && !p->error; i++) {
            union item item;

            memcpy(&item, items->bytes + i * size, size);
            printer_text(p, i ? ", " : "[");
            put_item(p, code, &item);
        }
        printer_text(p, "]");
    }
    printer_text(p, ")");
}
