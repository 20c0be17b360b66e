/* SPDX-License-Identifier: MIT */
/*
 * compare_array.c - array.array: compared by its items, whatever their type.
 *
 * array('b', [1]) is equal to array('d', [1.0]); so each item is read as the
 * number that it is.  Those of 'u' are characters, and equal no number.
 */
#include "manager/number.h"

#include <string.h>
#include <wchar.h>

static size_t item_size(char typecode)
{
    switch (typecode) {
    case 'b':
    case 'B':
        return 1;
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

/* An item of the array: its bytes lie in the low ones of a word, or all ones
 * above them where it is signed and negative. */
static void array_item(struct number *n, char typecode,
                       const unsigned char *bytes)
{
    const size_t size = item_size(typecode);
    const unsigned unused = 64 - 8 * (unsigned)size;
    uint64_t word = 0;
    float single;

    n->kind = NUMBER_REAL;
    if (typecode == 'f') {
        memcpy(&single, bytes, sizeof single);
        n->real = (double)single;
    } else if (typecode == 'd') {
        memcpy(&n->real, bytes, sizeof n->real);
    } else {
        memcpy(&word, bytes, size); /* little end first, as all of this is */
        if (strchr("bhilq", typecode)) {
            n->kind = NUMBER_INTEGER;
            n->integer = (int64_t)(word << unused) >> unused;
        } else {
            number_from_u64(n, word);
        }
    }
}

static const char *item_type(char typecode)
{
    if (typecode == 'u')
        return "str";
    return strchr("fd", typecode) ? "float" : "int";
}

enum order array_compare(const struct datum *a, const struct datum *b,
                         const char *culprits[2])
{
    const struct text *items_a = a->record->fields[1].text;
    const struct text *items_b = b->record->fields[1].text;
    const char code_a = (char)a->record->fields[0].text->bytes[0];
    const char code_b = (char)b->record->fields[0].text->bytes[0];
    const size_t size_a = item_size(code_a), size_b = item_size(code_b);
    size_t n_a, n_b;

    if (!size_a || !size_b)
        return order_strangers(datum_type(a), datum_type(b), culprits);
    n_a = items_a->length / size_a;
    n_b = items_b->length / size_b;
    for (size_t i = 0; i < n_a && i < n_b; i++) {
        struct number one, other;
        enum order order;

        if ((code_a == 'u') != (code_b == 'u'))
            return order_strangers(item_type(code_a), item_type(code_b),
                                   culprits);
        array_item(&one, code_a, items_a->bytes + i * size_a);
        array_item(&other, code_b, items_b->bytes + i * size_b);
        order = number_compare(&one, &other);
        if (order != SAME)
            return order;
    }
    return order_lengths(n_a, n_b);
}
