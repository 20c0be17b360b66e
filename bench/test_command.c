/* SPDX-License-Identifier: MIT */
/*
 * test_command.c - other programs are run, read, and ended; what CPython's
 * side prints is believed only when it is whole.
 */
#include "command.h"
#include "evidence.h"
#include "reference.h"

#include "common/hooks.h"
#include "common/test_census.h"
#include "registry.h"

#include <sys/prctl.h>
#include <sys/stat.h>

static volatile sig_atomic_t stop;

/* Run a line of shell. */
static int shell(const char *line, int64_t patience, char **text, int *error)
{
    const char *argv[] = {"sh", "-c", line, NULL};
    size_t length;
    int code = command_run(argv, patience, &stop, text, &length, error);

    assert_true(!*text || strlen(*text) <= length);
    return code;
}

static void output_and_exit_code_come_back(void **state)
{
    char *text;
    int error;

    (void)state;
    assert_int_equal(
        shell("echo one; echo two; exit 7", SECOND * 10, &text, &error), 7);
    assert_int_equal(error, 0);
    assert_string_equal(text, "one\ntwo\n");
    free(text);
    assert_int_equal(shell("kill -9 $$", SECOND * 10, &text, &error), -9);
    assert_int_equal(error, 0);
    free(text);
}

static void a_long_output_is_whole(void **state)
{
    char *text;
    int error;

    (void)state;
    shell("head -c 1000000 /dev/zero | tr '\\0' x", SECOND * 10, &text, &error);
    assert_int_equal(error, 0);
    assert_int_equal(strlen(text), 1000000);
    free(text);
}

static void a_program_that_is_not_there_is_enoent(void **state)
{
    const char *argv[] = {"ipclab-no-such-program", NULL};
    size_t length;
    char *text;
    int error;

    (void)state;
    command_run(argv, SECOND, &stop, &text, &length, &error);
    assert_int_equal(error, -ENOENT);
    free(text);
}

static void one_that_hangs_is_ended_with_all_its_children(void **state)
{
    char *text;
    int error;

    (void)state;
    shell("sleep 100 & sleep 100", SECOND / 5, &text, &error);
    assert_int_equal(error, -ETIMEDOUT);
    free(text);
    stop = 1;
    shell("sleep 100", SECOND * 10, &text, &error);
    assert_int_equal(error, -EINTR);
    free(text);
    stop = 0;
}

static void signals_and_stdin_are_a_fresh_programs(void **state)
{
    char *text;
    int error;

    (void)state;
    assert_int_equal(shell("read line; kill -PIPE $$; echo alive", SECOND * 10,
                           &text, &error),
                     -SIGPIPE);
    free(text);
}

static void one_that_closes_its_output_is_not_waited_for(void **state)
{
    char *text;
    int error;

    (void)state;
    shell("exec >&-; sleep 100", SECOND / 5, &text, &error);
    assert_int_equal(error, -ETIMEDOUT);
    free(text);
}

/* --- its TMPDIR --- */

static char temporary[] = "/tmp/ipclab-test-XXXXXX";

static void a_program_has_a_folder_of_its_own(void **state)
{
    char *text;
    int error;

    (void)state;
    assert_int_equal(shell("ls -A $TMPDIR; echo $TMPDIR; mkdir $TMPDIR/a; "
                           "echo b >$TMPDIR/a/b",
                           SECOND * 10, &text, &error),
                     0);
    assert_int_equal(error, 0);
    text[strcspn(text, "\n")] = '\0';
    assert_int_equal(strncmp(text, temporary, strlen(temporary)), 0);
    assert_int_equal(access(text, F_OK), -1);
    free(text);
    assert_int_equal(
        shell("echo c >$TMPDIR/c; sleep 100", SECOND / 5, &text, &error),
        -SIGKILL);
    free(text);
    /* Anything else of it would be in here. */
    assert_int_equal(rmdir(temporary), 0);
    assert_int_equal(mkdir(temporary, 0700), 0);
}

