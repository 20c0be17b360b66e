/* SPDX-License-Identifier: MIT */
/* test_io.c - reads and writes that finish, whatever the kernel does. */
// wrap: read readv write writev sendmsg send
#include "common/test_census.h"
#include "common/test_inject.h"

#include "common/hooks.h"
#include "common/io.h"

#include <fcntl.h>
#include <sys/resource.h>

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

static void read_full_gathers_what_comes_in_pieces(void **state)
{
    char text[6] = "";
    int ends[2];

    (void)state;
    assert_int_equal(fd_pipe(ends), 0);
    assert_int_equal(write(ends[1], "abcde", 5), 5);
    inject.interrupt = true;
    inject.limit = 1;
    assert_int_equal(read_full(ends[0], text, 5), 5);
    assert_string_equal(text, "abcde");
    assert_int_equal(inject.reads, 5);
    inject_nothing();
    close(ends[0]);
    close(ends[1]);
}

static void read_full_stops_at_the_end_of_the_file(void **state)
{
    char text[6] = "";
    int ends[2];

    (void)state;
    assert_int_equal(fd_pipe(ends), 0);
    assert_int_equal(write(ends[1], "abc", 3), 3);
    close(ends[1]);
    assert_int_equal(read_full(ends[0], text, 5), 3);
    assert_string_equal(text, "abc");
    assert_int_equal(read_full(ends[0], text, 5), 0);
    assert_int_equal(read_full(ends[0], text, 0), 0);
    close(ends[0]);
    assert_int_equal(read_full(ends[0], text, 5), -EBADF);
}

static void read_some_is_one_read(void **state)
{
    char text[6] = "";
    int ends[2];

    (void)state;
    assert_int_equal(fd_pipe(ends), 0);
    assert_int_equal(write(ends[1], "abc", 3), 3);
    inject.interrupt = true;
    assert_int_equal(read_some(ends[0], text, 5), 3);
    assert_int_equal(inject.reads, 1);
    inject_nothing();
    close(ends[1]);
    assert_int_equal(read_some(ends[0], text, 5), 0);
    close(ends[0]);
    assert_int_equal(read_some(ends[0], text, 5), -EBADF);
}

static void write_full_finishes_short_writes(void **state)
{
    char text[6] = "";
    int ends[2];

    (void)state;
    assert_int_equal(fd_pipe(ends), 0);
    inject.interrupt = true;
    inject.limit = 1;
    assert_int_equal(write_full(ends[1], "abcde", 5), 0);
    assert_int_equal(inject.writes, 5);
    inject_nothing();
    assert_int_equal(write_full(ends[1], "", 0), 0);
    assert_int_equal(read(ends[0], text, 6), 5);
    assert_string_equal(text, "abcde");
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(write_full(ends[1], "a", 1), -EBADF);
}

static void a_write_that_nobody_can_read_is_epipe(void **state)
{
    int ends[2];

    (void)state;
    assert_int_equal(fd_pipe(ends), 0);
    close(ends[0]);
    assert_int_equal(write_full(ends[1], "a", 1), -EPIPE);
    assert_int_equal(write_pair(ends[1], false, "a", 1, "b", 1), -EPIPE);
    close(ends[1]);
    assert_int_equal(write_pair(ends[1], false, "a", 1, "b", 1), -EBADF);
}

static int write_to_nobody(void *unused)
{
    int ends[2];

    (void)unused;
    signal(SIGPIPE, SIG_DFL);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
        return test_line(__LINE__);
    close(ends[0]);
    if (write_pair(ends[1], true, "a", 1, "b", 1) != -EPIPE)
        return test_line(__LINE__);
    return 0;
}

static void write_pair_to_a_socket_never_raises_sigpipe(void **state)
{
    (void)state;
    test_expect_in_fork(write_to_nobody, NULL);
}

static void open_ends(bool socket, int ends[2])
{
    if (socket)
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    else
        assert_int_equal(fd_pipe(ends), 0);
}

static void write_pair_is_one_system_call(void **state)
{
    (void)state;
    for (int socket = 0; socket < 2; socket++) {
        char text[6] = "";
        int ends[2];

        open_ends(socket, ends);
        inject_nothing();
        assert_int_equal(write_pair(ends[1], socket, "abc", 3, "de", 2), 0);
        assert_int_equal(inject.writes, 1);
        assert_int_equal(read(ends[0], text, 6), 5);
        assert_string_equal(text, "abcde");
        close(ends[0]);
        close(ends[1]);
    }
}

/* Both pieces of every length from 0, cut at every byte. */
static void write_pair_finishes_wherever_it_is_cut(void **state)
{
    static const char first[] = "abcd", second[] = "efgh";

    (void)state;
    for (size_t i = 0; i < 5 * 5 * 4 * 2; i++) {
        size_t n = i % 5, m = i / 5 % 5;
        bool socket = i / 100;
        char text[9] = "";
        int ends[2];

        open_ends(socket, ends);
        inject.interrupt = true;
        inject.limit = i / 25 % 4 + 1;
        assert_int_equal(write_pair(ends[1], socket, first, n, second, m), 0);
        inject_nothing();
        close(ends[1]);
        assert_int_equal(read_full(ends[0], text, sizeof text), n + m);
        assert_memory_equal(text, first, n);
        assert_memory_equal(text + n, second, m);
        close(ends[0]);
    }
}

