/* SPDX-License-Identifier: MIT */
/*
 * pickle_lines.c - the operations of protocol 0, which have a line of text
 * behind them.
 *
 * How long a decimal number may be is bounded, as in Python: what it costs to
 * read one grows with the square of its digits.
 */
#include "manager/pickle_machine.h"
#include "manager/utf8.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/types.h>

/* --- ints --- */

static bool is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

/* The digits as an int, by limbs of 32 bits: nine digits at a time. */
static struct datum long_of(const unsigned char *digits, size_t n, bool minus)
{
    enum { CHUNK = 9, LIMBS = PICKLE_DIGITS * 10 / 96 + 2 };
    uint32_t limbs[LIMBS];
    unsigned char bytes[LIMBS * 4 + 1];
    size_t used = 0;
    uint32_t carry = minus;

    for (size_t i = 0, end; i < n; i = end) {
        uint64_t chunk = 0, scale = 1;

        for (end = i; end < n && end < i + CHUNK; end++, scale *= 10)
            chunk = chunk * 10 + (unsigned)(digits[end] - '0');
        for (size_t k = 0; k < used; k++, chunk >>= 32) {
            chunk += limbs[k] * scale;
            limbs[k] = (uint32_t)chunk;
        }
        if (chunk)
            limbs[used++] = (uint32_t)chunk;
    }
    for (size_t k = 0; k < used * 4; k++) {
        unsigned char byte = (unsigned char)(limbs[k / 4] >> k % 4 * 8);

        /* Two's complement: all bits the other way, and one more. */
        carry += minus ? (unsigned char)~byte : byte;
        bytes[k] = (unsigned char)carry;
        carry >>= 8;
    }
    bytes[used * 4] = minus && !carry ? 0xff : 0;
    return datum_long(bytes, used * 4 + 1);
}

static int push_decimal(struct machine *m, const unsigned char *text, size_t n)
{
    bool minus = n && *text == '-';

    if (n && (*text == '-' || *text == '+')) {
        text++;
        n--;
    }
    if (n > PICKLE_DIGITS)
        return machine_fail(m, -EBADMSG, "an int of more than %d digits",
                            PICKLE_DIGITS);
    for (size_t i = 0; i < n; i++)
        if (!is_digit(text[i]))
            n = 0;
    if (n == 0)
        return machine_fail(m, -EBADMSG, "an int is no decimal number");
    return machine_push(m, long_of(text, n, minus));
}

/* An int; or False and True, which are 00 and 01. */
int machine_int(struct machine *m)
{
    size_t n = 0;
    const unsigned char *text = machine_line(m, &n);

    if (!text)
        return -EBADMSG;
    if (n == 2 && text[0] == '0' && (text[1] == '0' || text[1] == '1'))
        return machine_push(m, datum_bool(text[1] == '1'));
    return push_decimal(m, text, n);
}

int machine_long(struct machine *m)
{
    size_t n = 0;
    const unsigned char *text = machine_line(m, &n);

    if (!text)
        return -EBADMSG;
    return push_decimal(m, text, n && text[n - 1] == 'L' ? n - 1 : n);
}

int machine_index(struct machine *m, uint64_t *index)
{
    enum { MOST = 18 };
    size_t n = 0;
    const unsigned char *text = machine_line(m, &n);

    *index = 0;
    if (!text)
        return -EBADMSG;
    for (size_t i = 0; i < n && n <= MOST; i++) {
        if (!is_digit(text[i]))
            return machine_fail(m, -EBADMSG, "an index is no number");
        *index = *index * 10 + (unsigned)(text[i] - '0');
    }
    if (n == 0 || n > MOST)
        return machine_fail(m, -EBADMSG, "an index of %zu digits", n);
    return 0;
}

/* --- floats --- */

/* A number as repr writes it; what else strtod takes, spaces and 0x, is none.
 */
static bool is_real(const char *text)
{
    const char *unsigned_text = text + (*text == '-' || *text == '+');

    return *text && (strspn(text, "0123456789+-.eE") == strlen(text) ||
                     strcmp(unsigned_text, "inf") == 0 ||
                     strcmp(unsigned_text, "nan") == 0);
}

int machine_float(struct machine *m)
{
    char copy[PICKLE_DIGITS + 1], *end = copy;
    size_t n = 0;
    const unsigned char *text = machine_line(m, &n);
    locale_t plain;
    double real = 0;

    if (!text)
        return -EBADMSG;
    if (n > PICKLE_DIGITS)
        return machine_fail(m, -EBADMSG, "a float of %zu characters", n);
    memcpy(copy, text, n);
    copy[n] = '\0';
    plain = newlocale(LC_ALL_MASK, "C", NULL);
    if (!plain)
        return machine_fail(m, -ENOMEM, "no memory");
    if (strlen(copy) == n && is_real(copy))
        real = strtod_l(copy, &end, plain);
    freelocale(plain);
    if (end == copy || *end)
        return machine_fail(m, -EBADMSG, "a float is no number");
    return machine_push(m, datum_float(real));
}

