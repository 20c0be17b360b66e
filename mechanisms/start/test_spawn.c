/* SPDX-License-Identifier: MIT */
/* test_spawn.c - a fresh image: what it has, what it has not, and what can go
 * wrong before it is what it was to be. */
#include "start/test_children.h"

#include <fcntl.h>

/* What only a fresh image is. */
static const enum start_method fresh[] = {START_SPAWN, START_FORKSERVER};

static int global = 1;

/* ---- targets ----------------------------------------------------------- */

static int has_global(struct parcel *arguments)
{
    (void)arguments;
    return global;
}
TARGET(has_global)

/* Its signals: what it has blocked, what it ignores, what it catches. */
static int tell_signals(struct parcel *arguments)
{
    int writer;
    char line[128];
    FILE *status = fopen("/proc/self/status", "re");

    if (parcel_take_fd(arguments, &writer) || !status)
        return 1;
    while (fgets(line, sizeof line, status))
        if (strncmp(line, "SigBlk", 6) == 0 ||
            strncmp(line, "SigIgn", 6) == 0 || strncmp(line, "SigCgt", 6) == 0)
            dprintf(writer, "%s", line);
    fclose(status);
    return 0;
}
TARGET(tell_signals)

/* Every descriptor it has, by its number. */
static int tell_descriptors(struct parcel *arguments)
{
    int writer;

    if (parcel_take_fd(arguments, &writer))
        return 1;
    for (int fd = 0; fd < 1024; fd++) {
        int flags = fcntl(fd, F_GETFD);

        if (flags >= 0 && fd != writer)
            dprintf(writer, "%s%s ", fd > 2 ? "more" : "standard",
                    flags & FD_CLOEXEC || fd < 3 ? "" : " not CLOEXEC");
    }
    return 0;
}
TARGET(tell_descriptors)

static int tell_place(struct parcel *arguments)
{
    char *directory = getcwd(NULL, 0);
    int writer;

    if (parcel_take_fd(arguments, &writer) || !directory)
        return 1;
    dprintf(writer, "%s", directory);
    free(directory);
    return 0;
}
TARGET(tell_place)

static int tell_key(struct parcel *arguments)
{
    int writer;

    if (parcel_take_fd(arguments, &writer))
        return 1;
    return write_full(writer, process_authkey(), 32) ? 2 : 0;
}
TARGET(tell_key)

/* A child of its own, of the method that it was started by. */
static int tell_default_method(struct parcel *arguments)
{
    struct process p;

    (void)arguments;
    process_init(&p, "do_nothing", NULL);
    return (int)p.method;
}
TARGET(tell_default_method)

/* ---- what a child has ---------------------------------------------------- */

static void a_fresh_image_has_no_memory_of_its_parents(void **state)
{
    (void)state;
    global = 2;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct process p;

        test_start(&p, test_methods[m], "has_global", NULL);
        assert_int_equal(test_finish(&p),
                         test_methods[m] == START_FORK ? 2 : 1);
    }
    global = 1;
}

static void a_child_has_the_signal_mask_of_its_starter(void **state)
{
    sigset_t blocked, before;
    char expected[64];
    int code;

    (void)state;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigaddset(&blocked, SIGRTMAX);
    snprintf(expected, sizeof expected, "SigBlk:\t%016llx\n",
             1ULL << (SIGUSR1 - 1) | 1ULL << (SIGRTMAX - 1));
    for (size_t m = 0; m < TEST_METHODS; m++) {
        assert_int_equal(forkserver_ensure_running(), 0); /* with another */
        pthread_sigmask(SIG_SETMASK, &blocked, &before);
        assert_non_null(
            strstr(test_what_it_says(test_methods[m], "tell_signals", &code),
                   expected));
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        assert_int_equal(code, 0);
    }
}

static void on_signal(int number)
{
    (void)number;
}

/* The bits of one line of what a child says of its signals. */
static uint64_t signals(const char *text, const char *name)
{
    const char *line = strstr(text, name);

    assert_non_null(line);
    return strtoull(line + strlen(name) + 1, NULL, 16);
}

static uint64_t ignored_here(void)
{
    char text[4096] = "";
    FILE *status = fopen("/proc/self/status", "re");

    assert_non_null(status);
    assert_true(fread(text, 1, sizeof text - 1, status) > 0);
    fclose(status);
    return signals(text, "SigIgn:");
}

/* A handler is an address; what is ignored stays so; SIGPIPE is (init). */
static void a_fresh_image_catches_nothing_and_ignores_the_same(void **state)
{
    const uint64_t usr2 = 1ULL << (SIGUSR2 - 1), hup = 1ULL << (SIGHUP - 1);
    const uint64_t before = ignored_here();
    int code;

    (void)state;
    signal(SIGUSR2, on_signal);
    signal(SIGHUP, SIG_IGN);
    for (size_t m = 0; m < 2; m++) {
        const char *text = test_what_it_says(fresh[m], "tell_signals", &code);

        assert_int_equal(signals(text, "SigCgt:") & usr2, 0);
        assert_int_equal(signals(text, "SigIgn:"), before | hup);
        assert_int_equal(code, 0);
    }
    signal(SIGUSR2, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
}

/*
 * The standard three and bookkeeping: the tracker's pipe and the sentinel of a
 * spawned child; the fork server's address, its pipe, the tracker's, and what
 * says that the parent lives.
 */
static void a_fresh_image_has_what_it_was_handed_and_no_more(void **state)
{
    int code, stray = fcntl(STDERR_FILENO, F_DUPFD, 40);

    (void)state;
    assert_true(stray >= 40); /* not even CLOEXEC */
    assert_string_equal(
        test_what_it_says(START_SPAWN, "tell_descriptors", &code),
        "standard standard standard more more ");
    assert_int_equal(code, 0);
    assert_string_equal(
        test_what_it_says(START_FORKSERVER, "tell_descriptors", &code),
        "standard standard standard more more more more ");
    assert_int_equal(code, 0);
    close(stray);
}

static void a_child_begins_where_its_starter_is(void **state)
{
    char *before = getcwd(NULL, 0);
    int code;

    (void)state;
    assert_int_equal(forkserver_ensure_running(), 0);
    assert_int_equal(chdir("/"), 0);
    for (size_t m = 0; m < TEST_METHODS; m++) {
        assert_string_equal(
            test_what_it_says(test_methods[m], "tell_place", &code), "/");
        assert_int_equal(code, 0);
    }
    assert_int_equal(chdir(before), 0);
    free(before);
}

static void all_of_a_program_have_one_authkey(void **state)
{
    unsigned char zero[32] = {0};
    int code;

    (void)state;
    assert_memory_not_equal(process_authkey(), zero, 32);
    for (size_t m = 0; m < TEST_METHODS; m++) {
        assert_memory_equal(
            test_what_it_says(test_methods[m], "tell_key", &code),
            process_authkey(), 32);
        assert_int_equal(code, 0);
    }
}

static void a_childs_children_are_started_as_it_was(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct process p;

        test_start(&p, test_methods[m], "tell_default_method", NULL);
        assert_int_equal(test_finish(&p), test_methods[m]);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_fresh_image_has_no_memory_of_its_parents, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(
            a_child_has_the_signal_mask_of_its_starter, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(
            a_fresh_image_catches_nothing_and_ignores_the_same, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(
            a_fresh_image_has_what_it_was_handed_and_no_more, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(a_child_begins_where_its_starter_is,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(all_of_a_program_have_one_authkey,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(a_childs_children_are_started_as_it_was,
                                        census_begin, children_end),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
