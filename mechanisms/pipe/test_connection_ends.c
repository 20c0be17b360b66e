/* SPDX-License-Identifier: MIT */
/* test_connection_ends.c - what an end is told when the other is gone. */
#include "pipe/test_ends.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>

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
