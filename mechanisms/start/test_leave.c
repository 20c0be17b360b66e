/* SPDX-License-Identifier: MIT */
/* test_leave.c - what a process does before it leaves. */
#include "start/test_children.h"

#include <pthread.h>

/* ---- targets ----------------------------------------------------------- */

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
        cmocka_unit_test_setup_teardown(
            a_program_that_exits_ends_daemons_and_joins_the_others,
            census_begin, children_end),
        cmocka_unit_test_setup_teardown(a_child_that_returns_does_the_same,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(
            only_a_child_that_returns_runs_its_finalizers, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(a_child_begins_without_finalizers,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(what_an_after_fork_hook_registers_runs,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(
            a_finalizer_may_join_a_thread_of_the_targets, census_begin,
            children_end),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
