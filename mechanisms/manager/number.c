/* SPDX-License-Identifier: MIT */
/*
 * number.c - bool, int and float: one number, in three ways of writing it.
 *
 * They are compared as Python does, by what they are and not by what a
 * conversion leaves of them.
 */
#include "manager/number.h"

#include <math.h>
#include <string.h>

/* 2**63, the first double that int64_t has no room for. */
static const double integer_end = 9223372036854775808.0;

bool number_of(struct number *n, const struct datum *d)
{
    switch (d->kind) {
    case DATUM_BOOL:
        n->kind = NUMBER_INTEGER;
        n->integer = d->truth;
        return true;
    case DATUM_INT:
        n->kind = NUMBER_INTEGER;
        n->integer = d->integer;
        return true;
    case DATUM_FLOAT:
        n->kind = NUMBER_REAL;
        n->real = d->real;
        return true;
    case DATUM_BIG:
        n->kind = NUMBER_BIG;
        n->bytes = d->text->bytes;
        n->length = d->text->length;
        return true;
    default:
        return false;
    }
}

void number_from_u64(struct number *n, uint64_t value)
{
    n->kind = NUMBER_INTEGER;
    n->integer = (int64_t)value;
    if (value <= INT64_MAX)
        return;
    n->kind = NUMBER_BIG;
    for (size_t i = 0; i < sizeof value; i++)
        n->own[i] = (unsigned char)(value >> (8 * i));
    n->own[sizeof value] = 0;
    n->bytes = n->own;
    n->length = sizeof value + 1;
}

/* A whole real outside int64_t, as two's complement: it is its 53 bits, moved
 * up by what its exponent says. */
static void spell(struct number *n, double real)
{
    int exponent;
    uint64_t mantissa = (uint64_t)ldexp(frexp(fabs(real), &exponent), 53);
    unsigned shift = (unsigned)exponent - 53, carry = 1;

    memset(n->own, 0, sizeof n->own);
    mantissa <<= shift % 8;
    for (size_t i = 0; i < sizeof mantissa; i++)
        n->own[shift / 8 + i] = (unsigned char)(mantissa >> (8 * i));
    for (size_t i = 0; real < 0 && i < sizeof n->own; i++) {
        carry += (unsigned char)~n->own[i];
        n->own[i] = (unsigned char)carry;
        carry >>= 8;
    }
    n->kind = NUMBER_BIG;
    n->bytes = n->own;
    n->length = sizeof n->own;
    /* A last byte that only repeats the sign is not needed. */
    while ((n->own[n->length - 1] == 0x00 && n->own[n->length - 2] < 0x80) ||
           (n->own[n->length - 1] == 0xff && n->own[n->length - 2] >= 0x80))
        n->length--;
}

void number_normalize(struct number *n)
{
    double real;

    if (n->kind != NUMBER_REAL || !isfinite(n->real))
        return;
    real = n->real;
    if (real < -integer_end || real >= integer_end) {
        spell(n, real);
    } else if ((double)(int64_t)real == real) {
        n->kind = NUMBER_INTEGER;
        n->integer = (int64_t)real;
    }
}

/* --- compared --- */

static bool big_is_negative(const struct number *n)
{
    return n->bytes[n->length - 1] >= 0x80;
}

static enum order compare_big(const struct number *a, const struct number *b)
{
    const bool negative = big_is_negative(a);

    if (negative != big_is_negative(b))
        return negative ? LESS : MORE;
    if (a->length != b->length)
        return (a->length < b->length) != negative ? LESS : MORE;
    for (size_t i = a->length; i-- > 0;)
        if (a->bytes[i] != b->bytes[i])
            return a->bytes[i] < b->bytes[i] ? LESS : MORE;
    return SAME;
}

static enum order compare_reals(double a, double b)
{
    if (a < b)
        return LESS;
    if (a > b)
        return MORE;
    return a == b ? SAME : APART;
}

/* An integer and a real that is not whole, or not finite, or anything else:
 * what is before the point decides, and then what is behind it. */
static enum order compare_mixed(int64_t integer, double real)
{
    int64_t whole;

    if (isnan(real))
        return APART;
    if (real >= integer_end)
        return LESS;
    if (real < -integer_end)
        return MORE;
    whole = (int64_t)real;
    if (integer != whole)
        return integer < whole ? LESS : MORE;
    return compare_reals(0, real - (double)whole);
}

static enum order opposite(enum order order)
{
    if (order == LESS)
        return MORE;
    return order == MORE ? LESS : order;
}

