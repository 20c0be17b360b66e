/* SPDX-License-Identifier: MIT */
/* test_run.h - a run to write, and a folder to write it into. */
#ifndef IPCLAB_TEST_RUN_H
#define IPCLAB_TEST_RUN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "machine.h"
#include "stats.h"
#include "write.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_SKIP = 77, ROUNDS = 7, SAMPLES = 200 };

static char folder[] = "/tmp/ipclab-write.XXXXXX";
static char why[256];
static struct card card;
static struct result results[3], floors[1], references[1];
static char left_out[1][160] = {"ipclab bench pipe/stream --size 1M"};
static double samples[ROUNDS][SAMPLES], pooled[ROUNDS * SAMPLES];
static struct run run;

/* 7 rounds of 200 durations, one tenth of a ns apart, from 7000 ns. */
static inline void make_samples(struct result *r)
{
    double *rounds[ROUNDS];
    size_t counts[ROUNDS];

    for (size_t i = 0; i < ROUNDS; i++) {
        rounds[i] = samples[i];
        counts[i] = SAMPLES;
        for (size_t k = 0; k < SAMPLES; k++)
            samples[i][k] = 7000 + (double)(i * SAMPLES + k) * 0.1;
    }
    stats_fill(r, rounds, counts, ROUNDS, pooled);
}

static inline void make_run(void)
{
    const struct interval none = {NAN, NAN, NULL, 0};

    results[0] = (struct result){.mechanism = "pipe",
                                 .workload = "roundtrip",
                                 .unit = "round trip",
                                 .start = "fork",
                                 .bytes = 64,
                                 .sized = true,
                                 .settings = {{.name = "buffered", .value = 1},
                                              {.name = "x", .value = -2}},
                                 .placement = PLACE_SAME,
                                 .batch = 1,
                                 .counters = {7000.1239, 2.2, 0, 0.5, 4},
                                 .steal = 0.001,
                                 .reruns = 2,
                                 .floor = "floor/pipe-pingpong",
                                 .times_floor = 1.0625,
                                 .times_floor_interval = {1, 1.125, "ci", 0.98},
                                 .reference = 15000.5,
                                 .times_faster = 2.125,
                                 .times_faster_interval = none,
                                 .warnings = {"a \"quoted\"\tline"},
                                 .warning_count = 1};
    make_samples(&results[0]);
    results[1] =
        (struct result){.mechanism = "fork",
                        .workload = "joined",
                        .unit = "start",
                        .settings = {{.name = "resident", .value = 67108864}},
                        .placement = PLACE_CROSS,
                        .failed = "out of\tmemory\nat once"};
    stats_fill(&results[1], NULL, NULL, 0, NULL);
    results[1].times_floor = results[1].times_faster = NAN;
    results[1].reference = INFINITY;
    results[2] = results[0];
    results[2].workload = "stream";
    results[2].one_way = true;
    results[2].latency_p50 = 54321.0987;
    results[2].latency_p50_interval =
        (struct interval){.low = 54000.5, .high = 55000, .kind = "range"};
    results[2].latency_p99 = NAN;
    floors[0] = results[0];
    floors[0].mechanism = "floor";
    floors[0].floor[0] = '\0';
    floors[0].times_floor = NAN;
    references[0] = results[0];
    references[0].mechanism = "cpython";
    references[0].workload = "pipe/roundtrip";
    run = (struct run){
        .card = &card,
        .when = "2025-01-02T03:04:05Z",
        .seed = 7,
        .budget_s = 60,
        .took_s = 58.5,
        .partial = true,
        .python_why = "not asked for",
        .results = results,
        .result_count = 3,
        .floors = floors,
        .floor_count = 1,
        .references = references,
        .reference_count = 1,
        .aa = {{"blocking", 1.01, {0.99, 1.02, "ci", 0.98}}},
        .aa_count = 1,
        .programs = {{"100 forks", "demo 100", 5e8, 4e8, 6e8, 1e7, 5, 12.5}},
        .program_count = 1,
        .left_out = left_out,
        .left_out_count = 1};
}

/* Which calls fail: the exchange of two folders, and the n-th rename. */
static bool no_exchange;
static int renames, failing_rename;

static inline int begin(void **state)
{
    (void)state;
    alarm(30);
    strcpy(folder + sizeof folder - 7, "XXXXXX");
    if (!mkdtemp(folder) || machine_read(&card, "") < 0)
        return -1;
    memcpy(card.cpu, "caf\xe9", 5); /* not UTF-8 */
    why[0] = '\0';
    no_exchange = false;
    renames = failing_rename = 0;
    make_run();
    return 0;
}

static inline int remove_one(const char *path, const struct stat *s, int kind,
                             struct FTW *f)
{
    (void)s;
    (void)kind;
    (void)f;
    return remove(path);
}

static inline int end(void **state)
{
    (void)state;
    alarm(0);
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

#endif
