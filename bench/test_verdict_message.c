/* SPDX-License-Identifier: MIT */
/* test_verdict_message.c - who claims a message twice, or one within another,
 * and has none. */
#include "test_verdict_pipes.h"

#include <sys/wait.h>

static volatile uint64_t delivered;
/* --- "delivered twice" --- */

/* Show the pipe `one` as it is, fork, and show what each was given. */
static int show_numbers(struct witness *w, uint64_t ours, uint64_t theirs)
{
    pid_t child;
    char byte;

    claim(w, getpid(), one[0]);
    witness_memory(w, "delivered", &delivered);
    witness_show(w, 1);
    child = fork();
    if (child == 0) {
        delivered = theirs;
        write_full(two[1], "", 1);
        pause_for_ever();
    }
    read_some(two[0], &byte, 1);
    delivered = ours;
    witness_holder(w, child);
    witness_show(w, 2);
    return 0;
}

/* The pipe is empty, and has no writer. */
static int open_a_dry_one(void)
{
    int error = open_both();

    fd_close(&one[1]);
    return error;
}

static void end_now(void)
{
    _exit(0);
}

/* Who was killed meanwhile is not a machine that shows nothing. */
static int show_one_that_has_gone(struct witness *w, int cure)
{
    pid_t child = fork_to(end_now);

    (void)cure;
    waitpid(child, NULL, 0);
    delivered = 7;
    witness_memory(w, "delivered", &delivered);
    witness_victim(w, child);
    witness_holder(w, getpid());
    witness_show(w, 1);
    witness_show(w, 2);
    return 0;
}

static int show_two_different(struct witness *w, int cure)
{
    (void)cure;
    return open_a_dry_one() ? -EIO : show_numbers(w, 1, 2);
}

static int show_nothing(struct witness *w, int cure)
{
    (void)cure;
    return open_a_dry_one() ? -EIO : show_numbers(w, 0, 0);
}

/* The same number in both, which may well have been sent to each. */
static int show_one_that_may_yet_come(struct witness *w, int cure)
{
    (void)cure;
    return open_both() ? -EIO : show_numbers(w, 7, 7);
}

static int show_one_that_is_in_the_pipe(struct witness *w, int cure)
{
    (void)cure;
    if (open_both() || write_full(one[1], "message", 8) < 0)
        return -EIO;
    fd_close(&one[1]);
    return show_numbers(w, 7, 7);
}

/* Whoever was forked earlier copied nothing of what was read since. */
static int show_an_older_child(struct witness *w, int cure)
{
    (void)cure;
    if (open_a_dry_one() || fork_to(wait_for_ever) < 0)
        return -EIO;
    return show_numbers(w, 7, 7);
}

static int show_the_same_process_twice(struct witness *w, int cure)
{
    (void)cure;
    if (open_a_dry_one())
        return -EIO;
    witness_memory(w, "delivered", &delivered);
    claim(w, getpid(), one[0]);
    witness_show(w, 1);
    delivered = 7;
    witness_show(w, 2);
    return 0;
}

static int show_no_stage(struct witness *w, int cure)
{
    (void)cure;
    delivered = 7;
    witness_memory(w, "delivered", &delivered);
    claim(w, getppid(), 3);
    return 0;
}

static void impostors_of_a_message_twice_are_not_proven(void **state)
{
    static const struct impostor list[] = {
        {show_one_that_has_gone, "cannot be read here"},
        {show_two_different, " has 1, and "},
        {show_nothing, "was given nothing"},
        {show_one_that_may_yet_come, "somebody can still write"},
        {show_one_that_is_in_the_pipe, "is not empty"},
        {show_an_older_child, "has forked before"},
        {show_the_same_process_twice, "is no child of"},
        {show_no_stage, "it ended with exit status 0"},
        {NULL, NULL}};

    (void)state;
    all_refused(CORRUPTS, "delivered twice", list);
}

/* --- "message within message" --- */

static int show_pipe(struct witness *w)
{
    claim(w, getpid(), one[0]);
    witness_show(w, 1);
    return 0;
}

static int show_one_after_the_other(struct witness *w, int cure)
{
    (void)cure;
    if (open_both())
        return -EIO;
    send_frame(one[1], 'A', 3000, 3000);
    send_frame(one[1], 'B', 2000, 2000);
    return show_pipe(w);
}

static int show_an_empty_pipe(struct witness *w, int cure)
{
    (void)cure;
    return open_both() ? -EIO : show_pipe(w);
}

/* The inner header promises more than there is. */
static int show_a_torn_inner(struct witness *w, int cure)
{
    (void)cure;
    if (open_both())
        return -EIO;
    send_frame(one[1], 'A', 3000, 1500);
    send_frame(one[1], 'B', 2000, 1000);
    send_frame(one[1], 'A', 0, 700);
    return show_pipe(w);
}

/* Its payload looks like a message in the middle, and is the sender's own. */
static int show_one_that_is_whole(struct witness *w, int cure)
{
    uint32_t header = htobe32(3000), inner = htobe32(1000);
    char payload[3000];

    (void)cure;
    if (open_both())
        return -EIO;
    memset(payload, 'A', sizeof payload);
    memcpy(payload + 1000, &inner, sizeof inner);
    memset(payload + 1000 + sizeof inner, 'B', 1000);
    write_full(one[1], &header, sizeof header);
    write_full(one[1], payload, sizeof payload);
    return show_pipe(w);
}

static void impostors_of_a_message_within_another_are_not_proven(void **state)
{
    static const struct impostor list[] = {
        {show_one_after_the_other, "in one piece"},
        {show_an_empty_pipe, "holds no message"},
        {show_a_torn_inner, "in one piece"},
        {show_one_that_is_whole, "whole messages follow each other"},
        {NULL, NULL}};

    (void)state;
    all_refused(CORRUPTS, "message within message", list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            impostors_of_a_message_twice_are_not_proven, patient, census_end),
        cmocka_unit_test_setup_teardown(
            impostors_of_a_message_within_another_are_not_proven, patient,
            census_end),
    };

    return RUN_PROMISES(tests);
}
