/* SPDX-License-Identifier: MIT */
/* test_write.c - a run as files: read back, and never half there. */
// wrap: rename renameat2
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
static void make_samples(struct result *r)
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

static void make_run(void)
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
                                 .counters = {7000.1239, 2.2, 0, 0.5},
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

int __real_rename(const char *from, const char *to);
int __real_renameat2(int from_fd, const char *from, int to_fd, const char *to,
                     unsigned flags);
int __wrap_rename(const char *from, const char *to);
int __wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to,
                     unsigned flags);

int __wrap_rename(const char *from, const char *to)
{
    if (++renames != failing_rename)
        return __real_rename(from, to);
    errno = EIO;
    return -1;
}

int __wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to,
                     unsigned flags)
{
    if (!no_exchange)
        return __real_renameat2(from_fd, from, to_fd, to, flags);
    errno = EINVAL;
    return -1;
}

static int begin(void **state)
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

static int remove_one(const char *path, const struct stat *s, int kind,
                      struct FTW *f)
{
    (void)s;
    (void)kind;
    (void)f;
    return remove(path);
}

static int end(void **state)
{
    (void)state;
    alarm(0);
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A path below the test's folder; the last few stay valid. */
static const char *below(const char *name)
{
    static char paths[4][PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, PATH_MAX, "%s/%s", folder, name);
    return path;
}

static void put(const char *name, const char *text)
{
    FILE *file = fopen(below(name), "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* What a writer writes; the caller frees it. */
static char *written(int (*write)(FILE *, const struct run *))
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    assert_int_equal(write(out, &run), 0);
    assert_int_equal(fclose(out), 0);
    return text;
}

/* Names in a folder but for . and .. */
static int count_names(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    int n = 0;

    assert_non_null(dir);
    while ((entry = readdir(dir)))
        n += entry->d_name[0] != '.';
    closedir(dir);
    return n;
}

static json_t *load(void)
{
    char *text = written(write_json);
    json_error_t error;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);

    if (!root)
        fail_msg("line %d: %s", error.line, error.text);
    free(text);
    return root;
}

static json_t *result_of(json_t *root, size_t i)
{
    json_t *r = json_array_get(json_object_get(root, "results"), i);

    assert_non_null(r);
    return r;
}

static double number_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    if (!json_is_number(value))
        fail_msg("%s is no number", key);
    return json_number_value(value);
}

static const char *text_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    if (!json_is_string(value))
        fail_msg("%s is no text", key);
    return json_string_value(value);
}

static void expect_keys(const json_t *object, const char *keys)
{
    char copy[1024], *save = NULL;

    assert_true(strlen(keys) < sizeof copy);
    strcpy(copy, keys);
    for (char *key = strtok_r(copy, " ", &save); key;
         key = strtok_r(NULL, " ", &save))
        if (!json_object_get(object, key))
            fail_msg("there is no %s", key);
}

static void json_has_every_key_of_a_result(void **state)
{
    static const char keys[] =
        "mechanism workload start bytes settings placement unit "
        "rounds samples batch median median_interval interval_kind "
        "interval_level mean stddev mad min max p1 p5 p25 p50 p75 "
        "p90 p95 p99 p99.9 p99.99 round_medians outliers ops_per_s "
        "bytes_per_s cpu_ns_per_op latency_one_way "
        "voluntary_switches_per_op steal floor "
        "involuntary_switches_per_op times_floor reference "
        "minor_faults_per_op warnings times_faster "
        "times_floor_interval";
    json_t *root = load();

    (void)state;
    for (size_t r = 0; r < 3; r++)
        expect_keys(result_of(root, r), keys);
    json_decref(root);
}

