/* SPDX-License-Identifier: MIT */
/*
 * test_supervisor.c - whatever runs under it ends, and nothing stays.
 *
 * Everybody in a tree holds the write end of one pipe, the line.  So when its
 * end can be read, everybody has gone; alarm() ends a wait that lasts.
 */
#include "test_supervisor.h"

#include <sys/resource.h>

enum { HIDERS = 3 };

/* Daemons, as the book says: in sessions of their own, adopted, deaf.  Each
 * says that it is there, and we that those between are gone. */
static int hide(void *unused)
{
    (void)unused;
    ignore_all();
    for (int i = 0; i < HIDERS; i++)
        if (fork() == 0) {
            setsid();
            if (fork() > 0)
                _exit(0);
            prctl(PR_SET_PDEATHSIG, 0);
            write_full(line[1], "", 1);
            pause_for_ever();
        }
    for (int i = 0; i < HIDERS; i++)
        wait(NULL);
    write_full(line[1], "", 1);
    pause_for_ever();
}

/* The same, and the program itself ends when they are there. */
static int hide_and_exit(void *unused)
{
    char bytes[HIDERS + 1];
    pid_t child = fork();

    if (child == 0)
        hide(unused);
    read_full(line[0], bytes, sizeof bytes);
    return 0;
}

/* --- a tree ends -------------------------------------------------------------
 */

static void daemons_that_ignore_sigterm_end_with_the_program(void **state)
{
    struct ended e;

    (void)state;
    open_line();
    e = run(hide_and_exit, NULL, &ample);
    assert_int_equal(e.how, ENDED);
    assert_int_equal(e.status, 0);
    assert_int_equal(e.left, HIDERS + 1);
    nobody_is_left();
}

static void time_ends_the_whole_tree(void **state)
{
    struct ended e;

    (void)state;
    open_line();
    e = run(hide, NULL, &hasty);
    assert_int_equal(e.how, OUT_OF_TIME);
    assert_true(e.left >= 1);
    nobody_is_left();
}

/* A process that supervises, for others to kill: starts it, and returns when
 * every hider is there. */
static pid_t supervising_child(void)
{
    char bytes[HIDERS];
    pid_t child = fork();

    if (child == 0) {
        struct watch watch = {.run = hide, .limits = ample, .output = -1};
        struct ended e;

        if (supervise(&watch, &e) < 0 || e.how != INTERRUPTED)
            _exit(1);
        _exit(e.status);
    }
    assert_true(child > 0);
    assert_int_equal(read_full(line[0], bytes, sizeof bytes), HIDERS);
    return child;
}

static void kill_of_the_supervising_process_leaves_nothing(void **state)
{
    int status;
    pid_t child;

    (void)state;
    open_line();
    child = supervising_child();
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    nobody_is_left();
}

static void sigint_and_sigterm_end_the_tree_and_are_told(void **state)
{
    const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        int status;
        pid_t child;

        open_line();
        child = supervising_child();
        kill(child, numbers[i]);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), numbers[i]);
        nobody_is_left();
    }
}

static int shoot_the_guard(void *unused)
{
    pid_t guard = getppid();

    prctl(PR_SET_PDEATHSIG, 0);
    if (fork() == 0)
        hide(unused);
    kill(guard, SIGKILL);
    pause_for_ever();
}

static void a_program_that_kills_the_guard_ends_too(void **state)
{
    pid_t spared = fork();
    struct ended e;

    (void)state;
    if (spared == 0)
        pause_for_ever();
    open_line();
    e = run(shoot_the_guard, NULL, &ample);
    assert_int_equal(e.how, GUARD_WAS_KILLED);
    nobody_is_left();
    /* Who was our child before is none of the tree. */
    assert_int_equal(waitpid(spared, NULL, WNOHANG), 0);
    kill(spared, SIGKILL);
    assert_int_equal(waitpid(spared, NULL, 0), spared);
}

/* A folder to be TMPDIR, empty when the supervised have gone. */
static void begin_in_tmpdir(char folder[])
{
    assert_non_null(mkdtemp(folder));
    assert_int_equal(setenv("TMPDIR", folder, 1), 0);
}

/* Only an empty folder can be removed so. */
static void end_in_tmpdir(const char *folder)
{
    assert_int_equal(rmdir(folder), 0);
    unsetenv("TMPDIR");
}

static void the_folder_of_a_killed_guard_goes(void **state)
{
    char folder[] = "/tmp/ipclab-test.XXXXXX";

    (void)state;
    begin_in_tmpdir(folder);
    open_line();
    assert_int_equal(run(shoot_the_guard, NULL, &ample).how, GUARD_WAS_KILLED);
    nobody_is_left();
    end_in_tmpdir(folder);
}

/* In the program: is its TMPDIR where it should be? */
static int lives_in(void *folder)
{
    const char *temporary = getenv("TMPDIR");

    return !temporary || strncmp(temporary, folder, strlen(folder)) != 0 ||
           access(temporary, W_OK) < 0;
}

static void a_programs_folder_lies_in_our_tmpdir(void **state)
{
    char folder[] = "/tmp/ipclab-test.XXXXXX";

    (void)state;
    begin_in_tmpdir(folder);
    assert_int_equal(run(lives_in, folder, &ample).status, 0);
    end_in_tmpdir(folder);
    /* One that cannot be written in is none. */
    assert_int_equal(setenv("TMPDIR", "/nowhere/at/all", 1), 0);
    assert_int_equal(run(lives_in, (char[]){"/tmp/"}, &ample).status, 0);
    unsetenv("TMPDIR");
}

static int has_nice(void *nice)
{
    return getpriority(PRIO_PROCESS, 0) != *(int *)nice;
}

/* In a process of its own: nobody but root can be less nice again. */
static int supervise_nicely(void *unused)
{
    int nice = 7;

    (void)unused;
    if (setpriority(PRIO_PROCESS, 0, nice) < 0)
        return test_line(__LINE__);
    return run(has_nice, &nice, &ample).status == 0 ? 0 : test_line(__LINE__);
}

static void a_program_is_as_nice_as_it_would_be_unwatched(void **state)
{
    (void)state;
    test_expect_in_fork(supervise_nicely, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROMISE(daemons_that_ignore_sigterm_end_with_the_program),
        PROMISE(time_ends_the_whole_tree),
        PROMISE(kill_of_the_supervising_process_leaves_nothing),
        PROMISE(sigint_and_sigterm_end_the_tree_and_are_told),
        PROMISE(a_program_that_kills_the_guard_ends_too),
        PROMISE(the_folder_of_a_killed_guard_goes),
        PROMISE(a_programs_folder_lies_in_our_tmpdir),
        PROMISE(a_program_is_as_nice_as_it_would_be_unwatched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
