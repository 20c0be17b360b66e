/* SPDX-License-Identifier: MIT */
/* test_read_ahead.c - one system call a message, and nobody is deceived. */
// wrap: read readv write writev sendmsg send
#include "pipe/test_ends.h"

#include "common/test_inject.h"

#include <sys/ioctl.h>

static int begin(void **state)
{
    inject_nothing();
    return census_begin(state);
}

static int end(void **state)
{
    inject_nothing();
    return census_end(state);
}

static int unread(const struct connection *in)
{
    int bytes = -1;

    assert_int_equal(ioctl(in->fd, FIONREAD, &bytes), 0);
    return bytes;
}

static void a_small_message_is_one_write_and_one_read(void **state)
{
    static unsigned char data[4092];

    (void)state;
    for (int duplex = 0; duplex < 2; duplex++) {
        const size_t sizes[] = {0, 1, 64, 4000, 4091, 4092};
        struct connection ends[4], *in, *out;
        pid_t pid = test_fork_echo(duplex, ends, &in, &out);

        for (size_t i = 0; i < 6 * 20; i++) {
            size_t size = sizes[i % 6];

            test_fill(data, size, i);
            inject_nothing();
            assert_int_equal(connection_send(out, data, size), 0);
            assert_int_equal(inject.writes, 1);
            assert_int_equal(connection_recv(in, data, sizeof data), size);
            assert_int_equal(inject.reads, 1);
            assert_true(test_is(data, size, i));
        }
        test_end_echo(pid, ends);
    }
}

/* A longer one may go as header and payload; nothing is sent piece by piece. */
static void a_long_message_is_two_calls_at_most_on_each_side(void **state)
{
    static unsigned char data[40000];
    const size_t sizes[] = {4093, 8192, 16384, 16385, 40000};

    (void)state;
    for (size_t i = 0; i < 5 * 2; i++) {
        struct connection in, out;
        size_t size = sizes[i % 5];

        test_open(i / 5, &in, &out);
        for (uint64_t again = 0; again < 3; again++) {
            inject_nothing();
            test_fill(data, size, again);
            assert_int_equal(connection_send(&out, data, size), 0);
            assert_in_range(inject.writes, 1, 2);
            assert_int_equal(connection_recv(&in, data, sizeof data), size);
            assert_in_range(inject.reads, 1, 2);
            assert_true(test_is(data, size, again));
        }
        test_close(&in, &out);
    }
}

static void messages_that_wait_are_read_together(void **state)
{
    struct connection in, out;
    char text[8];

    (void)state;
    test_open(false, &in, &out);
    for (int i = 0; i < 100; i++)
        assert_int_equal(connection_send(&out, "abcd", 4), 0);
    inject_nothing();
    for (int i = 0; i < 100; i++) {
        assert_int_equal(connection_is_ahead(&in), i > 0);
        assert_int_equal(connection_poll(&in, 0), 1);
        assert_int_equal(connection_recv(&in, text, 8), 4);
    }
    assert_int_equal(inject.reads, 1);
    assert_false(connection_is_ahead(&in));
    assert_int_equal(connection_poll(&in, 0), 0);
    test_close(&in, &out);
}

/* However the lengths change: what one call read too much is not lost. */
static void lengths_that_change_lose_nothing(void **state)
{
    static unsigned char data[20000];
    const size_t sizes[] = {12000, 5,    6,     9000, 9000, 0,
                            9000,  4093, 12000, 3,    9000};

    (void)state;
    for (int duplex = 0; duplex < 2; duplex++) {
        struct connection in, out;

        test_open(duplex, &in, &out);
        for (size_t start = 0; start < 11; start++) {
            for (size_t i = start; i < 11 && i < start + 5; i++) {
                test_fill(data, sizes[i], i);
                assert_int_equal(connection_send(&out, data, sizes[i]), 0);
            }
            for (size_t i = start; i < 11 && i < start + 5; i++) {
                assert_int_equal(connection_poll(&in, 0), 1);
                assert_int_equal(connection_recv(&in, data, sizeof data),
                                 sizes[i]);
                assert_true(test_is(data, sizes[i], i));
            }
            assert_false(connection_is_ahead(&in));
            assert_int_equal(connection_poll(&in, 0), 0);
        }
        test_close(&in, &out);
    }
}