static void json_has_every_key_of_the_context(void **state)
{
    static const char keys[] =
        "when commit dirty compiler cflags kernel libc cpu cores "
        "topology governor mitigations clocksource virtualization "
        "wake_cost_ns clock_cost_ns thp pipe_max_size load seed "
        "python budget_s";
    json_t *root = load(), *context = json_object_get(root, "context");

    (void)state;
    expect_keys(context, keys);
    assert_string_equal(text_of(root, "schema"), "ipclab-run-1");
    assert_true(json_is_true(json_object_get(root, "partial")));
    assert_int_equal(json_array_size(json_object_get(root, "floors")), 1);
    assert_int_equal(json_array_size(json_object_get(root, "references")), 1);
    assert_int_equal(json_array_size(json_object_get(root, "aa")), 1);
    assert_int_equal(json_array_size(json_object_get(root, "programs")), 1);
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(root, "left_out"), 0)),
        left_out[0]);
    assert_string_equal(text_of(context, "cpu"), "caf?");
    assert_true(json_is_null(json_object_get(context, "python")));
    assert_true(json_is_null(json_object_get(context, "wake_cost_ns")));
    assert_int_equal(number_of(context, "seed"), 7);
    json_decref(root);
}

static void json_gives_back_what_was_measured(void **state)
{
    json_t *root = load(), *r = result_of(root, 0), *pair;

    (void)state;
    assert_true(number_of(r, "median") == 7069.95);
    assert_true(number_of(r, "interval_level") == 0.984375);
    assert_string_equal(text_of(r, "interval_kind"), "ci");
    pair = json_object_get(r, "median_interval");
    assert_true(json_number_value(json_array_get(pair, 0)) == 7009.95);
    assert_true(json_number_value(json_array_get(pair, 1)) == 7129.95);
    assert_true(number_of(r, "cpu_ns_per_op") == 7000.124);
    assert_true(number_of(r, "samples") == ROUNDS * SAMPLES);
    assert_true(number_of(r, "p99") == 7138.501);
    assert_true(number_of(json_object_get(r, "settings"), "x") == -2);
    assert_int_equal(json_array_size(json_object_get(r, "round_medians")),
                     ROUNDS);
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(r, "warnings"), 0)),
        "a \"quoted\"\tline");
    assert_true(json_is_null(json_object_get(r, "p99.9")));
    assert_true(json_is_null(json_object_get(r, "latency_one_way")));
    r = json_object_get(result_of(root, 2), "latency_one_way");
    assert_true(number_of(r, "p50") == 54321.099);
    assert_true(json_is_null(json_object_get(r, "p99")));
    json_decref(root);
}

static void a_failed_row_has_its_reason_and_no_figure(void **state)
{
    json_t *root = load(), *r = result_of(root, 1);

    (void)state;
    assert_string_equal(text_of(r, "failed"), "out of\tmemory\nat once");
    assert_true(json_is_null(json_object_get(r, "median")));
    assert_true(json_is_null(json_object_get(r, "median_interval")));
    assert_true(json_is_null(json_object_get(r, "reference")));
    assert_true(json_is_null(json_object_get(r, "bytes")));
    assert_true(json_is_null(json_object_get(r, "start")));
    json_decref(root);
}

static void three_decimals_stand_as_three_digits(void **state)
{
    char *text = written(write_json);

    (void)state;
    assert_non_null(strstr(text, "\"cpu_ns_per_op\": 7000.124,"));
    assert_null(strstr(text, "99999"));
    free(text);
}

/* The value of a column in a line of a tsv, in place. */
static char *column(char *header, char *line, const char *name)
{
    static char value[256];
    char *names = strdup(header), *at = names, *word;
    size_t n = 0;

    assert_non_null(names);
    while ((word = strsep(&at, "\t")) && strcmp(word, name) != 0)
        n++;
    if (!word)
        fail_msg("there is no column %s", name);
    free(names);
    for (; n > 0; n--) {
        line = strchr(line, '\t');
        assert_non_null(line);
        line++;
    }
    snprintf(value, sizeof value, "%.*s", (int)strcspn(line, "\t"), line);
    return value;
}

