/* SPDX-License-Identifier: MIT */
/*
 * sort.c - list.sort(): stable, by Python's <, which may raise.
 *
 * Runs of 64 are sorted by binary insertion, after what is in order already at
 * their beginning, and then merged.  Of fewer than 64 items the comparisons are
 * those that CPython makes, so that the same pair is refused.  Whenever it
 * ends, each item is in the list once.
 */
#include "manager/data.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { RUN = 64 };

struct sorting {
    struct datum *scratch;   /* room for as many as there are */
    const char *culprits[2]; /* the types that cannot be compared */
};

static void reverse(struct datum *items, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        struct datum d = items[i];

        items[i] = items[n - 1 - i];
        items[n - 1 - i] = d;
    }
}

void sequence_reverse(struct sequence *s)
{
    reverse(s->items, s->length);
}

/* How many are in order from the first on; those that go down strictly are
 * turned.  -EINVAL: two cannot be compared. */
static int64_t count_run(struct sorting *sorting, struct datum *items, size_t n)
{
    size_t run = 2;
    int down, less;

    if (n < 2)
        return (int64_t)n;
    down = datum_less(&items[1], &items[0], sorting->culprits);
    for (less = down; less >= 0 && run < n; run++) {
        less = datum_less(&items[run], &items[run - 1], sorting->culprits);
        if (less != down)
            break;
    }
    if (less < 0)
        return less;
    if (down)
        reverse(items, run);
    return (int64_t)run;
}

/* Sort n items, of which the first `sorted` are. */
static int insert_each(struct sorting *sorting, struct datum *items, size_t n,
                       size_t sorted)
{
    for (; sorted < n; sorted++) {
        const struct datum pivot = items[sorted];
        size_t low = 0, high = sorted;

        while (low < high) {
            size_t middle = low + (high - low) / 2;
            int less = datum_less(&pivot, &items[middle], sorting->culprits);

            if (less < 0)
                return less;
            if (less)
                high = middle;
            else
                low = middle + 1;
        }
        memmove(items + low + 1, items + low, (sorted - low) * sizeof *items);
        items[low] = pivot;
    }
    return 0;
}

/* Merge the first `left` with the others; of equal ones those come first. */
static int merge(struct sorting *sorting, struct datum *items, size_t left,
                 size_t n)
{
    struct datum *to = items;
    size_t i = 0, k = left;
    int less = 0;

    memcpy(sorting->scratch, items, left * sizeof *items);
    while (less >= 0 && i < left && k < n) {
        less = datum_less(&items[k], &sorting->scratch[i], sorting->culprits);
        if (less > 0)
            *to++ = items[k++];
        else if (less == 0)
            *to++ = sorting->scratch[i++];
    }
    /* The gap is as wide as what is left of the scratch. */
    memcpy(to, sorting->scratch + i, (left - i) * sizeof *items);
    return less < 0 ? less : 0;
}

static int sort_runs(struct sorting *sorting, struct datum *items, size_t n)
{
    for (size_t at = 0; at < n; at += RUN) {
        size_t length = n - at < RUN ? n - at : RUN;
        int64_t run = count_run(sorting, items + at, length);
        int error = run < 0
                        ? (int)run
                        : insert_each(sorting, items + at, length, (size_t)run);

        if (error)
            return error;
    }
    return 0;
}

static int sort(struct sorting *sorting, struct datum *items, size_t n)
{
    int error = sort_runs(sorting, items, n);

    for (size_t width = RUN; !error && width < n; width *= 2)
        for (size_t at = 0; !error && n - at > width;
             at += n - at < 2 * width ? n - at : 2 * width)
            error = merge(sorting, items + at, width,
                          n - at < 2 * width ? n - at : 2 * width);
    return error;
}

/* Turned before and after, so that equal ones keep their order. */
int sequence_sort(struct sequence *s, bool descending, const char *culprits[2])
{
    struct sorting sorting = {0};
    int error;

    if (s->length > RUN) {
        sorting.scratch = malloc(s->length * sizeof *s->items);
        if (!sorting.scratch)
            return -ENOMEM;
    }
    if (descending)
        sequence_reverse(s);
    error = sort(&sorting, s->items, s->length);
    if (descending)
        sequence_reverse(s);
    culprits[0] = sorting.culprits[0];
    culprits[1] = sorting.culprits[1];
    free(sorting.scratch);
    return error;
}
