/* SPDX-License-Identifier: MIT */
/* test_verdict_rebuilt.c - who claims to wait at a pipe because its child made
 * another one, and does not. */
#include "test_verdict_pipes.h"

#include "common/hooks.h"
#include "start/start.h"

/* --- what the child does --- */

enum { STATUS = 3 };

/* Send that much into one pipe or another, show it, and end with a status. */
static int send_and_show(struct parcel *arguments, bool its_own, size_t bytes)
{
    struct witness *w = witness_unpack(arguments);
    int writer, shown, ends[2];

    if (!w || parcel_take_fd(arguments, &writer) < 0 ||
        parcel_take_fd(arguments, &shown) < 0 || fd_pipe(ends) < 0)
        return -EIO;
    if (its_own)
        writer = ends[1];
    write_full(writer, "hello", bytes);
    witness_child(w, getpid());
    witness_child_fd(w, writer);
    witness_show(w, 1);
    write_full(shown, "", 1);
    return 0;
}

static int sends_into_its_own(struct parcel *arguments)
{
    return send_and_show(arguments, true, 5);
}
TARGET(sends_into_its_own)

static int sends_into_ours(struct parcel *arguments)
{
    return send_and_show(arguments, false, 5);
}
TARGET(sends_into_ours)

static int sends_nothing(struct parcel *arguments)
{
    return send_and_show(arguments, true, 0);
}
TARGET(sends_nothing)

static int ends_badly(struct parcel *arguments)
{
    return send_and_show(arguments, true, 5) + STATUS;
}
TARGET(ends_badly)

static int stays(struct parcel *arguments)
{
    send_and_show(arguments, true, 5);
    pause_for_ever();
}
TARGET(stays)

static int shows_no_pipe(struct parcel *arguments)
{
    struct witness *w = witness_unpack(arguments);
    int unused, shown;

    if (!w || parcel_take_fd(arguments, &unused) < 0 ||
        parcel_take_fd(arguments, &shown) < 0)
        return -EIO;
    witness_child(w, getpid());
    witness_child_fd(w, STDIN_FILENO);
    witness_show(w, 1);
    write_full(shown, "", 1);
    return 0;
}
TARGET(shows_no_pipe)

/* --- what we do --- */

/* Start it, wait until it can be seen to have ended, and read. */
struct tale {
    const char *target;
    enum start_method method;
    bool lives;         /* do not wait for its end */
    bool has_a_brother; /* a fork that has all that we have */
    bool blames_him;    /* and is named as who holds the write end */
    bool reads_another; /* pipe, that nobody else has either */
    bool does_not_read;
};

static int start(struct witness *w, const struct tale *t)
{
    struct parcel arguments;
    struct process p;
    siginfo_t ended;
    char byte;
    int error;

    parcel_init(&arguments);
    process_init(&p, t->target, &arguments);
    p.method = t->method;
    error = witness_pack(w, &arguments);
    if (!error)
        error = parcel_put_fd(&arguments, one[1]);
    if (!error)
        error = parcel_put_fd(&arguments, two[1]);
    if (!error)
        error = process_start(&p);
    if (!error)
        read_some(two[0], &byte, 1); /* until it has shown its stage */
    if (!error && !t->lives)
        waitid(P_PID, (id_t)p.pid, &ended, WEXITED | WNOWAIT);
    return error;
}

static int tell(struct witness *w, const struct tale *t)
{
    pid_t brother = 0;
    char byte;

    if (open_both())
        return -EIO;
    if (t->has_a_brother)
        brother = fork_to(wait_for_ever);
    witness_victim(w, getpid());
    witness_holder(w, t->blames_him ? brother : getpid());
    witness_fd(w, "parent_conn", one[0]);
    if (start(w, t))
        return -EIO;
    witness_show(w, 2);
    if (t->reads_another)
        witness_fd(w, "parent_conn", two[0]);
    witness_ready(w);
    if (t->does_not_read)
        pause_for_ever();
    read_some(t->reads_another ? two[0] : one[0], &byte, 1);
    return 0;
}

TALE(both_have_one_pipe, .target = "sends_into_ours", .method = START_SPAWN)
TALE(nothing_was_sent, .target = "sends_nothing", .method = START_SPAWN)
TALE(its_child_is_a_fork, .target = "sends_into_its_own", .method = START_FORK)
TALE(its_child_is_anothers, .target = "sends_into_its_own",
     .method = START_FORKSERVER, .lives = true)
TALE(its_child_fails, .target = "ends_badly", .method = START_SPAWN)
TALE(its_child_lives, .target = "stays", .method = START_SPAWN, .lives = true)
TALE(its_child_has_no_pipe, .target = "shows_no_pipe", .method = START_SPAWN)
TALE(a_brother_may_write, .target = "sends_into_its_own", .method = START_SPAWN,
     .has_a_brother = true)
TALE(a_brother_is_blamed, .target = "sends_into_its_own", .method = START_SPAWN,
     .has_a_brother = true, .blames_him = true)
TALE(it_reads_another, .target = "sends_into_its_own", .method = START_SPAWN,
     .reads_another = true)
TALE(it_reads_nothing, .target = "sends_into_its_own", .method = START_SPAWN,
     .does_not_read = true)

/* Nobody has sent, and nobody was there: it only reads. */
static int its_child_never_ran(struct witness *w, int cure)
{
    char byte;

    (void)cure;
    if (open_both())
        return -EIO;
    claim(w, getpid(), one[0]);
    read_some(one[0], &byte, 1);
    return 0;
}

static void impostors_of_a_rebuilt_pipe_are_not_proven(void **state)
{
    static const struct impostor impostors[] = {
        {both_have_one_pipe, "both have pipe"},
        {nothing_was_sent, "has sent nothing"},
        {its_child_is_a_fork, "is a fork, and no image of its own"},
        {its_child_is_anothers, "is no child of process"},
        {its_child_fails, "did not end well"},
        {its_child_lives, "has not ended"},
        {its_child_has_no_pipe, "is no pipe"},
        {a_brother_may_write, "holds the write end of pipe"},
        {a_brother_is_blamed, "holds the write end of pipe"},
        {it_reads_another, "it waits at another pipe"},
        {it_reads_nothing, "not where it was said to be"},
        {its_child_never_ran, "its time was over"},
        {only_pauses, "its time was over"},
        {exits_at_once, "it ended with exit status 0"},
        {NULL, NULL},
    };

    (void)state;
    all_refused(HANGS, "another pipe", impostors);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            impostors_of_a_rebuilt_pipe_are_not_proven, patient, census_end),
    };

    mechanisms_init(argc, argv);
    return RUN_PROMISES(tests);
}