static size_t tabs(const char *line)
{
    size_t n = 0;

    for (; *line; line++)
        n += *line == '\t';
    return n;
}

/* The lines of a text; the text is cut up. */
static size_t split(char *text, char **lines, size_t most)
{
    size_t n = 0;
    char *line;

    while ((line = strsep(&text, "\n")) && n < most)
        if (*line)
            lines[n++] = line;
    return n;
}

static void tsv_is_a_header_and_a_row_a_result_floor_and_reference(void **state)
{
    char *text = written(write_tsv), *lines[8];

    (void)state;
    assert_int_equal(split(text, lines, 8), 6);
    for (size_t i = 1; i < 6; i++)
        assert_int_equal(tabs(lines[i]), tabs(lines[0]));
    assert_string_equal(column(lines[0], lines[1], "kind"), "result");
    assert_string_equal(column(lines[0], lines[4], "kind"), "floor");
    assert_string_equal(column(lines[0], lines[4], "mechanism"), "floor");
    assert_string_equal(column(lines[0], lines[5], "kind"), "reference");
    assert_string_equal(column(lines[0], lines[5], "mechanism"), "cpython");
    assert_string_equal(column(lines[0], lines[5], "workload"),
                        "pipe/roundtrip");
    assert_string_equal(column(lines[0], lines[1], "settings"),
                        "buffered=1,x=-2");
    assert_string_equal(column(lines[0], lines[1], "median"), "7069.950");
    assert_string_equal(column(lines[0], lines[1], "bytes"), "64");
    assert_string_equal(column(lines[0], lines[1], "p99.9"), "nan");
    assert_string_equal(column(lines[0], lines[1], "times_faster_low"), "nan");
    assert_string_equal(column(lines[0], lines[2], "failed"),
                        "out of memory at once");
    assert_string_equal(column(lines[0], lines[2], "settings"),
                        "resident=67108864");
    assert_string_equal(column(lines[0], lines[2], "median"), "nan");
    assert_string_equal(column(lines[0], lines[2], "bytes"), "nan");
    assert_string_equal(column(lines[0], lines[2], "reference"), "nan");
    assert_string_equal(column(lines[0], lines[2], "placement"), "cross");
    assert_string_equal(column(lines[0], lines[3], "latency_p50"), "54321.099");
    assert_string_equal(column(lines[0], lines[1], "latency_p50"), "nan");
    free(text);
}

/* Every number of run.json that has a column is the same there. */
static void tsv_and_json_agree(void **state)
{
    char *text = written(write_tsv), *lines[8];
    json_t *root = load(), *value;
    const char *key;
    int compared = 0;

    (void)state;
    assert_int_equal(split(text, lines, 8), 6);
    for (size_t i = 0; i < 3; i++)
        json_object_foreach(result_of(root, i), key, value)
        {
            if (!json_is_number(value))
                continue;
            compared++;
            if (strtod(column(lines[0], lines[i + 1], key), NULL) !=
                json_number_value(value))
                fail_msg("result %zu: %s differs", i, key);
        }
    assert_true(compared > 50);
    json_decref(root);
    free(text);
}

static void a_histogram_holds_every_sample_in_its_bin(void **state)
{
    char *text = written(write_hist), *block = text, *lines[64];
    int blocks = 0;

    (void)state;
    assert_true(strncmp(text, "# mechanism\t", 12) == 0);
    while (block) {
        char *next = strstr(block, "\n\n\n");
        unsigned long long total = 0;
        size_t n;

        if (next)
            *next = '\0';
        n = split(block, lines, 64);
        for (size_t i = blocks == 0; i < n; i++) {
            double low, high;
            unsigned long long count;

            assert_int_equal(sscanf(lines[i],
                                    "%*s %*s %*s %*s %*s %lf %lf %llu", &low,
                                    &high, &count),
                             3);
            assert_true(count > 0 && low < high);
            assert_true(fabs(high / low - exp2(1.0 / 8)) < 1e-6);
            total += count;
        }
        assert_int_equal(total, ROUNDS * SAMPLES);
        block = next ? next + 3 : NULL;
        blocks++;
    }
    assert_int_equal(blocks, 4); /* two results, a floor and a reference */
    free(text);
}

