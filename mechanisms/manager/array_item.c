/* SPDX-License-Identifier: MIT */
/*
 * array_item.c - one item of an array.array: its C type, and it as a datum.
 *
 * What is out of range is refused with the text of CPython's array module,
 * which tells by which C type it read the number.
 */
#include "manager/array_item.h"

#include "manager/data.h"
#include "manager/utf8.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <wchar.h>

static const struct array_type types[] = {
    {'b',
     1,
     SIGNED,
     {{SHRT_MIN, SHRT_MAX, "signed short integer"},
      {SCHAR_MIN, SCHAR_MAX, "signed char"}}},
    {'B', 1, UNSIGNED, {{0, UCHAR_MAX, "unsigned byte integer"}}},
    {'h',
     sizeof(short),
     SIGNED,
     {{SHRT_MIN, SHRT_MAX, "signed short integer"}}},
    {'H',
     sizeof(short),
     UNSIGNED,
     {{INT_MIN, INT_MAX, "signed integer"}, {0, USHRT_MAX, "unsigned short"}}},
    {'i', sizeof(int), SIGNED, {{INT_MIN, INT_MAX, "signed integer"}}},
    {'I', sizeof(int), UNSIGNED, {{0, UINT_MAX, "unsigned int"}}},
    {'l', sizeof(long), SIGNED, {{0}}},
    {'L', sizeof(long), UNSIGNED, {{0}}},
    {'q', sizeof(long long), SIGNED, {{0}}},
    {'Q', sizeof(long long), UNSIGNED, {{0}}},
    {'f', sizeof(float), REAL, {{0}}},
    {'d', sizeof(double), REAL, {{0}}},
    {'u', sizeof(wchar_t), CHARACTER, {{0}}},
    {0},
};

const struct array_type *array_type_find(const struct datum *typecode)
{
    const struct array_type *t = types;

    if (typecode->kind != DATUM_STR || typecode->text->length != 1)
        return NULL;
    while (t->code && t->code != (char)typecode->text->bytes[0])
        t++;
    return t->code ? t : NULL;
}

const struct array_type *array_type_of(enum array_kind kind, size_t size)
{
    const struct array_type *last = NULL;

    for (const struct array_type *t = types; t->code; t++)
        if (t->kind == kind && t->size == size)
            last = t;
    return last;
}

/* --- in its bytes --- */

static double read_real(const struct array_type *t, const void *from)
{
    double real;
    float single;

    if (t->code == 'f') {
        memcpy(&single, from, sizeof single);
        return (double)single;
    }
    memcpy(&real, from, sizeof real);
    return real;
}

/* As an unsigned number of its size. */
static uint64_t read_word(const struct array_type *t, const void *from)
{
    uint64_t eight;
    uint32_t four;
    uint16_t two;

    if (t->size == 1)
        return *(const unsigned char *)from;
    if (t->size == 2) {
        memcpy(&two, from, sizeof two);
        return two;
    }
    if (t->size == 4) {
        memcpy(&four, from, sizeof four);
        return four;
    }
    memcpy(&eight, from, sizeof eight);
    return eight;
}

union array_value array_read(const struct array_type *t, const void *from)
{
    const unsigned unused = 64 - 8u * t->size;
    uint64_t word;

    if (t->kind == REAL)
        return (union array_value){.real = read_real(t, from)};
    word = read_word(t, from);
    if (t->kind == SIGNED)
        return (union array_value){.integer =
                                       (int64_t)(word << unused) >> unused};
    return (union array_value){.natural = word};
}

void array_write(const struct array_type *t, uint64_t integer, void *to)
{
    const uint32_t four = (uint32_t)integer;
    const uint16_t two = (uint16_t)integer;
    const uint8_t one = (uint8_t)integer;

    if (t->size == 1)
        memcpy(to, &one, sizeof one);
    else if (t->size == 2)
        memcpy(to, &two, sizeof two);
    else if (t->size == 4)
        memcpy(to, &four, sizeof four);
    else
        memcpy(to, &integer, sizeof integer);
}

void array_write_real(const struct array_type *t, double real, void *to)
{
    const float single = (float)real;

    if (t->code == 'f')
        memcpy(to, &single, sizeof single);
    else
        memcpy(to, &real, sizeof real);
}

/* --- as a datum --- */

static struct datum load_unsigned(uint64_t value)
{
    unsigned char bytes[9] = {0};

    if (value <= INT64_MAX)
        return datum_int((int64_t)value);
    for (size_t i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(value >> 8 * i);
    return datum_long(bytes, sizeof bytes);
}

/* What is no code point is U+FFFD. */
static struct datum load_character(uint32_t c)
{
    unsigned char bytes[4];
    size_t n = utf8_write(bytes, c > UTF8_LAST ? 0xfffd : c);

