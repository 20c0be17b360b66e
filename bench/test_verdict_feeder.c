/* SPDX-License-Identifier: MIT */
/* test_verdict_feeder.c - who claims to miss its feeder after a fork, or to
 * have one too many, and does not. */
#include "test_verdict_pipes.h"

#include <fcntl.h>
#include <pthread.h>

/* What the child is said to have put and not sent. */
static volatile int64_t unsent;

static void *stay_idle(void *unused)
{
    pause_for_ever();
    return unused;
}

/* --- "no feeder" --- */

struct tale {
    bool alone;   /* the parent has no thread but this one */
    bool written; /* something is in the pipe */
    bool other_pipe;
    int64_t before; /* unsent in the parent */
    void (*child)(void);
};

static int tell(struct witness *w, const struct tale *t)
{
    pid_t child;
    char byte;

    if (open_both())
        return -EIO;
    if (!t->alone)
        start_thread(stay_idle);
    unsent = t->before;
    witness_holder(w, getpid());
    witness_memory(w, "unsent", &unsent);
    witness_fd(w, "unsent", t->other_pipe ? two[0] : one[0]);
    witness_show(w, 1);
    child = fork_to(t->child);
    witness_victim(w, child);
    witness_ready(w);
    if (t->written) {
        write_full(one[1], "item", 4);
        waitpid(child, NULL, 0);
    }
    read_some(one[0], &byte, 1);
    return 0;
}

static void wait_until_sent(void)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

    pthread_mutex_lock(&mutex);
    for (;;)
        pthread_cond_wait(&changed, &mutex);
}

static void put_and_wait(void)
{
    unsent = 1;
    wait_until_sent();
}

static void put_and_pause(void)
{
    unsent = 1;
    pause_for_ever();
}

static void put_and_nap(void)
{
    unsent = 1;
    nap();
}

static void put_to_a_feeder_and_wait(void)
{
    start_thread(stay_idle);
    put_and_wait();
}

/* The one that waits is no child of who had the feeder. */
static void leave_it_to_a_grandchild(void)
{
    fork_to(put_and_wait);
    pause_for_ever();
}

TALE(has_a_feeder, .child = put_to_a_feeder_and_wait)
TALE(parent_had_none, .alone = true, .child = put_and_wait)
TALE(put_nothing, .child = wait_until_sent)
TALE(parent_has_the_same, .before = 1, .child = put_and_wait)
TALE(child_pauses, .child = put_and_pause)
TALE(child_naps, .child = put_and_nap)
TALE(grandchild_waits, .child = leave_it_to_a_grandchild)
TALE(child_ends, .written = true, .child = do_nothing)
TALE(an_item_is_there, .written = true, .child = put_and_wait)
TALE(parent_reads_another, .other_pipe = true, .child = put_and_wait)
TALE(misses_its_feeder, .child = put_and_wait)

static void impostors_of_a_lost_feeder_are_not_proven(void **state)
{
    static const struct impostor list[] = {
        {has_a_feeder, "has 2 threads"},
        {parent_had_none, "has 1 threads"},
        {put_nothing, "\"unsent\" is 0"},
        {parent_has_the_same, "and 1 in process"},
        {child_pauses, "does not wait for its own threads"},
        {child_naps, "does not wait for its own threads"},
        {grandchild_waits, "does not wait for its own threads"},
        {an_item_is_there, "not where it was said to be"},
        {parent_reads_another, "not where it was said to be"},
        {child_ends, "it ended with exit status 0"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL}};

    (void)state;
    all_refused(HANGS, "no feeder", list);
}

static void a_lost_feeder_is_proven(void **state)
{
    const struct hazard h = {.name = "feeder",
                             .expect = HANGS,
                             .evidence = "no feeder",
                             .run = misses_its_feeder};

    (void)state;
    assert_int_equal(observe(&h, 0, 10 * SECOND).verdict.ruling, PROVEN);
}

/* --- "sent by both" --- */

static uint64_t number = 7;