static void a_histogram_counts_a_bin_as_it_is_said(void **state)
{
    static const double few[] = {0, 0.25, 8, 8.7, 8.7241, 16};
    static const char *const wanted[] = {
        "\tsame\t0.000\t0.001\t1\n", "\tsame\t0.250\t0.273\t1\n",
        "\tsame\t8.000\t8.724\t2\n", "\tsame\t8.724\t9.514\t1\n",
        "\tsame\t16.000\t17.448\t1\n"};
    char *text, *at;

    (void)state;
    results[0].pooled = few;
    results[0].samples = 6;
    run.result_count = 1;
    run.floor_count = run.reference_count = 0;
    text = at = written(write_hist);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        at = strstr(at, wanted[i]); /* in this order */
        assert_non_null(at);
        at += strlen(wanted[i]) - 1;
    }
    assert_string_equal(at, "\n");
    free(text);
}

static void a_seed_beyond_json_is_a_text(void **state)
{
    json_t *root;

    (void)state;
    run.seed = UINT64_MAX;
    root = load();
    assert_string_equal(text_of(json_object_get(root, "context"), "seed"),
                        "18446744073709551615");
    json_decref(root);
}

static void a_run_is_written_whole(void **state)
{
    char text[64];
    FILE *file;

    (void)state;
    assert_int_equal(write_check(below("latest"), why, sizeof why), 0);
    assert_int_equal(count_names(folder), 0);
    assert_int_equal(write_results(below("latest/"), &run, why, sizeof why), 0);
    assert_int_equal(count_names(folder), 1);
    assert_int_equal(count_names(below("latest")), 4);
    file = fopen(below("latest/machine.txt"), "r");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    assert_true(strncmp(text, "machine           ", 18) == 0);
    fclose(file);
}

static void an_earlier_run_is_replaced_with_its_figures(void **state)
{
    (void)state;
    assert_int_equal(mkdir(below("latest"), 0700), 0);
    assert_int_equal(mkdir(below("latest/plots"), 0700), 0);
    put("latest/run.json", "old");
    put("latest/report.html", "old");
    put("latest/plots/01-roundtrip.svg", "old");
    assert_int_equal(write_check(below("latest"), why, sizeof why), 0);
    assert_int_equal(count_names(below("latest")), 3);
    assert_int_equal(write_results(below("latest"), &run, why, sizeof why), 0);
    assert_int_equal(count_names(folder), 1);
    assert_int_equal(count_names(below("latest")), 4);
}

static void a_file_system_without_exchange_is_enough(void **state)
{
    (void)state;
    no_exchange = true;
    assert_int_equal(mkdir(below("latest"), 0700), 0);
    put("latest/report.html", "old");
    assert_int_equal(write_results(below("latest"), &run, why, sizeof why), 0);
    assert_int_equal(renames, 2);
    assert_int_equal(count_names(folder), 1);
    assert_int_equal(count_names(below("latest")), 4);
}

static void a_failed_rename_changes_nothing(void **state)
{
    (void)state;
    no_exchange = true;
    assert_int_equal(mkdir(below("latest"), 0700), 0);
    put("latest/report.html", "old");
    for (failing_rename = 1; failing_rename <= 2; failing_rename++) {
        renames = 0;
        assert_int_equal(write_results(below("latest"), &run, why, sizeof why),
                         -EIO);
        assert_non_null(strstr(why, "cannot be replaced: "));
        assert_int_equal(count_names(folder), 1);
        assert_int_equal(count_names(below("latest")), 1);
    }
}

