/* SPDX-License-Identifier: MIT */
/* test_table.c - a run on the terminal: complete, and never too wide. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "human.h"
#include "machine.h"
#include "table.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

enum { RESULTS = 8 };

static struct card card;
static struct result results[RESULTS], floors[2];
static char left_out[10][160];
static struct run run;

static struct result row(const char *mechanism, const char *workload,
                         double median)
{
    struct result r = {
        .mechanism = mechanism,
        .workload = workload,
        .bytes = 64,
        .sized = true,
        .rounds = 7,
        .samples = 5000,
        .median = median,
        .median_interval = {median * 0.98, median * 1.02, "ci", 0.984375},
        .ops_per_s = 1e9 / median,
        .bytes_per_s = 64e9 / median,
        .latency_p50 = NAN,
        .latency_p99 = NAN,
        .times_floor = 1.0625,
        .times_faster = 12.54,
        .counters = {.io_calls = 0.25}};

    for (size_t i = 0; i < PERCENTILES; i++)
        r.percentiles[i] = median * (1 + (double)i / 20);
    return r;
}

static void make_start_rows(void)
{
    results[3] = row("fork", "first-instruction", 1234567);
    results[3].sized = false;
    results[3].settings[0] =
        (struct setting){.name = "resident", .value = 256 << 20};
    results[3].settings[1] = (struct setting){.name = "huge", .value = 1};
    results[4] = row("forkserver", "first-instruction", 87654321);
    results[4].sized = false;
    results[4].settings[0] = (struct setting){.name = "resident", .value = 0};
    results[4].median_interval.kind = "range";
}

static int begin(void **state)
{
    (void)state;
    alarm(20);
    if (machine_read(&card, "/nowhere") < 0)
        return -1;
    strcpy(card.cpu, "Intel(R) Xeon(R) Platinum 8370C CPU @ 2.80GHz");
    card.cores = card.cores_online = 2;
    strcpy(card.build, "optimised");
    strcpy(card.virtualization, "KVM");
    card.clock_cost_ns = 30;
    machine_judge(&card);
    results[0] = row("pipe", "roundtrip", 7214);
    results[0].settings[0] = (struct setting){.name = "buffered", .value = 1};
    snprintf(results[0].warnings[0], 160,
             "2 of 7 rounds were disturbed, and kept after 3 reruns");
    results[0].warning_count = 1;
    results[1] = row("pipe", "roundtrip", 999.9);
    results[1].bytes = 65532;
    results[2] = row("pipe", "roundtrip", 109000);
    results[2].placement = PLACE_CROSS;
    make_start_rows();
    results[5] = row("pipe", "stream-duplex", 385);
    results[5].one_way = true;
    results[5].latency_p50 = 54321;
    results[5].latency_p99 = 65432;
    results[6] = row("queue", "roundtrip", NAN);
    results[6].failed = "the peer of role 0 was killed by signal 11 while the "
                        "timed side waited for its answer";
    results[7] = row("lock", "roundtrip", 9.13);
    results[7].times_faster = results[7].times_floor = NAN;
    floors[0] = row("floor", "pipe-pingpong", 6900);
    floors[1] = row("floor", "unix-pingpong", 12900);
    floors[0].times_floor = floors[1].times_floor = NAN;
    floors[0].times_faster = floors[1].times_faster = NAN;
    for (size_t i = 0; i < 10; i++)
        snprintf(left_out[i], 160,
                 "ipclab bench fork/first-instruction --placement cross --set "
                 "resident=256M --set huge=%zu",
                 i);
    run = (struct run){.card = &card,
                       .seed = 18446744073709551615u,
                       .results = results,
                       .result_count = RESULTS,
                       .floors = floors,
                       .floor_count = 2,
                       .python = "3.11.2",
                       .aa = {{"blocking", 1.004, {0.99, 1.02, "ci", 0.98}}},
                       .aa_count = 1,
                       .programs = {{.name = "100 forks, whole program, C",
                                     .median_ns = 61e6,
                                     .min_ns = 58e6,
                                     .runs = 5,
                                     .times_faster = 7.7}},
                       .program_count = 1,
                       .left_out = left_out,
                       .left_out_count = 10};
    return 0;
}

/* The table as text; the caller frees it. */
static char *drawn(unsigned columns, bool utf8, bool colour)
{
    const struct look look = {columns, utf8, colour};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    table_draw(out, &run, &look);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void nothing_is_wider_than_the_terminal(void **state)
{
    (void)state;
    for (unsigned columns = 50; columns <= 200; columns++) {
        char *text = drawn(columns, columns % 2, false), *save = NULL;

        for (char *line = strtok_r(text, "\n", &save); line;
             line = strtok_r(NULL, "\n", &save))
            if (human_width(line) > columns)
                fail_msg("wider than %u: '%s'", columns, line);
        free(text);
    }
}

static void expect(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no '%s' in\n%s", part, text);
}

static void eighty_columns_hold_every_column(void **state)
{
    char *text = drawn(80, true, false);

    (void)state;
    expect(text, "KVM (!) ·");
    expect(text, "\nroundtrip, same core    size  median       95% CI     p99 "
                 "× floor × CPython\n");
    expect(text, "\n  pipe                  64 B 7.21 µs  7.07 – 7.36 9.74 µs "
                 "   1.06      12.5\n");
    expect(text, "\n    buffered=1\n");
    expect(text, "\n  ! pipe 64 B: 2 of 7 rounds were disturbed");
    expect(text, "\n  pipe               65532 B 1.00 µs 0.980 – 1.02");
    expect(text, "\nroundtrip, two cores");
    expect(text, "109 µs");
    free(text);
}

static void a_roomy_terminal_shows_reads_and_writes_too(void **state)
{
    char *text = drawn(100, true, false);

    (void)state;
    expect(text, " × floor  × CPython  io calls\n");
    expect(text, "1.06       12.5     0.250\n");
    free(text);
    text = drawn(99, true, false);
    assert_null(strstr(text, "io calls"));
    free(text);
}

static void a_start_row_shows_its_memory(void **state)
{
    char *text = drawn(80, true, false);

    (void)state;
    expect(text, "\nfirst-instruction, same core\n");
    expect(text, "256 MiB huge");
    expect(text, "forkserver");
    expect(text, " 0 B ");
    expect(text, "89.4 r");
    expect(text, "r: least and greatest of fewer than 6 rounds");
    free(text);
}

static void a_block_of_few_rounds_says_range_and_never_ci(void **state)
{
    char *text;

    (void)state;
    for (size_t i = 0; i < RESULTS; i++)
        results[i].median_interval.kind = "range";
    floors[0].median_interval.kind = floors[1].median_interval.kind = "range";
    run.aa_count = 0;
    text = drawn(80, true, false);
    expect(text, "  range");
    assert_null(strstr(text, "CI"));
    assert_null(strstr(text, " r\n"));
    free(text);
}

static void a_stream_shows_rate_bandwidth_and_delay(void **state)
{
    char *text = drawn(80, true, false);

    (void)state;
    expect(text, "messages");
    expect(text, "bandwidth");
    expect(text, "one way");
    expect(text, "2.60 M/s");
    expect(text, "166 MB/s");
    expect(text, "54.3 µs");
    expect(text, "65.4 µs");
    free(text);
}

static void a_failed_row_prints_its_reason(void **state)
{
    char *text = drawn(80, true, false);

    (void)state;
    expect(text, "failed: the peer of role 0 was killed");
    expect(text, "answer");
    free(text);
}

static void narrow_terminals_lose_columns_from_the_right(void **state)
{
    char *text = drawn(60, true, false);

    (void)state;
    expect(text, "median");
    expect(text, "95% CI");
    expect(text, "7.21 µs");
    free(text);
    run.program_count = 0;
    text = drawn(50, true, false);
    expect(text, "95% CI");
    expect(text, "7.21 µs");
    assert_null(strstr(text, "× CPython\n"));
    free(text);
    text = drawn(0, true, false); /* as narrow as it gets */
    expect(text, "7.21 µs");
    free(text);
}

static void without_utf8_all_is_ascii(void **state)
{
    char *text = drawn(80, false, false);

    (void)state;
    for (const char *at = text; *at; at++)
        if ((unsigned char)*at >= 0x80)
            fail_msg("not ASCII: %s", at);
    expect(text, "7.21 us");
    expect(text, "7.07 - 7.36");
    expect(text, "x floor");
    free(text);
}

static void colour_only_where_it_is_wanted(void **state)
{
    char *text = drawn(80, true, true);
    size_t size = 0;
    FILE *out;

    (void)state;
    expect(text, "\033[1m");
    free(text);
    text = NULL;
    out = open_memstream(&text, &size);
    assert_non_null(out);
    table_print(out, &run, 80); /* no terminal */
    assert_int_equal(fclose(out), 0);
    assert_null(strchr(text, '\033'));
    free(text);
}

static void columns_without_a_figure_are_absent(void **state)
{
    char *text;

    (void)state;
    for (size_t i = 0; i < RESULTS; i++)
        results[i].times_faster = NAN;
    run.program_count = 0;
    run.python = NULL;
    run.python_why = "no reference column: no python3";
    text = drawn(80, true, false);
    assert_null(strstr(text, "× CPython"));
    expect(text, "× floor");
    expect(text, "! no reference column: no python3\n");
    free(text);
}

static void what_was_left_out_is_listed_and_can_be_copied(void **state)
{
    char *text = drawn(80, true, false);

    (void)state;
    expect(text, "\nleft out\n  ipclab bench fork/first-instruction");
    expect(text, " \\\n  --set huge=0\n");
    expect(text, "  and 2 more: left_out in run.json\n");
    free(text);
}

static void an_empty_run_is_no_crash(void **state)
{
    char *text;

    (void)state;
    run = (struct run){.card = &card, .partial = true};
    text = drawn(80, true, false);
    expect(text, "! interrupted");
    free(text);
}

static void a_result_is_called_by_both_names(void **state)
{
    char text[32];

    (void)state;
    assert_string_equal(result_name(&results[0], text, sizeof text),
                        "pipe/roundtrip");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_is_wider_than_the_terminal, begin),
        cmocka_unit_test_setup(eighty_columns_hold_every_column, begin),
        cmocka_unit_test_setup(a_roomy_terminal_shows_reads_and_writes_too,
                               begin),
        cmocka_unit_test_setup(a_start_row_shows_its_memory, begin),
        cmocka_unit_test_setup(a_block_of_few_rounds_says_range_and_never_ci,
                               begin),
        cmocka_unit_test_setup(a_stream_shows_rate_bandwidth_and_delay, begin),
        cmocka_unit_test_setup(a_failed_row_prints_its_reason, begin),
        cmocka_unit_test_setup(narrow_terminals_lose_columns_from_the_right,
                               begin),
        cmocka_unit_test_setup(without_utf8_all_is_ascii, begin),
        cmocka_unit_test_setup(colour_only_where_it_is_wanted, begin),
        cmocka_unit_test_setup(columns_without_a_figure_are_absent, begin),
        cmocka_unit_test_setup(what_was_left_out_is_listed_and_can_be_copied,
                               begin),
        cmocka_unit_test_setup(an_empty_run_is_no_crash, begin),
        cmocka_unit_test_setup(a_result_is_called_by_both_names, begin),
    };

    return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
