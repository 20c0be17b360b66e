/* SPDX-License-Identifier: MIT */
/*
 * verdict_turns.c - two processes add to one number, each in turns of reading
 * and writing: what both have read, and what they have written then.
 *
 * Where the number is, and how it is read, is the judge's who asks.  What a
 * process has read and written stands in memory of its own.
 */
#include "verdict_parts.h"

#include <inttypes.h>

enum { NUMBER, PIDS, SLEPT = PIDS + ADDERS };

static pid_t adder(const struct inspection *i, int k)
{
    return k == 0 ? i->witness->victim : i->witness->holder;
}

bool verdict_turns(const struct inspection *i, const struct counted *c,
                   int64_t *number, struct witness_turn turns[ADDERS])
{
    const struct witness *w = i->witness;

    if (w->victim == w->holder)
        return verdict_refuse(i->verdict, "process %d adds alone", w->victim);
    if (!c->read(i, number))
        return false;
    for (int k = 0; k < ADDERS; k++) {
        int error = process_memory(adder(i, k), w->child_word, &turns[k],
                                   sizeof turns[k]);

        if (error)
            return verdict_cannot_show(i->verdict, "its memory", error);
    }
    return true;
}

enum sight verdict_both_have_read(struct inspection *i, const struct counted *c)
{
    struct witness_turn turns[ADDERS] = {{.read = 0}};
    int64_t number = 0;

    for (int k = 0; k < ADDERS; k++) {
        enum sight sight =
            verdict_sleeper(i, adder(i, k), &i->noted[SLEPT + k]);

        if (sight != SEEN)
            return sight;
        i->noted[PIDS + k] = (uint64_t)adder(i, k);
    }
    if (!verdict_turns(i, c, &number, turns))
        return REFUSED;
    for (int k = 0; k < ADDERS; k++)
        if (turns[k].read != number || turns[k].wrote == number + 1)
            return verdict_refuse(
                i->verdict, "%s %" PRId64 ", but process %d has read %" PRId64,
                c->is, number, adder(i, k), turns[k].read);
    i->noted[NUMBER] = (uint64_t)number;
    verdict_say(i->verdict, "processes %d and %d have read %s: %" PRId64,
                adder(i, 0), adder(i, 1), c->what, number);
    return SEEN;
}

enum sight verdict_one_is_lost(struct inspection *i, const struct counted *c,
                               int64_t *number)
{
    struct verdict *v = i->verdict;
    struct witness_turn turns[ADDERS] = {{.read = 0}};
    int64_t first = (int64_t)i->noted[NUMBER];
    uint64_t slept;

    for (int k = 0; k < ADDERS; k++) {
        enum sight sight = verdict_sleeper(i, adder(i, k), &slept);

        if ((uint64_t)adder(i, k) != i->noted[PIDS + k])
            return verdict_refuse(v, "process %d is another one", adder(i, k));
        if (sight != SEEN)
            return sight;
        if (slept == i->noted[SLEPT + k])
            return verdict_refuse(v, "process %d has not run since",
                                  adder(i, k));
    }
    if (!verdict_turns(i, c, number, turns))
        return REFUSED;
    for (int k = 0; k < ADDERS; k++)
        if (turns[k].read != first || turns[k].wrote != first + 1)
            return verdict_refuse(
                v, "process %d has read %" PRId64 " and written %" PRId64,
                adder(i, k), turns[k].read, turns[k].wrote);
    if (*number != first + 1)
        return verdict_refuse(v, "%s %" PRId64 ": nothing is lost", c->is,
                              *number);
    return SEEN;
}