static void a_link_to_a_folder_stays_a_link(void **state)
{
    struct stat s;

    (void)state;
    assert_int_equal(mkdir(below("run1"), 0700), 0);
    assert_int_equal(symlink("run1", below("latest")), 0);
    assert_int_equal(write_results(below("latest"), &run, why, sizeof why), 0);
    assert_int_equal(lstat(below("latest"), &s), 0);
    assert_true(S_ISLNK(s.st_mode));
    assert_int_equal(count_names(below("run1")), 4);
}

static void what_is_not_ours_is_never_deleted(void **state)
{
    (void)state;
    assert_int_equal(mkdir(below("home"), 0700), 0);
    assert_int_equal(mkdir(below("home/plots"), 0700), 0);
    put("home/run.json", "old");
    put("home/plots/thesis.tex", "mine");
    assert_int_equal(write_results(below("home"), &run, why, sizeof why),
                     -ENOTEMPTY);
    assert_non_null(
        strstr(why, "holds 'plots/thesis.tex', which is no result"));
    assert_int_equal(unlink(below("home/plots/thesis.tex")), 0);
    put("home/thesis.tex", "mine");
    assert_int_equal(write_check(below("home"), why, sizeof why), -ENOTEMPTY);
    assert_int_equal(write_results(below("home"), &run, why, sizeof why),
                     -ENOTEMPTY);
    assert_non_null(strstr(why, "holds 'thesis.tex', which is no result"));
    assert_int_equal(count_names(below("home")), 3);
    assert_int_equal(count_names(folder), 1);
}

static void an_impossible_folder_is_one_clear_line(void **state)
{
    static const char *const impossible[] = {
        "/proc",           "/proc/self/x", "/",          "",
        "/nowhere/at/all", "/dev/null",    "/dev/null/x"};

    (void)state;
    for (size_t i = 0; i < sizeof impossible / sizeof *impossible; i++) {
        why[0] = '\0';
        assert_true(write_results(impossible[i], &run, why, sizeof why) < 0);
        assert_true(strlen(why) > 10);
        assert_null(strchr(why, '\n'));
        assert_true(write_check(impossible[i], why, sizeof why) < 0);
    }
    assert_int_equal(write_results("/proc", &run, why, sizeof why), -ENOTEMPTY);
}

static void the_current_folder_is_refused(void **state)
{
    int here = open(".", O_RDONLY | O_CLOEXEC);

    (void)state;
    assert_true(here >= 0);
    assert_int_equal(mkdir(below("here"), 0700), 0);
    assert_int_equal(chdir(below("here")), 0);
    assert_int_equal(write_results(".", &run, why, sizeof why), -EBUSY);
    assert_int_equal(write_results("new", &run, why, sizeof why), 0);
    assert_int_equal(fchdir(here), 0);
    close(here);
    assert_int_equal(count_names(below("here/new")), 4);
}

static void a_writer_reports_a_full_device(void **state)
{
    int (*const writers[])(FILE *, const struct run *) = {
        write_json, write_tsv, write_hist, write_machine};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        FILE *full = fopen("/dev/full", "w");

        if (!full)
            skip();
        assert_int_equal(writers[i](full, &run), -ENOSPC);
        fclose(full);
    }
}

/*
 * In a child: write where there is an earlier run and no room for another.
 * 0 when it failed as it should; else the number of what was wrong.
 */
static int write_without_room(int expected)
{
    if (write_results(below("latest"), &run, why, sizeof why) != expected)
        return 2;
    if (!strstr(why, "cannot write ") || strchr(why, '\n'))
        return 3;
    if (count_names(folder) != 1 || count_names(below("latest")) != 1)
        return 4;
    return 0;
}

static int without_room_for_files(void)
{
    const struct rlimit small = {4096, 4096};

    signal(SIGXFSZ, SIG_IGN);
    return setrlimit(RLIMIT_FSIZE, &small) < 0 ? EXIT_SKIP
                                               : write_without_room(-EFBIG);
}

