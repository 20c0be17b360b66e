/* SPDX-License-Identifier: MIT */
/* test_verdict_pipe.c - who waits at a pipe for an end that never comes, or
 * dies of it, and who only looks so. */
#include "test_verdict.h"

#include <fcntl.h>
#include <sys/socket.h>

/* --- "read pipe" ------------------------------------------------------------
 */

/* A child that keeps the write end and does `what`; we read. */
static int read_beside(struct witness *w, void (*what)(void), bool keep_ours)
{
    int ends[2];
    pid_t child;
    char byte;

    if (fd_pipe(ends) < 0)
        return -EMFILE;
    child = fork();
    if (child == 0) {
        what();
        _exit(0);
    }
    if (!keep_ours)
        fd_close(&ends[1]);
    witness_fd(w, "results", ends[0]);
    witness_victim(w, getpid());
    witness_holder(w, child);
    witness_ready(w);
    read_some(ends[0], &byte, 1);
    return 0;
}

static int holder_is_busy(struct witness *w, int cure)
{
    (void)cure;
    return read_beside(w, spin, false);
}

static int holder_naps(struct witness *w, int cure)
{
    (void)cure;
    return read_beside(w, nap, false);
}

static int holder_has_gone(struct witness *w, int cure)
{
    (void)cure;
    return read_beside(w, do_nothing, false);
}

static int reader_holds_it_too(struct witness *w, int cure)
{
    (void)cure;
    return read_beside(w, pause_for_ever, true);
}

static int reads_a_pipe_that_nobody_writes(struct witness *w, int cure)
{
    int ends[2];
    char byte;

    (void)cure;
    if (fd_pipe(ends) < 0)
        return -EMFILE;
    fd_close(&ends[1]);
    witness_fd(w, "results", ends[0]);
    witness_victim(w, getpid());
    witness_holder(w, getpid());
    witness_ready(w);
    return (int)read_some(ends[0], &byte, 1);
}

/* Waits in read(2), of another pipe than it says. */
static int reads_another(struct witness *w, int cure)
{
    int ends[2], others[2];
    char byte;

    (void)cure;
    if (fd_pipe(ends) < 0 || fd_pipe(others) < 0)
        return -EMFILE;
    witness_fd(w, "results", ends[0]);
    witness_victim(w, getpid());
    witness_holder(w, getpid());
    witness_ready(w);
    return (int)read_some(others[0], &byte, 1);
}

static int reads_a_socket(struct witness *w, int cure)
{
    int ends[2];
    char byte;

    (void)cure;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
        return -errno;
    witness_fd(w, "results", ends[0]);
    witness_victim(w, getpid());
    witness_holder(w, getpid());
    witness_ready(w);
    return (int)read_some(ends[0], &byte, 1);
}

static int pauses_over_results(struct witness *w, int cure)
{
    (void)cure;
    witness_fd(w, "results", 0);
    witness_victim(w, getpid());
    witness_ready(w);
    pause_for_ever();
}

static void impostors_of_an_inherited_end_are_not_proven(void **state)
{
    static const struct impostor impostors[] = {
        {holder_is_busy, "slow, not stuck"},
        {holder_naps, "which may end"},
        {holder_has_gone, "it ended with exit status 0"},
        {reader_holds_it_too, "holds the write end"},
        {reads_a_pipe_that_nobody_writes, "it ended with exit status 0"},
        {reads_another, "not where it was said to be"},
        {reads_a_socket, "and no pipe"},
        {pauses_over_results, "not where it was said to be"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL},
    };

    (void)state;
    all_refused(HANGS, "read pipe", impostors);
}

/* --- "signal PIPE" -----------------------------------------------------------
 */

static int dies_of_another_signal(struct witness *w, int cure)
{
    (void)cure;
    witness_victim(w, getpid());
    raise(SIGTERM);
    return 0;
}

/* Its child dies as it should itself. */
static int another_dies(struct witness *w, int cure)
{
    pid_t child = fork();

    (void)cure;
    if (child == 0) {
        signal(SIGPIPE, SIG_DFL);
        raise(SIGPIPE);
    }
    witness_victim(w, child);
    waitpid(child, NULL, 0);
    return 0;
}

static int exits_with_the_signals_status(struct witness *w, int cure)
{
    (void)cure;
    witness_victim(w, getpid());
    return 128 + SIGPIPE;
}

static int only_pauses_until_killed(struct witness *w, int cure)
{
    (void)cure;
    witness_victim(w, getpid());
    pause_for_ever();
}

/* The right signal, which nobody's pipe sent. */
static int raises_it(struct witness *w, int cure)
{
    (void)cure;
    witness_victim(w, getpid());
    witness_fd(w, "writer", STDOUT_FILENO);
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
    return 0;
}

static void impostors_of_a_death_by_signal_are_not_proven(void **state)
{
    static const struct impostor impostors[] = {
        {dies_of_another_signal, "signal 15"},
        {another_dies, "it ended with exit status 0"},
        {exits_with_the_signals_status, "it ended with exit status 141"},
        {only_pauses_until_killed, "its time was over"},
        {raises_it, "in no write to descriptor"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL},
    };

    (void)state;
    all_refused(CRASHES, "signal PIPE", impostors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROMISE(impostors_of_an_inherited_end_are_not_proven),
        PROMISE(impostors_of_a_death_by_signal_are_not_proven),
    };

    return RUN_PROMISES(tests);
}
