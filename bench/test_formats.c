/* SPDX-License-Identifier: MIT */
/* test_formats.c - what a run's files say: read back. */
#include "test_run.h"

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
        "minor_faults_per_op io_calls_per_op warnings times_faster "
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
    pair = json_object_get(r, "p50_interval");
    assert_true(json_number_value(json_array_get(pair, 0)) == 54000.5);
    assert_true(json_number_value(json_array_get(pair, 1)) == 55000);
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
    assert_string_equal(column(lines[0], lines[3], "latency_p50_low"),
                        "54000.500");
    assert_string_equal(column(lines[0], lines[3], "latency_p50_high"),
                        "55000.000");
    assert_string_equal(column(lines[0], lines[1], "latency_p50_low"), "nan");
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
                                    "%*s %*s %*s %*s %*s %*s %lf %lf %llu",
                                    &low, &high, &count),
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
        TEST(a_writer_reports_a_full_device),
    };

    return cmocka_run_group_tests_name("write", tests, NULL, NULL);
}
