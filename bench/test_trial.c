/* SPDX-License-Identifier: MIT */
/*
 * test_trial.c - the harness, with a mechanism that does what a test needs.
 *
 * The fake counts in shared memory what each side was asked to do, so that a
 * test can hold one against the other, and fails in every way that a real one
 * might.  Whatever happens, a trial leaves no process (the census looks).
 */
#include "trial.h"

#include "common/hooks.h"
#include "common/test_census.h"
#include "common/tracker.h"
#include "registry.h"
#include "start/forkserver.h"

#include <sys/prctl.h>

static struct region tallies;
static enum start_method method; /* of the peers */

static struct tally {
    _Atomic uint64_t opened, joined, done, served, closed;
    _Atomic int killed;    /* children of the timed side, by itself */
    _Atomic pid_t blocked; /* a peer, in what stands for the channel */
} * tally;

static int fake_open(struct trial *t)
{
    t->state = tally;
    tally->opened++;
    return 0;
}

static int fake_pack(struct trial *t, int role, struct parcel *parcel)
{
    int error = parcel_put_u64(parcel, (uint64_t)role + 77);

    (void)t;
    return error ? error : region_pack(&tallies, parcel);
}

static int fake_join(struct trial *t, int role, struct parcel *parcel)
{
    static struct region mine; /* of the same memory */
    uint64_t mark = 0;
    int error = parcel_take_u64(parcel, &mark);

    if (!error)
        error = region_unpack(&mine, parcel);
    if (error)
        return error;
    t->state = tally = mine.base;
    tally->joined++;
    return mark == (uint64_t)role + 77 ? 0 : -EBADMSG;
}

static void fake_close(struct trial *t)
{
    if (t->state)
        tally->closed++;
    t->state = NULL;
}

static int fake_op(struct trial *t, unsigned n)
{
    (void)t;
    tally->done += n;
    return 0;
}

static int fake_serve(struct trial *t, int role, unsigned n)
{
    (void)t;
    (void)role;
    tally->served += n;
    return 0;
}

/* A round trip through shared memory would spin: this takes a while alone. */
static int slow_op(struct trial *t, unsigned n)
{
    tally->done += n;
    for (; n; n--)
        for (int64_t end = clock_now() + 50000; clock_now() < end;)
            ;
    (void)t;
    return 0;
}

/* Samples of its own: 1000, 2000, 3000 ns and so on. */
static int own_op(struct trial *t, unsigned n)
{
    for (; n; n--)
        trial_sample(t, (int64_t)(++t->sequence * 1000));
    return 0;
}

static int wrong_op(struct trial *t, unsigned n)
{
    unsigned char payload[256];

    (void)n;
    payload_write(payload, sizeof payload, t->line, 7);
    payload[t->line] ^= 1;
    return payload_check(payload, sizeof payload, t->line, 7);
}

static int wait_op(struct trial *t, unsigned n)
{
    (void)t;
    for (; n; n++) /* for ever */
        pause();
    return 0;
}

static int crash_op(struct trial *t, unsigned n)
{
    (void)t;
    (void)n;
    signal(SIGABRT, SIG_DFL);
    abort();
}

static int failing_open(struct trial *t)
{
    (void)t;
    return -ENOMEM;
}

static int failing_join(struct trial *t, int role, struct parcel *parcel)
{
    (void)t;
    (void)role;
    (void)parcel;
    return -EPROTO;
}

static int killed_serve(struct trial *t, int role, unsigned n)
{
    (void)t;
    (void)role;
    (void)n;
    raise(SIGKILL);
    return 0;
}

