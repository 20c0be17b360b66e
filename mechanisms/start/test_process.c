/* SPDX-License-Identifier: MIT */
/* test_process.c - a child's life as its parent sees it. */
#include "start/test_children.h"

#include <malloc.h>
#include <poll.h>

/* ---- targets ----------------------------------------------------------- */

static int report(struct parcel *arguments)
{
    const char *text;
    int writer;

    if (parcel_take_fd(arguments, &writer) ||
        parcel_take_text(arguments, &text))
        return 1;
    dprintf(writer, "%s %d %d %d %s", process_current_name(), getpid(),
            process_parent(), process_parent_is_alive(), text);
    return 0;
}
TARGET(report)

/* A child of this child: the error is the answer. */
static int start_one(struct parcel *arguments)
{
    struct process p;
    int error;

    (void)arguments;
    process_init(&p, "do_nothing", NULL);
    error = process_start(&p);
    if (!error)
        error = process_join(&p, NO_TIMEOUT);
    process_close(&p);
    return -error;
}
TARGET(start_one)

/* Write the path from the root, then do the same in two children. */
static int recurse(struct parcel *arguments)
{
    const char *path;
    uint64_t method;
    int writer, error = 0;

    if (parcel_take_fd(arguments, &writer) ||
        parcel_take_text(arguments, &path) ||
        parcel_take_u64(arguments, &method))
        return 1;
    dprintf(writer, "[%s]", path);
    for (unsigned i = 0; i < 2 && strlen(path) < 3 && !error; i++) {
        struct parcel p;
        struct process child;
        char below[8];

        snprintf(below, sizeof below, "%s%s%u", path, *path ? "," : "", i);
        parcel_init(&p);
        error = parcel_put_fd(&p, writer) || parcel_put_text(&p, below) ||
                parcel_put_u64(&p, method);
        process_init(&child, "recurse", &p);
        child.method = (enum start_method)method;
        error = error || process_start(&child) ||
                process_join(&child, NO_TIMEOUT) || process_close(&child);
        parcel_free(&p);
    }
    return error;
}
TARGET(recurse)

/* ---- tests -------------------------------------------------------------- */

static void arguments_name_and_pid_arrive_in_the_child(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct process p;
        struct parcel arguments;
        char expected[200];
        pid_t pids[4];
        int reader, code;

        parcel_init(&arguments);
        reader = test_give_writer(&arguments);
        assert_int_equal(parcel_put_text(&arguments, "an argument"), 0);
        process_init(&p, "report", &arguments);
        strcpy(p.name, "A Name");
        p.method = test_methods[m];
        assert_int_equal(process_is_alive(&p), 0);
        assert_int_equal(process_exitcode(&p, &code), -EAGAIN);
        assert_int_equal(process_active_children(pids, 4), 0);
        assert_int_equal(process_start(&p), 0);
        snprintf(expected, sizeof expected, "A Name %d %d 1 an argument", p.pid,
                 getpid());
        assert_string_equal(test_read_all(reader), expected);
        assert_int_equal(test_finish(&p), 0);
        parcel_free(&arguments);
    }
}

static void a_child_is_active_while_it_lives(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct process p, q;
        pid_t pids[4] = {0};
        int code;

        test_start(&p, test_methods[m], "stay", NULL);
        assert_int_equal(process_active_children(pids, 4), 1);
        assert_int_equal(pids[0], p.pid);
        test_start(&q, test_methods[m], "stay", NULL);
        assert_int_equal(process_active_children(pids, 1), 2);
        assert_int_equal(process_active_children(NULL, 0), 2);
        assert_int_equal(process_is_alive(&p), 1);
        assert_int_equal(process_exitcode(&p, &code), -EAGAIN);
        assert_int_equal(process_kill(&p), 0);
        assert_int_equal(test_finish(&p), -SIGKILL);
        assert_int_equal(process_active_children(pids, 4), 1);
        assert_int_equal(pids[0], q.pid);
        assert_int_equal(process_terminate(&q), 0);
        assert_int_equal(test_finish(&q), -SIGTERM);
        assert_int_equal(process_active_children(pids, 4), 0);
    }
}

static void a_join_that_may_not_wait_returns_at_once(void **state)
{
    const int64_t timeouts[] = {0, -1, -SECOND, INT64_MIN};

    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct process p;

        test_start(&p, test_methods[m], "stay", NULL);
        /* If one of these waited, the alarm would end the test. */
        for (size_t i = 0; i < 4; i++)
            assert_int_equal(process_join(&p, timeouts[i]), -ETIMEDOUT);
        assert_int_equal(process_terminate(&p), 0);
        assert_int_equal(process_join(&p, 600 * SECOND), 0);
        assert_int_equal(process_join(&p, 0), 0);
        assert_int_equal(process_terminate(&p), 0);
        assert_int_equal(process_kill(&p), 0);
        assert_int_equal(test_finish(&p), -SIGTERM);
    }
}

