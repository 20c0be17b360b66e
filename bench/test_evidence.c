/* SPDX-License-Identifier: MIT */
/* test_evidence.c - what /proc says is read right, also while it changes. */
#include "common/test_census.h"

#include "evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* --- lines of /proc --- */

static void stat_is_read_behind_a_command_with_brackets(void **state)
{
    struct process_stat s = {0, 0, 0};

    (void)state;
    assert_int_equal(parse_stat("8446 (a) R 1 (b) S 8440 8446 8446 0", &s), 0);
    assert_int_equal(s.pid, 8446);
    assert_int_equal(s.parent, 8440);
    assert_int_equal(s.state, 'S');
    assert_int_equal(parse_stat("1 (systemd) Z 0 1", &s), 0);
    assert_int_equal(s.state, 'Z');
    assert_int_equal(parse_stat("", &s), -EBADMSG);
    assert_int_equal(parse_stat("12 (cut", &s), -EBADMSG);
    assert_int_equal(parse_stat("12 (cut) S", &s), -EBADMSG);
}

static void syscall_is_read_in_each_of_its_forms(void **state)
{
    struct task t = {.call = CALL_UNKNOWN};

    (void)state;
    assert_int_equal(parse_syscall("202 0x55d0c3a1b080 0x80 0x2 0x0 0x0 "
                                   "0xffffffff 0x7ffd 0x7f23\n",
                                   &t),
                     0);
    assert_int_equal(t.call, 202);
    assert_true(t.arguments[0] == 0x55d0c3a1b080u);
    assert_true(t.arguments[1] == 0x80 && t.arguments[2] == 2);
    assert_true(t.arguments[5] == 0xffffffffu);
    assert_int_equal(parse_syscall("running\n", &t), 0);
    assert_int_equal(t.call, CALL_RUNNING);
    assert_int_equal(parse_syscall("-1 0x7ffd 0x7f23\n", &t), 0);
    assert_int_equal(t.call, CALL_NONE);
    assert_int_equal(parse_syscall("0 0x3 0x7f\n", &t), -EBADMSG);
    assert_int_equal(t.call, CALL_UNKNOWN);
    assert_int_equal(parse_syscall("", &t), -EBADMSG);
}

static void switches_are_both_kinds_together(void **state)
{
    (void)state;
    assert_int_equal(parse_switches("Name:\tx\nvoluntary_ctxt_switches:\t40\n"
                                    "nonvoluntary_ctxt_switches:\t2\n"),
                     42);
    assert_int_equal(parse_switches("nonvoluntary_ctxt_switches:\t2\n"), -1);
    assert_int_equal(parse_switches(""), -1);
}

static void fdinfo_tells_a_write_end_from_a_read_end(void **state)
{
    (void)state;
    assert_int_equal(parse_fdinfo("pos:\t0\nflags:\t0100001\nmnt_id:\t9\n") &
                         O_ACCMODE,
                     O_WRONLY);
    assert_int_equal(parse_fdinfo("pos:\t0\nflags:\t02000000\n") & O_ACCMODE,
                     O_RDONLY);
    assert_int_equal(parse_fdinfo("pos:\t0\n"), -1);
}

static void only_a_pipe_has_a_pipes_number(void **state)
{
    (void)state;
    assert_true(parse_pipe("pipe:[91544]") == 91544);
    assert_true(parse_pipe("socket:[91544]") == 0);
    assert_true(parse_pipe("/tmp/pipe:[91544]") == 0);
    assert_true(parse_pipe("pipe:[91544") == 0);
}

/* --- what a thread waits for --- */

static struct task asleep(long call, uint64_t a0, uint64_t a1, uint64_t a2,
                          uint64_t a3)
{
    return (struct task){.process = 7,
                         .id = 7,
                         .state = 'S',
                         .switches = 3,
                         .call = call,
                         .arguments = {a0, a1, a2, a3, 0, 0}};
}