/* Fill the pipe `one`, so that who writes into it waits: how much it took. */
static ssize_t fill(void)
{
    char bytes[4096] = {0};
    ssize_t n, all = 0;

    fcntl(one[1], F_SETFL, O_NONBLOCK);
    while ((n = write(one[1], bytes, sizeof bytes)) > 0)
        all += n;
    fcntl(one[1], F_SETFL, 0);
    return all;
}

static void drain(ssize_t all)
{
    char bytes[4096];

    for (; all > 0; all -= (ssize_t)sizeof bytes)
        read_full(one[0], bytes, sizeof bytes);
}

static void *send_number(void *unused)
{
    write_full(one[1], &number, sizeof number);
    write_full(two[1], "", 1);
    return unused;
}

static void send_it_too(void)
{
    send_number(NULL);
    pause_for_ever();
}

static void send_another(void)
{
    number = 8;
    send_it_too();
}

/* A grandchild of ours sends it, and we say that our child does. */
static void have_it_sent(void)
{
    fork_to(send_it_too);
    pause_for_ever();
}

/* Our thread sends the number, and so does the child as it likes; `take` of
 * those that were sent are taken out before we show that both have been. */
static int send_in_both(struct witness *w, void (*child)(void), int senders,
                        int take)
{
    ssize_t all = open_both() ? -1 : fill();
    uint64_t taken;
    char byte;

    if (all <= 0)
        return -EIO;
    start_thread(send_number);
    witness_victim(w, getpid());
    witness_holder(w, fork_to(child));
    witness_fd(w, "items", one[1]);
    witness_show(w, 1);
    drain(all);
    for (; senders; senders--)
        read_some(two[0], &byte, 1);
    for (; take; take--)
        read_full(one[0], &taken, sizeof taken);
    witness_show(w, 2);
    return 0;
}

static int one_sends_another(struct witness *w, int cure)
{
    (void)cure;
    return send_in_both(w, send_another, 2, 0);
}

static int child_sends_nothing(struct witness *w, int cure)
{
    (void)cure;
    return send_in_both(w, wait_for_ever, 1, 0);
}

static int grandchild_sends(struct witness *w, int cure)
{
    (void)cure;
    return send_in_both(w, have_it_sent, 2, 0);
}

static int one_was_taken(struct witness *w, int cure)
{
    (void)cure;
    return send_in_both(w, send_it_too, 2, 1);
}

static int both_send(struct witness *w, int cure)
{
    (void)cure;
    return send_in_both(w, send_it_too, 2, 0);
}

/* Twice in the pipe, and sent by one alone. */
static int sends_it_twice(struct witness *w, int cure)
{
    (void)cure;
    if (open_both())
        return -EIO;
    write_full(one[1], &number, sizeof number);
    write_full(one[1], &number, sizeof number);
    witness_victim(w, getpid());
    witness_holder(w, fork_to(wait_for_ever));
    witness_fd(w, "items", one[1]);
    witness_show(w, 1);
    witness_show(w, 2);
    return 0;
}

static void impostors_of_two_senders_are_not_proven(void **state)
{
    static const struct impostor list[] = {
        {one_sends_another, "the other 8"},
        {child_sends_nothing, "waits in write"},
        {grandchild_sends, "waits in write"},
        {sends_it_twice, "waits in write"},
        {one_was_taken, "in the pipe 1 times"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL}};

    (void)state;
    all_refused(CORRUPTS, "sent by both", list);
}

static void two_senders_are_proven(void **state)
{
    const struct hazard h = {.name = "both",
                             .expect = CORRUPTS,
                             .evidence = "sent by both",
                             .run = both_send};

    (void)state;
    assert_int_equal(observe(&h, 0, 10 * SECOND).verdict.ruling, PROVEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            impostors_of_a_lost_feeder_are_not_proven, patient, census_end),
        cmocka_unit_test_setup_teardown(a_lost_feeder_is_proven, patient,
                                        census_end),
        cmocka_unit_test_setup_teardown(impostors_of_two_senders_are_not_proven,
                                        patient, census_end),
        cmocka_unit_test_setup_teardown(two_senders_are_proven, patient,
                                        census_end),
    };

    return RUN_PROMISES(tests);
}
