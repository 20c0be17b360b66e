/* SPDX-License-Identifier: MIT */
/* test_human.c - numbers as people write and read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "human.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char text[64];

static int begin(void **state)
{
    (void)state;
    alarm(20);
    return 0;
}

static const char *bytes(uint64_t n)
{
    return human_bytes(n, text, sizeof text);
}

static void bytes_are_exact(void **state)
{
    (void)state;
    assert_string_equal(bytes(0), "0 B");
    assert_string_equal(bytes(64), "64 B");
    assert_string_equal(bytes(1023), "1023 B");
    assert_string_equal(bytes(1024), "1 KiB");
    assert_string_equal(bytes(1536), "1536 B");
    assert_string_equal(bytes(4096), "4 KiB");
    assert_string_equal(bytes(65532), "65532 B");
    assert_string_equal(bytes(1 << 20), "1 MiB");
    assert_string_equal(bytes(1536 << 10), "1536 KiB");
    assert_string_equal(bytes(UINT64_C(1) << 30), "1 GiB");
    assert_string_equal(bytes(UINT64_MAX), "18446744073709551615 B");
}

static void memory_is_told_to_three_digits(void **state)
{
    (void)state;
    assert_string_equal(human_memory(999, text, sizeof text), "999 B");
    assert_string_equal(human_memory(3908420e3, text, sizeof text), "3.64 GiB");
    assert_string_equal(human_memory(1 << 30, text, sizeof text), "1.00 GiB");
}

static void a_size_is_read_back_as_it_was_written(void **state)
{
    static const size_t some[] = {1,     64,    1023,    1024,    1536,
                                  65532, 65536, 1 << 20, 3 << 20, 256 << 20};
    char why[64];

    (void)state;
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        size_t back = 0;

        human_size_argument(some[i], text, sizeof text);
        assert_int_equal(human_sizes(text, &back, 1, why, sizeof why), 1);
        assert_int_equal(back, some[i]);
    }
    assert_string_equal(human_size_argument(65536, text, sizeof text), "64K");
}

static const char *time_of(double ns)
{
    return human_time(ns, true, text, sizeof text);
}

static void durations_have_three_digits(void **state)
{
    (void)state;
    assert_string_equal(time_of(0), "0 ns");
    assert_string_equal(time_of(0.31), "0.310 ns");
    assert_string_equal(time_of(9.996), "10.0 ns");
    assert_string_equal(time_of(99.96), "100 ns");
    assert_string_equal(time_of(7214), "7.21 µs");
    assert_string_equal(time_of(109000), "109 µs");
    assert_string_equal(time_of(1040000), "1.04 ms");
    assert_string_equal(time_of(2.5e9), "2.50 s");
    assert_string_equal(time_of(1234e9), "1234 s");
    assert_string_equal(human_time(7214, false, text, sizeof text), "7.21 us");
}

static void a_duration_that_rounds_up_changes_its_unit(void **state)
{
    (void)state;
    assert_string_equal(time_of(999.4), "999 ns");
    assert_string_equal(time_of(999.6), "1.00 µs");
    assert_string_equal(time_of(999600), "1.00 ms");
    assert_string_equal(time_of(999.6e6), "1.00 s");
}

static void what_is_not_known_is_a_dash(void **state)
{
    (void)state;
    assert_string_equal(time_of(NAN), "-");
    assert_string_equal(time_of(INFINITY), "-");
    assert_string_equal(human_rate(NAN, "/s", text, sizeof text), "-");
}

static void rates_have_a_prefix(void **state)
{
    (void)state;
    assert_string_equal(human_rate(1.3e9, "B/s", text, sizeof text),
                        "1.30 GB/s");
    assert_string_equal(human_rate(2.6e6, "/s", text, sizeof text), "2.60 M/s");
    assert_string_equal(human_rate(64, "/s", text, sizeof text), "64.0 /s");
    assert_string_equal(human_rate(999.9, "/s", text, sizeof text), "1.00 k/s");
    assert_string_equal(human_rate(5e15, "/s", text, sizeof text), "5000 T/s");
}

static void width_counts_characters(void **state)
{
    (void)state;
    assert_int_equal(human_width(""), 0);
    assert_int_equal(human_width("7.21 us"), 7);
    assert_int_equal(human_width("7.21 µs"), 7);
    assert_int_equal(human_width("× –"), 3);
}

static void utf8_follows_the_locale(void **state)
{
    (void)state;
    assert_non_null(setlocale(LC_CTYPE, "C"));
    assert_false(human_utf8());
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        skip();
    assert_true(human_utf8());
    setlocale(LC_CTYPE, "C");
}

static void expect_sizes(const char *list, const size_t *wanted, int count)
{
    size_t sizes[32];
    char why[128] = "";

    assert_int_equal(human_sizes(list, sizes, 32, why, sizeof why), count);
    for (int i = 0; i < count; i++)
        assert_int_equal(sizes[i], wanted[i]);
}

static void lists_and_ranges_of_sizes_are_read(void **state)
{
    const size_t range[] = {65536, 262144, 1048576};
    const size_t list[] = {64, 1024, 4096, 16384, 65536, 262144, 1048576};
    const size_t uneven[] = {1000, 4000, 16000, 20000};
    const size_t names[] = {64, 1024, 2048, 4096, 1048576};

    (void)state;
    expect_sizes("64K..1M", range, 3);
    expect_sizes("64,1K..1M", list, 7);
    expect_sizes("1000..20000", uneven, 4);
    expect_sizes("64B,1K,2KiB,4k,1MiB", names, 5);
    expect_sizes("64..64", list, 1);
    expect_sizes("64,64,1K", list, 2);
    expect_sizes("256M", &(size_t){256 << 20}, 1);
}

static void expect_refused(const char *list, const char *wanted)
{
    size_t sizes[32];
    char why[128] = "";

    assert_int_equal(human_sizes(list, sizes, 32, why, sizeof why), -EINVAL);
    assert_string_equal(why, wanted);
}

static void a_wrong_size_is_refused_with_one_line(void **state)
{
    (void)state;
    expect_refused("1T", "the largest size is 256M");
    expect_refused("257M", "the largest size is 256M");
    expect_refused("99999999999999999999999", "the largest size is 256M");
    expect_refused("18446744073709551616", "the largest size is 256M");
    expect_refused("0", "the smallest size is 1");
    expect_refused("0x", "'0x' is not a size such as 64, 4K or 1M");
    expect_refused("0x40", "'0x40' is not a size such as 64, 4K or 1M");
    expect_refused("-1", "'-1' is not a size such as 64, 4K or 1M");
    expect_refused("K", "'K' is not a size such as 64, 4K or 1M");
    expect_refused("1KB", "'1KB' is not a size such as 64, 4K or 1M");
    expect_refused("1.5K", "'1.5K' is not a size such as 64, 4K or 1M");
    expect_refused("", "a size is missing");
    expect_refused("64,", "a size is missing");
    expect_refused(",64", "a size is missing");
    expect_refused("64..", "'' is not a size such as 64, 4K or 1M");
    expect_refused("1M..1K", "the range 1M..1K runs backwards");
}

static void no_more_sizes_are_taken_than_there_is_room_for(void **state)
{
    size_t sizes[2] = {0, 0};
    char why[64];

    (void)state;
    assert_int_equal(human_sizes("1..1M", sizes, 2, why, sizeof why), -EINVAL);
    assert_string_equal(why, "more than 2 of them");
    assert_int_equal(human_sizes("1,2,1", sizes, 2, why, sizeof why), 2);
    assert_int_equal(human_sizes("1,2,3", sizes, 2, why, sizeof why), -EINVAL);
}

static void settings_may_be_zero_and_large(void **state)
{
    size_t values[4];
    char why[64];

    (void)state;
    assert_int_equal(human_counts("0,64M,1G", values, 4, why, sizeof why), 3);
    assert_int_equal(values[0], 0);
    assert_int_equal(values[2], 1 << 30);
    assert_int_equal(human_counts("2T", values, 4, why, sizeof why), -EINVAL);
    assert_string_equal(why, "the largest value is 1T");
    assert_int_equal(human_counts("0..4", values, 4, why, sizeof why), -EINVAL);
}

static void the_nearest_name_is_found(void **state)
{
    const char *const names[] = {"fork", "pipe", "queue", "simple-queue", NULL};
    char *long_word = malloc(5001);

    (void)state;
    assert_string_equal(nearest_name("que", names), "queue");
    assert_string_equal(nearest_name("pip", names), "pipe");
    assert_string_equal(nearest_name("froks", names), "fork");
    assert_string_equal(nearest_name("simplequeue", names), "simple-queue");
    assert_string_equal(nearest_name("", names), "fork");
    assert_null(nearest_name("que", names + 4));
    assert_non_null(long_word);
    memset(long_word, 'x', 5000);
    long_word[5000] = '\0';
    assert_non_null(nearest_name(long_word, names));
    free(long_word);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_exact),
        cmocka_unit_test(memory_is_told_to_three_digits),
        cmocka_unit_test(a_size_is_read_back_as_it_was_written),
        cmocka_unit_test(durations_have_three_digits),
        cmocka_unit_test(a_duration_that_rounds_up_changes_its_unit),
        cmocka_unit_test(what_is_not_known_is_a_dash),
        cmocka_unit_test(rates_have_a_prefix),
        cmocka_unit_test(width_counts_characters),
        cmocka_unit_test(utf8_follows_the_locale),
        cmocka_unit_test(lists_and_ranges_of_sizes_are_read),
        cmocka_unit_test(a_wrong_size_is_refused_with_one_line),
        cmocka_unit_test(no_more_sizes_are_taken_than_there_is_room_for),
        cmocka_unit_test(settings_may_be_zero_and_large),
        cmocka_unit_test(the_nearest_name_is_found),
    };

    return cmocka_run_group_tests_name("human", tests, begin, NULL);
}
