/* SPDX-License-Identifier: MIT */
/*
 * test_costs.c - what an operation may cost, in counts and not in time.
 *
 * System calls are counted by strace over 100 and over 1100 operations: the
 * difference is that of 1000 operations, and nothing of the start.  Switches
 * and faults come from a trial of the harness.
 */
#include "command.h"
#include "place.h"
#include "trial.h"

#include "common/hooks.h"
#include "common/io.h"
#include "common/test_census.h"
#include "pipe/pipe.h"
#include "registry.h"
#include "scenario.h"

#include <sched.h>
#include <sys/prctl.h>

enum { COUNTED = 1000, FEW = 100, MANY = FEW + COUNTED };

/* --- what strace runs: `test_costs NAME N` ---------------------------------
 */

static int echo(struct parcel *arguments)
{
    struct connection in, out;
    char text[64];
    ssize_t n;

    if (connection_unpack(&in, arguments) || connection_unpack(&out, arguments))
        return 1;
    while ((n = connection_recv(&in, text, sizeof text)) >= 0)
        if (connection_send(&out, text, (size_t)n))
            break;
    connection_close(&in);
    connection_close(&out);
    return n == -EPIPE ? 0 : 1;
}
TARGET(echo)

static int round_trips(unsigned n, bool duplex)
{
    struct connection in, out, peer_in, peer_out, *from = &in;
    char text[64] = "x";
    struct parcel parcel;
    struct process p;
    int error;

    parcel_init(&parcel);
    if (duplex) {
        error = pipe_open_duplex(&out, &peer_in);
        from = &out;
        error |= connection_pack(&peer_in, &parcel);
        error |= connection_give(&peer_in, &parcel);
    } else {
        error = pipe_open(&peer_in, &out) | pipe_open(&in, &peer_out);
        error |= connection_give(&peer_in, &parcel);
        error |= connection_give(&peer_out, &parcel);
    }
    process_init(&p, "echo", &parcel);
    error |= process_start(&p);
    for (; n && !error; n--)
        if (connection_send(&out, text, sizeof text) ||
            connection_recv(from, text, sizeof text) != sizeof text)
            error = 1;
    connection_close(&out);
    if (!duplex)
        connection_close(&in);
    process_kill(&p); /* a duplex peer holds its own other end */
    process_join(&p, NO_TIMEOUT);
    process_close(&p);
    parcel_free(&parcel);
    return error;
}

static int return_nothing(struct parcel *unused)
{
    (void)unused;
    return 0;
}
TARGET(return_nothing)

static int starts(unsigned n)
{
    for (; n; n--) {
        struct process p;
        int code = -1;

        process_init(&p, "return_nothing", NULL);
        if (process_start(&p) || process_join(&p, NO_TIMEOUT) ||
            process_exitcode(&p, &code) || process_close(&p) || code)
            return 1;
    }
    return 0;
}

/* A floor without the bench, which makes calls of its own. */
static void drop_sample(struct trial *t, int64_t ns)
{
    (void)t;
    (void)ns;
}

static int serve_floor(struct parcel *arguments)
{
    struct trial t = {.line = 64, .sample = drop_sample};
    const struct workload *w;
    const char *name;
    uint64_t n = 0;
    int error;

    if (parcel_take_text(arguments, &name) || parcel_take_u64(arguments, &n))
        return 1;
    w = workload_find("floor", name);
    error = w->join(&t, 0, arguments);
    if (!error)
        error = w->serve(&t, 0, (unsigned)n);
    w->close(&t);
    return error ? 1 : 0;
}
TARGET(serve_floor)

static int operations(const char *name, unsigned n)
{
    const struct workload *w = workload_find("floor", name);
    struct trial t = {.line = 64, .sample = drop_sample};
    struct parcel parcel;
    struct process p;
    int error, code = 0;

    if (!w)
        return 1;
    parcel_init(&parcel);
    error = w->open(&t);
    if (w->peers) {
        error |= parcel_put_text(&parcel, name);
        error |= parcel_put_u64(&parcel, n);
        error |= w->pack(&t, 0, &parcel);
        process_init(&p, "serve_floor", &parcel);
        error |= process_start(&p);
    }
    if (!error)
        error = w->op(&t, n);
    if (w->peers) {
        process_join(&p, NO_TIMEOUT);
        process_exitcode(&p, &code);
        process_close(&p);
    }
    w->close(&t);
    parcel_free(&parcel);
    return error || code;
}

static int perform(const char *name, unsigned n)
{
    if (workload_find("floor", name))
        return operations(name, n);
    if (strcmp(name, "simplex") == 0)
        return round_trips(n, false);
    if (strcmp(name, "duplex") == 0)
        return round_trips(n, true);
    return starts(n);
}

/* --- counting --------------------------------------------------------------
 */

static char self[PATH_MAX];

/* What strace counted, of all processes together; NULL: no strace.  A test
 * asks of several calls, so the two reports that it needs are kept. */