static void what_is_read_ahead_is_seen_by_poll_and_wait(void **state)
{
    (void)state;
    for (int duplex = 0; duplex < 2; duplex++) {
        struct connection in, out;
        struct waitable it = {.connection = &in};
        char text[8];

        test_open(duplex, &in, &out);
        assert_int_equal(connection_send(&out, "a", 1), 0);
        assert_int_equal(connection_send(&out, "b", 1), 0);
        assert_int_equal(connection_recv(&in, text, 8), 1);
        assert_int_equal(unread(&in), 0); /* the kernel has nothing left */
        assert_int_equal(connection_poll(&in, 0), 1);
        assert_int_equal(connection_poll(&in, NO_TIMEOUT), 1);
        assert_int_equal(wait_ready(&it, 1, NO_TIMEOUT), 1);
        assert_true(it.ready);
        assert_int_equal(connection_recv(&in, text, 8), 1);
        assert_int_equal(text[0], 'b');
        assert_int_equal(wait_ready(&it, 1, 0), 0);
        assert_false(it.ready);
        test_close(&in, &out);
    }
}

static void what_is_read_ahead_cannot_be_handed_on(void **state)
{
    (void)state;
    for (int duplex = 0; duplex < 2; duplex++) {
        struct connection in, out;
        struct parcel parcel;
        char text[8];

        parcel_init(&parcel);
        test_open(duplex, &in, &out);
        assert_int_equal(connection_send(&out, "a", 1), 0);
        assert_int_equal(connection_send(&out, "b", 1), 0);
        assert_int_equal(connection_recv(&in, text, 8), 1);
        assert_int_equal(connection_pack(&in, &parcel), -EBUSY);
        assert_int_equal(connection_give(&in, &parcel), -EBUSY);
        assert_int_equal(connection_set_read_ahead(&in, 0), -EBUSY);
        assert_int_equal(connection_recv(&in, text, 8), 1);
        assert_int_equal(text[0], 'b');
        assert_int_equal(connection_pack(&in, &parcel), 0);
        /* A header alone is something, too. */
        assert_int_equal(connection_set_read_ahead(&in, 0), 0);
        assert_int_equal(connection_send(&out, "abc", 3), 0);
        assert_int_equal(connection_recv(&in, text, 2), -EMSGSIZE);
        assert_int_equal(connection_pack(&in, &parcel), -EBUSY);
        assert_int_equal(connection_set_read_ahead(&in, 100), -EBUSY);
        assert_int_equal(connection_recv(&in, text, 3), 3);
        connection_close(&in);
        assert_int_equal(connection_pack(&in, &parcel), -EBADF);
        assert_int_equal(connection_give(&in, &parcel), -EBADF);
        connection_close(&out);
        parcel_free(&parcel);
    }
}

/* The parent has the second message; the child must wait for the third. */
static int forget_the_copy(void *ends)
{
    struct connection *in = ends, *out = in + 1;
    struct parcel parcel;
    char text[8];

    if (connection_is_ahead(in) || connection_pending(in) != -ENOMSG ||
        connection_poll(in, 0) != 0)
        return test_line(__LINE__);
    parcel_init(&parcel);
    if (connection_pack(in, &parcel) != 0)
        return test_line(__LINE__);
    parcel_free(&parcel);
    if (connection_send(out, "c", 1) || connection_recv(in, text, 8) != 1 ||
        text[0] != 'c')
        return test_line(__LINE__);
    return connection_poll(in, 0) == 0 ? 0 : test_line(__LINE__);
}

static int turn_it_off_and_forget(void *ends)
{
    return connection_set_read_ahead(ends, 0) ? test_line(__LINE__)
                                              : forget_the_copy(ends);
}

static void a_forked_child_drops_its_copy(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * 2; i++) {
        struct connection ends[2];
        char text[8];

        test_open(i & 1, &ends[0], &ends[1]);
        assert_int_equal(connection_send(&ends[1], "a", 1), 0);
        assert_int_equal(connection_send(&ends[1], "bb", 2), 0);
        assert_int_equal(connection_recv(&ends[0], text, 8), 1);
        if (i & 2) /* known to be too long, and not only some bytes */
            assert_int_equal(connection_recv(&ends[0], text, 1), -EMSGSIZE);
        test_expect_in_fork(forget_the_copy, ends);
        test_expect_in_fork(turn_it_off_and_forget, ends);
        assert_int_equal(connection_recv(&ends[0], text, 8), 2);
        assert_memory_equal(text, "bb", 2);
        test_close(&ends[0], &ends[1]);
    }
}

