/* SPDX-License-Identifier: MIT */
/* test_exit.c - how a child ends, what it says of it, and what runs then. */
#include "start/test_children.h"

#include <pthread.h>

/* ---- targets ----------------------------------------------------------- */

static int do_nothing(struct parcel *arguments)
{
    (void)arguments;
    return 0;
}
TARGET(do_nothing)

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

/*
 * The exit sequence is watched through letters in a pipe.  A daemon says D when
 * it is told to end, which is how another child sees the end of its file; only
 * then does that one say J.
 */
static int letters = -1;

static void say(void *letter)
{
    write_full(letters, letter, 1);
}

static void say_and_end(int number)
{
    (void)number;
    if (write(letters, "D", 1) != 1)
        _exit(1);
    _exit(0);
}

static int a_daemon(struct parcel *arguments)
{
    int ready, held;

    if (parcel_take_fd(arguments, &letters) ||
        parcel_take_fd(arguments, &ready) || parcel_take_fd(arguments, &held))
        return 1;
    signal(SIGTERM, say_and_end);
    write_full(ready, "r", 1);
    close(ready);
    for (;;)
        pause();
}
TARGET(a_daemon)

static int outlives_the_daemon(struct parcel *arguments)
{
    char byte;
    int reader;

    if (parcel_take_fd(arguments, &letters) ||
        parcel_take_fd(arguments, &reader) || read_full(reader, &byte, 1) != 0)
        return 1;
    say("J");
    return 0;
}
TARGET(outlives_the_daemon)

static int start_daemon(enum start_method method, int *held)
{
    struct parcel p;
    struct process child;
    int ready[2], error;
    char byte;

    parcel_init(&p);
    if (fd_pipe(ready) || parcel_put_fd(&p, letters) ||
        parcel_give_fd(&p, &ready[1]) || parcel_give_fd(&p, held))
        return 1;
    process_init(&child, "a_daemon", &p);
    child.method = method;
    child.daemon = true;
    error = process_start(&child);
    if (!error && read_full(ready[0], &byte, 1) != 1)
        error = 1;
    close(ready[0]);
    parcel_free(&p);
    return error;
}

static int start_other(enum start_method method, int *reader)
{
    struct parcel p;
    struct process child;
    int error;

    parcel_init(&p);
    if (parcel_put_fd(&p, letters) || parcel_give_fd(&p, reader))
        return 1;
    process_init(&child, "outlives_the_daemon", &p);
    child.method = method;
    error = process_start(&child);
    parcel_free(&p);
    return error;
}

/*
 * Leave finalizers and two children behind, of which nobody is joined.  Their
 * records outlive the structs, which are gone when the sequence runs.
 */
static int leave_all_behind(enum start_method method)
{
    static struct finalizer f[] = {
        {.run = say, .argument = "c", .priority = -5},
        {.run = say, .argument = "b", .priority = 0},
        {.run = say, .argument = "a", .priority = 10},
        {.run = say, .argument = "d", .priority = -100},
    };
    int held[2];

    for (size_t i = 0; i < sizeof f / sizeof *f; i++)
        finalizer_register(&f[i]);
    if (fd_pipe(held))
        return 1;
    return start_daemon(method, &held[1]) || start_other(method, &held[0]);
}

static int ends_as_a_child(struct parcel *arguments)
{
    uint64_t method;

    if (parcel_take_fd(arguments, &letters) ||
        parcel_take_u64(arguments, &method))
        return 1;
    return leave_all_behind((enum start_method)method);
}
TARGET(ends_as_a_child)

static int end_by_exit(void *method)
{
    exit(leave_all_behind(*(const enum start_method *)method));
}

/* Ends by signal `how`; 0: it returns; EXITS: by _exit(2). */
enum { EXITS = 1000 };

static int has_a_finalizer(struct parcel *arguments)
{
    static struct finalizer f = {.run = say, .argument = "f"};
    uint64_t how;

    if (parcel_take_fd(arguments, &letters) || parcel_take_u64(arguments, &how))
        return 1;
    finalizer_register(&f);
    if (how == EXITS)
        _exit(0);
    return how ? raise((int)how) : 0;
}
TARGET(has_a_finalizer)

/* An after-fork hook gives the child a finalizer of its own. */
static struct finalizer of_the_hook = {.run = say, .argument = "h"};

static void register_in_child(void *unused)
{
    (void)unused;
    finalizer_register(&of_the_hook);
}

/* A thread of the target's that its finalizer joins. */
static struct {
    pthread_t id;
    int tell[2];
} worker;

static void *work(void *unused)
{
    char byte;

    (void)unused;
    if (read_full(worker.tell[0], &byte, 1) == 1)
        say("w");
    return NULL;
}

