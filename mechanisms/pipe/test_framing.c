/* SPDX-License-Identifier: MIT */
/* test_framing.c - a message's bytes, however the kernel cuts them. */
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

/* Either kind of Pipe, with read-ahead and without: i is 0 to 3. */
static void open_kind(int i, struct connection *in, struct connection *out)
{
    test_open(i & 1, in, out);
    if (i & 2)
        assert_int_equal(connection_set_read_ahead(in, 0), 0);
}

static void what_is_sent_are_the_bytes_of_cpython(void **state)
{
    const struct {
        size_t size;
        unsigned char header[4];
    } cases[] = {{0, {0, 0, 0, 0}},          {1, {0, 0, 0, 1}},
                 {5, {0, 0, 0, 5}},          {4092, {0, 0, 0x0f, 0xfc}},
                 {4093, {0, 0, 0x0f, 0xfd}}, {16384, {0, 0, 0x40, 0}},
                 {16385, {0, 0, 0x40, 1}}};
    static unsigned char data[16385], raw[16390];

    (void)state;
    for (size_t i = 0; i < 7 * 2; i++) {
        struct connection in, out;
        size_t size = cases[i % 7].size;

        test_open(i >= 7, &in, &out);
        test_fill(data, size, i);
        assert_int_equal(connection_send(&out, data, size), 0);
        connection_close(&out);
        assert_int_equal(read_full(in.fd, raw, sizeof raw), size + 4);
        assert_memory_equal(raw, cases[i % 7].header, 4);
        assert_memory_equal(raw + 4, data, size);
        connection_close(&in);
    }
}

/* A long header may announce any length, short ones too. */
static void a_long_header_is_understood(void **state)
{
    static const char frame[] = "\377\377\377\377\0\0\0\0\0\0\0\5hello"
                                "\0\0\0\2hi";
    static const char huge[] = "\377\377\377\377\0\0\0\1\0\0\0\0x";

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct connection in, out;
        void *message;
        char text[8];

        open_kind(i, &in, &out);
        assert_int_equal(write_full(out.fd, frame, sizeof frame - 1), 0);
        assert_int_equal(connection_recv(&in, text, 8), 5);
        assert_memory_equal(text, "hello", 5);
        assert_int_equal(connection_recv(&in, text, 8), 2);
        assert_int_equal(write_full(out.fd, huge, sizeof huge - 1), 0);
        assert_int_equal(connection_recv(&in, text, 8), -EMSGSIZE);
        assert_true(connection_pending(&in) == INT64_C(1) << 32);
        assert_int_equal(connection_recv_new(&in, &message, 100), -EMSGSIZE);
        assert_int_equal(connection_recv(&in, text, 8), -EBADF);
        test_close(&in, &out);
    }
}

/* 2^63 bytes and more fit in no memory; the message stays where it is. */
static void a_length_beyond_all_memory_is_enomem(void **state)
{
    static const char frame[] = "\377\377\377\377\200\0\0\0\0\0\0\0";

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct connection in, out;
        void *message;

        open_kind(i, &in, &out);
        assert_int_equal(write_full(out.fd, frame, 12), 0);
        for (int again = 0; again < 2; again++) {
            assert_int_equal(connection_recv_new(&in, &message, SIZE_MAX),
                             -ENOMEM);
            assert_null(message);
        }
        assert_true(connection_pending(&in) == SSIZE_MAX);
        test_close(&in, &out);
    }
}

static void what_is_no_header_ends_reading(void **state)
{
    static const char *const headers[] = {"\377\377\377\376", "\200\0\0\0",
                                          "\377\0\0\0"};

    (void)state;
    for (int i = 0; i < 4 * 3; i++) {
        struct connection in, out;
        char text[8];

        open_kind(i % 4, &in, &out);
        assert_int_equal(write_full(out.fd, headers[i / 4], 4), 0);
        assert_int_equal(write_full(out.fd, "more", 4), 0);
        assert_int_equal(connection_recv(&in, text, 8), -EBADMSG);
        assert_int_equal(connection_recv(&in, text, 8), -EBADF);
        assert_int_equal(connection_poll(&in, 0), -EBADF);
        test_close(&in, &out);
    }
}

