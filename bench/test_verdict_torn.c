/* SPDX-License-Identifier: MIT */
/* test_verdict_torn.c - who claims to wait for the rest of a message whose
 * sender has died, and does not. */
#include "test_verdict_pipes.h"

#include <signal.h>
#include <sys/wait.h>

static int tasks[2];
/* --- what the sender does --- */

static void send_whole(void)
{
    send_frame(one[1], 'x', 2000, 2000);
}

static void send_half(void)
{
    send_frame(one[1], 'x', 2000, 1000);
}

static void send_half_and_live(void)
{
    send_half();
    write_full(two[1], "", 1);
    pause_for_ever();
}

/* --- what its sibling does, which has the write end too --- */

static void idle(void)
{
    char byte;

    fd_close(&tasks[1]);
    read_some(tasks[0], &byte, 1);
}

static void send_the_rest_when_asked(void)
{
    idle();
    send_frame(one[1], 'x', 2000, 996);
}

/* --- what we do: read so many bytes, and then wait for one more --- */

static int read_what_was_sent(struct witness *w, void (*sends)(void),
                              void (*sibling)(void), size_t bytes)
{
    char buffer[4096];
    siginfo_t ended;
    pid_t sender;

    if (open_both() || fd_pipe(tasks) < 0)
        return -EIO;
    sender = fork_to(sends);
    witness_holder(w, fork_to(sibling));
    fd_close(&one[1]);
    if (sends == send_half_and_live)
        read_some(two[0], buffer, 1);
    else
        waitid(P_PID, (id_t)sender, &ended, WEXITED | WNOWAIT);
    witness_child(w, sender);
    witness_victim(w, getpid());
    witness_fd(w, "messages", one[0]);
    witness_show(w, 1);
    witness_ready(w);
    read_full(one[0], buffer, bytes);
    if (sibling == send_the_rest_when_asked)
        fd_close(&tasks[1]);
    while (read_some(one[0], buffer, sizeof buffer) > 0)
        ;
    return 0;
}

static int ended_between_two_messages(struct witness *w, int cure)
{
    (void)cure;
    return read_what_was_sent(w, send_whole, idle, 2004);
}

static int sent_nothing(struct witness *w, int cure)
{
    (void)cure;
    return read_what_was_sent(w, do_nothing, idle, 0);
}

static int lives_on(struct witness *w, int cure)
{
    (void)cure;
    return read_what_was_sent(w, send_half_and_live, idle, 1004);
}

static int gets_the_rest_from_another(struct witness *w, int cure)
{
    (void)cure;
    return read_what_was_sent(w, send_half, send_the_rest_when_asked, 1004);
}

static int nobody_holds_the_end(struct witness *w, int cure)
{
    (void)cure;
    return read_what_was_sent(w, send_half, do_nothing, 1004);
}

static int sibling_is_busy(struct witness *w, int cure)
{
    (void)cure;
    return read_what_was_sent(w, send_half, spin, 1004);
}

/* Its stage is said to be set, but what the dead left was never shown. */
static int shows_no_stage(struct witness *w, int cure)
{
    char byte;

    (void)cure;
    if (open_both())
        return -EIO;
    witness_child(w, fork_to(do_nothing));
    witness_holder(w, fork_to(wait_for_ever));
    fd_close(&one[1]);
    witness_victim(w, getpid());
    witness_fd(w, "messages", one[0]);
    witness_ready(w);
    return (int)read_some(one[0], &byte, 1);
}

static void impostors_of_a_torn_message_are_not_proven(void **state)
{
    static const struct impostor list[] = {
        {ended_between_two_messages, "no half of a message"},
        {sent_nothing, "no half of a message"},
        {lives_on, "has not ended"},
        {gets_the_rest_from_another, "it ended with exit status 0"},
        {nobody_holds_the_end, "it ended with exit status 0"},
        {sibling_is_busy, "slow, not stuck"},
        {shows_no_stage, "its time was over"},
        {NULL, NULL}};

    (void)state;
    all_refused(HANGS, "torn message", list);
}

/* The same reader is proven when the sender is dead and the sibling idle. */
static int waits_for_the_rest(struct witness *w, int cure)
{
    (void)cure;
    return read_what_was_sent(w, send_half, idle, 1004);
}

static void a_torn_message_is_proven(void **state)
{
    const struct hazard torn = {.name = "torn",
                                .expect = HANGS,
                                .evidence = "torn message",
                                .run = waits_for_the_rest};

    (void)state;
    assert_int_equal(observe(&torn, 0, 10 * SECOND).verdict.ruling, PROVEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            impostors_of_a_torn_message_are_not_proven, patient, census_end),
        cmocka_unit_test_setup_teardown(a_torn_message_is_proven, patient,
                                        census_end),
    };

    return RUN_PROMISES(tests);
}