/* Say that this process is root in its own user namespace, and no one else. */
static bool become_root(uid_t uid, gid_t gid)
{
    char text[64];
    FILE *map;

    map = fopen("/proc/self/setgroups", "w");
    if (!map || fputs("deny", map) < 0 || fclose(map) != 0)
        return false;
    snprintf(text, sizeof text, "0 %u 1", gid);
    map = fopen("/proc/self/gid_map", "w");
    if (!map || fputs(text, map) < 0 || fclose(map) != 0)
        return false;
    snprintf(text, sizeof text, "0 %u 1", uid);
    map = fopen("/proc/self/uid_map", "w");
    return map && fputs(text, map) >= 0 && fclose(map) == 0;
}

/* Mounts of one's own, for which who is not root needs a user namespace. */
static bool have_own_mounts(void)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();

    if (uid == 0)
        return unshare(CLONE_NEWNS) == 0;
    return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && become_root(uid, gid);
}

static int on_a_full_disk(void)
{
    FILE *earlier;

    if (!have_own_mounts() ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("none", folder, "tmpfs", 0, "size=16k") < 0)
        return EXIT_SKIP;
    if (mkdir(below("latest"), 0700) < 0)
        return 5;
    earlier = fopen(below("latest/run.json"), "w");
    if (!earlier || fputs("old", earlier) < 0 || fclose(earlier) != 0)
        return 6;
    return write_without_room(-ENOSPC);
}

static int in_child(int (*f)(void))
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0)
        _exit(f());
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_failed_write_changes_nothing(void **state)
{
    char text[8] = "";
    FILE *file;

    (void)state;
    assert_int_equal(mkdir(below("latest"), 0700), 0);
    put("latest/run.json", "old");
    assert_int_equal(in_child(without_room_for_files), 0);
    file = fopen(below("latest/run.json"), "r");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    assert_string_equal(text, "old");
    fclose(file);
}

static void a_full_disk_changes_nothing(void **state)
{
    int result = in_child(on_a_full_disk);

    (void)state;
    if (result == EXIT_SKIP) {
        print_message("skipped: this user may not mount a small file system\n");
        skip();
    }
    assert_int_equal(result, 0);
}

static void without_permission_nothing_is_left_behind(void **state)
{
    (void)state;
    if (geteuid() == 0) {
        print_message("skipped: root may write everywhere\n");
        skip();
    }
    assert_int_equal(mkdir(below("locked"), 0500), 0);
    assert_int_equal(write_results(below("locked/x"), &run, why, sizeof why),
                     -EACCES);
    assert_int_equal(write_check(below("locked/x"), why, sizeof why), -EACCES);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(json_has_every_key_of_a_result),
        TEST(json_has_every_key_of_the_context),
        TEST(json_gives_back_what_was_measured),
        TEST(a_failed_row_has_its_reason_and_no_figure),
        TEST(three_decimals_stand_as_three_digits),
        TEST(tsv_is_a_header_and_a_row_a_result_floor_and_reference),
        TEST(tsv_and_json_agree),
        TEST(a_histogram_holds_every_sample_in_its_bin),
        TEST(a_histogram_counts_a_bin_as_it_is_said),
        TEST(a_seed_beyond_json_is_a_text),
        TEST(a_run_is_written_whole),
        TEST(an_earlier_run_is_replaced_with_its_figures),
        TEST(a_file_system_without_exchange_is_enough),
        TEST(a_failed_rename_changes_nothing),
        TEST(a_link_to_a_folder_stays_a_link),
        TEST(what_is_not_ours_is_never_deleted),
        TEST(an_impossible_folder_is_one_clear_line),
        TEST(the_current_folder_is_refused),
        TEST(a_writer_reports_a_full_device),
        TEST(a_failed_write_changes_nothing),
        TEST(a_full_disk_changes_nothing),
        TEST(without_permission_nothing_is_left_behind),
    };

    return cmocka_run_group_tests_name("write", tests, NULL, NULL);
}