static void without_it_a_message_is_two_reads_and_the_next_one_stays(void **s)
{
    static unsigned char data[5000];
    const size_t sizes[] = {1, 64, 4092, 5000};

    (void)s;
    for (size_t i = 0; i < 4 * 2; i++) {
        struct connection in, out;
        size_t size = sizes[i % 4];

        test_open(i / 4, &in, &out);
        assert_int_equal(connection_set_read_ahead(&in, 0), 0);
        assert_int_equal(connection_send(&out, data, size), 0);
        assert_int_equal(connection_send(&out, "next", 4), 0);
        inject_nothing();
        assert_int_equal(connection_recv(&in, data, sizeof data), size);
        assert_int_equal(inject.reads, 2);
        assert_int_equal(unread(&in), 8);
        assert_false(connection_is_ahead(&in));
        inject_nothing();
        test_close(&in, &out);
    }
}

/* Two processes take turns at one end, and nobody takes more than its own. */
static int take_one(void *end)
{
    char text[8];

    return connection_recv(end, text, 8) == 1 && text[0] == 'b'
               ? 0
               : test_line(__LINE__);
}

static void without_it_two_readers_can_take_turns(void **state)
{
    (void)state;
    for (int duplex = 0; duplex < 2; duplex++) {
        struct connection in, out;
        char text[8];

        test_open(duplex, &in, &out);
        assert_int_equal(connection_set_read_ahead(&in, 0), 0);
        assert_int_equal(connection_send(&out, "a", 1), 0);
        assert_int_equal(connection_send(&out, "b", 1), 0);
        assert_int_equal(connection_send(&out, "c", 1), 0);
        assert_int_equal(connection_recv(&in, text, 8), 1);
        assert_int_equal(text[0], 'a');
        test_expect_in_fork(take_one, &in);
        assert_int_equal(connection_recv(&in, text, 8), 1);
        assert_int_equal(text[0], 'c');
        test_close(&in, &out);
    }
}

/* Any length of it, below a header's too, gives the same messages. */
static void every_length_of_it_gives_the_same_messages(void **state)
{
    const size_t lengths[] = {0, 1, 3, 4, 5, 11, 12, 13, 100, 70000};
    static unsigned char data[200];

    (void)state;
    for (size_t i = 0; i < 10 * 2; i++) {
        struct connection in, out;

        test_open(i / 10, &in, &out);
        assert_int_equal(connection_set_read_ahead(&in, lengths[i % 10]), 0);
        for (size_t size = 0; size < 100; size++) {
            test_fill(data, size, size);
            assert_int_equal(connection_send(&out, data, size), 0);
        }
        for (size_t size = 0; size < 100; size++) {
            assert_int_equal(connection_recv(&in, data, sizeof data), size);
            assert_true(test_is(data, size, size));
        }
        assert_int_equal(connection_poll(&in, 0), 0);
        test_close(&in, &out);
    }
}

/* AddressSanitizer would end the program where malloc(3) returns NULL. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void a_read_ahead_beyond_memory_is_enomem(void **state)
{
    struct connection in, out;
    char text[8];

    (void)state;
    test_open(false, &in, &out);
    assert_int_equal(connection_send(&out, "a", 1), 0);
    assert_int_equal(connection_set_read_ahead(&in, (size_t)1 << 60), 0);
    assert_int_equal(connection_recv(&in, text, 8), -ENOMEM);
    assert_int_equal(connection_set_read_ahead(&in, 0), 0);
    assert_int_equal(connection_recv(&in, text, 8), 1);
    test_close(&in, &out);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_small_message_is_one_write_and_one_read, begin, end),
        cmocka_unit_test_setup_teardown(
            a_long_message_is_two_calls_at_most_on_each_side, begin, end),
        cmocka_unit_test_setup_teardown(messages_that_wait_are_read_together,
                                        begin, end),
        cmocka_unit_test_setup_teardown(lengths_that_change_lose_nothing, begin,
                                        end),
        cmocka_unit_test_setup_teardown(
            what_is_read_ahead_is_seen_by_poll_and_wait, begin, end),
        cmocka_unit_test_setup_teardown(what_is_read_ahead_cannot_be_handed_on,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_forked_child_drops_its_copy, begin,
                                        end),
        cmocka_unit_test_setup_teardown(
            without_it_a_message_is_two_reads_and_the_next_one_stays, begin,
            end),
        cmocka_unit_test_setup_teardown(without_it_two_readers_can_take_turns,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            every_length_of_it_gives_the_same_messages, begin, end),
        cmocka_unit_test_setup_teardown(a_read_ahead_beyond_memory_is_enomem,
                                        begin, end),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
