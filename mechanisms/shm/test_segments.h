/* SPDX-License-Identifier: MIT */
/* test_segments.h - what the tests of SharedMemory share: names of this test's
 * own, and what the tracker says of them. */
#ifndef IPCLAB_TEST_SEGMENTS_H
#define IPCLAB_TEST_SEGMENTS_H

#include "shm/test_memory.h"

#include <fcntl.h>
#include <sys/stat.h>

/* A name that nobody else has, in one of four texts that are used in turn. */
static inline const char *test_name(const char *what)
{
    static char names[4][64];
    static unsigned turn;
    char *name = names[turn++ % 4];

    snprintf(name, sizeof names[0], "ipclab-test-%d-%s", getpid(), what);
    return name;
}

static inline bool segment_exists(const char *name)
{
    char path[NAME_MAX + 16];

    snprintf(path, sizeof path, "/dev/shm/%s", name);
    return access(path, F_OK) == 0;
}

/* All names in /dev/shm, sorted by nobody: to be compared as a whole. */
static inline unsigned count_segments(void)
{
    return count_entries("/dev/shm");
}

/* --- what the tracker says --- */

/* stderr of this test, while the tracker's is kept in `said`. */
static int said = -1, before_said = -1;

static inline void listen_to_tracker(void)
{
    before_said = dup(STDERR_FILENO);
    said = memfd_create("stderr", MFD_CLOEXEC);
    assert_true(before_said >= 0 && said >= 0);
    dup2(said, STDERR_FILENO);
}

/* Until every process that was left has ended: this one is their subreaper. */
static inline void wait_for_all(void)
{
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        ;
}

/* What it has said when it has ended, to be freed. */
static inline char *tracker_said(void)
{
    char *text = calloc(1, 8192);

    assert_int_equal(tracker_stop(TEST_BOUND), 0);
    wait_for_all();
    dup2(before_said, STDERR_FILENO);
    close(before_said);
    assert_non_null(text);
    assert_true(pread(said, text, 8191, 0) >= 0);
    close(said);
    return text;
}

static inline void expect_said(const char *expected)
{
    char *text = tracker_said();

    if (*expected ? !strstr(text, expected) : *text)
        fail_msg("the tracker said: \"%s\"", text);
    free(text);
}

/* It has no note of this one any more: what is struck out again is told. */
static inline void expect_struck_out(const struct shared_memory *m)
{
    char text[NAME_MAX + 32];

    snprintf(text, sizeof text, "%llu/%s", (unsigned long long)m->file,
             m->name);
    assert_int_equal(tracker_unregister("segment", text), 0);
    expect_said("it was not registered");
}

#endif
