/* SPDX-License-Identifier: MIT */
/* test_connection.c - messages in and out, and every way they may not come. */
#include "pipe/test_ends.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>

static void messages_of_every_size_come_back(void **state)
{
    const size_t sizes[] = {0,     1,     11,    110,   4091,    4092,
                            4093,  4096,  4160,  4161,  8192,    16384,
                            16385, 65532, 65536, 65537, 1 << 20, 16 << 20};

    (void)state;
    for (int duplex = 0; duplex < 2; duplex++) {
        struct connection ends[4], *in, *out;
        pid_t pid = test_fork_echo(duplex, ends, &in, &out);

        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            echo_one(duplex, sizes[i], i, in, out);
        test_end_echo(pid, ends);
    }
}

static void polling_finds_what_is_there(void **state)
{
    (void)state;
    for (int duplex = 0; duplex < 2; duplex++) {
        struct connection in, out;
        int64_t before = clock_now();
        char byte;

        test_open(duplex, &in, &out);
        assert_int_equal(connection_poll(&in, 0), 0);
        assert_int_equal(connection_poll(&in, -1), 0);
        assert_int_equal(connection_poll(&in, INT64_MIN), 0);
        assert_int_equal(connection_poll(&in, SECOND / 50), 0);
        assert_true(clock_now() - before >= SECOND / 50);
        assert_int_equal(connection_send(&out, "x", 1), 0);
        assert_int_equal(connection_poll(&in, 0), 1);
        assert_int_equal(connection_poll(&in, NO_TIMEOUT), 1);
        assert_int_equal(connection_recv(&in, &byte, 1), 1);
        assert_int_equal(connection_poll(&in, 0), 0);
        connection_close(&out);
        assert_int_equal(connection_poll(&in, 0), 1);
        assert_int_equal(connection_recv(&in, &byte, 1), -EPIPE);
        assert_int_equal(connection_recv(&in, &byte, 1), -EPIPE);
        connection_close(&in);
        assert_int_equal(connection_poll(&in, 0), -EBADF);
    }
}

static void empty_messages_and_boundaries_are_kept(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct connection in, out;
        char text[8];

        test_open(i & 1, &in, &out);
        if (i & 2)
            assert_int_equal(connection_set_read_ahead(&in, 0), 0);
        assert_int_equal(connection_send(&out, NULL, 0), 0);
        assert_int_equal(connection_poll(&in, 0), 1);
        assert_int_equal(connection_recv(&in, NULL, 0), 0);
        assert_int_equal(connection_poll(&in, 0), 0);
        assert_int_equal(connection_send(&out, "a", 1), 0);
        assert_int_equal(connection_send(&out, "", 0), 0);
        assert_int_equal(connection_send(&out, "bcd", 3), 0);
        assert_int_equal(connection_recv(&in, text, 8), 1);
        assert_int_equal(connection_poll(&in, 0), 1);
        assert_int_equal(connection_recv(&in, text, 8), 0);
        assert_int_equal(connection_poll(&in, 0), 1);
        assert_int_equal(connection_recv(&in, text, 8), 3);
        assert_memory_equal(text, "bcd", 3);
        assert_int_equal(connection_poll(&in, 0), 0);
        test_close(&in, &out);
    }
}

static int only_poll(void *end)
{
    return connection_poll(end, NO_TIMEOUT) == 1 ? 0 : test_line(__LINE__);
}

static void a_process_that_only_polls_consumes_nothing(void **state)
{
    (void)state;
    for (int duplex = 0; duplex < 2; duplex++) {
        struct connection in, out;
        char text[8];

        test_open(duplex, &in, &out);
        assert_int_equal(connection_send(&out, "abc", 3), 0);
        test_expect_in_fork(only_poll, &in);
        assert_int_equal(connection_recv(&in, text, 8), 3);
        assert_memory_equal(text, "abc", 3);
        test_close(&in, &out);
    }
}

static void an_end_does_only_what_it_is_for(void **state)
{
    struct connection in, out;
    void *message;
    char text[8];

    (void)state;
    test_open(false, &in, &out);
    assert_int_equal(connection_send(&in, "a", 1), -EBADF);
    assert_int_equal(connection_recv(&out, text, 8), -EBADF);
    assert_int_equal(connection_recv_new(&out, &message, 8), -EBADF);
    assert_null(message);
    assert_int_equal(connection_poll(&out, 0), -EBADF);
    test_close(&in, &out);
    for (int duplex = 0; duplex < 2; duplex++) {
        test_open(duplex, &in, &out);
        test_close(&in, &out);
        test_close(&in, &out); /* harmless */
        assert_int_equal(connection_send(&out, "a", 1), -EBADF);
        assert_int_equal(connection_recv(&in, text, 8), -EBADF);
        assert_int_equal(connection_recv_new(&in, &message, 8), -EBADF);
        assert_int_equal(connection_poll(&in, 0), -EBADF);
        assert_int_equal(connection_pending(&in), -ENOMSG);
    }
}

