/* SPDX-License-Identifier: MIT */
/*
 * test_costs.h - how what an operation costs is counted.
 *
 * System calls are counted by strace over 100 and over 1100 operations: the
 * difference is that of 1000 operations, and nothing of the set-up; of starts
 * over 10 and 110.  Switches and faults come from a trial of the harness.
 *
 * strace runs the test itself, as `test NAME N`; a test hands what that is to
 * do to costs_main.
 */
#ifndef IPCLAB_TEST_COSTS_H
#define IPCLAB_TEST_COSTS_H

#include "command.h"
#include "place.h"
#include "registry.h"
#include "scenario.h"
#include "trial.h"

#include "common/hooks.h"
#include "common/test_census.h"

#include <sys/prctl.h>

enum { COUNTED = 1000, FEW = 100, MANY = FEW + COUNTED };

/* Of starts there are a tenth as many: an exec takes long under strace. */
enum { TENTH = 10, STARTS = COUNTED / TENTH };

static inline bool is_start(const char *name)
{
    return strncmp(name, "start-", 6) == 0 || strcmp(name, "posix-spawn") == 0;
}

static char self[PATH_MAX];

/* What strace counted, of all processes together; NULL: no strace.  A test
 * asks of several calls, so the two reports that it needs are kept. */
static char *report_of(const char *name, unsigned n)
{
    static struct {
        char name[32];
        unsigned n;
        char text[16384];
    } kept[2];
    char path[] = "/tmp/ipclab-strace-XXXXXX", count[16], *text;
    size_t slot = n == FEW || n == FEW / TENTH ? 0 : 1, length;
    int fd, code, error;
    ssize_t got;

    if (kept[slot].n == n && strcmp(kept[slot].name, name) == 0)
        return kept[slot].text;
    fd = mkstemp(path);
    assert_true(fd >= 0);
    snprintf(count, sizeof count, "%u", n);
    code = command_run((const char *[]){"strace", "-f", "-q", "-c", "-o", path,
                                        self, name, count, NULL},
                       60 * SECOND, NULL, &text, &length, &error);
    free(text);
    unlink(path);
    got = pread(fd, kept[slot].text, sizeof kept[slot].text - 1, 0);
    close(fd);
    kept[slot].n = 0;
    if (error || code != 0 || got < 0)
        return NULL;
    kept[slot].text[got] = '\0';
    kept[slot].n = n;
    snprintf(kept[slot].name, sizeof kept[slot].name, "%s", name);
    return kept[slot].text;
}

/* How often a call was made, or all of them for NULL; -1: no strace. */
static inline long calls(const char *name, unsigned n, const char *call)
{
    const char *line = report_of(name, n);
    long found = 0;

    if (!line)
        return -1;
    for (; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        char last[64] = "";
        long number = 0;
        /* time, seconds, usecs/call, calls, [errors,] name */
        int fields = sscanf(line, "%*f %*f %*d %ld %63s", &number, last);

        if (fields == 2 && last[0] >= '0' && last[0] <= '9')
            fields = sscanf(line, "%*f %*f %*d %ld %*d %63s", &number, last);
        if (fields == 2 && (!call || strcmp(last, call) == 0) &&
            strcmp(last, "total") != 0)
            found += number;
    }
    return found;
}

/* Without strace: does what is to be counted end well? */
static inline bool works(const char *name, unsigned n)
{
    char count[16], *text;
    size_t length;
    int error, code;

    snprintf(count, sizeof count, "%u", n);
    code = command_run((const char *[]){self, name, count, NULL}, 60 * SECOND,
                       NULL, &text, &length, &error);
    free(text);
    return !error && code == 0;
}

/*
 * The same, but the test is skipped where nothing can be counted.  What fails
 * by itself is no reason to skip: it would hide a floor that is broken.
 */
static inline long calls_or_skip(const char *name, unsigned n, const char *call)
{
    long found = calls(name, n, call);

    if (found < 0) {
        if (!works(name, n))
            fail_msg("%u %s failed, without strace too", n, name);
        print_message("strace is missing, or may not trace here\n");
        skip();
    }
    return found;
}

/* Of a thousand operations; fails the test unless it is just this. */
static inline void costs(const char *name, const char *call, long expected)
{
    unsigned part = is_start(name) ? TENTH : 1;
    long few = calls_or_skip(name, FEW / part, call);
    long many = calls_or_skip(name, MANY / part, call);

    /* A read or two at the end may find the other side gone already. */
    if (labs(many - few - expected) > 2)
        fail_msg("%u %s: %ld %s, not %ld", COUNTED / part, name, many - few,
                 call ? call : "system calls", expected);
}

/* Fails the test when they were more. */
static inline void costs_at_most(const char *name, long most)
{
    long few = calls_or_skip(name, FEW / TENTH, NULL);
    long many = calls_or_skip(name, MANY / TENTH, NULL);

    if (many - few > most)
        fail_msg("%u %s: %ld system calls, more than %ld", STARTS, name,
                 many - few, most);
}

static volatile sig_atomic_t never;

/* The counters of both sides, over the windows of one trial. */
static inline void count(const char *mechanism, const char *workload,
                         struct findings *counted)
{
    struct place places[PLACEMENTS];
    struct region shared;
    char why[160] = "";
    int error;

    assert_int_equal(places_find(places, NULL), 0);
    assert_int_equal(region_open(&shared, sizeof(struct findings)), 0);
    struct trial_spec spec = {.mechanism = mechanism,
                              .workload = workload_find(mechanism, workload),
                              .bytes = 64,
                              .timed_cpu = places[PLACE_SAME].timed,
                              .peer_cpu = places[PLACE_SAME].peer,
                              .clock_cost = 30,
                              .warm = SECOND / 10,
                              .window = SECOND / 20,
                              .patience = 15 * SECOND};
    error = trial_run(&spec, &shared, &never, why, sizeof why);
    memcpy(counted, shared.base, offsetof(struct findings, sample));
    region_close(&shared);
    if (error)
        fail_msg("%s", why);
}

static inline bool is_within(int64_t count, int64_t operations, int percent)
{
    return 100 * count <= percent * operations;
}

static inline int patient(void **state)
{
    int error = census_begin(state);

    alarm(120); /* strace is slow */
    return error;
}

/* What every such program's main does; its exit status. */
static inline int costs_main(int argc, char **argv,
                             int (*perform)(const char *name, unsigned n),
                             int (*run)(void))
{
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    mechanisms_init(argc, argv);
    if (n < 0)
        return 1;
    self[n] = '\0';
    if (argc == 3)
        return perform(argv[1], (unsigned)atoi(argv[2]));
    if (scenario_sanitizer()) {
        printf("a sanitizer's own calls and faults would be counted\n");
        return 77;
    }
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    return run();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, patient, census_end)

#endif
