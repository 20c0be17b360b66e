/* SPDX-License-Identifier: MIT */
/*
 * test_children.h - what the tests of start/ share: every start method, and
 * how to start, finish and talk to a child.
 */
#ifndef IPCLAB_TEST_CHILDREN_H
#define IPCLAB_TEST_CHILDREN_H

#include "common/test_census.h"

#include "common/hooks.h"
#include "common/io.h"
#include "common/tracker.h"
#include "start/forkserver.h"
#include "start/start.h"

/* What holds for one start method holds for all: each test loops over them. */
static const enum start_method test_methods[] = {START_FORK, START_SPAWN,
                                                 START_FORKSERVER};
enum { TEST_METHODS = sizeof test_methods / sizeof *test_methods };

/* The census of tests that start: what serves them has ended first. */
static inline int children_end(void **state)
{
    if (forkserver_stop(5 * SECOND) < 0)
        print_error("the fork server %d does not end\n", forkserver_pid());
    if (tracker_stop(5 * SECOND) < 0)
        print_error("the tracker %d does not end\n", tracker_pid());
    return census_end(state);
}

/* Start one, with a name that a failure can show. */
static inline void test_start(struct process *p, enum start_method method,
                              const char *target, struct parcel *arguments)
{
    process_init(p, target, arguments);
    p->method = method;
    assert_int_equal(process_start(p), 0);
    assert_true(p->pid > 0);
}

/* Wait for its end, give it back, and return its exit code. */
static inline int test_finish(struct process *p)
{
    int code = -1000;

    assert_int_equal(process_join(p, NO_TIMEOUT), 0);
    assert_int_equal(process_exitcode(p, &code), 0);
    assert_int_equal(process_close(p), 0);
    return code;
}

/*
 * A pipe whose write end is given to a child: only the child decides when its
 * end of file comes.
 */
static inline int test_give_writer(struct parcel *p)
{
    int ends[2];

    assert_int_equal(fd_pipe(ends), 0);
    assert_int_equal(parcel_give_fd(p, &ends[1]), 0);
    return ends[0];
}

/*
 * The same the other way round.  A forked child has the write end as well, so
 * it is told something by a byte and not by the end of the file.
 */
static inline int test_give_reader(struct parcel *p)
{
    int ends[2];

    assert_int_equal(fd_pipe(ends), 0);
    assert_int_equal(parcel_give_fd(p, &ends[0]), 0);
    return ends[1];
}

/* All that a child writes until its end of file, as a text; fd is closed. */
static inline const char *test_read_all(int fd)
{
    static char text[4096];
    ssize_t got = read_full(fd, text, sizeof text - 1);

    assert_true(got >= 0);
    text[got] = '\0';
    close(fd);
    return text;
}

/* A child that was handed a writer, all that it wrote, and how it ended. */
static inline const char *test_what_it_says(enum start_method method,
                                            const char *target, int *code)
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

/* --- targets that several have --- */

static inline int do_nothing(struct parcel *arguments)
{
    (void)arguments;
    return 0;
}
TARGET(do_nothing)

/* Until the parent has ended. */
static inline int stay(struct parcel *arguments)
{
    (void)arguments;
    process_parent_join(NO_TIMEOUT);
    return 77;
}
TARGET(stay)

/* How many entries a folder of /proc has. */
static inline unsigned count_entries(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    unsigned count = 0;

    while (dir && (entry = readdir(dir)))
        count += entry->d_name[0] != '.';
    if (dir)
        closedir(dir);
    return count;
}

static inline unsigned count_descriptors(void)
{
    return count_entries("/proc/self/fd");
}

#endif