    return datum_text(DATUM_STR, bytes, n);
}

struct datum array_load(const struct array_type *t, const void *from)
{
    const union array_value value = array_read(t, from);

    switch (t->kind) {
    case SIGNED:
        return datum_int(value.integer);
    case UNSIGNED:
        return load_unsigned(value.natural);
    case REAL:
        return datum_float(value.real);
    default:
        return load_character((uint32_t)value.natural);
    }
}

/* --- from a datum --- */

static int raise_overflow(struct call *call, const char *text)
{
    return call_raise(call, "OverflowError", "%s", text);
}

static int store_real(struct call *call, const struct array_type *t,
                      const struct datum *d, void *to)
{
    double real = 0;

    switch (datum_to_float(d, &real)) {
    case -EINVAL:
        return call_raise(call, "TypeError", "must be real number, not %s",
                          datum_type(d));
    case -ERANGE:
        return raise_overflow(call, "int too large to convert to float");
    default:
        break;
    }
    array_write_real(t, real, to);
    return 0;
}

/* Is it within what CPython reads it as? */
static int check_bounds(struct call *call, const struct array_type *t,
                        int64_t value)
{
    for (size_t i = 0; i < 2 && t->bounds[i].name; i++) {
        const struct array_bound *b = &t->bounds[i];

        if (value < b->least || value > b->most)
            return call_raise(call, "OverflowError", "%s is %s", b->name,
                              value < b->least ? "less than minimum"
                                               : "greater than maximum");
    }
    return 0;
}

/* An int that is beyond int64_t, as the 8 bytes of an unsigned one. */
static int take_big(struct call *call, const struct array_type *t,
                    const struct datum *d, uint64_t *value)
{
    const struct text *big = d->text;

    if (big->bytes[big->length - 1] & 0x80)
        return raise_overflow(
            call, t->code == 'Q' ? "can't convert negative int to unsigned"
                                 : "can't convert negative value to unsigned "
                                   "int");
    if (big->length != 9 || big->bytes[8] != 0)
        return raise_overflow(
            call, t->code == 'Q'
                      ? "int too big to convert"
                      : "Python int too large to convert to C unsigned long");
    *value = 0;
    for (size_t i = 0; i < 8; i++)
        *value |= (uint64_t)big->bytes[i] << 8 * i;
    if (t->code == 'I')
        return raise_overflow(call, "unsigned int is greater than maximum");
    return 0;
}

/* I, L and Q are read as unsigned from the first. */
static int take_unsigned(struct call *call, const struct array_type *t,
                         const struct datum *d, uint64_t *value)
{
    int64_t integer = 0;
    int error = datum_to_int(d, &integer);

    *value = (uint64_t)integer;
    if (error == -ERANGE)
        return take_big(call, t, d, value);
    if (error)
        return call_take_int(call, d, &integer);
    if (integer < 0)
        return raise_overflow(
            call, t->code == 'Q' ? "can't convert negative int to unsigned"
                                 : "can't convert negative value to unsigned "
                                   "int");
    return check_bounds(call, t, integer);
}

static int take_signed(struct call *call, const struct array_type *t,
                       const struct datum *d, uint64_t *value)
{
    int64_t integer = 0;
    int error = datum_to_int(d, &integer);

    *value = (uint64_t)integer;
    if (error == -ERANGE)
        return raise_overflow(
            call, t->code == 'q' ? "int too big to convert"
                                 : "Python int too large to convert to C long");
    if (error)
        return call_take_int(call, d, &integer);
    return check_bounds(call, t, integer);
}

/* A str of one character; its UTF-8 was looked at when it came. */
static int take_character(struct call *call, const struct datum *d,
                          uint64_t *value)
{
    const struct text *text = d->text;
    const bool is_one = d->kind == DATUM_STR && text->length &&
                        utf8_size(text->bytes[0]) == text->length;

    if (!is_one)
        return call_raise(call, "TypeError",
                          "array item must be unicode character");
    *value = utf8_read(text->bytes, text->length);
    return 0;
}

int array_store(struct call *call, const struct array_type *t,
                const struct datum *d, void *to)
{
    uint64_t value = 0;
    int error;

    if (t->kind == REAL)
        return store_real(call, t, d, to);
    if (t->kind == CHARACTER)
        error = take_character(call, d, &value);
    else if (t->code == 'I' || t->code == 'L' || t->code == 'Q')
        error = take_unsigned(call, t, d, &value);
    else
        error = take_signed(call, t, d, &value);
    if (!error)
        array_write(t, value, to);
    return error;
}