static int wrong_serve(struct trial *t, int role, unsigned n)
{
    (void)t;
    (void)role;
    (void)n;
    return -EILSEQ;
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

#define SIDES(open_it, join_it, op_it, serve_it, how_many)                     \
    .unit = "op", .peers = (how_many), .open = (open_it), .pack = fake_pack,   \
    .join = (join_it), .op = (op_it), .serve = (serve_it), .close = fake_close

static const struct workload fakes[] = {
    {.name = "quick", SIDES(fake_open, fake_join, fake_op, fake_serve, 1)},
    {.name = "three", SIDES(fake_open, fake_join, fake_op, fake_serve, 3)},
    {.name = "slow", SIDES(fake_open, fake_join, slow_op, fake_serve, 1)},
    {.name = "own", .own = true, SIDES(fake_open, NULL, own_op, NULL, 0)},
    {.name = "wrong", SIDES(fake_open, fake_join, wrong_op, fake_serve, 1)},
    {.name = "wait", SIDES(fake_open, fake_join, wait_op, fake_serve, 1)},
    {.name = "crash", SIDES(fake_open, fake_join, crash_op, fake_serve, 1)},
    {.name = "unopened", SIDES(failing_open, fake_join, fake_op, NULL, 0)},
    {.name = "unjoined", SIDES(fake_open, failing_join, fake_op, NULL, 1)},
    {.name = "killed", SIDES(fake_open, fake_join, wait_op, killed_serve, 2)},
    {.name = "refused", SIDES(fake_open, fake_join, wait_op, wrong_serve, 1)},
    {.name = "left", SIDES(fake_open, fake_join, wait_op, leaving_serve, 1)},
    {.name = "blocked", SIDES(fake_open, fake_join, wait_op, blocked_serve, 1)},
    {.name = "shot", SIDES(fake_open, fake_join, dying_op, blocked_serve, 1)},
    {.name = "bereaved",
     SIDES(fake_open, fake_join, bereaved_op, fake_serve, 1)},
    {.name = "orphaned",
     SIDES(fake_open, fake_join, orphaning_op, fake_serve, 1)},
    {.name = NULL},
};

static const struct mechanism fake = {.name = "fake", .workloads = fakes};

/* Before main: in a peer that is a fresh image that turns off early. */
__attribute__((constructor)) static void add_fake(void)
{
    registry_add(&fake);
}

static volatile sig_atomic_t stop;

/* Run one trial; what it found lies in *found until the next. */
static int run(const char *workload, struct findings **found, char *why)
{
    static struct region shared;
    struct trial_spec spec = {.mechanism = "fake",
                              .workload = workload_find("fake", workload),
                              .start = method,
                              .timed_cpu = -1,
                              .peer_cpu = -1,
                              .clock_cost = 30,
                              .warm = SECOND / 100,
                              .window = SECOND / 100,
                              .patience = 3 * SECOND};
    int error;

    assert_non_null(spec.workload);
    if (!shared.base)
        assert_int_equal(region_open(&shared, sizeof(struct findings)), 0);
    memset(tally, 0, sizeof *tally);
    strcpy(why, "");
    *found = shared.base;
    error = trial_run(&spec, &shared, &stop, why, 160);
    return error;
}

/* Run a test's part with peers of every start method. */
static void with_each_method(void (*part)(void))
{
    for (method = START_FORK; start_method_names[method]; method++)
        part();
    method = START_FORK;
}

static void same_number(void)
{
    struct findings *f;
    char why[160];

    assert_int_equal(run("quick", &f, why), 0);
    assert_int_equal(f->stage, DONE);
    assert_true(tally->done > 1000);
    assert_int_equal(tally->done, tally->served);
    assert_int_equal(tally->opened, 1);
    assert_int_equal(tally->joined, 1);
    assert_int_equal(tally->closed, 2);
    assert_int_equal(f->operations, (int64_t)f->samples * f->batch);
}

static void both_sides_do_the_same_number_of_operations(void **state)
{
    (void)state;
    with_each_method(same_number);
}

static void three_peers(void)
{
    struct findings *f;
    char why[160];

    assert_int_equal(run("three", &f, why), 0);
    assert_int_equal(tally->joined, 3);
    assert_int_equal(3 * tally->done, tally->served);
    assert_int_equal(tally->closed, 4);
}

static void every_peer_serves_every_window(void **state)
{
    (void)state;
    with_each_method(three_peers);
}

static void a_short_operation_is_batched_and_a_long_one_is_not(void **state)
{
    struct findings *f;
    char why[160];

    (void)state;
    assert_int_equal(run("quick", &f, why), 0);
    assert_true(f->batch > 1);
    assert_int_equal(run("slow", &f, why), 0);
    assert_int_equal(f->batch, 1);
    for (uint32_t i = 0; i < f->samples; i++)
        assert_true(f->sample[i] >= 50000);
}

static void durations_of_its_own_are_kept_as_they_are(void **state)
{
    struct findings *f;
    char why[160];

    (void)state;
    assert_int_equal(run("own", &f, why), 0);
    assert_int_equal(f->batch, 1);
    assert_true(f->samples >= 8);
    for (uint32_t i = 1; i < f->samples; i++)
        assert_int_equal(f->sample[i] - f->sample[i - 1], 1000);
}

/* The trial fails with this error, says this, and is over soon. */
static void fails(const char *workload, int error, const char *text)
{
    struct findings *f;
    char why[160];

    assert_int_equal(run(workload, &f, why), error);
    if (!strstr(why, text))
        fail_msg("'%s' does not say '%s'", why, text);
    assert_int_not_equal(f->stage, DONE);
}

static void wrong_words(void)
{
    fails("wrong", -EILSEQ, "a wrong word in the payload");
    fails("refused", -ECHILD, "peer 0: a wrong word in the payload");
}

static void a_wrong_word_fails_the_trial(void **state)
{
    (void)state;
    with_each_method(wrong_words);
}

static void cannot_begin(void)
{
    fails("unopened", -ENOMEM, "opening: Cannot allocate memory (ENOMEM)");
    fails("unjoined", -ECHILD, "peer 0: Protocol error (EPROTO)");
}

static void a_side_that_cannot_begin_says_why(void **state)
{
    (void)state;
    with_each_method(cannot_begin);
}

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

/* What ipclab is to a trial, until somebody kills it. */
static int run_blocked(void *unused)
{
    struct findings *f;
    char why[160];

    (void)unused;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    return run("blocked", &f, why) ? 1 : 0;
}

/* How many children there are after a while: one that is needed, not more. */
static size_t left_after_a_while(void)
{
    for (int tries = 0; tries < 500; tries++) {
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
        if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD)
            return 0;
        test_sleep_ms(10);
    }
    return 1;
}

