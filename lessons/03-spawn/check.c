/* SPDX-License-Identifier: MIT */
/*
 * check.c - lesson 03: what spawn_map.h promises.
 */
#include "jobs.h"

#include "common/tracker.h"

#include <sys/resource.h>

static int map(const char *job, const int64_t *tasks, struct answer *answers,
               size_t n, size_t most)
{
    int error = spawn_map(job, tasks, answers, n, most);

    expect_begun(error);
    return error;
}

/* All must have this job's answer to their own number. */
static void expect_numbers(const char *job, size_t most, const char *hint)
{
    int64_t tasks[MANY];
    struct answer answers[MANY];
    int error;

    for (int i = 0; i < MANY; i++)
        tasks[i] = i;
    error = map(job, tasks, answers, MANY, most);
    expect(error == 0, "passing on 0 where every child was started");
    for (int i = 0; i < MANY; i++)
        expect(answers[i].code == 0 && answers[i].value == i, hint);
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
    error = map("square", tasks, answers, MANY, 3);
    expect(error == 0, "passing on 0 where every child was started");
    for (int i = 0; i < MANY; i++) {
        expect(answers[i].code != -SIGSEGV && answers[i].code != -SIGILL,
               "what an address of this image is in another one");
        expect(answers[i].code == 0 && answers[i].value == square(tasks[i]),
               "the order of packing and taking, and whose answer comes when");
    }
    expect(map("no such job", tasks, answers, 1, 1) == -ENOENT,
           "a name that nobody has, before a child is started for it");
}

// points: 10  a job runs in a fresh image, with nothing of its parent's
static void a_job_runs_in_a_fresh_image(void **state)
{
    const int64_t tasks[] = {0, 1};
    struct answer answers[2];
    int error;

    (void)state;
    mark = 42;
    assert_int_equal(dup2(STDOUT_FILENO, HIGH), HIGH);
    error = map("what_is_here", tasks, answers, 2, 2);
    close(HIGH);
    expect(error == 0 && answers[0].code == 0 && answers[1].code == 0,
           "what the child needs of the parcel, and whether it is there");
    expect(answers[0].value == 0 && answers[1].value == 0,
           "by which method a child has its parent's globals");
}

// points: 10  as many run at once as may, and never more
static void as_many_run_at_once_as_may(void **state)
{
    (void)state;
    open_board();
    print_message("(each waits until three have begun: one by one they die)\n");
    expect_numbers("crowd", 3, "starting three before waiting for any");
    expect(atomic_load(&board->most_running) == 3,
           "how many run when one more is started");
}

// points: 10  a slow one holds no other up
static void a_slow_one_holds_no_other_up(void **state)
{
    (void)state;
    open_board();
    print_message("(task 0 waits until all the others have finished)\n");
    expect_numbers("slow_first", 2,
                   "whom you wait for when two run: the first, both, or "
                   "whichever ends");
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
    error = map("die", tasks, answers, 8, 3);
    expect(error == 0, "whether a child that died could be started");
    for (int i = 0; i < 8; i++) {
        expect(answers[i].code == codes[i],
               "what process_exitcode says, and a child that leaves with 0 and "
               "has written nothing");
        expect(answers[i].value == values[i],
               "what value is where there is no answer");
    }
}

// points: 10  a process that a job left behind holds nobody up
static void one_left_behind_holds_nobody_up(void **state)
{
    const int64_t tasks[] = {-6, -1, 7};
    struct answer answers[3];
    int error;

    (void)state;
    print_message("(a grandchild has all that the child had, and stays)\n");
    error = map("leave_one_behind", tasks, answers, 3, 2);
    expect(error == 0 && answers[0].code == 5 && answers[1].code == -EPROTO &&
               answers[2].code == 0 && answers[2].value == 7,
           "the end of a pipe, and the end of a process");
}

/* The tracker is no child of spawn_map's. */
static bool has_children_left(void)
{
    expect(tracker_stop(SECOND) == 0, "a child that still runs");
    return has_children();
}

// points: 10  nothing is left, where all went well and where a start failed
static void nothing_is_left(void **state)
{
    int64_t tasks[2 * MANY] = {1, -SIGKILL, 1009};
    struct answer answers[2 * MANY];
    struct rlimit old, few;
    size_t before;
    int error;

    (void)state;
    assert_true(tracker_ensure_running() >= 0);
    before = open_descriptors();
    error = map("die", tasks, answers, 8, 3);
    assert_int_equal(error, 0);
    expect(open_descriptors() == before,
           "process_close, parcel_free, and the end that you read from");
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    few = old;
    few.rlim_cur = before + MANY;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    print_message("(descriptors run out, and no child ends by itself)\n");
    error = map("stay", tasks, answers, 2 * MANY, 2 * MANY);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    expect(error == -EMFILE, "passing on the error of the call that failed");
    expect(open_descriptors() == before, "the pipes that were made before");
    expect(!has_children_left(), "the children that were started before");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        CHECK(answers_come_back_in_order),
        CHECK(a_job_runs_in_a_fresh_image),
        CHECK(as_many_run_at_once_as_may),
        CHECK(a_slow_one_holds_no_other_up),
        CHECK(a_dead_child_loses_its_own_answer_alone),
        CHECK(one_left_behind_holds_nobody_up),
        CHECK(nothing_is_left),
    };

    mechanisms_init(argc, argv); /* a job's process goes no further */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
