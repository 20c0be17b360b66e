/* SPDX-License-Identifier: MIT */
/* test_starts.c - who may start whom, and what many starts leave. */
#include "start/test_children.h"

#include <malloc.h>
#include <poll.h>

/* ---- targets ----------------------------------------------------------- */

/* Take what came along, and let it be. */
static int take_it(struct parcel *arguments)
{
    const char *text;
    int writer;

    return parcel_take_fd(arguments, &writer) ||
           parcel_take_text(arguments, &text);
}
TARGET(take_it)

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
    test_start(&p, method, "take_it", &arguments);
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