/* In a child: a program whose own child says its pid in the pipe, and stays. */
static int run_for_ever(void *pipe)
{
    char line[80], *text;
    const char *argv[] = {"sh", "-c", line, NULL};
    size_t length;
    int error;

    snprintf(line, sizeof line,
             "mkdir $TMPDIR/a; sleep 100 & echo $! >&%d; wait; true",
             *(int *)pipe);
    command_run(argv, 15 * SECOND, &stop, &text, &length, &error);
    free(text);
    return error == 0 ? 0 : test_line(__LINE__);
}

/*
 * Start that, kill whom `victim` picks, and see that the program's child does
 * not outlive it.  The program itself would; that child knows nobody of us.
 * Returns the wait status of ipclab.
 */
static int nothing_outlives(pid_t (*victim)(pid_t ipclab, pid_t program))
{
    char digits[24] = "", stat[40];
    int pipe_ends[2], end, status = -1;
    pid_t ipclab, left;
    struct process_stat seen;

    assert_int_equal(pipe(pipe_ends), 0);
    ipclab = fork();
    if (ipclab == 0) {
        prctl(PR_SET_CHILD_SUBREAPER, 1);
        _exit(run_for_ever(&pipe_ends[1]));
    }
    assert_true(ipclab > 0);
    end = pipe_ends[0];
    close(pipe_ends[1]);
    assert_true(read(end, digits, sizeof digits - 1) > 0);
    left = atoi(digits);
    assert_int_equal(process_stat(left, &seen), 0);
    assert_int_equal(kill(victim(ipclab, seen.parent), SIGKILL), 0);
    /* All of them hold the pipe's other end: it is at its end after them. */
    assert_int_equal(read(end, stat, sizeof stat), 0);
    close(end);
    waitpid(ipclab, &status, 0);
    while (waitpid(-1, NULL, 0) > 0)
        ;
    assert_int_equal(rmdir(temporary), 0); /* no folder is left in it */
    assert_int_equal(mkdir(temporary, 0700), 0);
    return status;
}

static pid_t ipclab_itself(pid_t ipclab, pid_t program)
{
    (void)program;
    return ipclab;
}

static pid_t the_keeper(pid_t ipclab, pid_t program)
{
    struct process_stat stat;

    assert_int_equal(process_stat(program, &stat), 0);
    assert_int_not_equal(stat.parent, ipclab);
    return stat.parent;
}

/* In a child: a program whose keeper was stopped by somebody. */
static int run_with_a_stopped_keeper(void *unused)
{
    const char *argv[] = {"sh", "-c",
                          "kill -STOP $(cut -d ' ' -f 4 /proc/$$/stat); "
                          "exec sleep 100",
                          NULL};
    size_t length;
    char *text;
    int error, code;

    (void)unused;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    code = command_run(argv, SECOND / 5, &stop, &text, &length, &error);
    free(text);
    if (error != -ETIMEDOUT || code != -SIGKILL)
        return test_line(__LINE__);
    return waitpid(-1, NULL, 0) < 0 ? 0 : test_line(__LINE__);
}

static void a_stopped_keeper_holds_nobody_up(void **state)
{
    (void)state;
    test_expect_in_fork(run_with_a_stopped_keeper, NULL);
}

static void a_killed_ipclab_leaves_nothing_of_a_program(void **state)
{
    (void)state;
    assert_true(WIFSIGNALED(nothing_outlives(ipclab_itself)));
}

static void a_killed_keeper_leaves_nothing_of_a_program(void **state)
{
    (void)state;
    /* It noticed, and did not wait for the time to be over. */
    assert_int_equal(nothing_outlives(the_keeper), 0);
}

/* --- CPython's side --- */

static char script[] = "/tmp/ipclab-test-XXXXXX";

