/* SPDX-License-Identifier: MIT */
/*
 * test_peers.c - what a user would pick instead: each that is built does what
 * it is said to do, and holds as many messages as it is asked to.
 */
#include "trial.h"

#include "common/hooks.h"
#include "common/test_census.h"
#include "plugin.h"
#include "registry.h"
#include "row.h"

#include <sys/mman.h>

#define BOUND (10 * SECOND)

static volatile sig_atomic_t stop;

/* Not of list.h. */
static bool is_joined(const struct mechanism *m)
{
    return strcmp(m->python, "Python has none") == 0 &&
           strcmp(m->name, "ring") != 0;
}

/* Open MPI measures itself: scripts/test_mpi. */
static bool is_plugin(const struct mechanism *m)
{
    return is_joined(m) && !m->workloads[0].program;
}

/* --- what it measures --- */

static int try_one(const struct mechanism *m, const struct workload *w,
                   size_t bytes, int64_t capacity, char *why, size_t size)
{
    struct trial_spec spec = {
        .mechanism = m->name,
        .workload = w,
        .bytes = bytes,
        .settings = {{.name = "capacity", .value = capacity}},
        .timed_cpu = -1,
        .peer_cpu = -1,
        .clock_cost = 30,
        .warm = SECOND / 100,
        .window = SECOND / 100,
        .patience = BOUND};
    const struct findings *f;
    struct region shared;
    int error;

    why[0] = 0;
    assert_int_equal(region_open(&shared, sizeof *f), 0);
    error = trial_run(&spec, &shared, &stop, why, size);
    f = shared.base;
    if (!error)
        assert_true(f->samples > 0 && f->operations > 0);
    if (!error && w->one_way && f->operations > 2 * LATENCY_EVERY)
        assert_true(f->latencies > 0);
    region_close(&shared);
    return error;
}

static void each_moves_messages_of_any_size(void **state)
{
    static const size_t sizes[] = {8, 64, 5000, 300000};
    unsigned tried = 0;
    char why[160];

    (void)state;
    for (const struct mechanism *const *m = mechanisms; *m; m++)
        for (const struct workload *w = (*m)->workloads;
             is_plugin(*m) && w->name; w++)
            for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
                int64_t capacity = w->grid ? w->grid[0].value : 0;

                alarm(CENSUS_SECONDS);
                if (try_one(*m, w, sizes[i], capacity, why, sizeof why) &&
                    !(strcmp((*m)->name, "posix-mq") == 0 && sizes[i] > 8192))
                    fail_msg("%s/%s %zu B: %s", (*m)->name, w->name, sizes[i],
                             why);
                tried++;
            }
    assert_true(tried >= 32); /* four need nothing but the C library */
}

static void each_can_hold_a_few(void **state)
{
    char why[160];

    (void)state;
    for (const struct mechanism *const *m = mechanisms; *m; m++)
        for (const struct workload *w = (*m)->workloads;
             is_plugin(*m) && w->name; w++)
            if (try_one(*m, w, 64, 2, why, sizeof why))
                fail_msg("%s/%s: %s", (*m)->name, w->name, why);
}

/* --- what it holds --- */

/* A trial in memory that its two sides share, and the plug-in's own calls. */
struct scene {
    struct trial trial;
    struct setting settings[2];
    _Atomic int64_t sent[LATENCY_SLOTS];
};

static bool is_asleep(pid_t process)
{
    char path[64], text[256] = "", *at;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/stat", process);
    file = fopen(path, "re");
    at = file && fgets(text, sizeof text, file) ? strrchr(text, ')') : NULL;
    if (file)
        fclose(file);
    return at && at[1] == ' ' && at[2] == 'S';
}