static void a_timed_join_waits_its_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_METHODS * 2; i++) {
        struct process p;
        int64_t before;

        process_init(&p, "stay", NULL);
        p.method = test_methods[i / 2];
        p.sentinel_kind = i % 2 ? SENTINEL_PIDFD : SENTINEL_PIPE;
        assert_int_equal(process_start(&p), 0);
        before = clock_now();
        assert_int_equal(process_join(&p, SECOND / 20), -ETIMEDOUT);
        assert_true(clock_now() - before >= SECOND / 20);
        assert_int_equal(process_kill(&p), 0);
        assert_int_equal(process_join(&p, 600 * SECOND), 0);
        assert_int_equal(test_finish(&p), -SIGKILL);
    }
}

static void a_sentinel_is_ready_when_the_child_has_ended(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_METHODS * 2; i++) {
        struct process p;
        struct pollfd watched = {-1, POLLIN, 0};

        process_init(&p, "stay", NULL);
        p.method = test_methods[i / 2];
        p.sentinel_kind = i % 2 ? SENTINEL_PIDFD : SENTINEL_PIPE;
        assert_int_equal(process_sentinel(&p), -EINVAL);
        assert_int_equal(process_start(&p), 0);
        watched.fd = process_sentinel(&p);
        assert_true(watched.fd > STDERR_FILENO);
        assert_int_equal(poll(&watched, 1, 20), 0);
        assert_int_equal(process_kill(&p), 0);
        assert_int_equal(poll(&watched, 1, -1), 1);
        assert_int_equal(process_sentinel(&p), watched.fd);
        assert_int_equal(test_finish(&p), -SIGKILL);
        assert_int_equal(process_sentinel(&p), -EINVAL);
    }
}

static void what_is_not_started_cannot_be_joined(void **state)
{
    struct process p;
    int code;

    (void)state;
    process_init(&p, "do_nothing", NULL);
    assert_int_equal(process_join(&p, 0), -EINVAL);
    assert_int_equal(process_terminate(&p), -EINVAL);
    assert_int_equal(process_kill(&p), -EINVAL);
    assert_int_equal(process_sentinel(&p), -EINVAL);
    assert_int_equal(process_is_alive(&p), 0);
    assert_int_equal(process_exitcode(&p, &code), -EAGAIN);
    assert_int_equal(p.pid, 0);
    assert_int_equal(process_close(&p), 0);
    assert_int_equal(process_start(&p), -EINVAL);
}

static void a_closed_process_answers_nothing(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct process p;
        int code;

        test_start(&p, test_methods[m], "stay", NULL);
        assert_int_equal(process_start(&p), -EINVAL);
        assert_int_equal(process_close(&p), -EBUSY);
        assert_int_equal(process_is_alive(&p), 1);
        assert_int_equal(process_kill(&p), 0);
        assert_int_equal(test_finish(&p), -SIGKILL);
        assert_int_equal(process_close(&p), 0);
        assert_int_equal(process_start(&p), -EINVAL);
        assert_int_equal(process_join(&p, NO_TIMEOUT), -EINVAL);
        assert_int_equal(process_is_alive(&p), -EINVAL);
        assert_int_equal(process_exitcode(&p, &code), -EINVAL);
        assert_int_equal(process_terminate(&p), -EINVAL);
        assert_int_equal(process_kill(&p), -EINVAL);
        assert_int_equal(process_sentinel(&p), -EINVAL);
    }
}

/* In another process than the one that made it. */
static int use_anothers(void *argument)
{
    struct process *p = argument;
    int code;

    if (!p->child)
        return process_start(p) == -ECHILD ? 0 : test_line(__LINE__);
    if (process_join(p, 0) != -ECHILD || process_is_alive(p) != -ECHILD)
        return test_line(__LINE__);
    if (process_exitcode(p, &code) != -ECHILD)
        return test_line(__LINE__);
    if (process_terminate(p) != -ECHILD || process_kill(p) != -ECHILD)
        return test_line(__LINE__);
    if (process_sentinel(p) != -ECHILD)
        return test_line(__LINE__);
    if (process_active_children(NULL, 0) != 0)
        return test_line(__LINE__);
    return process_close(p) == 0 ? 0 : test_line(__LINE__);
}