static char *report_of(const char *name, unsigned n)
{
    static struct {
        char name[32];
        unsigned n;
        char text[16384];
    } kept[2];
    char path[] = "/tmp/ipclab-strace-XXXXXX", count[16], *text;
    size_t slot = n == FEW ? 0 : 1, length;
    int fd, code, error;
    ssize_t got;

    if (kept[slot].n == n && strcmp(kept[slot].name, name) == 0)
        return kept[slot].text;
    fd = mkstemp(path);
    assert_true(fd >= 0);
    snprintf(count, sizeof count, "%u", n);
    code = command_run((const char *[]){"strace", "-f", "-q", "-c", "-o", path,
                                        self, name, count, NULL},
                       60 * SECOND, NULL, &text, &length, &error);
    free(text);
    unlink(path);
    got = pread(fd, kept[slot].text, sizeof kept[slot].text - 1, 0);
    close(fd);
    kept[slot].n = 0;
    if (error || code != 0 || got < 0)
        return NULL;
    kept[slot].text[got] = '\0';
    kept[slot].n = n;
    snprintf(kept[slot].name, sizeof kept[slot].name, "%s", name);
    return kept[slot].text;
}

/* How often a call was made, or all of them for NULL; -1: no strace. */
static long calls(const char *name, unsigned n, const char *call)
{
    const char *line = report_of(name, n);
    long found = 0;

    if (!line)
        return -1;
    for (; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        char last[64] = "";
        long number = 0;
        /* time, seconds, usecs/call, calls, [errors,] name */
        int fields = sscanf(line, "%*f %*f %*d %ld %63s", &number, last);

        if (fields == 2 && last[0] >= '0' && last[0] <= '9')
            fields = sscanf(line, "%*f %*f %*d %ld %*d %63s", &number, last);
        if (fields == 2 && (!call || strcmp(last, call) == 0) &&
            strcmp(last, "total") != 0)
            found += number;
    }
    return found;
}

/* Without strace: does what is to be counted end well? */
static bool works(const char *name, unsigned n)
{
    char count[16], *text;
    size_t length;
    int error, code;

    snprintf(count, sizeof count, "%u", n);
    code = command_run((const char *[]){self, name, count, NULL}, 60 * SECOND,
                       NULL, &text, &length, &error);
    free(text);
    return !error && code == 0;
}

/*
 * The same, but the test is skipped where nothing can be counted.  What fails
 * by itself is no reason to skip: it would hide a floor that is broken.
 */
static long calls_or_skip(const char *name, unsigned n, const char *call)
{
    long found = calls(name, n, call);

    if (found < 0) {
        if (!works(name, n))
            fail_msg("%u %s failed, without strace too", n, name);
        print_message("strace is missing, or may not trace here\n");
        skip();
    }
    return found;
}

/* Of a thousand operations; fails the test unless it is just this. */
static void costs(const char *name, const char *call, long expected)
{
    long few = calls_or_skip(name, FEW, call);
    long many = calls_or_skip(name, MANY, call);

    /* A read or two at the end may find the other side gone already. */
    if (labs(many - few - expected) > 2)
        fail_msg("1000 %s: %ld %s, not %ld", name, many - few,
                 call ? call : "system calls", expected);
}

static void a_small_message_is_one_call_on_each_side(void **state)
{
    (void)state;
    costs("simplex", "write", 2 * COUNTED);
    costs("simplex", "read", 2 * COUNTED);
    costs("simplex", NULL, 4 * COUNTED);
}

static void a_small_message_over_a_socket_is_one_call_too(void **state)
{
    (void)state;
    costs("duplex", "sendto", 2 * COUNTED);
    costs("duplex", "read", 2 * COUNTED);
    costs("duplex", NULL, 4 * COUNTED);
}

static void a_start_costs_these_calls(void **state)
{
    (void)state;
    costs("starts", "clone", COUNTED);
    costs("starts", "pipe2", COUNTED);
    /* Parent: the write end, the sentinel; child: the read end, stdin. */
    costs("starts", "close", 4 * COUNTED);
    costs("starts", "openat", COUNTED);
}

/*
 * Each message is one wake and at most one sleep; how many need none is chance.
 */
static void a_futex_round_trip_sleeps_at_most_once_a_side(void **state)
{
    long futexes = calls_or_skip("futex-pingpong", MANY, "futex");

    (void)state;
    assert_in_range(futexes, 2 * MANY, 4 * MANY + 4); /* and glibc's own */
}

static void what_is_below_the_kernel_makes_no_call(void **state)
{
    static const char *const names[] = {"atomic-add", "line-pingpong",
#ifdef FLOOR_CPUID
                                        "cpuid",
#endif
                                        NULL};
    cpu_set_t set;

    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    for (const char *const *name = names; *name; name++)
        if (!workload_find("floor", *name)->spins || CPU_COUNT(&set) > 1)
            costs(*name, NULL, 0);
}

static void vfork_is_one_start_and_one_wait(void **state)
{
    (void)state;
    costs("vfork", "vfork", COUNTED);
    costs("vfork", "wait4", COUNTED);
    costs("vfork", NULL,
          2 * COUNTED); /* an _exit does not return: not counted */
}

