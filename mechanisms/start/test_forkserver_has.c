/* SPDX-License-Identifier: MIT */
/* test_forkserver_has.c - what crosses to a child of the fork server, and what
 * that has of the server. */
#include "start/test_children.h"

#include <fcntl.h>
#include <sys/resource.h>

/* ---- targets ----------------------------------------------------------- */

static int take_all(struct parcel *arguments)
{
    int fd, count = 0;

    while (parcel_take_fd(arguments, &fd) == 0)
        count += fcntl(fd, F_GETFD) == FD_CLOEXEC;
    return count;
}
TARGET(take_all)

static int tell_environment(struct parcel *arguments)
{
    const char *value = getenv("IPCLAB_TEST_SERVER");
    int writer;

    if (parcel_take_fd(arguments, &writer))
        return 1;
    dprintf(writer, "%s", value ? value : "none");
    return 0;
}
TARGET(tell_environment)

static int preloaded_in; /* the process that the initialiser ran in */
static int preloaded_count;

static void preload_it(void)
{
    preloaded_in = getpid();
    preloaded_count++;
}
PRELOAD(preload_it)

static int is_preloaded(struct parcel *arguments)
{
    (void)arguments;
    return preloaded_count == 1 && preloaded_in == getppid();
}
TARGET(is_preloaded)

/* ---- what crosses ----------------------------------------------------------
 */

static void a_parcel_has_249_descriptors_and_no_more(void **state)
{
    struct parcel arguments;
    struct process p;

    (void)state;
    parcel_init(&arguments);
    for (int i = 0; i < PARCEL_FDS; i++)
        assert_int_equal(parcel_put_fd(&arguments, STDERR_FILENO), 0);
    assert_int_equal(parcel_put_fd(&arguments, STDERR_FILENO), -E2BIG);
    test_start(&p, START_FORKSERVER, "take_all", &arguments);
    assert_int_equal(test_finish(&p), PARCEL_FDS);
    parcel_free(&arguments);
}

/* Before and after: the same descriptors, or one is lost at each start. */
static void starts_leave_no_descriptor_in_the_server(void **state)
{
    char path[64];
    unsigned counts[2] = {0};

    (void)state;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 200; i++) {
            struct process p;

            test_start(&p, START_FORKSERVER, "do_nothing", NULL);
            assert_int_equal(test_finish(&p), 0);
        }
        snprintf(path, sizeof path, "/proc/%d/fd", forkserver_pid());
        /* It closes the last of a start after it has told its end, so the
         * smallest count of several is what it has at rest. */
        for (int tries = 0; tries < 100; tries++) {
            unsigned count = count_entries(path);

            if (tries == 0 || count < counts[round])
                counts[round] = count;
            if (round == 1 && counts[1] == counts[0])
                break;
            test_sleep_ms(5);
        }
    }
    assert_int_equal(counts[1], counts[0]);
}

/* The server at its limit: told as such, and nothing is lost for good. */
static void a_server_without_descriptors_says_so(void **state)
{
    struct rlimit before, tight;
    struct parcel arguments;
    struct process p;
    char path[64];

    (void)state;
    test_start(&p, START_FORKSERVER, "do_nothing", NULL);
    assert_int_equal(test_finish(&p), 0);
    snprintf(path, sizeof path, "/proc/%d/fd", forkserver_pid());
    prlimit(forkserver_pid(), RLIMIT_NOFILE, NULL, &before);
    tight = (struct rlimit){count_entries(path) + 2, before.rlim_max};
    prlimit(forkserver_pid(), RLIMIT_NOFILE, &tight, NULL);
    parcel_init(&arguments);
    for (int i = 0; i < 8; i++)
        assert_int_equal(parcel_put_fd(&arguments, STDERR_FILENO), 0);
    process_init(&p, "take_all", &arguments);
    p.method = START_FORKSERVER;
    assert_int_equal(process_start(&p), -EMFILE);
    assert_int_equal(process_close(&p), 0);
    prlimit(forkserver_pid(), RLIMIT_NOFILE, &before, NULL);
    test_start(&p, START_FORKSERVER, "take_all", &arguments);
    assert_int_equal(test_finish(&p), 8);
    parcel_free(&arguments);
}

/* ---- what it has ------------------------------------------------------------
 */

static void expect_environment(enum start_method method, const char *value)
{
    int code;

    assert_string_equal(test_what_it_says(method, "tell_environment", &code),
                        value);
    assert_int_equal(code, 0);
}

static void its_environment_is_that_of_its_beginning(void **state)
{
    (void)state;
    setenv("IPCLAB_TEST_SERVER", "then", 1);
    assert_int_equal(forkserver_ensure_running(), 0);
    setenv("IPCLAB_TEST_SERVER", "now", 1);
    expect_environment(START_FORK, "now");
    expect_environment(START_SPAWN, "now");
    expect_environment(START_FORKSERVER, "then");
    unsetenv("IPCLAB_TEST_SERVER");
}

static void what_is_preloaded_is_done_once_in_the_server(void **state)
{
    const char *names[] = {"preload_it", NULL}, *none[] = {"nobody", NULL};

    (void)state;
    assert_int_equal(forkserver_set_preload(none), -ENOENT);
    assert_int_equal(forkserver_set_preload(names), 0);
    for (int i = 0; i < 3; i++) {
        struct process p;

        test_start(&p, START_FORKSERVER, "is_preloaded", NULL);
        assert_int_equal(test_finish(&p), 1);
    }
    assert_int_equal(preloaded_count, 0); /* not here */
    assert_int_equal(forkserver_set_preload(names), -EBUSY);
    assert_int_equal(forkserver_stop(5 * SECOND), 0);
    assert_int_equal(forkserver_set_preload(NULL), 0);
}

/* Each name is 10 bytes, and 11 with its comma. */
static void more_preloads_than_have_room_are_refused(void **state)
{
    const char *names[94];
    struct process p;

    (void)state;
    for (int i = 0; i < 93; i++)
        names[i] = "preload_it";
    names[93] = NULL;
    assert_int_equal(forkserver_set_preload(names), -E2BIG);
    names[92] = NULL;
    assert_int_equal(forkserver_set_preload(names), 0);
    test_start(&p, START_FORKSERVER, "is_preloaded", NULL);
    assert_int_equal(test_finish(&p), 0); /* 92 times, and not once */
    assert_int_equal(forkserver_stop(5 * SECOND), 0);
    assert_int_equal(forkserver_set_preload(NULL), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_parcel_has_249_descriptors_and_no_more, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(
            starts_leave_no_descriptor_in_the_server, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(a_server_without_descriptors_says_so,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(
            its_environment_is_that_of_its_beginning, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(
            what_is_preloaded_is_done_once_in_the_server, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(
            more_preloads_than_have_room_are_refused, census_begin,
            children_end),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
