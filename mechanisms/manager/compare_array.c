/* SPDX-License-Identifier: MIT */
/*
 * compare_array.c - array.array: compared by its items, whatever their type.
 *
 * array('b', [1]) is equal to array('d', [1.0]); so each item is read as the
 * number that it is.  Those of 'u' are characters, and equal no number.
 */
#include "manager/array_item.h"
#include "manager/number.h"

static void number_at(struct number *n, const struct array_type *t,
                      const void *from)
{
    const union array_value value = array_read(t, from);

    switch (t->kind) {
    case SIGNED:
        n->kind = NUMBER_INTEGER;
        n->integer = value.integer;
        break;
    case REAL:
        n->kind = NUMBER_REAL;
        n->real = value.real;
        break;
    default:
        number_from_u64(n, value.natural);
    }
}

static const char *item_type(const struct array_type *t)
{
    if (t->kind == CHARACTER)
        return "str";
    return t->kind == REAL ? "float" : "int";
}

enum order array_compare(const struct datum *a, const struct datum *b,
                         const char *culprits[2])
{
    const struct text *items_a = a->record->fields[1].text;
    const struct text *items_b = b->record->fields[1].text;
    const struct array_type *type_a = array_type_find(&a->record->fields[0]);
    const struct array_type *type_b = array_type_find(&b->record->fields[0]);
    size_t n_a, n_b;

    if (!type_a || !type_b)
        return order_strangers(datum_type(a), datum_type(b), culprits);
    n_a = items_a->length / type_a->size;
    n_b = items_b->length / type_b->size;
    for (size_t i = 0; i < n_a && i < n_b; i++) {
        struct number one, other;
        enum order order;

        if ((type_a->kind == CHARACTER) != (type_b->kind == CHARACTER))
            return order_strangers(item_type(type_a), item_type(type_b),
                                   culprits);
        number_at(&one, type_a, items_a->bytes + i * type_a->size);
        number_at(&other, type_b, items_b->bytes + i * type_b->size);
        order = number_compare(&one, &other);
        if (order != SAME)
            return order;
    }
    return order_lengths(n_a, n_b);
}
