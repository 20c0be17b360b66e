/* SPDX-License-Identifier: MIT */
/* test_costs_manager.c - what a call through a proxy may cost, in counts and
 * not in time. */
#include "test_costs.h"

#include "manager/manager.h"

/* --- what strace runs: `test_costs_manager NAME N` ------------------------ */

/* Of a server in a process of its own. */
static int get_calls(struct manager *m, unsigned n)
{
    struct proxy numbers;
    struct datum result;
    int error = manager_create(m, &numbers, "list", "");

    if (!error) {
        error = proxy_call(&numbers, &result, "append", "i", INT64_C(7));
        datum_drop(&result);
    }
    for (; n && !error; n--) {
        error = proxy_call(&numbers, &result, "__getitem__", "i", INT64_C(0));
        datum_drop(&result);
    }
    proxy_close(&numbers);
    return error;
}

static int perform(const char *name, unsigned n)
{
    struct manager m;
    int error = manager_start(&m, START_FORK, NULL);

    if (!error && strcmp(name, "call") == 0)
        error = get_calls(&m, n);
    manager_close(&m);
    return error ? 1 : 0;
}

/* --- system calls --------------------------------------------------------- */

/* On each side; nothing is polled for, and no lock is waited for. */
static void a_call_is_one_send_and_one_receive_a_side(void **state)
{
    (void)state;
    costs("call", "sendto", 2 * COUNTED);
    costs("call", "read", 2 * COUNTED);
    assert_in_range(calls_or_skip("call", MANY, NULL) -
                        calls_or_skip("call", FEW, NULL),
                    4 * COUNTED - FEW, 4 * COUNTED + FEW); /* and threads' */
}

/* --- in a trial of the bench ---------------------------------------------- */

/*
 * The bare socket pair has as many: who takes a message out of a stream socket
 * wakes its sender, which waits for another and sleeps again, so that each side
 * may be switched to twice.  Two that wait for a lock would be seen.
 */
static bool is_cheap(const struct findings *f)
{
    return is_within(f->timed.voluntary, f->operations, 200) &&
           is_within(f->peers.voluntary, f->operations, 200) &&
           is_within(f->timed.minor_faults, f->operations, 1) &&
           is_within(f->peers.minor_faults, f->operations, 1);
}

/* A socket's sends are not counted; where a window begins the server may be
 * faster than the look at its counters, and much faster where others run. */
static bool is_counted(const struct findings *f)
{
    return f->timed.io_calls < 0 || (f->peers.io_calls >= f->operations - 2 &&
                                     f->peers.io_calls <= f->operations + 2);
}

static void costs_two_switches_a_side(const char *workload)
{
    static struct findings f;
    int tries = 0;

    do
        count("manager", workload, &f);
    while ((!is_cheap(&f) || !is_counted(&f)) && ++tries < 8);
    assert_true(f.operations > 100);
    assert_true(is_cheap(&f));
    if (f.timed.io_calls < 0) {
        print_message("this kernel does not count reads and writes\n");
        skip();
    }
    assert_int_equal(f.timed.io_calls, f.operations);
    assert_in_range(f.peers.io_calls, f.operations - 2, f.operations + 2);
}

static void a_call_is_two_switches_a_side_and_no_fault(void **state)
{
    static const char *const workloads[] = {"call", "call-set", "call-value"};

    (void)state;
    for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++)
        costs_two_switches_a_side(workloads[i]);
}

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_call_is_one_send_and_one_receive_a_side),
        TEST(a_call_is_two_switches_a_side_and_no_fault),
    };

    return cmocka_run_group_tests_name("costs of a manager", tests, NULL, NULL);
}

int main(int argc, char **argv)
{
    return costs_main(argc, argv, perform, run_all);
}
