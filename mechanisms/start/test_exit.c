/* SPDX-License-Identifier: MIT */
/* test_exit.c - how a child ends, what it says of it, and what runs then. */
#include "start/test_children.h"

#include <pthread.h>

/* ---- targets ----------------------------------------------------------- */

/* Where a reader came along, only when it was told to by a byte there. */
static int exit_with(struct parcel *arguments)
{
    uint64_t code = 99;
    char byte;
    int reader;

    parcel_take_u64(arguments, &code);
    if (parcel_take_fd(arguments, &reader) == 0)
        read_full(reader, &byte, 1);
    return (int)code;
}
TARGET(exit_with)

static int raise_it(struct parcel *arguments)
{
    uint64_t number = 0;

    parcel_take_u64(arguments, &number);
    signal((int)number, SIG_DFL);
    raise((int)number);
    return 0;
}
TARGET(raise_it)

/* ---- tests -------------------------------------------------------------- */

static void a_signal_is_a_negative_exit_code(void **state)
{
    const int signals[] = {SIGKILL, SIGTERM, SIGUSR1, SIGPIPE, SIGALRM};

    (void)state;
    for (size_t i = 0; i < TEST_METHODS * 5; i++) {
        struct process p;
        struct parcel arguments;
        int number = signals[i % 5];

        parcel_init(&arguments);
        parcel_put_u64(&arguments, (uint64_t)number);
        test_start(&p, test_methods[i / 5], "raise_it", &arguments);
        assert_int_equal(test_finish(&p), -number);
        parcel_free(&arguments);
    }
}

static void every_exit_code_passes_through(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_METHODS * 256; i++) {
        struct process p;
        struct parcel arguments;

        parcel_init(&arguments);
        parcel_put_u64(&arguments, i % 256);
        test_start(&p, test_methods[i / 256], "exit_with", &arguments);
        assert_int_equal(test_finish(&p), i % 256);
        parcel_free(&arguments);
    }
}

static void an_error_that_nobody_caught_is_exit_code_1(void **state)
{
    const int64_t results[] = {-1, -EPIPE, -256, INT_MIN};

    (void)state;
    for (size_t i = 0; i < TEST_METHODS * 4; i++) {
        struct process p;
        struct parcel arguments;

        parcel_init(&arguments);
        parcel_put_u64(&arguments, (uint64_t)results[i % 4]);
        test_start(&p, test_methods[i / 4], "exit_with", &arguments);
        assert_int_equal(test_finish(&p), 1);
        parcel_free(&arguments);
    }
}

/* Of a forked child alone: who is not our child cannot be stolen from us. */
static void a_status_that_somebody_else_took_is_255(void **state)
{
    struct process p;
    int status, code;

    (void)state;
    test_start(&p, START_FORK, "do_nothing", NULL);
    assert_int_equal(waitpid(p.pid, &status, 0), p.pid);
    assert_int_equal(process_join(&p, NO_TIMEOUT), 0);
    assert_int_equal(process_exitcode(&p, &code), 0);
    assert_int_equal(code, 255);
    assert_int_equal(process_terminate(&p), 0); /* and hits nobody */
    assert_int_equal(process_close(&p), 0);
    test_start(&p, START_FORK, "do_nothing", NULL);
    assert_int_equal(waitpid(p.pid, &status, 0), p.pid);
    assert_int_equal(process_join(&p, SECOND / 100), 0);
    assert_int_equal(test_finish(&p), 255);
}

static void *join_it(void *process)
{
    int code = -1000;

    if (process_join(process, NO_TIMEOUT) == 0)
        process_exitcode(process, &code);
    return (void *)(intptr_t)code;
}

static void two_threads_that_join_see_the_same_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEST_METHODS * 50; i++) {
        struct process p;
        struct parcel arguments;
        pthread_t threads[2];
        void *codes[2];
        int writer;

        parcel_init(&arguments);
        parcel_put_u64(&arguments, 42);
        writer = test_give_reader(&arguments);
        test_start(&p, test_methods[i / 50], "exit_with", &arguments);
        for (int t = 0; t < 2; t++)
            assert_int_equal(pthread_create(&threads[t], NULL, join_it, &p), 0);
        assert_int_equal(write(writer, "", 1), 1);
        close(writer);
        for (int t = 0; t < 2; t++) {
            pthread_join(threads[t], &codes[t]);
            assert_int_equal((intptr_t)codes[t], 42);
        }
        assert_int_equal(test_finish(&p), 42);
        parcel_free(&arguments);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_signal_is_a_negative_exit_code,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(every_exit_code_passes_through,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(
            an_error_that_nobody_caught_is_exit_code_1, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(a_status_that_somebody_else_took_is_255,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(two_threads_that_join_see_the_same_end,
                                        census_begin, children_end),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