/* In a process whose standard descriptors are closed as the bits say. */
static int open_without_standard(void *argument)
{
    int bits = *(int *)argument, ends[2];

    for (int fd = 0; fd < 3; fd++)
        if (bits & 1 << fd)
            close(fd);
    for (int socket = 0; socket < 2; socket++) {
        if ((socket ? fd_socket_pair(ends) : fd_pipe(ends)) != 0)
            return test_line(__LINE__);
        for (int i = 0; i < 2; i++)
            if (ends[i] < 3 || fcntl(ends[i], F_GETFD) != FD_CLOEXEC)
                return test_line(__LINE__);
    }
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) != ((bits & 1 << fd) ? -1 : 0))
            return test_line(__LINE__);
    return 0;
}

static void both_ends_lie_above_the_standard_descriptors(void **state)
{
    (void)state;
    for (int bits = 0; bits < 8; bits++)
        test_expect_in_fork(open_without_standard, &bits);
}

/* With stdin closed pipe2(2) gets 0 and 3, and no room is left to move 0. */
static int open_at_the_limit(void *unused)
{
    struct rlimit limit = {4, 4};
    int ends[2];

    (void)unused;
    for (int fd = 3; fd < 1024; fd++)
        close(fd);
    close(0);
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        return test_line(__LINE__);
    for (int socket = 0; socket < 2; socket++) {
        ends[0] = ends[1] = 7;
        if ((socket ? fd_socket_pair(ends) : fd_pipe(ends)) != -EMFILE)
            return test_line(__LINE__);
        if (ends[0] != -1 || ends[1] != -1)
            return test_line(__LINE__);
        if (fcntl(0, F_GETFD) >= 0 || fcntl(3, F_GETFD) >= 0)
            return test_line(__LINE__);
    }
    if (open("/dev/null", O_RDONLY) != 0 || open("/dev/null", O_RDONLY) != 3)
        return test_line(__LINE__);
    ends[0] = ends[1] = 7;
    if (fd_pipe(ends) != -EMFILE || ends[0] != -1 || ends[1] != -1)
        return test_line(__LINE__);
    return 0;
}

static void a_pair_that_cannot_be_opened_leaves_nothing(void **state)
{
    (void)state;
    test_expect_in_fork(open_at_the_limit, NULL);
}

static void a_descriptor_is_closed_once(void **state)
{
    int ends[2], number;

    (void)state;
    assert_int_equal(fd_pipe(ends), 0);
    number = ends[0];
    fd_close(&ends[0]);
    assert_int_equal(ends[0], -1);
    assert_int_equal(fcntl(number, F_GETFD), -1);
    /* The number is another's now, and a second close does not touch it. */
    assert_int_equal(fcntl(ends[1], F_DUPFD_CLOEXEC, number), number);
    fd_close(&ends[0]);
    assert_int_not_equal(fcntl(number, F_GETFD), -1);
    fd_close(&number);
    fd_close(&ends[1]);
}

static void a_duplicate_is_close_on_exec_and_not_standard(void **state)
{
    int copy = fd_duplicate(STDIN_FILENO);

    (void)state;
    assert_true(copy > STDERR_FILENO);
    assert_int_equal(fcntl(copy, F_GETFD), FD_CLOEXEC);
    close(copy);
    assert_int_equal(fd_duplicate(copy), -EBADF);
    assert_int_equal(fd_duplicate(-1), -EBADF);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(read_full_gathers_what_comes_in_pieces,
                                        begin, end),
        cmocka_unit_test_setup_teardown(read_full_stops_at_the_end_of_the_file,
                                        begin, end),
        cmocka_unit_test_setup_teardown(read_some_is_one_read, begin, end),
        cmocka_unit_test_setup_teardown(write_full_finishes_short_writes, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_write_that_nobody_can_read_is_epipe,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            write_pair_to_a_socket_never_raises_sigpipe, begin, end),
        cmocka_unit_test_setup_teardown(write_pair_is_one_system_call, begin,
                                        end),
        cmocka_unit_test_setup_teardown(write_pair_finishes_wherever_it_is_cut,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            both_ends_lie_above_the_standard_descriptors, begin, end),
        cmocka_unit_test_setup_teardown(
            a_pair_that_cannot_be_opened_leaves_nothing, begin, end),
        cmocka_unit_test_setup_teardown(a_descriptor_is_closed_once, begin,
                                        end),
        cmocka_unit_test_setup_teardown(
            a_duplicate_is_close_on_exec_and_not_standard, begin, end),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
