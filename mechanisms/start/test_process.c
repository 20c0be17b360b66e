/* SPDX-License-Identifier: MIT */
/* test_process.c - a child's life as its parent sees it. */
#include "start/test_children.h"

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
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
