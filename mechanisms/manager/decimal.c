/* SPDX-License-Identifier: MIT */
/*
 * decimal.c - ints as text, of any size up to 4300 digits.
 *
 * Beyond 64 bits the digits come by repeated division, in a time that grows
 * with the square of their number.  That is why Python has the limit; here it
 * bounds the memory as well, which is of a fixed size.
 */
#include "manager/repr.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    DIGITS = 4300,                     /* sys.get_int_max_str_digits() */
    WORDS = 447,                       /* 10**4300 has 14285 bits */
    BYTES = WORDS * 4,                 /* of the magnitude */
    GROUP = 1000 * 1000 * 1000,        /* divided by at a time, which gives */
    GROUP_DIGITS = 9,                  /* as many digits */
    GROUPS = DIGITS / GROUP_DIGITS + 2 /* those that WORDS can have */
};

void printer_int(struct printer *p, int64_t integer)
{
    if (!p->error)
        p->error = buffer_format(p->out, "%" PRId64, integer);
}

void printer_unsigned(struct printer *p, uint64_t integer)
{
    if (!p->error)
        p->error = buffer_format(p->out, "%" PRIu64, integer);
}

/* The magnitude of two's complement bytes, in words, the little end first; how
 * many.  n is at most BYTES. */
static size_t take_magnitude(const struct text *big, bool negative,
                             uint32_t words[WORDS])
{
    unsigned carry = negative;
    size_t length = 0;

    memset(words, 0, BYTES);
    for (size_t i = 0; i < big->length; i++) {
        unsigned byte = big->bytes[i];

        if (negative) {
            byte = (byte ^ 0xff) + carry;
            carry = byte >> 8;
            byte &= 0xff;
        }
        words[i / 4] |= (uint32_t)byte << i % 4 * 8;
        if (byte)
            length = i / 4 + 1;
    }
    return length;
}

/* Divide, in place; the remainder. */
static uint32_t divide(uint32_t *words, size_t n)
{
    uint64_t rest = 0;

    while (n-- > 0) {
        rest = rest << 32 | words[n];
        words[n] = (uint32_t)(rest / GROUP);
        rest %= GROUP;
    }
    return (uint32_t)rest;
}

/* The digits of what is in words, which it uses up; 0: there are too many. */
static size_t put_digits(char *text, size_t size, uint32_t *words, size_t n)
{
    uint32_t groups[GROUPS];
    size_t count = 0, length;

    do {
        groups[count++] = divide(words, n);
        while (n > 0 && words[n - 1] == 0)
            n--;
    } while (n > 0);
    length = (size_t)snprintf(text, size, "%" PRIu32, groups[count - 1]);
    if (length + (count - 1) * GROUP_DIGITS > DIGITS)
        return 0;
    for (count--; count > 0; count--, length += GROUP_DIGITS)
        snprintf(text + length, size - length, "%09" PRIu32, groups[count - 1]);
    return length;
}

void printer_big(struct printer *p, const struct text *big)
{
    const bool negative =
        big->length > 0 && (big->bytes[big->length - 1] & 0x80);
    uint32_t words[WORDS];
    char text[DIGITS + 1];
    size_t length = 0;

    if (p->error)
        return;
    if (big->length <= BYTES)
        length = put_digits(text, sizeof text, words,
                            take_magnitude(big, negative, words));
    if (length == 0)
        p->error = -ERANGE;
    if (negative)
        printer_text(p, "-");
    printer_put(p, text, length);
}
