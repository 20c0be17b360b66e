/* SPDX-License-Identifier: MIT */
/*
 * test_values.h - values at random, each as a datum and as what Python reads.
 *
 * The same seed makes the same value.  With `twist` not 0, now and then another
 * is put in place of a part of it: so that of two values one is nearly the
 * other, and every rule is asked for that tells them apart.
 */
#ifndef IPCLAB_MANAGER_TEST_VALUES_H
#define IPCLAB_MANAGER_TEST_VALUES_H

#include "manager/test_memory.h"

#include <inttypes.h>
#include <wchar.h>

struct maker {
    struct buffer *source; /* what Python reads */
    uint64_t seed, twist;
};

static inline uint32_t value_choose(struct maker *m, uint32_t n)
{
    uint32_t choice = memory_random(&m->seed);

    if (m->twist && memory_random(&m->twist) % 8 == 0)
        choice = memory_random(&m->twist);
    return choice % n;
}

static inline void value_say(struct maker *m, const char *text)
{
    assert_int_equal(buffer_text(m->source, text), 0);
}

/* --- what contains nothing --- */

/* 2 to the power of an edge, or its negative, and one more or less. */
static inline struct datum value_edge(struct maker *m)
{
    static const unsigned powers[] = {52, 53, 62, 63, 64, 65, 71, 1023, 1024};
    const unsigned power = powers[value_choose(m, 9)];
    const bool negative = value_choose(m, 2);
    const int more = (int)value_choose(m, 3) - 1;
    unsigned char bytes[1024 / 8 + 2] = {0};
    int carry = negative ? -more : more;

    bytes[power / 8] = (unsigned char)(1 << power % 8);
    for (size_t i = 0; i < sizeof bytes; i++) {
        carry += bytes[i];
        bytes[i] = (unsigned char)carry;
        carry = carry < 0 ? -1 : carry >> 8;
    }
    carry = 1;
    for (size_t i = 0; negative && i < sizeof bytes; i++) {
        carry += (unsigned char)~bytes[i];
        bytes[i] = (unsigned char)carry;
        carry >>= 8;
    }
    assert_int_equal(buffer_format(m->source, "(%s2**%u%+d)",
                                   negative ? "-" : "", power, more),
                     0);
    return datum_long(bytes, sizeof bytes);
}

static inline struct datum value_small(struct maker *m)
{
    const int n = (int)value_choose(m, 6) - 2;

    assert_int_equal(buffer_format(m->source, "(%d)", n), 0);
    return datum_int(n);
}

static inline double value_real(struct maker *m)
{
    static const char *const reals[] = {
        "0.0",    "-0.0",      "1.0",       "2.0",      "0.5",
        "-1.5",   "nan",       "inf",       "-inf",     "0x1p53",
        "0x1p63", "-0x1p63",   "0x1p64",    "-0x1p64",  "0x1p71",
        "1e300",  "-0x1p1023", "1e-310",    "0x1p1023", "0x1.8p62",
        "-2.0",   "0x1p52",    "-0x1.8p64", "-1e300",   "0x1.0000000000001p63"};
    const char *text = reals[value_choose(m, sizeof reals / sizeof *reals)];
    double real = strtod(text, NULL);

    /* (%a is "inf" and "nan" of what is so.) */
    assert_int_equal(buffer_format(m->source, "float.fromhex('%a')", real), 0);
    return real;
}