static void a_part_must_lie_within_its_buffer(void **state)
{
    const struct {
        int64_t offset, size;
        int error;
    } cases[] = {{0, 6, 0},        {2, 3, 0},
                 {6, 0, 0},        {0, 0, 0},
                 {-1, 1, -EINVAL}, {7, 0, -EINVAL},
                 {4, -1, -EINVAL}, {4, 3, -EINVAL},
                 {0, 7, -EINVAL},  {INT64_MAX, INT64_MAX, -EINVAL}};
    struct connection in, out;
    char text[8];

    (void)state;
    test_open(false, &in, &out);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(connection_send_part(&out, "abcdef", 6,
                                              cases[i].offset, cases[i].size),
                         cases[i].error);
        if (cases[i].error)
            continue;
        assert_int_equal(connection_recv(&in, text, 8), cases[i].size);
        assert_memory_equal(text, &"abcdef"[cases[i].offset],
                            (size_t)cases[i].size);
    }
    assert_int_equal(connection_poll(&in, 0), 0);
    test_close(&in, &out);
}

static void a_message_too_long_for_its_buffer_stays_whole(void **state)
{
    const size_t sizes[] = {8, 4092, 4096, 20000};

    (void)state;
    for (size_t i = 0; i < 4 * 4; i++) {
        static unsigned char data[20000], back[20000];
        struct connection in, out;
        size_t size = sizes[i % 4];

        test_open(i & 4, &in, &out);
        if (i & 8)
            assert_int_equal(connection_set_read_ahead(&in, 0), 0);
        test_fill(data, size, i);
        assert_int_equal(connection_pending(&in), -ENOMSG);
        assert_int_equal(connection_send(&out, data, size), 0);
        assert_int_equal(connection_send(&out, "next", 4), 0);
        assert_int_equal(connection_recv(&in, back, size - 1), -EMSGSIZE);
        assert_int_equal(connection_pending(&in), size);
        assert_int_equal(connection_recv(&in, NULL, 0), -EMSGSIZE);
        assert_int_equal(connection_poll(&in, 0), 1);
        assert_true(connection_is_ahead(&in));
        assert_int_equal(connection_recv(&in, back, size), size);
        assert_memory_equal(back, data, size);
        assert_int_equal(connection_pending(&in), -ENOMSG);
        assert_int_equal(connection_recv(&in, back, 8), 4);
        assert_memory_equal(back, "next", 4);
        test_close(&in, &out);
    }
}

static void a_message_above_the_maximum_ends_reading(void **state)
{
    (void)state;
    for (int duplex = 0; duplex < 2; duplex++) {
        struct connection in, out;
        void *message;
        char text[8];

        test_open(duplex, &in, &out);
        assert_int_equal(connection_send(&out, "abcd", 4), 0);
        assert_int_equal(connection_recv_new(&in, &message, 4), 4);
        assert_memory_equal(message, "abcd", 4);
        free(message);
        assert_int_equal(connection_send(&out, "", 0), 0);
        assert_int_equal(connection_recv_new(&in, &message, 0), 0);
        assert_non_null(message);
        free(message);
        assert_int_equal(connection_send(&out, "abcd", 4), 0);
        assert_int_equal(connection_recv_new(&in, &message, 3), -EMSGSIZE);
        assert_null(message);
        assert_int_equal(connection_recv(&in, text, 8), -EBADF);
        if (duplex) { /* it may still answer */
            assert_int_equal(connection_send(&in, "no", 2), 0);
            assert_int_equal(connection_recv(&out, text, 8), 2);
        } else {
            assert_int_equal(in.fd, -1);
            assert_int_equal(connection_send(&out, "a", 1), -EPIPE);
        }
        test_close(&in, &out);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(messages_of_every_size_come_back,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(polling_finds_what_is_there,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(empty_messages_and_boundaries_are_kept,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(
            a_process_that_only_polls_consumes_nothing, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(an_end_does_only_what_it_is_for,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(a_part_must_lie_within_its_buffer,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(
            a_message_too_long_for_its_buffer_stays_whole, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(
            a_message_above_the_maximum_ends_reading, census_begin, census_end),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