/* Run a program that prints this, as if it were CPython's side. */
static int reads(const char *prints, char *why, struct findings *f)
{
    struct reference r = {.names = NULL};
    struct trial_spec spec = {.mechanism = "pipe",
                              .workload = workload_find("pipe", "roundtrip"),
                              .bytes = 64,
                              .timed_cpu = -1,
                              .warm = 1,
                              .window = 1,
                              .patience = 2 * SECOND};
    FILE *file = fopen(script, "we");

    assert_non_null(file);
    fprintf(file, "#!/bin/sh\n%s\n", prints);
    fclose(file);
    chmod(script, 0700);
    snprintf(r.python, sizeof r.python, "%s", script);
    return reference_run(&r, &spec, f, &stop, why, 160);
}

static struct findings *answer;

static void a_whole_answer_is_read(void **state)
{
    char why[160];

    (void)state;
    assert_int_equal(
        reads("echo batch 4; echo sample 100; echo sample 300; echo latency 9;"
              "echo counters 50 6 7 8 9 2000; echo python 3.11.2; echo end",
              why, answer),
        0);
    assert_int_equal(answer->batch, 4);
    assert_int_equal(answer->samples, 2);
    assert_int_equal(answer->sample[1], 300);
    assert_int_equal(answer->latencies, 1);
    assert_int_equal(answer->elapsed, 400);
    assert_int_equal(answer->operations, 2000);
    assert_int_equal(answer->timed.cpu_ns, 50);
    assert_int_equal(answer->timed.voluntary, 6);
    assert_int_equal(answer->timed.involuntary, 7);
    assert_int_equal(answer->timed.minor_faults, 8);
    assert_int_equal(answer->timed.io_calls, 9);
}

static void fails(const char *prints, int error, const char *text)
{
    char why[160];

    assert_int_equal(reads(prints, why, answer), error);
    assert_string_equal(why, text);
}

static void anything_less_is_refused_with_its_reason(void **state)
{
    (void)state;
    fails("echo error no such workload; exit 1", -EBADMSG,
          "CPython: no such workload");
    fails("echo batch 1; echo sample 5", -EBADMSG, "CPython: no result");
    fails("echo batch 1; echo end", -EBADMSG, "CPython: no result");
    fails("true", -EBADMSG, "CPython: no result");
    fails("echo batch 1; echo sample 5; echo what is this; echo end", -EBADMSG,
          "CPython: cannot read 'what is this'");
    fails("echo batch 1; echo sample 5; echo end; exit 3", -ECHILD,
          "CPython: ended with 3");
    fails("sleep 100", -ETIMEDOUT, "CPython: no end after 2 s: killed");
}

static int patient(void **state)
{
    int error = census_begin(state);

    alarm(60); /* a stopped keeper has its time, too */
    return error;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(output_and_exit_code_come_back,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(a_long_output_is_whole, census_begin,
                                        census_end),
        cmocka_unit_test_setup_teardown(a_program_that_is_not_there_is_enoent,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(
            one_that_hangs_is_ended_with_all_its_children, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(signals_and_stdin_are_a_fresh_programs,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(
            one_that_closes_its_output_is_not_waited_for, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(a_program_has_a_folder_of_its_own,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(a_stopped_keeper_holds_nobody_up,
                                        patient, census_end),
        cmocka_unit_test_setup_teardown(
            a_killed_ipclab_leaves_nothing_of_a_program, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(
            a_killed_keeper_leaves_nothing_of_a_program, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(a_whole_answer_is_read, census_begin,
                                        census_end),
        cmocka_unit_test_setup_teardown(
            anything_less_is_refused_with_its_reason, census_begin, census_end),
    };
    int fd = mkstemp(script), failed;

    mechanisms_init(argc, argv);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    answer = calloc(1, sizeof *answer);
    if (fd < 0 || !answer || !mkdtemp(temporary) ||
        setenv("TMPDIR", temporary, 1) < 0)
        return 1;
    close(fd);
    failed = cmocka_run_group_tests_name("command", tests, NULL, NULL);
    unlink(script);
    rmdir(temporary);
    free(answer);
    return failed;
}