static inline struct datum value_text(struct maker *m, enum datum_kind kind)
{
    static const struct {
        const char *python, *bytes;
        size_t n;
    } texts[] = {
        {"", "", 0},
        {"a", "a", 1},
        {"ab", "ab", 2},
        {"b", "b", 1},
        {"a\\0", "a\0", 2},
        {"abcdefgh", "abcdefgh", 8},
        {"abcdefghi", "abcdefghi", 9},
        {"\\xe9", "\xc3\xa9", 2},
        {"\\ud800", "\xed\xa0\x80", 3},
        {"\\uffff", "\xef\xbf\xbf", 3},
        {"\\U00010000", "\xf0\x90\x80\x80", 4},
    };
    const uint32_t i = value_choose(m, sizeof texts / sizeof *texts);

    if (kind == DATUM_STR) {
        assert_int_equal(buffer_format(m->source, "'%s'", texts[i].python), 0);
        return datum_text(kind, texts[i].bytes, texts[i].n);
    }
    value_say(m, kind == DATUM_BYTES ? "b'" : "bytearray(b'");
    for (size_t at = 0; at < texts[i].n; at++)
        assert_int_equal(buffer_format(m->source, "\\x%02x",
                                       (unsigned char)texts[i].bytes[at]),
                         0);
    value_say(m, kind == DATUM_BYTES ? "'" : "')");
    return datum_text(kind, texts[i].bytes, texts[i].n);
}

/* (With an end beyond 64 bits ranges are compared by their fields, which is
 * right where a step is 1.) */
static inline struct datum value_range(struct maker *m)
{
    struct datum fields[3];
    int step;

    value_say(m, "range(");
    fields[0] = value_small(m);
    value_say(m, ",");
    fields[1] = value_choose(m, 8) ? value_small(m) : value_edge(m);
    value_say(m, ",");
    step = fields[1].kind == DATUM_BIG ? 0 : (int)value_choose(m, 3);
    step = value_choose(m, 2) ? step + 1 : -step - 1;
    assert_int_equal(buffer_format(m->source, "%d)", step), 0);
    fields[2] = datum_int(step);
    return datum_record(DATUM_RANGE, fields, 3);
}

/* The bytes of one item, and how many they are. */
static inline size_t value_item(struct maker *m, char code, void *bytes)
{
    static const size_t sizes[] = {
        ['b'] = 1, ['B'] = 1, ['h'] = 2, ['H'] = 2, ['i'] = 4,
        ['I'] = 4, ['l'] = 8, ['L'] = 8, ['q'] = 8, ['Q'] = 8};
    double real;
    float single;
    int64_t integer = (int64_t)value_choose(m, 4) - 1;
    uint64_t word;

    if (code == 'd') {
        real = value_real(m);
        memcpy(bytes, &real, sizeof real);
        return sizeof real;
    }
    if (code == 'f') {
        single = (float)integer + 0.5F;
        assert_int_equal(buffer_format(m->source, "%.1f", (double)single), 0);
        memcpy(bytes, &single, sizeof single);
        return sizeof single;
    }
    word = (uint64_t)integer;
    if (strchr("BHILQ", code))
        word &= UINT64_MAX >> (64 - 8 * sizes[(size_t)code]);
    if (strchr("LQ", code))
        assert_int_equal(buffer_format(m->source, "%" PRIu64, word), 0);
    else
        assert_int_equal(buffer_format(m->source, "%" PRId64, (int64_t)word),
                         0);
    memcpy(bytes, &word, sizes[(size_t)code]);
    return sizes[(size_t)code];
}

static inline struct datum value_array(struct maker *m)
{
    const char code[2] = {"bBhHiIlLqQfdu"[value_choose(m, 13)], '\0'};
    const uint32_t n = value_choose(m, 4);
    unsigned char bytes[4 * sizeof(double)];
    size_t length = 0;
    struct datum fields[2];

    assert_int_equal(buffer_format(m->source, "array('%s',", code), 0);
    value_say(m, *code == 'u' ? "''.join([" : "([");
    for (uint32_t i = 0; i < n; i++) {
        if (*code == 'u') {
            wchar_t letter = (wchar_t)(0xe000 + value_choose(m, 3));

            assert_int_equal(buffer_format(m->source, "chr(%d)", (int)letter),
                             0);
            memcpy(bytes + length, &letter, sizeof letter);
            length += sizeof letter;
        } else {
            length += value_item(m, *code, bytes + length);
        }
        value_say(m, ",");
    }
    value_say(m, "]))");
    fields[0] = datum_str(code);
    fields[1] = datum_text(DATUM_BYTES, bytes, length);
    return datum_record(DATUM_ARRAY, fields, 2);
}