/* How many it has sent when nothing goes on any more. */
static uint64_t sent_in_vain(pid_t sender, const struct scene *s)
{
    const volatile uint64_t *sequence = &s->trial.sequence;
    int64_t deadline = clock_deadline(BOUND);
    uint64_t before = 0;
    int quiet = 0;

    while (quiet < 20 && clock_now() < deadline) {
        bool still = is_asleep(sender) && *sequence == before;

        quiet = still ? quiet + 1 : 0;
        before = *sequence;
        test_sleep_ms(5); /* it may be about to wake up: twenty looks */
    }
    assert_int_equal(quiet, 20);
    return before;
}

/* Its receiver is there, and takes nothing. */
static uint64_t held_by(const char *name, int64_t capacity)
{
    struct scene *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const struct workload *w = workload_find(name, "stream");
    uint64_t sent;
    pid_t sender;

    assert_true(s != MAP_FAILED && w);
    s->settings[0] = (struct setting){.name = "capacity", .value = capacity};
    s->trial = (struct trial){
        .bytes = 64, .line = 64, .settings = s->settings, .sent = s->sent};
    assert_int_equal(w->open(&s->trial), 0);
    sender = fork();
    if (sender == 0) {
        alarm(CENSUS_SECONDS);
        w->join(&s->trial, 0, NULL);
        w->serve(&s->trial, 0, 1 << 30);
        _exit(1);
    }
    sent = sent_in_vain(sender, s);
    kill(sender, SIGKILL);
    assert_int_equal(waitpid(sender, NULL, 0), sender);
    w->close(&s->trial);
    munmap(s, sizeof *s);
    return sent;
}

static void messages_that_are_counted_are_as_many_as_asked_for(void **state)
{
    (void)state;
    for (int64_t capacity = 1; capacity <= 1000; capacity *= 10) {
        assert_int_equal(held_by("eventfd", capacity), capacity);
        if (mechanism_find("boost"))
            assert_int_equal(held_by("boost", capacity), capacity);
        if (capacity <= workload_find("posix-mq", "stream")->grid[0].value)
            assert_int_equal(held_by("posix-mq", capacity), capacity);
    }
}

/* What a row asks for and prints can be had: a POSIX queue's as well. */
static void a_row_asks_for_no_more_than_can_be_had(void **state)
{
    const char *const names[] = {"posix-mq", "eventfd"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct workload *w = workload_find(names[i], "stream");
        struct row row = row_new(names[i], w, 64, PLACE_SAME);
        int64_t most = *w->capacity_most;

        row = row_within_limits(row_with(row, "capacity", 10000));
        assert_int_equal(row.settings[0].value, most ? most : 10000);
        if (i == 0)
            assert_int_equal(held_by(names[i], row.settings[0].value),
                             row.settings[0].value);
    }
}

/* In bytes the next power of two, and never less than 64 KiB. */
static void bytes_are_enough_for_as_many(void **state)
{
    (void)state;
    assert_int_equal(held_by("raw-pipe", 10), 1024);
    assert_in_range(held_by("raw-pipe", 2000), 1024, 4096);
    assert_in_range(held_by("af-unix", 100), 100, 400);
}

/* --- what is missing --- */

static void what_is_not_built_is_said(void **state)
{
    char line[128];
    size_t missing = 0, joined = 0;

    (void)state;
    for (; plugin_missing(missing, line, sizeof line); missing++)
        assert_true(strstr(line, ": not built, for want of lib") ||
                    strcmp(line, "redis: no redis-server (scripts/setup "
                                 "--all)") == 0 ||
                    strncmp(line, "open-mpi: ", 10) == 0); /* not permitted */
    for (const struct mechanism *const *m = mechanisms; *m; m++)
        joined += is_joined(*m);
    assert_int_equal(missing + joined, 9);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, census_begin, census_end)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(each_moves_messages_of_any_size),
        TEST(each_can_hold_a_few),
        TEST(messages_that_are_counted_are_as_many_as_asked_for),
        TEST(a_row_asks_for_no_more_than_can_be_had),
        TEST(bytes_are_enough_for_as_many),
        TEST(what_is_not_built_is_said),
    };

    mechanisms_init(argc, argv);
    plugins_join(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
