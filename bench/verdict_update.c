/* SPDX-License-Identifier: MIT */
/*
 * verdict_update.c - "updates lost": two processes add to a number, and it does
 * not come to as much.
 *
 * The number, in memory that they share, we read ourselves (verdict_turns.c has
 * the rest).
 */
#include "verdict_parts.h"

#include <inttypes.h>
#include <stdio.h>

static bool read_shared(const struct inspection *i, int64_t *number)
{
    const struct witness *w = i->witness;

    return verdict_shares(i, w->victim, w->holder, w->word) &&
           verdict_number(i, w->victim, w->word, number);
}

/* 2: each has written one more than both have read. */
static enum sight both_have_written(struct inspection *i,
                                    const struct counted *c)
{
    int64_t number = 0;
    enum sight sight = verdict_one_is_lost(i, c, &number);

    if (sight == SEEN)
        verdict_say(i->verdict,
                    "then each has written %" PRId64 ": %d were added, and it "
                    "is %" PRId64,
                    number, ADDERS, number);
    return sight;
}

/* 3, 4: each has added many, when it liked.  How many are lost is chance, and
 * told; it proves nothing. */
static enum sight both_have_run(struct inspection *i, const struct counted *c)
{
    struct verdict *v = i->verdict;
    struct witness_turn turns[ADDERS] = {{.read = 0}};
    int64_t number = 0, sum = 0, lost;

    if (!verdict_turns(i, c, &number, turns))
        return REFUSED;
    for (int k = 0; k < ADDERS; k++)
        sum += turns[k].added;
    if (sum < 1 || sum > INT32_MAX || number < 0 || number > sum)
        return verdict_refuse(v,
                              "%" PRId64 " were added, and there are "
                              "%" PRId64,
                              sum, number);
    lost = (sum - number) * 1000 / sum;
    verdict_say(v,
                "run freely, %s: %" PRId64 " added, %" PRId64 " there: %" PRId64
                ".%" PRId64 " %% lost",
                i->witness->name, sum, number, lost / 10, lost % 10);
    return SEEN;
}

enum sight look_updates(struct inspection *i, int stage, pid_t root)
{
    struct counted c = {.read = read_shared};

    (void)root;
    snprintf(c.is, sizeof c.is, "\"%s\" is", i->witness->name);
    snprintf(c.what, sizeof c.what, "\"%s\", which they share",
             i->witness->name);
    return stage == 1   ? verdict_both_have_read(i, &c)
           : stage == 2 ? both_have_written(i, &c)
                        : both_have_run(i, &c);
}