static inline struct datum value_number(struct maker *m)
{
    bool truth;

    switch (value_choose(m, 8)) {
    case 0:
        truth = value_choose(m, 2);
        value_say(m, truth ? "True" : "False");
        return datum_bool(truth);
    case 1:
    case 2:
        return value_small(m);
    case 3:
    case 4:
        return value_edge(m);
    default:
        return datum_float(value_real(m));
    }
}

static inline struct datum value_single(struct maker *m, bool hashable)
{
    switch (value_choose(m, hashable ? 11 : 14)) {
    case 0:
        value_say(m, "None");
        return datum_none();
    case 1:
    case 2:
        return value_text(m, DATUM_STR);
    case 3:
        return value_text(m, DATUM_BYTES);
    case 4:
        return value_range(m);
    case 11:
        return value_text(m, DATUM_BYTEARRAY);
    case 12:
    case 13:
        return value_array(m);
    default:
        return value_number(m);
    }
}

/* --- what contains --- */

static inline struct datum value_make(struct maker *m, int depth,
                                      bool hashable);

static inline struct datum value_list(struct maker *m, int depth,
                                      enum datum_kind kind, uint32_t n,
                                      bool hashable)
{
    struct datum items[3];

    for (uint32_t i = 0; i < n; i++) {
        items[i] = value_make(m, depth - 1, hashable);
        value_say(m, ",");
    }
    return kind == DATUM_SLICE ? datum_record(kind, items, n)
                               : datum_sequence(kind, items, n);
}

static inline struct datum value_table(struct maker *m, int depth,
                                       enum datum_kind kind)
{
    struct datum d = datum_set();

    for (uint32_t n = value_choose(m, 4); n > 0; n--) {
        struct datum key, value = datum_none();

        value_say(m, "(");
        key = value_make(m, depth - 1, true);
        value_say(m, ",");
        if (kind == DATUM_DICT)
            value = value_make(m, depth - 1, false);
        value_say(m, kind == DATUM_DICT ? ")," : ")[0],");
        assert_int_equal(table_set(d.table, key, value), 0);
    }
    d.kind = kind;
    return d;
}

/* (What is only hashable so far may be asked for as a key.) */
static inline struct datum value_make(struct maker *m, int depth, bool hashable)
{
    static const struct {
        const char *begin, *end;
        enum datum_kind kind;
    } shapes[] = {{"tuple([", "])", DATUM_TUPLE},
                  {"tuple([", "])", DATUM_TUPLE},
                  {"frozenset([", "])", DATUM_FROZENSET},
                  {"[", "]", DATUM_LIST},
                  {"[", "]", DATUM_LIST},
                  {"set([", "])", DATUM_SET},
                  {"set([", "])", DATUM_SET},
                  {"dict([", "])", DATUM_DICT},
                  {"slice(", ")", DATUM_SLICE}};
    const uint32_t i = value_choose(m, hashable ? 6 : 14);
    struct datum d;

    if (depth == 0 || i >= (hashable ? 3 : 9))
        return value_single(m, hashable);
    value_say(m, shapes[i].begin);
    if (shapes[i].kind == DATUM_SLICE)
        d = value_list(m, depth, DATUM_SLICE, 3, false);
    else if (shapes[i].kind == DATUM_TUPLE || shapes[i].kind == DATUM_LIST)
        d = value_list(m, depth, shapes[i].kind, value_choose(m, 4), hashable);
    else
        d = value_table(m, depth, shapes[i].kind);
    value_say(m, shapes[i].end);
    return d;
}

#endif