static void a_wait_with_a_timeout_is_not_without_end(void **state)
{
    struct task forever = asleep(SYS_futex, 64, FUTEX_WAIT_PRIVATE, 2, 0);
    struct task timed = asleep(SYS_futex, 64, FUTEX_WAIT_PRIVATE, 2, 4096);
    struct task nap = asleep(SYS_clock_nanosleep, 1, 0, 4096, 0);
    struct task poll = asleep(SYS_ppoll, 4096, 1, 0, 0);
    struct task poll_timed = asleep(SYS_ppoll, 4096, 1, 4096, 0);
    struct task reading = asleep(SYS_read, 3, 4096, 1, 0);

    (void)state;
    assert_true(task_waits_without_end(&forever));
    assert_false(task_waits_without_end(&timed));
    assert_false(task_waits_without_end(&nap));
    assert_true(task_waits_without_end(&poll));
    assert_false(task_waits_without_end(&poll_timed));
    assert_true(task_waits_without_end(&reading));
    reading.state = 'R';
    assert_false(task_waits_without_end(&reading));
}

static void a_shared_futex_or_a_wake_is_no_private_wait(void **state)
{
    struct task private = asleep(SYS_futex, 64, FUTEX_WAIT_PRIVATE, 2, 0);
    struct task shared = asleep(SYS_futex, 64, FUTEX_WAIT, 2, 0);
    struct task wake = asleep(SYS_futex, 64, FUTEX_WAKE_PRIVATE, 1, 0);
    char text[64];

    (void)state;
    assert_true(task_waits_for_private_futex(&private));
    assert_false(task_waits_for_private_futex(&shared));
    assert_false(task_waits_for_private_futex(&wake));
    assert_true(task_waits_for_shared_futex(&shared));
    assert_false(task_waits_for_shared_futex(&private));
    wake.arguments[1] = FUTEX_WAKE;
    assert_false(task_waits_for_shared_futex(&wake));
    assert_string_equal(task_describe(&private, text, sizeof text),
                        "futex(0x40, private)");
}

static void where_calls_are_not_shown_wchan_answers(void **state)
{
    struct task t = asleep(CALL_UNKNOWN, 0, 0, 0, 0);

    (void)state;
    strcpy(t.wchan, "futex_wait_queue");
    assert_true(task_waits_for_private_futex(&t));
    assert_false(task_waits_in_read(&t));
    strcpy(t.wchan, "anon_pipe_read");
    assert_true(task_waits_in_read(&t));
    assert_false(task_waits_for_private_futex(&t));
    strcpy(t.wchan, "0");
    assert_false(task_waits_in_read(&t));
    assert_true(task_waits_without_end(&t));
}

static void who_was_woken_or_moved_is_not_still(void **state)
{
    struct task before = asleep(SYS_read, 3, 4096, 1, 0), after = before;

    (void)state;
    assert_true(task_is_still(&before, &after));
    after.switches++;
    assert_false(task_is_still(&before, &after));
    after = before;
    after.arguments[0] = 4;
    assert_false(task_is_still(&before, &after));
    after = before;
    after.state = 'R';
    assert_false(task_is_still(&before, &after));
}

#define PROMISE(name)                                                          \
    cmocka_unit_test_setup_teardown(name, census_begin, census_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROMISE(stat_is_read_behind_a_command_with_brackets),
        PROMISE(syscall_is_read_in_each_of_its_forms),
        PROMISE(switches_are_both_kinds_together),
        PROMISE(fdinfo_tells_a_write_end_from_a_read_end),
        PROMISE(only_a_pipe_has_a_pipes_number),
        PROMISE(a_wait_with_a_timeout_is_not_without_end),
        PROMISE(a_shared_futex_or_a_wake_is_no_private_wait),
        PROMISE(where_calls_are_not_shown_wchan_answers),
        PROMISE(who_was_woken_or_moved_is_not_still),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
