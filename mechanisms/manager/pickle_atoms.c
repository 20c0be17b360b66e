/* SPDX-License-Identifier: MIT */
/* pickle_atoms.c - the operations that have a number, or a count and so many
 * bytes, behind them. */
#include "manager/pickle_machine.h"
#include "manager/utf8.h"

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
