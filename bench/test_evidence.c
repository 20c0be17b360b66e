/* SPDX-License-Identifier: MIT */
/* test_evidence.c - what /proc says is read right, also while it changes. */
#include "common/test_census.h"

#include "common/io.h"
#include "evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* --- live processes --------------------------------------------------------
 */

/* A child that waits on a pipe until the other end is closed. */
static pid_t waiter(int ends[2])
{
    pid_t child;
    char byte;

    assert_int_equal(fd_pipe(ends), 0);
    child = fork();
    if (child == 0) {
        close(ends[1]);
        read_some(ends[0], &byte, 1);
        _exit(0);
    }
    assert_true(child > 0);
    return child;
}

static void let_go(pid_t child, int ends[2])
{
    fd_close(&ends[1]);
    fd_close(&ends[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void a_reader_is_seen_in_its_read_of_that_pipe(void **state)
{
    struct tasks look = {0};
    struct descriptor d;
    int ends[2];
    pid_t child = waiter(ends);

    (void)state;
    do { /* it may not have got there yet; alarm() bounds this */
        look.count = 0;
        assert_int_equal(tasks_of(child, &look), 0);
    } while (look.count != 1 || !task_waits_in_read(&look.task[0]));
    assert_int_equal(look.task[0].id, child);
    if (look.task[0].call != CALL_UNKNOWN)
        assert_int_equal(look.task[0].arguments[0], ends[0]);
    assert_int_equal(process_descriptor(child, ends[0], &d), 0);
    assert_int_equal(d.flags & O_ACCMODE, O_RDONLY);
    assert_true(d.pipe != 0);
    assert_int_equal(process_descriptor(child, ends[1], &d), -ENOENT);
    tasks_free(&look);
    let_go(child, ends);
}

static void the_holders_of_a_write_end_are_found(void **state)
{
    struct descriptor d, found[4];
    pid_t pid = getpid();
    struct pids self = {.pid = &pid, .count = 1};
    int ends[2], copy;

    (void)state;
    assert_int_equal(fd_pipe(ends), 0);
    copy = fd_duplicate(ends[1]);
    assert_int_equal(process_descriptor(pid, ends[0], &d), 0);
    assert_int_equal(pipe_holders(&self, d.pipe, true, found, 4), 2);
    assert_int_equal(found[0].fd, ends[1]);
    assert_int_equal(found[1].fd, copy);
    assert_int_equal(pipe_holders(&self, d.pipe, true, found, 1), 2);
    assert_int_equal(pipe_holders(&self, d.pipe, false, found, 4), 1);
    assert_int_equal(found[0].fd, ends[0]);
    close(copy);
    close(ends[0]);
    close(ends[1]);
}

static void a_mutexs_owner_is_read_from_memory(void **state)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    uint64_t address = (uint64_t)(uintptr_t)&mutex;
    int word = -1;

    (void)state;
    assert_int_equal(process_mutex_owner(getpid(), address), 0);
    pthread_mutex_lock(&mutex);
    assert_int_equal(process_mutex_owner(getpid(), address),
                     syscall(SYS_gettid));
    assert_int_equal(process_memory(getpid(), address, &word, sizeof word), 0);
    assert_int_equal(word, 1);
    pthread_mutex_unlock(&mutex);
    assert_true(process_memory(getpid(), 8, &word, sizeof word) < 0);
}

static void descendants_are_found_in_other_sessions_too(void **state)
{
    struct pids list = {0};
    int ends[2];
    pid_t child, grandchild = 0;

    (void)state;
    assert_int_equal(fd_pipe(ends), 0);
    child = fork();
    if (child == 0) {
        pid_t inner = fork();

        if (inner == 0) {
            setsid();
            inner = getpid();
            write_full(ends[1], &inner, sizeof inner);
        }
        for (;;)
            pause();
    }
    assert_int_equal(read_full(ends[0], &grandchild, sizeof grandchild),
                     sizeof grandchild);
    assert_int_equal(descendants(getpid(), &list, SIZE_MAX), 0);
    assert_true(pids_have(&list, child) && pids_have(&list, grandchild));
    assert_int_equal(list.count, 2);
    assert_int_equal(descendants(getpid(), &list, 1), 0);
    assert_int_equal(list.count, 1);
    kill(grandchild, SIGKILL);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    pids_free(&list);
    close(ends[0]);
    close(ends[1]);
}

static void who_has_gone_is_missing_and_no_error_of_ours(void **state)
{
    struct process_stat stat;
    struct descriptor d;
    struct tasks look = {0};
    int word, ends[2];
    pid_t child = waiter(ends);

    (void)state;
    assert_true(thread_lives(child));
    let_go(child, ends);
    assert_false(thread_lives(child));
    assert_true(process_stat(child, &stat) < 0);
    assert_true(tasks_of(child, &look) < 0);
    assert_true(process_descriptor(child, 0, &d) < 0);
    assert_true(process_memory(child, 4096, &word, sizeof word) < 0);
    assert_false(process_has_task(child, child));
    assert_int_equal(tasks_below(child, &look), 0);
    assert_int_equal(look.count, 0);
    tasks_free(&look);
}

static void a_zombie_does_not_live(void **state)
{
    int ends[2];
    siginfo_t ended;
    pid_t child = waiter(ends);

    (void)state;
    kill(child, SIGKILL);
    waitid(P_PID, (id_t)child, &ended, WEXITED | WNOWAIT);
    assert_true(process_has_task(child, child));
    assert_false(thread_lives(child));
    waitpid(child, NULL, 0);
    close(ends[0]);
    close(ends[1]);
}

static void a_process_that_comes_and_goes_is_survived(void **state)
{
    struct tasks look = {0};
    pid_t maker = fork();

    (void)state;
    if (maker == 0)
        for (;;) {
            pid_t short_lived = fork();

            if (short_lived == 0)
                _exit(0);
            waitpid(short_lived, NULL, 0);
        }
    for (int i = 0; i < 200; i++)
        assert_int_equal(tasks_below(getpid(), &look), 0);
    assert_true(look.count >= 1);
    kill(maker, SIGKILL);
    waitpid(maker, NULL, 0);
    tasks_free(&look);
}

static void resident_memory_is_measured_both_ways(void **state)
{
    enum { LARGE = 32 << 20 };
    uint64_t before, after, exact;
    char *memory;

    (void)state;
    assert_int_equal(process_resident(getpid(), &before, false), 0);
    memory = malloc(LARGE);
    assert_non_null(memory);
    memset(memory, 1, LARGE);
    assert_int_equal(process_resident(getpid(), &after, false), 0);
    assert_true(after >= before + LARGE / 2);
    if (process_resident(getpid(), &exact, true) == 0) /* kernel 4.14 */
        assert_true(exact >= LARGE / 2);
    free(memory);
}

static void the_threads_of_a_user_are_at_least_our_own(void **state)
{
    (void)state;
    assert_true(threads_of_user(geteuid()) >= 1);
    assert_int_equal(threads_of_user((uid_t)-2), 0);
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
        PROMISE(a_reader_is_seen_in_its_read_of_that_pipe),
        PROMISE(the_holders_of_a_write_end_are_found),
        PROMISE(a_mutexs_owner_is_read_from_memory),
        PROMISE(descendants_are_found_in_other_sessions_too),
        PROMISE(who_has_gone_is_missing_and_no_error_of_ours),
        PROMISE(a_zombie_does_not_live),
        PROMISE(a_process_that_comes_and_goes_is_survived),
        PROMISE(resident_memory_is_measured_both_ways),
        PROMISE(the_threads_of_a_user_are_at_least_our_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
