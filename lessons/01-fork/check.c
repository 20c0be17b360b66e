/* SPDX-License-Identifier: MIT */
/* check.c - lesson 01: what pmap.h promises. */
#include "../check.h"
#include "pmap.h"

#include "common/io.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>

enum { MANY = 40 };

/* pmap, which must return in this process alone. */
static int map(int64_t (*f)(int64_t), const int64_t *tasks,
               struct answer *answers, size_t n)
{
    pid_t self = getpid();
    int error = pmap(f, tasks, answers, n);

    if (getpid() != self)
        _exit(99); /* a child: this test is not its own */
    expect_begun(error);
    return error;
}

static int64_t square(int64_t n)
{
    return n * n;
}

// points: 10  answers of 64 bits come back in order
static void answers_come_back_in_order(void **state)
{
    int64_t tasks[MANY];
    struct answer answers[MANY];
    int error;

    (void)state;
    for (int i = 0; i < MANY; i++)
        tasks[i] = INT64_C(-2000000000) + i;
    error = map(square, tasks, answers, MANY);
    assert_int_equal(error, 0);
    for (int i = 0; i < MANY; i++)
        expect(answers[i].code == 0 && answers[i].value == square(tasks[i]),
               "how many bits an exit status has, and whose answer comes when");
}

/* A task waits for the byte of the one before it and passes it on. */
static int chain[3][2];

static int64_t pass_on(int64_t n)
{
    char byte = 0;

    if (n < 2 && read_full(chain[n + 1][0], &byte, 1) != 1)
        return -1;
    return write_full(chain[n][1], "x", 1);
}

// points: 10  all tasks run at the same time
static void all_run_at_the_same_time(void **state)
{
    const int64_t tasks[] = {0, 1, 2};
    struct answer answers[3];
    int error;

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(fd_pipe(chain[i]), 0);
    print_message("(task 0 waits for 1, and 1 for 2: one by one they hang)\n");
    error = map(pass_on, tasks, answers, 3);
    for (int i = 0; i < 3; i++)
        expect(error == 0 && answers[i].code == 0 && answers[i].value == 0,
               "starting all of the children before waiting for any");
}

/* Task -N dies of signal N; task 1000 + N leaves with exit code N. */
static int64_t die(int64_t n)
{
    if (n < 0)
        kill(getpid(), (int)-n);
    if (n >= 1000)
        _exit((int)(n - 1000));
    return n;
}

// points: 10  a child that dies loses its own answer alone, and says how
static void a_dead_child_loses_its_own_answer_alone(void **state)
{
    const int64_t tasks[] = {1, -SIGKILL, 2, 1007, 3, -SIGTERM, 1000, 4};
    const int codes[] = {0, -SIGKILL, 0, 7, 0, -SIGTERM, -EPROTO, 0};
    const int64_t values[] = {1, 0, 2, 0, 3, 0, 0, 4};
    struct answer answers[8];
    int error;

    (void)state;
    memset(answers, 0x55, sizeof answers);
    error = map(die, tasks, answers, 8);
    assert_int_equal(error, 0);
    for (int i = 0; i < 8; i++) {
        expect(answers[i].code == codes[i],
               "WIFSIGNALED, WEXITSTATUS, and a child that leaves with 0 and "
               "has written nothing");
        expect(answers[i].value == values[i],
               "what value is where there is no answer");
    }
}

// points: 10  no zombie and no descriptor is left
static void nothing_is_left(void **state)
{
    int64_t tasks[MANY] = {-SIGKILL, 1009};
    struct answer answers[MANY];
    size_t before = open_descriptors();
    int error = map(die, tasks, answers, MANY);

    (void)state;
    assert_int_equal(error, 0);
    expect(!has_children(), "who reaps a child whose answer is known already");
    expect(open_descriptors() == before,
           "both ends of each pipe, in the parent too");
}

// points: 10  what the parent has buffered is written once
static void what_is_buffered_is_written_once(void **state)
{
    const int64_t tasks[] = {1, 2, 3};
    struct answer answers[3];
    int fd = memfd_create("once", MFD_CLOEXEC);
    FILE *file = fdopen(fd, "w");
    int error;

    (void)state;
    assert_non_null(file);
    fputs("once\n", file);
    error = map(square, tasks, answers, 3);
    fflush(file);
    expect(error == 0 && lseek(fd, 0, SEEK_CUR) == 5,
           "which buffers a child has copies of, and what exit(3) does that "
           "_exit(2) does not");
    fclose(file);
}

static int gate[2];

/* Leaves a process behind, which has all that the child had.  Task -N gives no
 * answer, and leaves with exit code N - 1. */
static int64_t leave_one_behind(int64_t n)
{
    char byte;

    if (fork() == 0) {
        close(gate[1]);
        (void)!read(gate[0], &byte, 1); /* until the test has ended */
        _exit(0);
    }
    if (n < 0)
        _exit((int)-n - 1);
    return n;
}

// points: 10  a process that a task left behind holds nobody up
static void one_left_behind_holds_nobody_up(void **state)
{
    const int64_t tasks[] = {-6, -1, 7};
    struct answer answers[3];
    int error;

    (void)state;
    assert_int_equal(fd_pipe(gate), 0);
    print_message("(a grandchild has the write end of the pipe, and stays)\n");
    error = map(leave_one_behind, tasks, answers, 3);
    expect(error == 0 && answers[0].code == 5 && answers[1].code == -EPROTO &&
               answers[2].code == 0 && answers[2].value == 7,
           "which comes first, the end of a pipe or the end of a child");
}

// points: 10  where descriptors run out, what was started is ended and reaped
static void a_start_that_fails_leaves_nothing(void **state)
{
    int64_t tasks[MANY] = {0};
    struct answer answers[MANY];
    size_t before = open_descriptors();
    struct rlimit old, few;
    int error;

    (void)state;
    for (int i = 0; i < MANY; i++)
        tasks[i] = i;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    few = old;
    few.rlim_cur = before + MANY / 2;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    error = map(square, tasks, answers, MANY);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    expect(error == 0 || error == -EMFILE,
           "passing on the error of the call that failed");
    for (int i = 0; i < MANY && error == 0; i++)
        expect(answers[i].code == 0 && answers[i].value == square(i),
               "a child that could not be started");
    expect(!has_children(), "the children that were started before");
    expect(open_descriptors() == before, "the pipes that were made before");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK(answers_come_back_in_order),
        CHECK(all_run_at_the_same_time),
        CHECK(a_dead_child_loses_its_own_answer_alone),
        CHECK(nothing_is_left),
        CHECK(what_is_buffered_is_written_once),
        CHECK(one_left_behind_holds_nobody_up),
        CHECK(a_start_that_fails_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
