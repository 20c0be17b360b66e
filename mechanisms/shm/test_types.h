/* SPDX-License-Identifier: MIT */
/* test_types.h - the fourteen types, with what each of them can hold at most.
 */
#ifndef IPCLAB_TEST_TYPES_H
#define IPCLAB_TEST_TYPES_H

#include "shm/test_memory.h"

#include <float.h>

/* An item of any of them; the bytes that it does not have are 0. */
union item {
    unsigned char bytes[8];
    char c;
    signed char b;
    unsigned char B;
    short h;
    unsigned short H;
    int i;
    unsigned I;
    long l;
    unsigned long L;
    long long q;
    unsigned long long Q;
    float f;
    double d;
    bool truth;
};

enum test_group { LETTER, WITH_SIGN, WITHOUT_SIGN, FRACTION, YES_OR_NO };

struct test_type {
    char code;
    enum test_group group; /* of one, and as long: as good as each other */
    size_t size;
    union item lowest, highest;
};

static const struct test_type test_types[] = {
    {'c', LETTER, sizeof(char), {.c = CHAR_MIN}, {.c = CHAR_MAX}},
    {'b', WITH_SIGN, sizeof(signed char), {.b = SCHAR_MIN}, {.b = SCHAR_MAX}},
    {'B', WITHOUT_SIGN, sizeof(unsigned char), {.B = 0}, {.B = UCHAR_MAX}},
    {'h', WITH_SIGN, sizeof(short), {.h = SHRT_MIN}, {.h = SHRT_MAX}},
    {'H', WITHOUT_SIGN, sizeof(unsigned short), {.H = 0}, {.H = USHRT_MAX}},
    {'i', WITH_SIGN, sizeof(int), {.i = INT_MIN}, {.i = INT_MAX}},
    {'I', WITHOUT_SIGN, sizeof(unsigned), {.I = 0}, {.I = UINT_MAX}},
    {'l', WITH_SIGN, sizeof(long), {.l = LONG_MIN}, {.l = LONG_MAX}},
    {'L', WITHOUT_SIGN, sizeof(unsigned long), {.L = 0}, {.L = ULONG_MAX}},
    {'q', WITH_SIGN, sizeof(long long), {.q = LLONG_MIN}, {.q = LLONG_MAX}},
    {'Q', WITHOUT_SIGN, sizeof(long long), {.Q = 0}, {.Q = ULLONG_MAX}},
    {'f', FRACTION, sizeof(float), {.f = -FLT_MAX}, {.f = FLT_MAX}},
    {'d', FRACTION, sizeof(double), {.d = -DBL_MAX}, {.d = DBL_MAX}},
    {'?', YES_OR_NO, sizeof(bool), {.truth = false}, {.truth = true}},
};

enum { TEST_TYPES = sizeof test_types / sizeof *test_types };

static inline bool is_integer(const struct test_type *t)
{
    return t->group == WITH_SIGN || t->group == WITHOUT_SIGN;
}

/* Is a variable of the one as good as one of the other? */
static inline bool are_alike(const struct test_type *t,
                             const struct test_type *u)
{
    return t->group == u->group && t->size == u->size;
}

/* The item at i is that one: 0, or a line. */
static inline int item_is(struct typed *t, int64_t i,
                          const struct test_type *type,
                          const union item *expected)
{
    union item seen = {{0}};

    if (typed_get(t, i, type->code, &seen))
        return test_line(__LINE__);
    return memcmp(seen.bytes, expected->bytes, 8) == 0 ? 0
                                                       : test_line(__LINE__);
}

#endif
