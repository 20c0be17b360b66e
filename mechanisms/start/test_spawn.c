/* SPDX-License-Identifier: MIT */
/* test_spawn.c - a fresh image: what it has, what it has not, and what can go
 * wrong before it is what it was to be. */
#include "start/test_children.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>

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

/* A child that was handed a writer, all that it wrote, and how it ended. */
static const char *what_it_says(enum start_method method, const char *target,
                                int *code)
{
    struct parcel arguments;
    struct process p;
    const char *text;
    int reader;

    parcel_init(&arguments);
    reader = test_give_writer(&arguments);
    test_start(&p, method, target, &arguments);
    text = test_read_all(reader);
    *code = test_finish(&p);
    parcel_free(&arguments);
    return text;
}

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
        assert_non_null(strstr(
            what_it_says(test_methods[m], "tell_signals", &code), expected));
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
        const char *text = what_it_says(fresh[m], "tell_signals", &code);

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
    assert_string_equal(what_it_says(START_SPAWN, "tell_descriptors", &code),
                        "standard standard standard more more ");
    assert_int_equal(code, 0);
    assert_string_equal(
        what_it_says(START_FORKSERVER, "tell_descriptors", &code),
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
        assert_string_equal(what_it_says(test_methods[m], "tell_place", &code),
                            "/");
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
        assert_memory_equal(what_it_says(test_methods[m], "tell_key", &code),
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

/* ---- what goes wrong ------------------------------------------------------
 */

/* For as long as f runs, images are of that program. */
static int start_of(const char *path, size_t bytes, struct process *p)
{
    char *data = calloc(1, bytes + 1);
    struct parcel arguments;
    int error = process_set_executable(path);

    parcel_init(&arguments);
    assert_int_equal(error, 0);
    assert_int_equal(parcel_put(&arguments, data, bytes), 0);
    process_init(p, "do_nothing", &arguments);
    p->method = START_SPAWN;
    error = process_start(p);
    process_set_executable(NULL);
    parcel_free(&arguments);
    free(data);
    return error;
}

/* A file that may be run and is no program. */
static void an_exec_that_fails_is_an_errno_and_no_child(void **state)
{
    char path[] = "/tmp/ipclab-no-program-XXXXXX";
    int fd = mkstemp(path);
    struct process p;

    (void)state;
    assert_int_equal(tracker_ensure_running() < 0, 0); /* of our own image */
    assert_int_equal(process_set_executable("/nowhere/at/all"), -ENOENT);
    assert_int_equal(process_set_executable(path), -EACCES);
    assert_int_equal(write_full(fd, "?", 1), 0);
    assert_int_equal(fchmod(fd, 0700), 0);
    close(fd);
    assert_int_equal(start_of(path, 0, &p), -ENOEXEC);
    assert_int_equal(p.pid, 0);
    assert_int_equal(process_is_alive(&p), 0);
    assert_int_equal(process_close(&p), 0);
    unlink(path);
    test_start(&p, START_SPAWN, "do_nothing", NULL);
    assert_int_equal(test_finish(&p), 0);
}

/* The parent holds no end that the child should read from: no wait for ever.
 */
static void a_child_that_dies_before_it_reads_was_started(void **state)
{
    const size_t sizes[] = {0, 3000, 100000, 4 << 20};

    (void)state;
    assert_true(tracker_ensure_running() > 0);
    for (size_t i = 0; i < 4; i++) {
        struct process p;

        assert_int_equal(start_of("/bin/false", sizes[i], &p), 0);
        assert_int_equal(test_finish(&p), 1);
    }
}

/* CPython's test_noforkbomb: nobody is started before mechanisms_init. */
static int start_without_init(void *method)
{
    char *argv[] = {(char *)"/proc/self/exe", (char *)"--unguarded",
                    (char *)start_method_names[*(enum start_method *)method],
                    NULL};

    execv(argv[0], argv);
    return 126;
}

/* This program's main when it was called so: it forgot mechanisms_init. */
static int unguarded(const char *method)
{
    struct process p;

    process_init(&p, "do_nothing", NULL);
    p.method = strcmp(method, "spawn") == 0 ? START_SPAWN : START_FORKSERVER;
    return process_start(&p) == -ELOOP && forkserver_ensure_running() == -ELOOP
               ? 0
               : test_line(__LINE__);
}

static void a_program_without_a_guard_starts_nobody(void **state)
{
    (void)state;
    for (size_t m = 0; m < 2; m++)
        test_expect_in_fork(start_without_init, (void *)&fresh[m]);
}

/* An image that is not ours to the byte says so by its exit code. */
static void an_image_that_does_not_know_the_target_ends_with_127(void **state)
{
    char path[] = "/tmp/ipclab-program-XXXXXX", command[512];
    int fd = mkstemp(path);
    struct process p;

    (void)state;
    close(fd);
    assert_true(tracker_ensure_running() > 0);
    /* This program again, in which the target has another name. */
    snprintf(command, sizeof command,
             "sed 's/do_nothing\\x0/do_nothinG\\x0/g' /proc/%d/exe >%s && "
             "chmod 700 %s",
             getpid(), path, path);
    assert_int_equal(system(command), 0);
    assert_int_equal(start_of(path, 0, &p), 0);
    assert_int_equal(test_finish(&p), 127);
    unlink(path);
}

/* A handler that ran in a child without memory of its own would write here. */
static volatile sig_atomic_t caught;

static void note_signal(int number)
{
    caught = number;
}

static void *start_many(void *failed)
{
    for (int i = 0; i < 50; i++) {
        struct process p;

        process_init(&p, "do_nothing", NULL);
        p.method = START_SPAWN;
        if (process_start(&p) || process_join(&p, NO_TIMEOUT) ||
            process_close(&p))
            *(int *)failed = 1;
    }
    return NULL;
}

static void threads_may_spawn_at_once_and_under_signals(void **state)
{
    pthread_t threads[4];
    int failed[4] = {0};

    (void)state;
    signal(SIGUSR1, note_signal);
    for (int i = 0; i < 4; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, start_many, &failed[i]), 0);
    for (int i = 0; i < 2000; i++) {
        pthread_kill(threads[i % 4], SIGUSR1);
        test_sleep_ms(0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(failed[i], 0);
    }
    assert_int_equal(caught, SIGUSR1);
    signal(SIGUSR1, SIG_DFL);
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
        cmocka_unit_test_setup_teardown(
            an_exec_that_fails_is_an_errno_and_no_child, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(
            a_child_that_dies_before_it_reads_was_started, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(a_program_without_a_guard_starts_nobody,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(
            an_image_that_does_not_know_the_target_ends_with_127, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(
            threads_may_spawn_at_once_and_under_signals, census_begin,
            children_end),
    };

    if (argc == 3 && strcmp(argv[1], "--unguarded") == 0)
        return unguarded(argv[2]);
    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