static void a_process_belongs_to_who_made_it(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct process p;

        process_init(&p, "stay", NULL);
        p.method = test_methods[m];
        test_expect_in_fork(use_anothers, &p);
        assert_int_equal(process_start(&p), 0);
        test_expect_in_fork(use_anothers, &p);
        assert_int_equal(process_is_alive(&p), 1);
        assert_int_equal(process_kill(&p), 0);
        assert_int_equal(test_finish(&p), -SIGKILL);
    }
}

static void an_unknown_target_is_enoent(void **state)
{
    struct process p;

    (void)state;
    assert_null(target_find("nobody"));
    assert_non_null(target_find("stay"));
    process_init(&p, "nobody", NULL);
    assert_int_equal(process_start(&p), -ENOENT);
    assert_int_equal(process_is_alive(&p), 0);
    assert_int_equal(process_close(&p), 0);
}

static void a_daemon_may_have_no_children(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_METHODS * 2; i++) {
        struct process p;

        process_init(&p, "start_one", NULL);
        p.method = test_methods[i / 2];
        p.daemon = i % 2;
        assert_int_equal(process_start(&p), 0);
        assert_int_equal(test_finish(&p), p.daemon ? EPERM : 0);
    }
}

static void no_exit_code_of_a_hundred_is_lost(void **state)
{
    static struct process p[100];

    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        for (size_t i = 0; i < 100; i++)
            test_start(&p[i], test_methods[m], "do_nothing", NULL);
        for (size_t i = 0; i < 100; i++)
            assert_int_equal(test_finish(&p[i]), 0);
        for (size_t i = 0; i < 100; i++)
            test_start(&p[i], test_methods[m], "stay", NULL);
        for (size_t i = 0; i < 100; i++)
            assert_int_equal(process_terminate(&p[i]), 0);
        for (size_t i = 0; i < 100; i++)
            assert_int_equal(test_finish(&p[i]), -SIGTERM);
    }
}

/* A zombie stays until the parent looks, and start looks. */
static void the_next_start_reaps_who_has_ended(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct process p, q;
        struct pollfd watched = {-1, POLLIN, 0};
        siginfo_t info;

        process_init(&p, "do_nothing", NULL);
        p.method = test_methods[m];
        p.sentinel_kind = SENTINEL_PIDFD;
        assert_int_equal(process_start(&p), 0);
        watched.fd = process_sentinel(&p);
        assert_int_equal(poll(&watched, 1, -1), 1);
        test_start(&q, test_methods[m], "stay", NULL);
        assert_int_equal(
            waitid(P_PID, (id_t)p.pid, &info, WEXITED | WNOHANG | WNOWAIT), -1);
        assert_int_equal(errno, ECHILD);
        assert_int_equal(test_finish(&p), 0);
        process_kill(&q);
        assert_int_equal(test_finish(&q), -SIGKILL);
    }
}

static void a_tree_of_children_runs_in_order(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct process p;
        struct parcel arguments;
        int reader;

        parcel_init(&arguments);
        reader = test_give_writer(&arguments);
        parcel_put_text(&arguments, "");
        parcel_put_u64(&arguments, test_methods[m]);
        test_start(&p, test_methods[m], "recurse", &arguments);
        assert_string_equal(test_read_all(reader),
                            "[][0][0,0][0,1][1][1,0][1,1]");
        assert_int_equal(test_finish(&p), 0);
        parcel_free(&arguments);
    }
}

static void one_round(enum start_method method)
{
    struct process p;
    struct parcel arguments;
    int reader;

    parcel_init(&arguments);
    reader = test_give_writer(&arguments);
    parcel_put_text(&arguments, "round");
    test_start(&p, method, "report", &arguments);
    assert_int_equal(test_finish(&p), 0);
    close(reader);
    parcel_free(&arguments);
}

/* Descriptors are counted by the census. */
static void a_thousand_starts_leave_no_memory_behind(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        size_t before;

        one_round(test_methods[m]);
        before = mallinfo2().uordblks;
        for (int i = 0; i < 334; i++)
            one_round(test_methods[m]);
        assert_int_equal(mallinfo2().uordblks, before);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            arguments_name_and_pid_arrive_in_the_child, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(a_child_is_active_while_it_lives,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(
            a_join_that_may_not_wait_returns_at_once, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(a_timed_join_waits_its_time,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(
            a_sentinel_is_ready_when_the_child_has_ended, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(what_is_not_started_cannot_be_joined,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(a_closed_process_answers_nothing,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(a_process_belongs_to_who_made_it,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(an_unknown_target_is_enoent,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(a_daemon_may_have_no_children,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(no_exit_code_of_a_hundred_is_lost,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(the_next_start_reaps_who_has_ended,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(a_tree_of_children_runs_in_order,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(
            a_thousand_starts_leave_no_memory_behind, census_begin,
            children_end),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
