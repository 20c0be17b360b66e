/* SPDX-License-Identifier: MIT */
/*
 * verdict_update.c - "updates lost": two processes add to a number, and it does
 * not come to as much.
 *
 * The number, in memory that they share, we read ourselves.  What a process has
 * read and written stands in memory of its own.
 */
#include "verdict_parts.h"

#include <inttypes.h>
#include <stdio.h>

enum { PROCESSES = 2, NUMBER = 0, PIDS, SLEPT = PIDS + PROCESSES };

static pid_t adder(const struct inspection *i, int k)
{
    return k == 0 ? i->witness->victim : i->witness->holder;
}

/* The shared number, and what both say of their turns. */
static bool read_all(const struct inspection *i, int64_t *number,
                     struct witness_turn *turns)
{
    const struct witness *w = i->witness;

    if (w->victim == w->holder)
        return verdict_refuse(i->verdict, "process %d adds alone", w->victim);
    if (!verdict_shares(i, w->victim, w->holder, w->word) ||
        !verdict_number(i, w->victim, w->word, number))
        return false;
    for (int k = 0; k < PROCESSES; k++) {
        int error = process_memory(adder(i, k), w->child_word, &turns[k],
                                   sizeof turns[k]);

        if (error)
            return verdict_cannot_show(i->verdict, "its memory", error);
    }
    return true;
}

/* 1: both have read it, and nobody has written. */
static enum sight both_have_read(struct inspection *i)
{
    struct witness_turn turns[PROCESSES] = {{.read = 0}};
    int64_t number = 0;

    for (int k = 0; k < PROCESSES; k++) {
        enum sight sight =
            verdict_sleeper(i, adder(i, k), &i->noted[SLEPT + k]);

        if (sight != SEEN)
            return sight;
        i->noted[PIDS + k] = (uint64_t)adder(i, k);
    }
    if (!read_all(i, &number, turns))
        return REFUSED;
    for (int k = 0; k < PROCESSES; k++)
        if (turns[k].read != number || turns[k].wrote == number + 1)
            return verdict_refuse(
                i->verdict,
                "\"%s\" is %" PRId64 ", but process %d has read %" PRId64,
                i->witness->name, number, adder(i, k), turns[k].read);
    i->noted[NUMBER] = (uint64_t)number;
    verdict_say(i->verdict,
                "processes %d and %d have read \"%s\", which they share: "
                "%" PRId64,
                adder(i, 0), adder(i, 1), i->witness->name, number);
    return SEEN;
}

/* 2: each has written one more than that. */
static enum sight both_have_written(struct inspection *i)
{
    struct verdict *v = i->verdict;
    struct witness_turn turns[PROCESSES] = {{.read = 0}};
    int64_t first = (int64_t)i->noted[NUMBER], number = 0;
    uint64_t slept;

    if (!read_all(i, &number, turns))
        return REFUSED;
    for (int k = 0; k < PROCESSES; k++) {
        enum sight sight = verdict_sleeper(i, adder(i, k), &slept);

        if ((uint64_t)adder(i, k) != i->noted[PIDS + k])
            return verdict_refuse(v, "process %d is another one", adder(i, k));
        if (sight != SEEN)
            return sight;
        if (slept == i->noted[SLEPT + k])
            return verdict_refuse(v, "process %d has not run since",
                                  adder(i, k));
        if (turns[k].read != first || turns[k].wrote != first + 1)
            return verdict_refuse(
                v, "process %d has read %" PRId64 " and written %" PRId64,
                adder(i, k), turns[k].read, turns[k].wrote);
    }
    if (number != first + 1)
        return verdict_refuse(v, "\"%s\" is %" PRId64 ": nothing is lost",
                              i->witness->name, number);
    verdict_say(v,
                "then each has written %" PRId64 ": %d were added, and it is "
                "%" PRId64,
                first + 1, PROCESSES, number);
    return SEEN;
}

/* 3, 4: each has added many, when it liked.  How many are lost is chance, and
 * told; it proves nothing. */
static enum sight both_have_run(struct inspection *i)
{
    struct verdict *v = i->verdict;
    struct witness_turn turns[PROCESSES] = {{.read = 0}};
    int64_t number = 0, sum = 0, lost;

    if (!read_all(i, &number, turns))
        return REFUSED;
    for (int k = 0; k < PROCESSES; k++)
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
    (void)root;
    return stage == 1   ? both_have_read(i)
           : stage == 2 ? both_have_written(i)
                        : both_have_run(i);
}
