/* SPDX-License-Identifier: MIT */
/* test_verdict_words.c - who claims that two words were read when one of them
 * was new, and is wrong. */
#include "test_verdict_sides.h"

enum { WRITER, READER };

static int64_t taken[2] = {-1, -2};

/* What is not as it should be. */
enum fault {
    NOTHING,
    DISAGREE_BEFORE,
    WRITES_BOTH,
    WRITER_SPINS,
    READS_BEFORE,
    READS_AFTER,
    MAKES_IT_UP,
    IS_NOT_TOLD,
    READS_AGAIN,
    ENDS_OTHERWISE,
    IS_PRIVATE,
    IS_ALONE
};

static void take_both(void)
{
    taken[0] = numbers[0];
    taken[1] = numbers[1];
}

static void be_writer(enum fault fault)
{
    told(WRITER);
    numbers[0] = 2;
    if (fault == WRITES_BOTH)
        numbers[1] = 2;
    say_done();
    if (fault == WRITER_SPINS)
        spin();
    told(WRITER);
    numbers[1] = fault == ENDS_OTHERWISE ? 3 : 2;
    say_done();
}

static void be_reader(enum fault fault)
{
    if (fault == READS_BEFORE)
        take_both();
    if (fault == IS_NOT_TOLD) { /* it knows already */
        taken[0] = 2;
        taken[1] = 1;
    }
    told(READER);
    if (fault == MAKES_IT_UP)
        taken[0] = 1;
    else if (fault != READS_BEFORE && fault != READS_AFTER)
        take_both();
    say_done();
    if (fault == READS_AGAIN) {
        told(READER);
        take_both();
        say_done();
    }
}

static pid_t start_side(int side, enum fault fault)
{
    pid_t child = fork();

    if (child != 0)
        return child;
    if (side == WRITER)
        be_writer(fault);
    else
        be_reader(fault);
    pause_for_ever();
}

static int show_words(struct witness *w, enum fault fault)
{
    pid_t writer, reader;

    if (prepare(fault == IS_PRIVATE ? MAP_PRIVATE : MAP_SHARED))
        return -EIO;
    numbers[0] = 1;
    numbers[1] = fault == DISAGREE_BEFORE ? 0 : 1;
    writer = start_side(WRITER, fault);
    reader = start_side(READER, fault);
    witness_victim(w, reader);
    witness_holder(w, fault == IS_ALONE ? reader : writer);
    witness_memory(w, "pair", numbers);
    witness_child_memory(w, taken);
    witness_show(w, 1);
    let(WRITER);
    hear(1);
    if (fault != IS_NOT_TOLD) {
        let(READER);
        hear(1);
    }
    witness_show(w, 2);
    let(WRITER);
    hear(1);
    if (fault == READS_AGAIN) {
        let(READER);
        hear(1);
    }
    witness_show(w, 3);
    return 0;
}

#define WORDS(name, fault)                                                     \
    static int name(struct witness *w, int cure)                               \
    {                                                                          \
        (void)cure;                                                            \
        return show_words(w, fault);                                           \
    }

WORDS(they_disagree_before, DISAGREE_BEFORE)
WORDS(it_writes_both_at_once, WRITES_BOTH)
WORDS(the_writer_spins, WRITER_SPINS)
WORDS(it_has_read_before, READS_BEFORE)
WORDS(it_reads_nothing, READS_AFTER)
WORDS(it_makes_a_word_up, MAKES_IT_UP)
WORDS(it_is_not_told, IS_NOT_TOLD)
WORDS(it_reads_again, READS_AGAIN)
WORDS(they_end_otherwise, ENDS_OTHERWISE)
WORDS(the_words_are_private, IS_PRIVATE)
WORDS(one_is_both, IS_ALONE)
WORDS(it_reads_between, NOTHING)

static void impostors_of_a_torn_read_are_not_proven(void **state)
{
    static const struct impostor list[] = {
        {they_disagree_before, "they are 1 and 0 before"},
        {it_writes_both_at_once, "they are 2 and 2, and not between"},
        {the_writer_spins, "does not sleep"},
        {it_has_read_before, "has 1 and 1 of them"},
        {it_reads_nothing, "has -1 and -2 of them"},
        {it_makes_a_word_up, "has 1 and -2 of them"},
        {it_is_not_told, "has not run since"},
        {it_reads_again, "has read them again"},
        {they_end_otherwise, "they are 2 and 3 in the end"},
        {the_words_are_private, "in memory of its own"},
        {one_is_both, "is both"},
        {only_pauses, "its time was over"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL}};

    (void)state;
    all_refused(CORRUPTS, "old and new", list);
}

static void a_torn_read_is_proven(void **state)
{
    const struct hazard torn = {
        .expect = CORRUPTS, .evidence = "old and new", .run = it_reads_between};

    (void)state;
    all_proven(&torn, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(impostors_of_a_torn_read_are_not_proven,
                                        patient, census_end),
        cmocka_unit_test_setup_teardown(a_torn_read_is_proven, patient,
                                        census_end),
    };

    return RUN_PROMISES(tests);
}