/* The stream ends after every number of bytes of "abc", "defgh" in turn. */
static void recv_tells_eof_from_a_torn_message(void **state)
{
    static const char frames[] = "\0\0\0\3abc"
                                 "\377\377\377\377\0\0\0\0\0\0\0\5defgh";

    (void)state;
    for (size_t cut = 0; cut < sizeof frames; cut++)
        for (int i = 0; i < 4; i++) {
            struct connection in, out;
            ssize_t first = cut == 0 ? -EPIPE : cut < 7 ? -EBADMSG : 3;
            ssize_t second = cut == 7                  ? -EPIPE
                             : cut < sizeof frames - 1 ? -EBADMSG
                                                       : 5;
            char text[8];

            open_kind(i, &in, &out);
            assert_int_equal(write_full(out.fd, frames, cut), 0);
            connection_close(&out);
            assert_int_equal(connection_recv(&in, text, 8), first);
            if (first == 3) {
                assert_memory_equal(text, "abc", 3);
                assert_int_equal(connection_recv(&in, text, 8), second);
                first = second;
            }
            /* An end of file is one for ever, a torn stream is given up. */
            assert_int_equal(connection_recv(&in, text, 8),
                             first == -EBADMSG ? -EBADF : -EPIPE);
            connection_close(&in);
        }
}

/* Behind a long message, where the next may be taken to be as long. */
static void a_torn_message_behind_a_long_one_is_told_too(void **state)
{
    enum { LONG = 5000 };
    const size_t sizes[] = {LONG, LONG + 1, 300};
    static unsigned char frame[LONG + 8], back[LONG + 8];

    (void)state;
    for (size_t i = 0; i < 3 * 2; i++)
        for (size_t cut = 0; cut <= sizes[i % 3] + 4; cut++) {
            struct connection in, out;
            size_t size = sizes[i % 3];

            test_open(i / 3, &in, &out);
            assert_int_equal(connection_send(&out, back, LONG), 0);
            frame[2] = (unsigned char)(size >> 8);
            frame[3] = (unsigned char)size;
            test_fill(frame + 4, size, cut);
            assert_int_equal(write_full(out.fd, frame, cut), 0);
            connection_close(&out);
            assert_int_equal(connection_recv(&in, back, sizeof back), LONG);
            assert_int_equal(connection_recv(&in, back, sizeof back),
                             cut == 0          ? -EPIPE
                             : cut == size + 4 ? (int)size
                                               : -EBADMSG);
            if (cut == size + 4)
                assert_true(test_is(back, size, cut));
            connection_close(&in);
        }
}

static int write_byte_by_byte(void *end)
{
    static const char frames[] = "\0\0\0\5hello\0\0\0\0\0\0\0\1x"
                                 "\377\377\377\377\0\0\0\0\0\0\0\2yz";
    struct connection *out = end;
    int unread;

    for (size_t i = 0; i < sizeof frames - 1; i++) {
        if (write_full(out->fd, frames + i, 1))
            return test_line(__LINE__);
        /* Until it has been read: no two bytes arrive together. */
        for (unread = 1; unread;)
            if (ioctl(out->fd, out->socket ? TIOCOUTQ : FIONREAD, &unread) < 0)
                return test_line(__LINE__);
    }
    return 0;
}

static void a_peer_that_writes_byte_by_byte_is_understood(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct connection in, out;
        char text[8];
        int status;
        pid_t pid;

        open_kind(i, &in, &out);
        fflush(stdout);
        pid = fork();
        if (pid == 0) {
            alarm(CENSUS_SECONDS);
            _exit(write_byte_by_byte(&out));
        }
        assert_int_equal(connection_recv(&in, text, 8), 5);
        assert_memory_equal(text, "hello", 5);
        assert_int_equal(connection_recv(&in, text, 8), 0);
        assert_int_equal(connection_recv(&in, text, 8), 1);
        assert_int_equal(connection_recv(&in, text, 1), -EMSGSIZE);
        assert_int_equal(connection_recv(&in, text, 8), 2);
        assert_memory_equal(text, "yz", 2);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        test_close(&in, &out);
    }
}

