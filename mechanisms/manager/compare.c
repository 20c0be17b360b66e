/* SPDX-License-Identifier: MIT */
/*
 * compare.c - a == b and a < b, as Python has them.
 *
 * Both are one question here, asked once: the first items in which two lists
 * differ say how the lists stand.  (To look for them with == and then to ask
 * those for < would look at the same data again on every level.)
 */
#include "manager/cell.h"
#include "manager/number.h"

#include <string.h>

/* Kinds that can be equal to one another, and to no other. */
enum family {
    NONE,
    NUMBERS,
    STRINGS,
    BYTES,
    LISTS,
    TUPLES,
    DICTS,
    SETS,
    SLICES,
    RANGES,
    ARRAYS,
    TOKENS,
    SINGLES /* each is equal to itself alone */
};

static enum family family_of(enum datum_kind kind)
{
    static const enum family families[] = {
        [DATUM_NOTHING] = NONE,      [DATUM_NONE] = NONE,
        [DATUM_BOOL] = NUMBERS,      [DATUM_INT] = NUMBERS,
        [DATUM_FLOAT] = NUMBERS,     [DATUM_BIG] = NUMBERS,
        [DATUM_STR] = STRINGS,       [DATUM_BYTES] = BYTES,
        [DATUM_BYTEARRAY] = BYTES,   [DATUM_LIST] = LISTS,
        [DATUM_TUPLE] = TUPLES,      [DATUM_DICT] = DICTS,
        [DATUM_SET] = SETS,          [DATUM_FROZENSET] = SETS,
        [DATUM_SLICE] = SLICES,      [DATUM_RANGE] = RANGES,
        [DATUM_ARRAY] = ARRAYS,      [DATUM_REVERSED] = SINGLES,
        [DATUM_EXCEPTION] = SINGLES, [DATUM_TOKEN] = TOKENS,
        [DATUM_INSTANCE] = SINGLES,  [DATUM_PROXY] = SINGLES,
    };

    return families[kind];
}

static enum order compare(const struct datum *a, const struct datum *b,
                          const char *culprits[2]);

static enum order compare_texts(const struct text *a, const struct text *b)
{
    size_t common = a->length < b->length ? a->length : b->length;
    int difference = memcmp(a->bytes, b->bytes, common);

    if (difference)
        return difference < 0 ? LESS : MORE;
    return order_lengths(a->length, b->length);
}

static enum order compare_items(const struct datum *a, size_t length_a,
                                const struct datum *b, size_t length_b,
                                const char *culprits[2])
{
    if (!culprits && length_a != length_b)
        return APART;
    for (size_t i = 0; i < length_a && i < length_b; i++) {
        enum order order = compare(&a[i], &b[i], culprits);

        if (order != SAME)
            return order;
    }
    return order_lengths(length_a, length_b);
}

static enum order compare_sequences(const struct sequence *a,
                                    const struct sequence *b,
                                    const char *culprits[2])
{
    return compare_items(a->items, a->length, b->items, b->length, culprits);
}

static enum order compare_records(const struct record *a,
                                  const struct record *b,
                                  const char *culprits[2])
{
    return compare_items(a->fields, a->length, b->fields, b->length, culprits);
}

/* --- tables, and ranges --- */

static bool dicts_are_equal(const struct table *a, const struct table *b)
{
    if (a->used != b->used)
        return false;
    for (int64_t i = table_next(a, 0); i >= 0; i = table_next(a, i + 1)) {
        const struct entry *entry = &a->entries[i];
        int64_t other = table_find_hashed(b, &entry->key, entry->hash);

        if (other < 0 || !datum_equal(&entry->value, &b->entries[other].value))
            return false;
    }
    return true;
}

static bool is_subset(const struct table *a, const struct table *b)
{
    for (int64_t i = table_next(a, 0); i >= 0; i = table_next(a, i + 1))
        if (table_find_hashed(b, &a->entries[i].key, a->entries[i].hash) < 0)
            return false;
    return true;
}

