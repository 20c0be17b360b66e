/* SPDX-License-Identifier: MIT */
/* test_costs.c - what an operation may cost, in counts and not in time. */
#include "test_costs.h"

#include "common/io.h"
#include "pipe/pipe.h"

#include <sched.h>

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
    return 1;
}

/* --- system calls ----------------------------------------------------------
 */

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
    costs("posix-spawn", "execve", STARTS);
    costs("posix-spawn", "wait4", STARTS);
    assert_int_equal(unlink(path), 0);
}

/* --- switches and faults ---------------------------------------------------
 */

/*
 * Another program on this core can take it from a side that holds the pipe's
 * mutex; then the other side sleeps for that, too.  So, as in a run, what was
 * disturbed is measured again: until there is a quiet moment, or for 20 s.
 */
static void a_round_trip_is_one_switch_a_side_and_no_fault(void **state)
{
    static const char *const workloads[][2] = {{"pipe", "roundtrip"},
                                               {"pipe", "roundtrip-duplex"},
                                               {"floor", "futex-pingpong"}};
    static struct findings f;

    (void)state;
    for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++) {
        int64_t patience = clock_deadline(20 * SECOND);

        do
            count(workloads[i][0], workloads[i][1], &f);
        while ((!is_within(f.timed.voluntary, f.operations, 110) ||
                !is_within(f.peers.voluntary, f.operations, 110)) &&
               clock_now() < patience);
        assert_true(f.operations > 100);
        assert_true(is_within(f.timed.voluntary, f.operations, 110));
        assert_true(is_within(f.peers.voluntary, f.operations, 110));
        assert_true(is_within(f.timed.minor_faults, f.operations, 2));
        assert_true(is_within(f.peers.minor_faults, f.operations, 2));
    }
}

/* What the bench counts in every window, held against what is known. */
static void reads_and_writes_are_counted_to_the_call(void **state)
{
    static struct findings f;

    (void)state;
    count("floor", "pipe-pingpong", &f);
    if (f.timed.io_calls < 0) {
        print_message("this kernel does not count reads and writes\n");
        skip();
    }
    assert_true(f.operations > 100);
    assert_int_equal(f.timed.io_calls, 2 * f.operations);
    assert_int_equal(f.peers.io_calls, 2 * f.operations);
    count("floor", "futex-pingpong", &f);
    assert_int_equal(f.timed.io_calls, 0);
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

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_small_message_is_one_call_on_each_side),
        TEST(a_small_message_over_a_socket_is_one_call_too),
        TEST(a_futex_round_trip_sleeps_at_most_once_a_side),
        TEST(what_is_below_the_kernel_makes_no_call),
        TEST(vfork_is_one_start_and_one_wait),
        TEST(posix_spawn_runs_one_program_and_waits_once),
        TEST(reads_and_writes_are_counted_to_the_call),
        TEST(a_fresh_page_is_one_fault),
        TEST(a_round_trip_is_one_switch_a_side_and_no_fault),
    };

    return cmocka_run_group_tests_name("costs", tests, NULL, NULL);
}

int main(int argc, char **argv)
{
    return costs_main(argc, argv, perform, run_all);
}