/* A big one and a real that is none, or is as big. */
static enum order compare_big_real(const struct number *big, double real)
{
    struct number whole = {.kind = NUMBER_REAL, .real = real};

    number_normalize(&whole);
    if (whole.kind == NUMBER_BIG)
        return compare_big(big, &whole);
    if (!isfinite(real))
        return compare_reals(0, real);
    return big_is_negative(big) ? LESS : MORE;
}

static enum order compare_integers(int64_t a, int64_t b)
{
    if (a != b)
        return a < b ? LESS : MORE;
    return SAME;
}

enum order number_compare(const struct number *a, const struct number *b)
{
    if (a->kind == NUMBER_INTEGER && b->kind == NUMBER_INTEGER)
        return compare_integers(a->integer, b->integer);
    if (a->kind == NUMBER_REAL && b->kind == NUMBER_REAL)
        return compare_reals(a->real, b->real);
    if (a->kind == NUMBER_BIG && b->kind == NUMBER_BIG)
        return compare_big(a, b);
    if (a->kind == NUMBER_INTEGER && b->kind == NUMBER_REAL)
        return compare_mixed(a->integer, b->real);
    if (a->kind != NUMBER_BIG)
        return opposite(number_compare(b, a));
    if (b->kind == NUMBER_REAL)
        return compare_big_real(a, b->real);
    return big_is_negative(a) ? LESS : MORE;
}

/* --- ranges --- */

/* An end beyond 64 bits: is nothing before it, seen from the start? */
static bool is_empty(const struct record *range)
{
    struct number start, stop, step, zero = {.kind = NUMBER_INTEGER};
    enum order direction, order;

    if (!number_of(&start, &range->fields[0]) ||
        !number_of(&stop, &range->fields[1]) ||
        !number_of(&step, &range->fields[2]))
        return false;
    direction = number_compare(&zero, &step);
    order = number_compare(&start, &stop);
    return order == SAME || order == opposite(direction);
}

bool range_span(const struct datum *range, struct span *span)
{
    const struct datum *fields = range->record->fields;
    int64_t start, stop, step;
    uint64_t gap, stride;

    *span = (struct span){0};
    if (is_empty(range->record))
        return true;
    if (datum_to_int(&fields[0], &start) < 0 ||
        datum_to_int(&fields[1], &stop) < 0 ||
        datum_to_int(&fields[2], &step) < 0 || step == 0)
        return false;
    gap = step > 0 ? (uint64_t)stop - (uint64_t)start
                   : (uint64_t)start - (uint64_t)stop;
    stride = step > 0 ? (uint64_t)step : -(uint64_t)step;
    span->count = (gap - 1) / stride + 1;
    span->start = start;
    span->step = span->count > 1 ? step : 0;
    return true;
}

/* --- for others --- */

int datum_to_int(const struct datum *d, int64_t *integer)
{
    struct number n;

    if (!number_of(&n, d) || n.kind == NUMBER_REAL)
        return -EINVAL;
    if (n.kind == NUMBER_BIG)
        return -ERANGE;
    *integer = n.integer;
    return 0;
}

/*
 * The nearest double of a big one, to even between two.  Its upper 8 bytes have
 * at least 57 bits, 4 more than a double keeps, and what is below them matters
 * only by being there: so the lowest bit stands for it.
 */
static int round_big(const struct number *n, double *real)
{
    const bool negative = big_is_negative(n);
    size_t lowest = 0, top = n->length - 1;
    uint64_t upper = 0;

    while (n->bytes[lowest] == 0)
        lowest++;
    while (n->bytes[top] == (negative ? 0xff : 0) && top > lowest)
        top--;
    if (top > NUMBER_BYTES)
        return -ERANGE;
    for (size_t i = top + 1; i-- > top - 7;) {
        unsigned byte = n->bytes[i];

        if (negative && i >= lowest)
            byte = (i == lowest ? 0x100 - byte : ~byte) & 0xff;
        upper = upper << 8 | byte;
    }
    *real = ldexp((double)(upper | (lowest < top - 7)), 8 * (int)(top - 7));
    if (isinf(*real))
        return -ERANGE;
    if (negative)
        *real = -*real;
    return 0;
}

int datum_to_float(const struct datum *d, double *real)
{
    struct number n;

    if (!number_of(&n, d))
        return -EINVAL;
    if (n.kind == NUMBER_BIG)
        return round_big(&n, real);
    *real = n.kind == NUMBER_REAL ? n.real : (double)n.integer;
    return 0;
}
