/* SPDX-License-Identifier: MIT */
/* test_connection.c - messages in and out, and every way they may not come. */
#include "pipe/test_ends.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>

static void echo_one(bool duplex, size_t size, uint64_t number,
                     struct connection *in, struct connection *out)
{
    unsigned char *data = malloc(size + 1), *back = malloc(size + 1);

    (void)duplex;
    test_fill(data, size, number);
    assert_int_equal(connection_send(out, data, size), 0);
    assert_int_equal(connection_poll(in, NO_TIMEOUT), 1);
    assert_int_equal(connection_recv(in, back, size), size);
    assert_memory_equal(back, data, size);
    free(data);
    free(back);
}

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

/* SIGPIPE is at its default here, where it would kill. */
static int send_to_nobody(void *unused)
{
    static unsigned char data[200000];
    struct connection in, out;

    (void)unused;
    for (int duplex = 0; duplex < 2; duplex++)
        for (size_t size = 0; size < sizeof data; size = size * 3 + 1) {
            signal(SIGPIPE, duplex ? SIG_DFL : SIG_IGN);
            if (duplex ? pipe_open_duplex(&in, &out) : pipe_open(&in, &out))
                return test_line(__LINE__);
            connection_close(&in);
            if (connection_send(&out, data, size) != -EPIPE ||
                connection_send(&out, data, size) != -EPIPE)
                return test_line(__LINE__);
            connection_close(&out);
        }
    return 0;
}

static void sending_to_nobody_is_epipe_and_never_a_signal(void **state)
{
    (void)state;
    test_expect_in_fork(send_to_nobody, NULL);
}

/*
 * A socket whose peer closed it with something unread reports a reset; it is
 * the end of the file, and what the peer had sent comes first.
 */
static void a_peer_that_leaves_without_reading_is_an_end_of_file(void **state)
{
    struct connection in, out;
    char text[8];

    (void)state;
    test_open(true, &in, &out);
    assert_int_equal(connection_send(&in, "unread", 6), 0);
    assert_int_equal(connection_send(&out, "last", 4), 0);
    connection_close(&out);
    assert_int_equal(connection_recv(&in, text, 8), 4);
    assert_int_equal(connection_recv(&in, text, 8), -EPIPE);
    assert_int_equal(connection_send(&in, "a", 1), -EPIPE);
    connection_close(&in);

    test_open(true, &in, &out);
    assert_int_equal(connection_send(&in, "unread", 6), 0);
    assert_int_equal(write(out.fd, "\0\0\0\4ab", 6), 6);
    connection_close(&out);
    assert_int_equal(connection_recv(&in, text, 8), -EBADMSG);
    connection_close(&in);
}

/* Die, with the sender most likely waiting for room. */
static int leave_a_sender_alone(void *ends)
{
    struct connection *c = ends;

    connection_close(&c[0]);
    test_sleep_ms(10);
    raise(SIGKILL);
    return 0;
}

/* A sender that waits with nothing sent yet is told of a reset instead. */
static void a_sender_whose_peer_is_killed_gets_epipe(void **state)
{
    static unsigned char data[4 << 20];
    const size_t sizes[] = {1, 4092, 9000, sizeof data};

    (void)state;
    for (int i = 0; i < 4 * 2; i++) {
        struct connection ends[2];
        int status;
        pid_t pid;

        test_open(true, &ends[0], &ends[1]);
        while (i >= 4 && send(ends[0].fd, data, 1000, MSG_DONTWAIT) > 0)
            ; /* until there is no room */
        fflush(stdout);
        pid = fork();
        if (pid == 0)
            _exit(leave_a_sender_alone(ends));
        connection_close(&ends[1]);
        do
            status = connection_send(&ends[0], data, sizes[i % 4]);
        while (status == 0);
        assert_int_equal(status, -EPIPE);
        connection_close(&ends[0]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, SIGKILL);
    }
}

/* Half a message, and then no more. */
static int die_in_the_middle(void *end)
{
    struct connection *c = end;

    connection_send(c, "whole", 5);
    write_full(c->fd, "\0\0\1\0half of it", 14);
    raise(SIGKILL);
    return 0;
}

static void a_writer_killed_in_the_middle_is_no_end_of_file(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct connection in, out;
        char text[300];

        test_open(i & 1, &in, &out);
        if (i & 2)
            assert_int_equal(connection_set_read_ahead(&in, 0), 0);
        assert_int_equal(test_in_fork(die_in_the_middle, &out), SIGKILL);
        connection_close(&out);
        assert_int_equal(connection_recv(&in, text, sizeof text), 5);
        assert_int_equal(connection_recv(&in, text, sizeof text), -EBADMSG);
        assert_int_equal(connection_recv(&in, text, sizeof text), -EBADF);
        connection_close(&in);
    }
}

static void a_connection_is_made_from_a_fitting_descriptor(void **state)
{
    struct connection c, other;
    int ends[2], fd;

    (void)state;
    assert_int_equal(connection_from_fd(&c, -1), -EBADF);
    fd = open("/", O_PATH | O_CLOEXEC);
    assert_int_equal(connection_from_fd(&c, fd), -EINVAL);
    close(fd);
    fd = open("/dev/null", O_ACCMODE | O_CLOEXEC); /* for ioctl(2) alone */
    assert_int_equal(connection_from_fd(&c, fd), -EINVAL);
    close(fd);
    assert_int_equal(fd_pipe(ends), 0);
    assert_int_equal(connection_from_fd(&c, ends[0]), 0);
    assert_int_equal(connection_from_fd(&other, ends[1]), 0);
    assert_int_equal(connection_send(&c, "a", 1), -EBADF);
    assert_int_equal(connection_poll(&other, 0), -EBADF);
    echo_one(false, 100, 1, &c, &other);
    test_close(&c, &other);
    assert_int_equal(fcntl(ends[0], F_GETFD), -1);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(connection_from_fd(&c, ends[0]), 0);
    assert_int_equal(connection_from_fd(&other, ends[1]), 0);
    echo_one(true, 100, 1, &c, &other);
    echo_one(true, 100, 1, &other, &c);
    assert_true(c.socket);
    test_close(&c, &other);
}

static int open_at_the_limit(void *unused)
{
    struct rlimit tight = {3, 3};
    struct connection in, out;

    (void)unused;
    if (setrlimit(RLIMIT_NOFILE, &tight) < 0)
        return test_line(__LINE__);
    if (pipe_open(&in, &out) != -EMFILE ||
        pipe_open_duplex(&in, &out) != -EMFILE)
        return test_line(__LINE__);
    return 0;
}

static void a_pipe_needs_two_descriptors_of_its_own(void **state)
{
    (void)state;
    test_expect_in_fork(open_at_the_limit, NULL);
    for (int duplex = 0; duplex < 2; duplex++) {
        struct connection in, out;

        test_open(duplex, &in, &out);
        assert_int_equal(fcntl(in.fd, F_GETFD), FD_CLOEXEC);
        assert_int_equal(fcntl(out.fd, F_GETFD), FD_CLOEXEC);
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
        cmocka_unit_test_setup_teardown(
            sending_to_nobody_is_epipe_and_never_a_signal, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(
            a_peer_that_leaves_without_reading_is_an_end_of_file, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(
            a_sender_whose_peer_is_killed_gets_epipe, census_begin, census_end),
        cmocka_unit_test_setup_teardown(
            a_writer_killed_in_the_middle_is_no_end_of_file, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(
            a_connection_is_made_from_a_fitting_descriptor, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(a_pipe_needs_two_descriptors_of_its_own,
                                        census_begin, census_end),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
