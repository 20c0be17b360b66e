/* SPDX-License-Identifier: MIT */
/* pickle_atoms.c - the operations that have a number, or a count and so many
 * bytes, behind them; and UTF-8. */
#include "manager/pickle_machine.h"

#include <errno.h>

/* --- numbers --- */

int machine_binint(struct machine *m)
{
    const unsigned char *bytes = machine_take(m, 4);

    if (!bytes)
        return -EBADMSG;
    return machine_push(m, datum_int((int32_t)machine_number(bytes, 4)));
}

int machine_binint1(struct machine *m)
{
    const unsigned char *bytes = machine_take(m, 1);

    return bytes ? machine_push(m, datum_int(*bytes)) : -EBADMSG;
}

int machine_binint2(struct machine *m)
{
    const unsigned char *bytes = machine_take(m, 2);

    if (!bytes)
        return -EBADMSG;
    return machine_push(m, datum_int((int64_t)machine_number(bytes, 2)));
}

static int push_long(struct machine *m, size_t size)
{
    size_t n = 0;
    const unsigned char *bytes = machine_counted(m, size, &n);

    return bytes ? machine_push(m, datum_long(bytes, n)) : -EBADMSG;
}

int machine_long1(struct machine *m)
{
    return push_long(m, 1);
}

/* (Its count has a sign; what is negative as one is too long as none.) */
int machine_long4(struct machine *m)
{
    return push_long(m, 4);
}

/* The one number with its big end first. */
int machine_binfloat(struct machine *m)
{
    const unsigned char *bytes = machine_take(m, 8);
    uint64_t bits = 0;
    double real;

    if (!bytes)
        return -EBADMSG;
    for (size_t i = 0; i < 8; i++)
        bits = bits << 8 | bytes[i];
    memcpy(&real, &bits, sizeof real);
    return machine_push(m, datum_float(real));
}

/* --- UTF-8 --- */

/* How many bytes a character has that begins with this one; 0: none does. */
static size_t utf8_size(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xc2)
        return 0;
    if (first < 0xe0)
        return 2;
    if (first < 0xf0)
        return 3;
    return first < 0xf5 ? 4 : 0;
}

/* Is it a character of that many bytes?  (Its first byte fits.) */
static bool utf8_is_character(const unsigned char *s, size_t size)
{
    for (size_t i = 1; i < size; i++)
        if ((s[i] & 0xc0) != 0x80)
            return false;
    /* Not one that has a shorter form, nor above U+10FFFF. */
    return !((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90) ||
             (s[0] == 0xf4 && s[1] >= 0x90));
}

bool utf8_is_valid(const unsigned char *bytes, size_t n)
{
    const uint64_t high = 0x8080808080808080u;
    size_t size;

    for (size_t i = 0; i < n; i += size) {
        uint64_t eight;

        size = 8;
        if (n - i >= size) {
            memcpy(&eight, bytes + i, size);
            if (!(eight & high))
                continue;
        }
        size = utf8_size(bytes[i]);
        if (size == 0 || size > n - i || !utf8_is_character(bytes + i, size))
            return false;
    }
    return true;
}

size_t utf8_write(unsigned char *to, uint32_t c)
{
    size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};

    if (!to)
        return size;
    for (size_t i = size; i-- > 1; c >>= 6)
        to[i] = (unsigned char)(0x80 | (c & 0x3f));
    to[0] = (unsigned char)(first[size] | c);
    return size;
}

/* --- texts --- */

static int push_text(struct machine *m, enum datum_kind kind, size_t size)
{
    size_t n = 0;
    const unsigned char *bytes = machine_counted(m, size, &n);

    if (!bytes)
        return -EBADMSG;
    if (kind == DATUM_STR && !utf8_is_valid(bytes, n))
        return machine_fail(m, -EBADMSG, "a str is not UTF-8");
    return machine_push(m, datum_text(kind, bytes, n));
}

int machine_short_binunicode(struct machine *m)
{
    return push_text(m, DATUM_STR, 1);
}

int machine_binunicode(struct machine *m)
{
    return push_text(m, DATUM_STR, 4);
}

int machine_binunicode8(struct machine *m)
{
    return push_text(m, DATUM_STR, 8);
}

int machine_short_binbytes(struct machine *m)
{
    return push_text(m, DATUM_BYTES, 1);
}

int machine_binbytes(struct machine *m)
{
    return push_text(m, DATUM_BYTES, 4);
}

int machine_binbytes8(struct machine *m)
{
    return push_text(m, DATUM_BYTES, 8);
}

int machine_bytearray8(struct machine *m)
{
    return push_text(m, DATUM_BYTEARRAY, 8);
}

/* A str of Python 2: bytes, which Python 3 takes for ASCII. */
static int push_ascii(struct machine *m, size_t size)
{
    size_t n = 0;
    const unsigned char *bytes = machine_counted(m, size, &n);

    if (!bytes)
        return -EBADMSG;
    for (size_t i = 0; i < n; i++)
        if (bytes[i] >= 0x80)
            return machine_fail(m, -EBADMSG, "a str is not ASCII");
    return machine_push(m, datum_text(DATUM_STR, bytes, n));
}

int machine_short_binstring(struct machine *m)
{
    return push_ascii(m, 1);
}

int machine_binstring(struct machine *m)
{
    return push_ascii(m, 4);
}