/* In a child: a socket takes few bytes when each is a piece of its own. */
static int send_four(struct connection *out, const void *data, size_t size)
{
    for (int i = 0; i < 4; i++)
        if (connection_send(out, data, size))
            return test_line(__LINE__);
    return 0;
}

static void receive_four(struct connection *in, size_t size, uint64_t number)
{
    static unsigned char back[9000];
    void *message;

    if (size)
        assert_int_equal(connection_recv(in, back, size - 1), -EMSGSIZE);
    assert_int_equal(connection_poll(in, NO_TIMEOUT), 1);
    assert_int_equal(connection_recv(in, back, sizeof back), size);
    assert_true(test_is(back, size, number));
    assert_int_equal(connection_recv_new(in, &message, size), size);
    assert_true(test_is(message, size, number));
    free(message);
    for (int i = 0; i < 2; i++) {
        memset(back, 0, size);
        assert_int_equal(connection_recv(in, back, sizeof back), size);
        assert_true(test_is(back, size, number));
    }
}

/* Every call is interrupted, and every one is of so many bytes at most. */
static void signals_and_short_counts_change_nothing(void **state)
{
    const size_t sizes[] = {0, 1, 3, 64, 4091, 4092, 4093, 9000};
    const size_t limits[] = {1, 2, 3, 5, 4096, 0};
    static unsigned char data[9000];

    (void)state;
    for (size_t i = 0; i < 4 * 6 * 8; i++) {
        struct connection in, out;
        int status;
        pid_t pid;

        open_kind((int)(i / 48), &in, &out);
        inject.interrupt = true;
        inject.limit = limits[i / 8 % 6];
        test_fill(data, sizes[i % 8], i);
        fflush(stdout);
        pid = fork();
        if (pid == 0) {
            alarm(CENSUS_SECONDS);
            _exit(send_four(&out, data, sizes[i % 8]));
        }
        receive_four(&in, sizes[i % 8], i);
        inject_nothing();
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(connection_poll(&in, 0), 0);
        test_close(&in, &out);
    }
}

static void ignore_it(int number)
{
    (void)number;
}

/* Send and receive 1 MiB while signals hit that interrupt every call. */
static void real_signals_lose_nothing(void **state)
{
    static unsigned char data[1 << 20], back[1 << 20];
    struct sigaction act = {.sa_handler = ignore_it}, before;

    (void)state;
    sigaction(SIGUSR1, &act, &before); /* without SA_RESTART */
    for (int duplex = 0; duplex < 2; duplex++) {
        struct connection ends[4], *in, *out;
        pid_t pid = test_fork_echo(duplex, ends, &in, &out);
        pid_t storm = fork();

        if (storm == 0)
            for (;;) {
                kill(pid, SIGUSR1);
                if (kill(getppid(), SIGUSR1) < 0 || getppid() == 1)
                    _exit(0);
                test_sleep_ms(1);
            }
        for (uint64_t i = 0; i < 10; i++) {
            test_fill(data, sizeof data, i);
            assert_int_equal(connection_send(out, data, sizeof data), 0);
            assert_int_equal(connection_poll(in, NO_TIMEOUT), 1);
            assert_int_equal(connection_recv(in, back, sizeof back),
                             sizeof back);
            assert_memory_equal(back, data, sizeof data);
        }
        kill(storm, SIGKILL);
        while (waitpid(storm, NULL, 0) < 0 && errno == EINTR)
            ;
        test_end_echo(pid, ends);
    }
    sigaction(SIGUSR1, &before, NULL);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_sent_are_the_bytes_of_cpython,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_long_header_is_understood, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_length_beyond_all_memory_is_enomem,
                                        begin, end),
        cmocka_unit_test_setup_teardown(what_is_no_header_ends_reading, begin,
                                        end),
        cmocka_unit_test_setup_teardown(recv_tells_eof_from_a_torn_message,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            a_torn_message_behind_a_long_one_is_told_too, begin, end),
        cmocka_unit_test_setup_teardown(
            a_peer_that_writes_byte_by_byte_is_understood, begin, end),
        cmocka_unit_test_setup_teardown(signals_and_short_counts_change_nothing,
                                        begin, end),
        cmocka_unit_test_setup_teardown(real_signals_lose_nothing, begin, end),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
