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
#include <wchar.h>

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

/* Those that cannot be ordered; culprits are NULL where nobody asks that. */
static enum order strangers(const char *a, const char *b,
                            const char *culprits[2])
{
    if (culprits) {
        culprits[0] = a;
        culprits[1] = b;
    }
    return STRANGERS;
}

static enum order compare(const struct datum *a, const struct datum *b,
                          const char *culprits[2]);

static enum order by_length(size_t a, size_t b)
{
    if (a != b)
        return a < b ? LESS : MORE;
    return SAME;
}

static enum order compare_texts(const struct text *a, const struct text *b)
{
    size_t common = a->length < b->length ? a->length : b->length;
    int difference = memcmp(a->bytes, b->bytes, common);

    if (difference)
        return difference < 0 ? LESS : MORE;
    return by_length(a->length, b->length);
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
    return by_length(length_a, length_b);
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

/* --- tables --- */

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

/* --- ranges and arrays --- */

static bool ranges_are_equal(const struct datum *a, const struct datum *b)
{
    struct span one, other;

    if (range_span(a, &one) && range_span(b, &other))
        return one.count == other.count && one.start == other.start &&
               one.step == other.step;
    return compare_records(a->record, b->record, NULL) == SAME;
}

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

static enum order compare_arrays(const struct datum *a, const struct datum *b,
                                 const char *culprits[2])
{
    const struct text *items_a = a->record->fields[1].text;
    const struct text *items_b = b->record->fields[1].text;
    const char code_a = (char)a->record->fields[0].text->bytes[0];
    const char code_b = (char)b->record->fields[0].text->bytes[0];
    const size_t size_a = item_size(code_a), size_b = item_size(code_b);
    size_t n_a, n_b;

    if (!size_a || !size_b)
        return strangers(datum_type(a), datum_type(b), culprits);
    n_a = items_a->length / size_a;
    n_b = items_b->length / size_b;
    for (size_t i = 0; i < n_a && i < n_b; i++) {
        struct number one, other;
        enum order order;

        if ((code_a == 'u') != (code_b == 'u'))
            return strangers(item_type(code_a), item_type(code_b), culprits);
        array_item(&one, code_a, items_a->bytes + i * size_a);
        array_item(&other, code_b, items_b->bytes + i * size_b);
        order = number_compare(&one, &other);
        if (order != SAME)
            return order;
    }
    return by_length(n_a, n_b);
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

/* The same cell is the same object, and what Python finds in a container by
 * that is equal (but arrays look at their items, of which one may be NaN). */
static enum order compare(const struct datum *a, const struct datum *b,
                          const char *culprits[2])
{
    const enum family family = family_of(a->kind);

    if (family_of(b->kind) != family)
        return strangers(datum_type(a), datum_type(b), culprits);
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
        return compare_arrays(a, b, culprits);
    default:
        if (are_alike(a, b, family))
            return SAME;
        return strangers(datum_type(a), datum_type(b), culprits);
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
        order = strangers(datum_type(a), datum_type(b), culprits);
    return order == STRANGERS ? -EINVAL : order == LESS;
}
