/* SPDX-License-Identifier: MIT */
/*
 * quoted.c - text and bytes in quotes, with escapes for what is not printed.
 *
 * What is not, str.isprintable() says by the Unicode version that Python 3.11
 * has (unprintable.h).
 */
#include "manager/repr.h"
#include "manager/unprintable.h"
#include "manager/utf8.h"

#include <stdio.h>
#include <string.h>

static bool is_printable(uint32_t character)
{
    size_t low = 0, high = sizeof unprintable / sizeof *unprintable;

    if (character < 0x7f)
        return character >= ' ';
    /* How many of the changes are at it or before it? */
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (unprintable[middle] <= character)
            low = middle + 1;
        else
            high = middle;
    }
    return low % 2 == 0;
}

/* Single quotes, but where that would need a backslash and double ones not. */
static char choose_quote(const unsigned char *bytes, size_t n)
{
    return n && memchr(bytes, '\'', n) && !memchr(bytes, '"', n) ? '"' : '\'';
}

/* Of what is not printed, and of quotes and backslashes. */
static void put_escape(struct printer *p, uint32_t character)
{
    char text[16];

    if (character == '\t')
        strcpy(text, "\\t");
    else if (character == '\n')
        strcpy(text, "\\n");
    else if (character == '\r')
        strcpy(text, "\\r");
    else if (character == '\\' || character == '\'' || character == '"')
        snprintf(text, sizeof text, "\\%c", (char)character);
    else if (character <= 0xff)
        snprintf(text, sizeof text, "\\x%02x", (unsigned)character);
    else if (character <= 0xffff)
        snprintf(text, sizeof text, "\\u%04x", (unsigned)character);
    else
        snprintf(text, sizeof text, "\\U%08x", (unsigned)character);
    printer_text(p, text);
}

/* --- text --- */

/*
 * The character that begins at bytes, and how many it has of the n that are
 * there.  A byte that begins none is, as with Python's surrogateescape, one of
 * U+DC80 to U+DCFF, which are not printed; so what is printed is UTF-8 always.
 */
static size_t take_character(const unsigned char *bytes, size_t n,
                             uint32_t *character)
{
    const size_t width = utf8_size(*bytes);

    *character = 0xdc00u + *bytes;
    if (width == 0 || width > n)
        return 1;
    for (size_t i = 1; i < width; i++)
        if ((bytes[i] & 0xc0) != 0x80)
            return 1;
    *character = utf8_read(bytes, width);
    return width;
}

void printer_str(struct printer *p, const unsigned char *bytes, size_t n)
{
    const char quote = choose_quote(bytes, n);
    size_t at = 0, done = 0;

    printer_put(p, &quote, 1);
    while (at < n && !p->error) {
        uint32_t character;
        size_t width = take_character(bytes + at, n - at, &character);

        if (character == (unsigned char)quote || character == '\\' ||
            !is_printable(character)) {
            printer_put(p, bytes + done, at - done);
            put_escape(p, character);
            done = at + width;
        }
        at += width;
    }
    if (!p->error)
        printer_put(p, bytes + done, n - done);
    printer_put(p, &quote, 1);
}

/* --- bytes --- */

/* With a backslash before each of the quotes `also`. */
static void put_bytes(struct printer *p, const struct text *t, char quote,
                      char also)
{
    size_t at = 0, done = 0;

    printer_text(p, "b");
    printer_put(p, &quote, 1);
    for (; at < t->length && !p->error; at++) {
        const unsigned char byte = t->bytes[at];

        if (byte >= ' ' && byte < 0x7f && byte != '\\' &&
            byte != (unsigned char)also)
            continue;
        printer_put(p, t->bytes + done, at - done);
        put_escape(p, byte);
        done = at + 1;
    }
    if (!p->error)
        printer_put(p, t->bytes + done, at - done);
    printer_put(p, &quote, 1);
}

void printer_bytes(struct printer *p, const struct text *bytes)
{
    const char quote = choose_quote(bytes->bytes, bytes->length);

    put_bytes(p, bytes, quote, quote);
}

/* Python 3.11 has a backslash before the single quotes within double ones too,
 * but in a bytearray only. */
void printer_bytearray(struct printer *p, const struct text *bytes)
{
    const char quote = choose_quote(bytes->bytes, bytes->length);

    printer_text(p, "bytearray(");
    put_bytes(p, bytes, quote, '\'');
    printer_text(p, ")");
}
