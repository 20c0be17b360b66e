/* SPDX-License-Identifier: MIT */
/*
 * verdict_words.c - "old and new": a reader comes between two writes.
 *
 * The two words, in memory that both share, we read ourselves.  What the reader
 * has of them stands in memory of its own.
 */
#include "verdict_parts.h"

#include <inttypes.h>
#include <stdio.h>

enum { OLD, NEW, WRITER, READER, READ_BEFORE };

/* The two words that should agree, and what the reader has of them. */
static bool read_words(const struct inspection *i, int64_t *words,
                       int64_t *taken)
{
    const struct witness *w = i->witness;

    if (w->victim == w->holder)
        return verdict_refuse(i->verdict, "process %d is both", w->victim);
    if (!verdict_shares(i, w->victim, w->holder, w->word))
        return false;
    for (unsigned k = 0; k < 2; k++)
        if (!verdict_number(i, w->holder, w->word + k * sizeof *words,
                            &words[k]) ||
            !verdict_number(i, w->victim, w->child_word + k * sizeof *taken,
                            &taken[k]))
            return false;
    return true;
}

/* 1: they agree, and nobody has begun. */
static enum sight they_agree(struct inspection *i)
{
    const struct witness *w = i->witness;
    int64_t words[2] = {0}, taken[2] = {0};
    enum sight sight = verdict_sleeper(i, w->victim, &i->noted[READ_BEFORE]);

    if (sight != SEEN)
        return sight;
    if (!read_words(i, words, taken))
        return REFUSED;
    if (words[0] != words[1])
        return verdict_refuse(i->verdict,
                              "they are %" PRId64 " and %" PRId64 " before",
                              words[0], words[1]);
    i->noted[OLD] = (uint64_t)words[0];
    i->noted[READER] = (uint64_t)w->victim;
    i->noted[WRITER] = (uint64_t)w->holder;
    verdict_say(i->verdict,
                "the words of \"%s\" agree, in memory that %d and %d share: "
                "%" PRId64 ", %" PRId64,
                w->name, w->holder, w->victim, words[0], words[1]);
    return SEEN;
}

/* 2: the writer sleeps between them, and the reader has both. */
static enum sight it_reads_between(struct inspection *i)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    int64_t old = (int64_t)i->noted[OLD], words[2] = {0}, taken[2] = {0};
    uint64_t unused, slept;
    enum sight sight = verdict_sleeper(i, w->holder, &unused);

    if (sight == SEEN)
        sight = verdict_sleeper(i, w->victim, &slept);
    if (sight != SEEN)
        return sight;
    if (!read_words(i, words, taken))
        return REFUSED;
    if (words[0] == words[1] || (words[0] != old && words[1] != old))
        return verdict_refuse(
            v, "they are %" PRId64 " and %" PRId64 ", and not between",
            words[0], words[1]);
    if (taken[0] != words[0] || taken[1] != words[1])
        return verdict_refuse(
            v, "process %d has %" PRId64 " and %" PRId64 " of them", w->victim,
            taken[0], taken[1]);
    if (slept == i->noted[READ_BEFORE])
        return verdict_refuse(v, "process %d has not run since", w->victim);
    i->noted[NEW] = (uint64_t)(words[0] == old ? words[1] : words[0]);
    verdict_say(v,
                "process %d sleeps between its two writes: they are %" PRId64
                ", %" PRId64,
                w->holder, words[0], words[1]);
    verdict_say(
        v, "process %d has read both meanwhile, and has %" PRId64 ", %" PRId64,
        w->victim, taken[0], taken[1]);
    return SEEN;
}

/* 3: the writer is through, and they agree again. */
static enum sight they_agree_again(struct inspection *i)
{
    const struct witness *w = i->witness;
    struct verdict *v = i->verdict;
    int64_t new = (int64_t)i->noted[NEW], words[2] = {0}, taken[2] = {0};

    if (!read_words(i, words, taken))
        return REFUSED;
    if (words[0] != new || words[1] != new)
        return verdict_refuse(v,
                              "they are %" PRId64 " and %" PRId64 " in the end",
                              words[0], words[1]);
    if (taken[0] == taken[1])
        return verdict_refuse(v, "process %d has read them again", w->victim);
    verdict_say(v,
                "now they are %" PRId64 ", %" PRId64
                ": what it has is half old and half new, and never was true",
                words[0], words[1]);
    return SEEN;
}

enum sight look_words(struct inspection *i, int stage, pid_t root)
{
    const struct witness *w = i->witness;

    (void)root;
    if (stage == 1)
        return they_agree(i);
    if ((uint64_t)w->victim != i->noted[READER] ||
        (uint64_t)w->holder != i->noted[WRITER])
        return verdict_refuse(i->verdict, "these are other processes");
    return stage == 2 ? it_reads_between(i) : they_agree_again(i);
}