/* Its program stands beside ipclab, not beside this one. */
static void posix_spawn_runs_one_program_and_waits_once(void **state)
{
    char path[PATH_MAX], *slash;
    int made;

    (void)state;
    assert_in_range(snprintf(path, sizeof path, "%s", self), 1, PATH_MAX - 8);
    slash = strrchr(path, '/');
    assert_non_null(slash);
    strcpy(slash, "/empty");
    made = symlink("../empty", path);
    assert_true(made == 0 || errno == EEXIST); /* of a test that was killed */
    costs("posix-spawn", "execve", COUNTED);
    costs("posix-spawn", "wait4", COUNTED);
    assert_int_equal(unlink(path), 0);
}

/* --- switches and faults ---------------------------------------------------
 */

static volatile sig_atomic_t never;

/* The counters of both sides, over the windows of one trial. */
static void count(const char *mechanism, const char *workload,
                  struct findings *counted)
{
    struct place places[PLACEMENTS];
    struct region shared;
    char why[160] = "";
    int error;

    assert_int_equal(places_find(places, NULL), 0);
    assert_int_equal(region_open(&shared, sizeof(struct findings)), 0);
    struct trial_spec spec = {.mechanism = mechanism,
                              .workload = workload_find(mechanism, workload),
                              .bytes = 64,
                              .timed_cpu = places[PLACE_SAME].timed,
                              .peer_cpu = places[PLACE_SAME].peer,
                              .clock_cost = 30,
                              .warm = SECOND / 10,
                              .window = SECOND / 20,
                              .patience = 15 * SECOND};
    error = trial_run(&spec, &shared, &never, why, sizeof why);
    memcpy(counted, shared.base, offsetof(struct findings, sample));
    region_close(&shared);
    if (error)
        fail_msg("%s", why);
}

static bool is_within(int64_t count, int64_t operations, int percent)
{
    return 100 * count <= percent * operations;
}

/*
 * Another program on this core can take it from a side that holds the pipe's
 * mutex; then the other side sleeps for that, too.  So, as in a run, what was
 * disturbed is measured again, three times at most.
 */
static void a_round_trip_is_one_switch_a_side_and_no_fault(void **state)
{
    static const char *const workloads[][2] = {{"pipe", "roundtrip"},
                                               {"pipe", "roundtrip-duplex"},
                                               {"floor", "futex-pingpong"}};
    static struct findings f;

    (void)state;
    for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++) {
        for (int tries = 0; tries < 4; tries++) {
            count(workloads[i][0], workloads[i][1], &f);
            if (is_within(f.timed.voluntary, f.operations, 110) &&
                is_within(f.peers.voluntary, f.operations, 110))
                break;
        }
        assert_true(f.operations > 100);
        assert_true(is_within(f.timed.voluntary, f.operations, 110));
        assert_true(is_within(f.peers.voluntary, f.operations, 110));
        assert_true(is_within(f.timed.minor_faults, f.operations, 2));
        assert_true(is_within(f.peers.minor_faults, f.operations, 2));
    }
}

/* Were pages huge, touched before or fetched together, there would be fewer. */
static void a_fresh_page_is_one_fault(void **state)
{
    static struct findings f;

    (void)state;
    count("floor", "page-fault", &f);
    assert_true(f.operations > 1000); /* so several mappings' worth */
    assert_true(is_within(f.timed.minor_faults, f.operations, 102));
    assert_false(is_within(f.timed.minor_faults, f.operations, 98));
}

static int patient(void **state)
{
    int error = census_begin(state);

    alarm(120); /* strace is slow */
    return error;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_small_message_is_one_call_on_each_side, patient, census_end),
        cmocka_unit_test_setup_teardown(
            a_small_message_over_a_socket_is_one_call_too, patient, census_end),
        cmocka_unit_test_setup_teardown(a_start_costs_these_calls, patient,
                                        census_end),
        cmocka_unit_test_setup_teardown(
            a_futex_round_trip_sleeps_at_most_once_a_side, patient, census_end),
        cmocka_unit_test_setup_teardown(what_is_below_the_kernel_makes_no_call,
                                        patient, census_end),
        cmocka_unit_test_setup_teardown(vfork_is_one_start_and_one_wait,
                                        patient, census_end),
        cmocka_unit_test_setup_teardown(
            posix_spawn_runs_one_program_and_waits_once, patient, census_end),
        cmocka_unit_test_setup_teardown(a_fresh_page_is_one_fault, patient,
                                        census_end),
        cmocka_unit_test_setup_teardown(
            a_round_trip_is_one_switch_a_side_and_no_fault, patient,
            census_end),
    };
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    mechanisms_init(argc, argv);
    if (argc == 3)
        return perform(argv[1], (unsigned)atoi(argv[2]));
    if (n < 0)
        return 1;
    self[n] = '\0';
    if (scenario_sanitizer()) {
        printf("a sanitizer's own calls and faults would be counted\n");
        return 77;
    }
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    return cmocka_run_group_tests_name("costs", tests, NULL, NULL);
}
