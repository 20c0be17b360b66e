/* SPDX-License-Identifier: MIT */
/* test_verdict_message.c - who claims a cycle, a message twice, or one within
 * another, and has none. */
#include "test_verdict.h"

#include "pipe/pipe.h"

#include <endian.h>
#include <sys/wait.h>

enum { MUCH = 256 * 1024 };

static int one[2], two[2];
static char much[MUCH];
static volatile uint64_t delivered;

static int open_both(void)
{
    return fd_pipe(one) < 0 || fd_pipe(two) < 0 ? -EIO : 0;
}

static void claim(struct witness *w, pid_t holder, int fd)
{
    witness_victim(w, getpid());
    witness_holder(w, holder);
    witness_fd(w, "pipe", fd);
    witness_ready(w);
}

/* --- "cycle 2" --- */

static void read_never(void)
{
    fd_close(&one[1]);
    pause_for_ever();
}

/* Nobody but the child could read, and the child waits for no one of us. */
static int fill_for_one_who_pauses(struct witness *w, int cure)
{
    pid_t child = open_both() ? -1 : fork_to(read_never);

    (void)cure;
    fd_close(&one[0]);
    claim(w, child, one[1]);
    return write_full(one[1], much, MUCH);
}

static int fill_for_oneself(struct witness *w, int cure)
{
    (void)cure;
    if (open_both())
        return -EIO;
    claim(w, getpid(), one[1]);
    return write_full(one[1], much, MUCH);
}

static void read_slowly(void)
{
    char byte;

    fd_close(&one[1]);
    for (;;) {
        test_sleep_ms(20);
        if (read_some(one[0], &byte, 1) <= 0)
            _exit(0);
    }
}

static int fill_for_a_slow_reader(struct witness *w, int cure)
{
    pid_t child = open_both() ? -1 : fork_to(read_slowly);

    (void)cure;
    fd_close(&one[0]);
    claim(w, child, one[1]);
    return write_full(one[1], much, MUCH);
}

static void join_the_parent_in_three(void)
{
    fd_close(&two[0]);
    write_full(two[1], much, MUCH);
}

/* A cycle, and of another length: parent, child, grandchild. */
static void wait_for_grandchild(void)
{
    pid_t grandchild = fork_to(join_the_parent_in_three);

    fd_close(&two[0]);
    fd_close(&two[1]);
    waitpid(grandchild, NULL, 0);
}

static int wait_in_a_longer_cycle(struct witness *w, int cure)
{
    pid_t child = open_both() ? -1 : fork_to(wait_for_grandchild);

    (void)cure;
    fd_close(&two[1]);
    claim(w, child, two[0]);
    return waitpid(child, NULL, 0) == child ? 0 : -ECHILD;
}

static int end_at_once(struct witness *w, int cure)
{
    (void)cure;
    claim(w, getpid(), 3);
    return 0;
}

static void impostors_of_a_cycle_are_not_proven(void **state)
{
    static const struct impostor list[] = {
        {fill_for_one_who_pauses, "is in no cycle"},
        {fill_for_oneself, "is in no cycle"},
        {fill_for_a_slow_reader, "is in no cycle"},
        {wait_in_a_longer_cycle, "has 3 edges"},
        {end_at_once, "it ended with exit status 0"},
        {NULL, NULL}};

    (void)state;
    all_refused(HANGS, "cycle 2", list);
}

/* --- "delivered twice" --- */

static int show_numbers(struct witness *w, uint64_t ours, uint64_t theirs)
{
    pid_t child;

    if (open_both())
        return -EIO;
    child = fork();
    if (child == 0) {
        delivered = theirs;
        write_full(one[1], "", 1);
        pause_for_ever();
    }
    read_some(one[0], much, 1);
    delivered = ours;
    witness_memory(w, "delivered", &delivered);
    claim(w, child, one[0]);
    witness_show(w, 1);
    return 0;
}

static int show_two_different(struct witness *w, int cure)
{
    (void)cure;
    return show_numbers(w, 1, 2);
}

static int show_nothing(struct witness *w, int cure)
{
    (void)cure;
    return show_numbers(w, 0, 0);
}

static int show_the_same_process_twice(struct witness *w, int cure)
{
    (void)cure;
    delivered = 7;
    witness_memory(w, "delivered", &delivered);
    claim(w, getpid(), 3);
    witness_show(w, 1);
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
        {show_two_different, "and"},
        {show_nothing, "was given nothing"},
        {show_the_same_process_twice, "has 7"},
        {show_no_stage, "it ended with exit status 0"},
        {NULL, NULL}};

    (void)state;
    all_refused(CORRUPTS, "delivered twice", list);
}

/* --- "message within message" --- */

static void put_message(char letter, size_t says, size_t has)
{
    uint32_t header = htobe32((uint32_t)says);

    memset(much, letter, has);
    write_full(one[1], &header, sizeof header);
    write_full(one[1], much, has);
}

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
    put_message('A', 3000, 3000);
    put_message('B', 2000, 2000);
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
    put_message('A', 3000, 1500);
    put_message('B', 2000, 1000);
    put_message('A', 0, 700);
    return show_pipe(w);
}

static void impostors_of_a_message_within_another_are_not_proven(void **state)
{
    static const struct impostor list[] = {
        {show_one_after_the_other, "in one piece"},
        {show_an_empty_pipe, "holds no message"},
        {show_a_torn_inner, "in one piece"},
        {NULL, NULL}};

    (void)state;
    all_refused(CORRUPTS, "message within message", list);
}

/* --- "read pipe", whose sender is said to be dead --- */

static void sleep_with_the_end(void)
{
    fd_close(&one[0]);
    pause_for_ever();
}

static int say_that_a_living_sender_died(struct witness *w, int cure)
{
    pid_t child = open_both() ? -1 : fork_to(sleep_with_the_end);
    char byte;

    (void)cure;
    fd_close(&one[1]);
    witness_child(w, child);
    claim(w, child, one[0]);
    return (int)read_some(one[0], &byte, 1);
}

static void a_sender_that_lives_has_not_died(void **state)
{
    static const struct impostor list[] = {
        {say_that_a_living_sender_died, "has not ended"}, {NULL, NULL}};

    (void)state;
    all_refused(HANGS, "read pipe", list);
}

static int patient(void **state)
{
    int error = census_begin(state);

    alarm(120);
    return error;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(impostors_of_a_cycle_are_not_proven,
                                        patient, census_end),
        cmocka_unit_test_setup_teardown(
            impostors_of_a_message_twice_are_not_proven, patient, census_end),
        cmocka_unit_test_setup_teardown(
            impostors_of_a_message_within_another_are_not_proven, patient,
            census_end),
        cmocka_unit_test_setup_teardown(a_sender_that_lives_has_not_died,
                                        patient, census_end),
    };

    return RUN_PROMISES(tests);
}
