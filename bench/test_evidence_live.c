/* SPDX-License-Identifier: MIT */
/* test_evidence_live.c - what is seen of live processes, while they come and
 * go. */
#include "common/test_census.h"

#include "common/io.h"
#include "evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

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
