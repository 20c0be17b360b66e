/* SPDX-License-Identifier: MIT */
/* test_draft.c - what a dead writer left goes away; what a live one holds not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/test_census.h"
#include "draft.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/ipclab-draft.XXXXXX";

static int begin(void **state)
{
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    return census_begin(state) || !mkdtemp(folder);
}

static int end(void **state)
{
    return draft_remove(folder) | census_end(state);
}

/* A path below the test's folder; the last few stay valid. */
static const char *below(const char *name)
{
    static char paths[4][256];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void put(const char *name, const char *file)
{
    char path[300];
    int fd;

    mkdir(below(name), 0700);
    snprintf(path, sizeof path, "%s/%s", below(name), file);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
}

static bool there(const char *name)
{
    return access(below(name), F_OK) == 0;
}

/* Whatever holds no thesis. */
static bool is_run(const char *path)
{
    char thesis[300];

    snprintf(thesis, sizeof thesis, "%s/thesis", path);
    return access(thesis, F_OK) < 0;
}

static void sweep(void)
{
    draft_sweep(below("run"), is_run);
}

static void what_nobody_holds_is_swept(void **state)
{
    (void)state;
    put("run", "run.json");
    put("run.tmp.1", "run.json"); /* a pid that is in use tells nothing */
    put("run.old.99", "run.tsv");
    mkdir(below("run.tmp.77"), 0700);
    sweep();
    assert_false(there("run.tmp.1"));
    assert_false(there("run.old.99"));
    assert_false(there("run.tmp.77"));
    assert_true(there("run/run.json"));
}

static void what_has_another_name_or_holds_more_stays(void **state)
{
    static const char *const others[] = {
        "run.tmp",   "run.tmp.",     "run.tmp.12x", "run.tmp.1.svg",
        "run.bak.1", "other.tmp.12", "xrun.tmp.1"};

    (void)state;
    put("run.tmp.5", "thesis");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        put(others[i], "run.json");
    sweep();
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_true(there(others[i]));
    assert_true(there("run.tmp.5/thesis"));
}

static void a_link_is_not_followed(void **state)
{
    (void)state;
    put("mine", "run.json");
    assert_int_equal(symlink(below("mine"), below("run.tmp.3")), 0);
    sweep();
    assert_true(there("mine/run.json"));
    assert_true(there("run.tmp.3"));
}

/* A writer that waits in its folder until it is killed. */
static pid_t start_writer(void)
{
    int ready[2];
    char byte;
    pid_t pid;

    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    pid = fork();
    if (pid == 0) {
        int made = draft_make(below("run.tmp.1"));
        int held = draft_hold(below("run.old.1"));

        if (made >= 0 && held >= 0 && write(ready[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return pid;
}

static void a_live_writers_stays_and_a_killed_ones_goes(void **state)
{
    pid_t writer;

    (void)state;
    put("run.old.1", "run.json");
    writer = start_writer();
    sweep();
    assert_true(there("run.tmp.1"));
    assert_true(there("run.old.1"));
    assert_int_equal(kill(writer, SIGKILL), 0);
    assert_int_equal(waitpid(writer, NULL, 0), writer);
    sweep();
    assert_false(there("run.tmp.1"));
    assert_false(there("run.old.1"));
    /* It was killed between its two renames: the earlier run is back. */
    assert_true(there("run/run.json"));
}

static void what_is_made_is_held_at_once(void **state)
{
    int fd = draft_make(below("run.tmp.1"));

    (void)state;
    assert_true(fd >= 0);
    sweep();
    assert_true(there("run.tmp.1"));
    assert_int_equal(draft_make(below("run.tmp.1")), -EEXIST);
    close(fd);
    sweep();
    assert_false(there("run.tmp.1"));
    assert_int_equal(draft_make(below("no/such")), -ENOENT);
}

/* Sweep without end, in the way of who makes. */
static _Noreturn void sweep_always(void)
{
    for (;;)
        sweep();
}

static void a_sweeper_in_the_way_takes_nothing_from_who_makes(void **state)
{
    pid_t sweeper = fork();

    (void)state;
    if (sweeper == 0)
        sweep_always();
    for (int i = 0; i < 300; i++) {
        int fd = draft_make(below("run.tmp.1"));
        char file[300];
        int made;

        assert_true(fd >= 0);
        snprintf(file, sizeof file, "%s/run.json", below("run.tmp.1"));
        made = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_true(made >= 0);
        close(made);
        assert_int_equal(draft_remove(below("run.tmp.1")), 0);
        close(fd);
    }
    assert_int_equal(kill(sweeper, SIGKILL), 0);
    assert_int_equal(waitpid(sweeper, NULL, 0), sweeper);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_nobody_holds_is_swept),
        TEST(what_has_another_name_or_holds_more_stays),
        TEST(a_link_is_not_followed),
        TEST(a_live_writers_stays_and_a_killed_ones_goes),
        TEST(what_is_made_is_held_at_once),
        TEST(a_sweeper_in_the_way_takes_nothing_from_who_makes),
    };

    return cmocka_run_group_tests_name("draft", tests, NULL, NULL);
}
