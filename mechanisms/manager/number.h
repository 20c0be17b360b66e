/* SPDX-License-Identifier: MIT */
/*
 * number.h - Python's numbers against each other, and ranges as what they
 * yield; private to manager/.
 *
 * Nothing is rounded: an int is not made a double to compare it with one, for
 * 2**53 + 1 would be float(2**53) then.
 */
#ifndef IPCLAB_MANAGER_NUMBER_H
#define IPCLAB_MANAGER_NUMBER_H

#include "manager/datum.h"

/* How two data stand to each other. */
enum order {
    SAME,
    LESS,
    MORE,
    APART,    /* not equal, and neither is less: NaN, {1} and {2} */
    STRANGERS /* not equal, and Python raises when asked which is less */
};

static inline enum order order_lengths(size_t a, size_t b)
{
    if (a != b)
        return a < b ? LESS : MORE;
    return SAME;
}

/* Two types that have no order; culprits are NULL where nobody asks that. */
static inline enum order order_strangers(const char *a, const char *b,
                                         const char *culprits[2])
{
    if (culprits) {
        culprits[0] = a;
        culprits[1] = b;
    }
    return STRANGERS;
}

/* Of two DATUM_ARRAY (compare_array.c). */
enum order array_compare(const struct datum *a, const struct datum *b,
                         const char *culprits[2]);

enum { NUMBER_BYTES = 136 }; /* the largest double has 128, and a sign */

struct number {
    enum { NUMBER_INTEGER, NUMBER_REAL, NUMBER_BIG } kind;
    int64_t integer;
    double real;
    const unsigned char *bytes; /* of a big one: as those of DATUM_BIG */
    size_t length;
    unsigned char own[NUMBER_BYTES]; /* where they may be */
};

/* The number that d is, which lives as long as d; false: it is none. */
bool number_of(struct number *n, const struct datum *d);

void number_from_u64(struct number *n, uint64_t value);

/* Those that are equal become the same: whole reals become integers. */
void number_normalize(struct number *n);

enum order number_compare(const struct number *a, const struct number *b);

/* A range as what it yields: how many, from where, in which steps.  What does
 * not matter is 0: the step of one item, all of none. */
struct span {
    uint64_t count;
    int64_t start, step;
};

/* Of a DATUM_RANGE.  False: it has ends beyond 64 bits, or a field that is no
 * int, and it is not empty; then it is only what its fields are. */
bool range_span(const struct datum *range, struct span *span);

#endif