static void join_worker(void *unused)
{
    (void)unused;
    write_full(worker.tell[1], "", 1);
    pthread_join(worker.id, NULL);
    say("j");
}

static int leaves_a_thread(struct parcel *arguments)
{
    static struct finalizer join = {.run = join_worker, .priority = -5};

    if (parcel_take_fd(arguments, &letters) || fd_pipe(worker.tell) ||
        pthread_create(&worker.id, NULL, work, NULL))
        return 1;
    finalizer_register(&join);
    say("t");
    return 0;
}
TARGET(leaves_a_thread)

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

static void a_program_that_exits_ends_daemons_and_joins_the_others(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        enum start_method method = test_methods[m];
        int ends[2];

        assert_int_equal(fd_pipe(ends), 0);
        letters = ends[1];
        assert_int_equal(test_in_fork(end_by_exit, &method), 0);
        close(ends[1]);
        assert_string_equal(test_read_all(ends[0]), "abDJcd");
    }
}

static void a_child_that_returns_does_the_same(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct process p;
        struct parcel arguments;
        int reader;

        parcel_init(&arguments);
        reader = test_give_writer(&arguments);
        parcel_put_u64(&arguments, test_methods[m]);
        test_start(&p, test_methods[m], "ends_as_a_child", &arguments);
        assert_string_equal(test_read_all(reader), "abDJcd");
        assert_int_equal(test_finish(&p), 0);
        parcel_free(&arguments);
    }
}

static void only_a_child_that_returns_runs_its_finalizers(void **state)
{
    const struct {
        uint64_t how;
        int code;
        const char *said;
    } cases[] = {{0, 0, "f"},
                 {EXITS, 0, ""},
                 {SIGTERM, -SIGTERM, ""},
                 {SIGKILL, -SIGKILL, ""}};

    (void)state;
    for (size_t i = 0; i < TEST_METHODS * 4; i++) {
        struct process p;
        struct parcel arguments;
        int reader;

        parcel_init(&arguments);
        reader = test_give_writer(&arguments);
        parcel_put_u64(&arguments, cases[i % 4].how);
        test_start(&p, test_methods[i / 4], "has_a_finalizer", &arguments);
        assert_string_equal(test_read_all(reader), cases[i % 4].said);
        assert_int_equal(test_finish(&p), cases[i % 4].code);
        parcel_free(&arguments);
    }
}

/* The parent's are not the child's, even where it has its memory. */
static void a_child_begins_without_finalizers(void **state)
{
    struct finalizer f = {.run = say, .argument = "p"};

    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct process p;
        int ends[2];

        assert_int_equal(fd_pipe(ends), 0);
        letters = ends[1];
        finalizer_register(&f);
        test_start(&p, test_methods[m], "do_nothing", NULL);
        assert_int_equal(test_finish(&p), 0);
        finalizer_cancel(&f);
        close(ends[1]);
        assert_string_equal(test_read_all(ends[0]), "");
    }
}

/* Only a forked child has hooks to run. */
static void what_an_after_fork_hook_registers_runs(void **state)
{
    struct after_fork hook = {.run = register_in_child};
    struct process p;
    int ends[2];

    (void)state;
    assert_int_equal(fd_pipe(ends), 0);
    letters = ends[1];
    after_fork_register(&hook);
    test_start(&p, START_FORK, "do_nothing", NULL);
    after_fork_cancel(&hook);
    assert_int_equal(test_finish(&p), 0);
    close(ends[1]);
    assert_string_equal(test_read_all(ends[0]), "h");
}

static void a_finalizer_may_join_a_thread_of_the_targets(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct process p;
        struct parcel arguments;
        int reader;

        parcel_init(&arguments);
        reader = test_give_writer(&arguments);
        test_start(&p, test_methods[m], "leaves_a_thread", &arguments);
        assert_string_equal(test_read_all(reader), "twj");
        assert_int_equal(test_finish(&p), 0);
        parcel_free(&arguments);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_signal_is_a_negative_exit_code,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(every_exit_code_passes_through,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(
            an_error_that_nobody_caught_is_exit_code_1, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(a_status_that_somebody_else_took_is_255,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(two_threads_that_join_see_the_same_end,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(
            a_program_that_exits_ends_daemons_and_joins_the_others,
            census_begin, census_end),
        cmocka_unit_test_setup_teardown(a_child_that_returns_does_the_same,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(
            only_a_child_that_returns_runs_its_finalizers, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(a_child_begins_without_finalizers,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(what_an_after_fork_hook_registers_runs,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(
            a_finalizer_may_join_a_thread_of_the_targets, census_begin,
            census_end),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
