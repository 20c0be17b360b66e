/* SPDX-License-Identifier: MIT */
/*
 * test_trial_ends.c - trials that end otherwise than they should: whoever dies
 * first, the trial is over soon, says why, and leaves no process (the census
 * looks).
 */
#include "test_trial.h"

#include "common/tracker.h"
#include "start/forkserver.h"

static int crash_op(struct trial *t, unsigned n)
{
    (void)t;
    (void)n;
    signal(SIGABRT, SIG_DFL);
    abort();
}

static int killed_serve(struct trial *t, int role, unsigned n)
{
    (void)t;
    (void)role;
    (void)n;
    raise(SIGKILL);
    return 0;
}

static int leaving_serve(struct trial *t, int role, unsigned n)
{
    (void)t;
    (void)role;
    (void)n;
    _exit(9);
}

static int blocked_serve(struct trial *t, int role, unsigned n)
{
    (void)role;
    tally->blocked = getpid();
    return wait_op(t, n);
}

/* The timed side dies, and nobody can tell the peer where that is blocked. */
static int dying_op(struct trial *t, unsigned n)
{
    (void)t;
    (void)n;
    while (!tally->blocked)
        test_sleep_ms(1);
    raise(SIGKILL);
    return 0;
}

/* Kill a child of this side, and have it be dead. */
static void kill_helper(pid_t pid)
{
    siginfo_t info;

    if (pid > 0 && kill(pid, SIGKILL) == 0 &&
        waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0)
        tally->killed++;
}

static int bereaved_op(struct trial *t, unsigned n)
{
    if (tally->killed == 0 && forkserver_ensure_running() == 0) {
        kill_helper(tracker_pid());
        if (method != START_FORKSERVER)
            kill_helper(forkserver_pid());
    }
    return fake_op(t, n);
}

static int orphaning_op(struct trial *t, unsigned n)
{
    kill_helper(forkserver_pid());
    return wait_op(t, n);
}

static const struct workload fakes[] = {
    {.name = "own", .own = true, SIDES(fake_open, NULL, own_op, NULL, 0)},
    {.name = "wait", SIDES(fake_open, fake_join, wait_op, fake_serve, 1)},
    {.name = "crash", SIDES(fake_open, fake_join, crash_op, fake_serve, 1)},
    {.name = "killed", SIDES(fake_open, fake_join, wait_op, killed_serve, 2)},
    {.name = "left", SIDES(fake_open, fake_join, wait_op, leaving_serve, 1)},
    {.name = "blocked", SIDES(fake_open, fake_join, wait_op, blocked_serve, 1)},
    {.name = "shot", SIDES(fake_open, fake_join, dying_op, blocked_serve, 1)},
    {.name = "bereaved",
     SIDES(fake_open, fake_join, bereaved_op, fake_serve, 1)},
    {.name = "orphaned",
     SIDES(fake_open, fake_join, orphaning_op, fake_serve, 1)},
    {.name = NULL},
};

FAKE(fakes)

/* Were it patience that ended it, the error would be -ETIMEDOUT. */
static void dead_peers(void)
{
    fails("killed", -ECHILD, "was killed by SIGKILL");
    fails("left", -ECHILD, "peer 0 ended early, with 9");
}

static void a_dead_peer_ends_the_trial_at_once(void **state)
{
    (void)state;
    with_each_method(dead_peers);
}

static void dead_timed_sides(void)
{
    fails("crash", -ECHILD, "the timed side was killed by SIGABRT");
    fails("shot", -ECHILD, "the timed side was killed by SIGKILL");
    assert_int_equal(kill(tally->blocked, 0), -1); /* its group was ended */
}

static void a_crash_of_the_timed_side_is_a_row_that_failed(void **state)
{
    (void)state;
    with_each_method(dead_timed_sides);
}

/* Have all children ended, after a while? */
static bool all_children_end(void)
{
    for (int tries = 0; tries < 500; tries++) {
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
        if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD)
            return true;
        test_sleep_ms(10);
    }
    return false;
}

/*
 * Nobody is left to end the group: the timed side goes with its parent, and
 * the peer, blocked where no end of a pipe reaches it, must find out by itself.
 * All that lose their parent become this process's.
 */
static void all_killed(void)
{
    struct findings *f;
    char why[160];
    pid_t ipclab;

    memset(tally, 0, sizeof *tally);
    fflush(stdout);
    ipclab = fork();
    if (ipclab == 0)
        _exit(run("blocked", &f, why) ? 1 : 0);
    for (int tries = 0; tries < 500 && !tally->blocked; tries++)
        test_sleep_ms(10);
    kill(ipclab, SIGKILL);
    assert_int_not_equal(tally->blocked, 0);
    assert_true(all_children_end());
}

static void a_peer_does_not_outlive_a_killed_run(void **state)
{
    (void)state;
    with_each_method(all_killed);
}

/* Children of the timed side that are no peers, and nobody's parent. */
static void helpers_die(void)
{
    struct findings *f;
    char why[160];

    assert_int_equal(run("bereaved", &f, why), 0);
    assert_true(tally->killed >= (method == START_FORKSERVER ? 1 : 2));
    assert_int_equal(tally->done, tally->served);
}

static void the_death_of_a_helper_is_not_that_of_a_peer(void **state)
{
    (void)state;
    with_each_method(helpers_die);
}

static void peers_end_with_the_server_that_forked_them(void **state)
{
    (void)state;
    method = START_FORKSERVER;
    fails("orphaned", -ECHILD, "peer 0 ended early, with 255");
    method = START_FORK;
}

static void a_trial_that_never_ends_is_ended(void **state)
{
    (void)state;
    fails("wait", -ETIMEDOUT,
          "no end after 3 s: killed while warming up, window 1");
}

static void ask_to_stop(int number)
{
    (void)number;
    stop = 1;
}

static void a_request_to_stop_ends_it(void **state)
{
    struct sigaction action = {.sa_handler = ask_to_stop}, before;
    struct findings *f;
    char why[160];

    (void)state;
    sigaction(SIGALRM, &action, &before);
    ualarm(200000, 0);
    assert_int_equal(run("wait", &f, why), -EINTR);
    stop = 0;
    sigaction(SIGALRM, &before, NULL);
    alarm(CENSUS_SECONDS);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(a_dead_peer_ends_the_trial_at_once),
        TEST(a_crash_of_the_timed_side_is_a_row_that_failed),
        TEST(the_death_of_a_helper_is_not_that_of_a_peer),
        TEST(peers_end_with_the_server_that_forked_them),
        TEST(a_peer_does_not_outlive_a_killed_run),
        TEST(a_trial_that_never_ends_is_ended),
        TEST(a_request_to_stop_ends_it),
    };

    if (trial_begin(argc, argv))
        return 1;
    return cmocka_run_group_tests_name("trial that ends", tests, NULL, NULL);
}
