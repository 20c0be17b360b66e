/* SPDX-License-Identifier: MIT */
/* test_spawn_faults.c - what can go wrong before a fresh image is what it was
 * to be, and what happens to its parent meanwhile. */
#include "start/test_children.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

/* What only a fresh image is. */
static const enum start_method fresh[] = {START_SPAWN, START_FORKSERVER};

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

/* CPython's test_noforkbomb: nothing is started before mechanisms_init. */
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
    return process_start(&p) == -ELOOP &&
                   forkserver_ensure_running() == -ELOOP &&
                   tracker_register("noop", "x") == -ELOOP
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