/*
 * Nobody is left to end the group: the timed side goes with its parent, and
 * the peer, blocked where no end of a pipe reaches it, must find out by itself.
 * All that lose their parent become this process's.
 */
static void all_killed(void)
{
    pid_t pid;

    memset(tally, 0, sizeof *tally);
    fflush(stdout);
    pid = fork();
    if (pid == 0)
        _exit(run_blocked(NULL));
    for (int tries = 0; tries < 500 && !tally->blocked; tries++)
        test_sleep_ms(10);
    kill(pid, SIGKILL);
    assert_int_not_equal(tally->blocked, 0);
    assert_int_equal(left_after_a_while(), 0);
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
    fails("wait", -ETIMEDOUT, "no end after 3 s: killed");
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
        cmocka_unit_test_setup_teardown(
            both_sides_do_the_same_number_of_operations, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(every_peer_serves_every_window,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(
            a_short_operation_is_batched_and_a_long_one_is_not, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(
            durations_of_its_own_are_kept_as_they_are, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(a_wrong_word_fails_the_trial,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(a_side_that_cannot_begin_says_why,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(a_dead_peer_ends_the_trial_at_once,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(
            a_crash_of_the_timed_side_is_a_row_that_failed, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(
            the_death_of_a_helper_is_not_that_of_a_peer, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(
            peers_end_with_the_server_that_forked_them, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(a_peer_does_not_outlive_a_killed_run,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(a_trial_that_never_ends_is_ended,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(a_request_to_stop_ends_it, census_begin,
                                        census_end),
    };
    struct findings *f;
    char why[160];

    mechanisms_init(argc, argv);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (region_open(&tallies, sizeof *tally) < 0)
        return 1;
    tally = tallies.base;
    if (run("own", &f, why)) /* opens what all share, before the census */
        return 1;
    return cmocka_run_group_tests_name("trial", tests, NULL, NULL);
}
