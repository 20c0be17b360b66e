/* SPDX-License-Identifier: MIT */
/* test_verdict_cycle.c - who claims to be in a cycle, and is in none, or in
 * another. */
#include "test_verdict_pipes.h"

#include <pthread.h>
#include <sys/wait.h>

enum { MUCH = 256 * 1024 };

static char much[MUCH];
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

/* --- of a queue: parent, child, and a thread of the child --- */

static void *send_much(void *unused)
{
    write_full(two[1], much, MUCH);
    return unused;
}

/* The child has the read end, too, and waits for its feeder. */
static void wait_for_feeder(void)
{
    pthread_t feeder;

    if (pthread_create(&feeder, NULL, send_much, NULL) == 0)
        pthread_join(feeder, NULL);
}

static void read_another(void)
{
    char byte;

    fd_close(&two[1]);
    read_some(one[0], &byte, 1);
}

static void read_slowly_here(void)
{
    char byte;

    for (;;) {
        test_sleep_ms(20);
        read_some(two[0], &byte, 1);
    }
}

static void *read_in_a_thread(void *unused)
{
    read_slowly_here();
    return unused;
}

static void wait_for_feeder_and_read(void)
{
    pthread_t reader;

    if (pthread_create(&reader, NULL, read_in_a_thread, NULL) == 0)
        wait_for_feeder();
}

static int join_one(struct witness *w, pid_t child)
{
    fd_close(&two[1]);
    claim(w, child, two[0]);
    return waitpid(child, NULL, 0) == child ? 0 : -ECHILD;
}

/* Join the child, before anything is read; a sibling has the pipe as well. */
static int join_before_drain(struct witness *w, void (*child)(void),
                             void (*sibling)(void))
{
    pid_t joined = open_both() ? -1 : fork_to(child);

    if (joined > 0 && sibling)
        fork_to(sibling);
    return join_one(w, joined);
}

static int join_a_queue(struct witness *w, int cure)
{
    (void)cure;
    return join_before_drain(w, wait_for_feeder, NULL);
}

/* It is stuck, and elsewhere; and were it woken, it might read. */
static int join_beside_another_reader(struct witness *w, int cure)
{
    (void)cure;
    return join_before_drain(w, wait_for_feeder, read_another);
}

static int join_beside_one_who_pauses(struct witness *w, int cure)
{
    (void)cure;
    return join_before_drain(w, wait_for_feeder, wait_for_ever);
}

static int join_beside_a_slow_reader(struct witness *w, int cure)
{
    (void)cure;
    return join_before_drain(w, wait_for_feeder, read_slowly_here);
}

static int join_who_reads_its_own(struct witness *w, int cure)
{
    (void)cure;
    return join_before_drain(w, wait_for_feeder_and_read, NULL);
}

/* As a cure does it, and more slowly. */
static int join_while_a_thread_gets(struct witness *w, int cure)
{
    pthread_t reader;

    (void)cure;
    if (open_both() ||
        pthread_create(&reader, NULL, read_in_a_thread, NULL) != 0)
        return -EIO;
    return join_one(w, fork_to(wait_for_feeder));
}

static void impostors_of_a_join_before_a_drain_are_not_proven(void **state)
{
    static const struct impostor list[] = {
        {join_beside_another_reader, "3 processes could wake"},
        {join_beside_one_who_pauses, "is in no cycle"},
        {join_beside_a_slow_reader, "is in no cycle"},
        {join_who_reads_its_own, "is in no cycle"},
        {join_while_a_thread_gets, "is in no cycle"},
        {NULL, NULL}};
    const struct hazard true_one = {.name = "queue",
                                    .expect = HANGS,
                                    .evidence = "cycle 3",
                                    .run = join_a_queue};

    (void)state;
    all_refused(HANGS, "cycle 3", list);
    assert_int_equal(observe(&true_one, 0, 10 * SECOND).verdict.ruling, PROVEN);
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
        {end_at_once, "it ended with exit status 0"},
        {NULL, NULL}};

    (void)state;
    all_refused(HANGS, "cycle 2", list);
    refused(HANGS, "cycle 99", &list[0]);
}

/* Three edges are no two, and are proven as three. */
static void a_cycle_is_proven_for_its_own_length_alone(void **state)
{
    static const struct impostor two_edges = {wait_in_a_longer_cycle,
                                              "has 3 edges"};
    const struct hazard three = {.name = "three",
                                 .expect = HANGS,
                                 .evidence = "cycle 3",
                                 .run = wait_in_a_longer_cycle};

    (void)state;
    refused(HANGS, "cycle 2", &two_edges);
    assert_int_equal(observe(&three, 0, 10 * SECOND).verdict.ruling, PROVEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(impostors_of_a_cycle_are_not_proven,
                                        patient, census_end),
        cmocka_unit_test_setup_teardown(
            impostors_of_a_join_before_a_drain_are_not_proven, patient,
            census_end),
        cmocka_unit_test_setup_teardown(
            a_cycle_is_proven_for_its_own_length_alone, patient, census_end),
    };

    return RUN_PROMISES(tests);
}