/* --- texts --- */

static int hex_digit(unsigned char c)
{
    if (is_digit(c))
        return c - '0';
    c |= 'a' ^ 'A';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Just n hexadecimal digits, or -1. */
static int64_t hex(const unsigned char *text, const unsigned char *end,
                   size_t n)
{
    int64_t value = 0;

    if ((size_t)(end - text) < n)
        return -1;
    for (size_t i = 0; i < n; i++) {
        int digit = hex_digit(text[i]);

        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* One character of a UNICODE, which is Latin-1 with \uXXXX and \UXXXXXXXX, or
 * -1: it is none. */
static int64_t raw_character(const unsigned char **at, const unsigned char *end)
{
    unsigned char c = *(*at)++;
    size_t digits;
    int64_t value;

    /* (A backslash before any other stands for itself, and so does that.) */
    if (c != '\\' || *at == end || (**at != 'u' && **at != 'U'))
        return c;
    digits = **at == 'u' ? 4 : 8;
    value = hex(*at + 1, end, digits);
    *at += 1 + (value < 0 ? 0 : digits);
    return value > 0x10ffff ? -1 : value;
}

/* What the text says, in UTF-8 (`to` may be NULL): its length, or -1. */
static ssize_t raw_unicode(unsigned char *to, const unsigned char *text,
                           size_t n)
{
    const unsigned char *end = text + n;
    size_t length = 0;

    while (text < end) {
        bool doubled = *text == '\\' && text + 1 < end && text[1] == '\\';
        int64_t c = raw_character(&text, end);

        if (c < 0)
            return -1;
        length += utf8_write(to ? to + length : NULL, (uint32_t)c);
        if (doubled)
            length += utf8_write(to ? to + length : NULL, *text++);
    }
    return (ssize_t)length;
}

int machine_unicode(struct machine *m)
{
    size_t n = 0;
    const unsigned char *text = machine_line(m, &n);
    struct datum made;
    ssize_t length;

    if (!text)
        return -EBADMSG;
    length = raw_unicode(NULL, text, n);
    if (length < 0)
        return machine_fail(m, -EBADMSG, "a str has no such character");
    made = datum_text(DATUM_STR, NULL, (size_t)length);
    if (made.kind == DATUM_STR)
        raw_unicode(made.text->bytes, text, n);
    return machine_push(m, made);
}

/* The byte that a backslash and what is at *at stand for; -1: none; -2: it is
 * no escape, and both stand for themselves. */
static int escaped(const unsigned char **at, const unsigned char *end)
{
    static const char plain[] = "\\'\"abfnrtv", meant[] = "\\'\"\a\b\f\n\r\t\v";
    const char *found = *at < end && **at ? strchr(plain, **at) : NULL;
    int value = 0;

    if (*at == end)
        return -1;
    if (found) {
        ++*at;
        return meant[found - plain];
    }
    if (**at == 'x') {
        value = (int)hex(*at + 1, end, 2);
        *at += value < 0 ? 0 : 3;
        return value;
    }
    if (**at < '0' || **at > '7')
        return -2;
    for (size_t i = 0; i < 3 && *at < end && **at >= '0' && **at <= '7'; i++)
        value = value * 8 + *(*at)++ - '0';
    return value & 0xff;
}

/* What is between the quotes, as ASCII (`to` may be NULL): its length, or -1.
 */
static ssize_t unquoted(unsigned char *to, const unsigned char *text, size_t n)
{
    const unsigned char *end = text + n;
    size_t length = 0;

    while (text < end) {
        int c = *text++;

        if (c == '\\') {
            c = escaped(&text, end);
            if (c == -2)
                c = '\\';
        }
        if (c < 0 || c >= 0x80)
            return -1;
        if (to)
            to[length] = (unsigned char)c;
        length++;
    }
    return (ssize_t)length;
}

/* A str of Python 2, as its repr. */
int machine_string(struct machine *m)
{
    size_t n = 0;
    const unsigned char *text = machine_line(m, &n);
    struct datum made;
    ssize_t length;

    if (!text)
        return -EBADMSG;
    if (n < 2 || (*text != '\'' && *text != '"') || text[n - 1] != *text)
        return machine_fail(m, -EBADMSG, "a str is without quotes");
    length = unquoted(NULL, text + 1, n - 2);
    if (length < 0)
        return machine_fail(m, -EBADMSG, "a str is not ASCII");
    made = datum_text(DATUM_STR, NULL, (size_t)length);
    if (made.kind == DATUM_STR)
        unquoted(made.text->bytes, text + 1, n - 2);
    return machine_push(m, made);
}