static enum order compare_sets(const struct table *a, const struct table *b)
{
    if (a->used > b->used)
        return is_subset(b, a) ? MORE : APART;
    if (!is_subset(a, b))
        return APART;
    return a->used == b->used ? SAME : LESS;
}

static bool ranges_are_equal(const struct datum *a, const struct datum *b)
{
    struct span one, other;

    if (range_span(a, &one) && range_span(b, &other))
        return one.count == other.count && one.start == other.start &&
               one.step == other.step;
    return compare_records(a->record, b->record, NULL) == SAME;
}

/* --- all together --- */

static enum order compare_numbers(const struct datum *a, const struct datum *b)
{
    struct number one, other;

    (void)number_of(&one, a);
    (void)number_of(&other, b);
    return number_compare(&one, &other);
}

/* Two of the kinds that are equal or are not, and have no order. */
static bool are_alike(const struct datum *a, const struct datum *b,
                      enum family family)
{
    switch (family) {
    case NONE:
        return a->kind == DATUM_NONE;
    case DICTS:
        return dicts_are_equal(a->table, b->table);
    case RANGES:
        return ranges_are_equal(a, b);
    case TOKENS:
        return compare_records(a->record, b->record, NULL) == SAME;
    default:
        return datum_identity(a) == datum_identity(b);
    }
}

/* A bytearray is compared with whatever has bytes: theirs, or NULL. */
static const struct text *bytes_of(const struct datum *d)
{
    if (d->kind == DATUM_BYTES || d->kind == DATUM_BYTEARRAY)
        return d->text;
    return d->kind == DATUM_ARRAY ? d->record->fields[1].text : NULL;
}

/* Two of different families. */
static enum order compare_unlike(const struct datum *a, const struct datum *b,
                                 const char *culprits[2])
{
    if ((a->kind == DATUM_BYTEARRAY || b->kind == DATUM_BYTEARRAY) &&
        bytes_of(a) && bytes_of(b))
        return compare_texts(bytes_of(a), bytes_of(b));
    return order_strangers(datum_type(a), datum_type(b), culprits);
}

/* The same cell is the same object, and what Python finds in a container by
 * that is equal (but arrays look at their items, of which one may be NaN). */
static enum order compare(const struct datum *a, const struct datum *b,
                          const char *culprits[2])
{
    const enum family family = family_of(a->kind);

    if (family_of(b->kind) != family)
        return compare_unlike(a, b, culprits);
    if (datum_has_cell(a) && a->cell == b->cell && family != ARRAYS &&
        family != NUMBERS)
        return SAME;
    switch (family) {
    case NUMBERS:
        return compare_numbers(a, b);
    case STRINGS:
    case BYTES:
        return compare_texts(a->text, b->text);
    case LISTS:
    case TUPLES:
        return compare_sequences(a->sequence, b->sequence, culprits);
    case SETS:
        return compare_sets(a->table, b->table);
    case SLICES:
        return compare_records(a->record, b->record, culprits);
    case ARRAYS:
        return array_compare(a, b, culprits);
    default:
        if (are_alike(a, b, family))
            return SAME;
        return order_strangers(datum_type(a), datum_type(b), culprits);
    }
}

bool datum_equal(const struct datum *a, const struct datum *b)
{
    return compare(a, b, NULL) == SAME;
}

static bool has_order(enum family family)
{
    return family != NONE && family != DICTS && family != RANGES &&
           family != TOKENS && family != SINGLES;
}

int datum_less(const struct datum *a, const struct datum *b,
               const char *culprits[2])
{
    const char *unwanted[2];
    enum order order;

    if (!culprits)
        culprits = unwanted;
    order = compare(a, b, culprits);
    if (order == SAME && !has_order(family_of(a->kind)))
        order = order_strangers(datum_type(a), datum_type(b), culprits);
    return order == STRANGERS ? -EINVAL : order == LESS;
}
