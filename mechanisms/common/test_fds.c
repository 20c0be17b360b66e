/* SPDX-License-Identifier: MIT */
/* test_fds.c - descriptors through a Unix socket. */
#include "common/test_census.h"

#include "common/fds.h"
#include "common/io.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

static int pair[2];

static int begin(void **state)
{
    int failed = census_begin(state);

    return failed || fd_socket_pair(pair) ? -1 : 0;
}

static int end(void **state)
{
    fd_close(&pair[0]);
    fd_close(&pair[1]);
    return census_end(state);
}

/* A file whose content tells it from others. */
static int make_file(const char *text)
{
    int fd = memfd_create("file", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write_full(fd, text, strlen(text)), 0);
    return fd;
}

static void expect_file(int fd, const char *text)
{
    char have[32] = "";

    assert_true(pread(fd, have, sizeof have - 1, 0) >= 0);
    assert_string_equal(have, text);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    close(fd);
}

static void descriptors_arrive_with_their_bytes_in_their_order(void **state)
{
    int fds[2] = {make_file("one"), make_file("two")}, got[4];
    struct iovec pieces[2] = {{(char[]){"he"}, 2}, {(char[]){"llo"}, 3}};
    size_t n = 4;
    char text[8] = "";

    (void)state;
    assert_int_equal(fds_send(pair[0], pieces, 2, fds, 2), 0);
    close(fds[0]);
    close(fds[1]);
    assert_int_equal(fds_receive(pair[1], text, sizeof text, got, &n), 5);
    assert_string_equal(text, "hello");
    assert_int_equal(n, 2);
    expect_file(got[0], "one");
    expect_file(got[1], "two");
}

static void bytes_may_come_without_descriptors_and_an_end_is_0(void **state)
{
    struct iovec piece = {(char[]){"x"}, 1};
    int got[1];
    size_t n = 1;
    char byte;

    (void)state;
    assert_int_equal(fds_send(pair[0], &piece, 1, NULL, 0), 0);
    fd_close(&pair[0]);
    assert_int_equal(fds_receive(pair[1], &byte, 1, got, &n), 1);
    assert_int_equal(n, 0);
    n = 1;
    assert_int_equal(fds_receive(pair[1], &byte, 1, got, &n), 0);
}

static void a_message_holds_253_and_no_more(void **state)
{
    int fds[FDS_MOST + 1], got[FDS_MOST], file = make_file("all");
    struct iovec piece = {(char[]){"x"}, 1};
    size_t n = FDS_MOST;
    char byte;

    (void)state;
    for (int i = 0; i <= FDS_MOST; i++)
        fds[i] = file;
    assert_int_equal(fds_send(pair[0], &piece, 1, fds, FDS_MOST + 1), -E2BIG);
    assert_int_equal(fds_send(pair[0], &piece, 1, fds, FDS_MOST), 0);
    assert_int_equal(fds_receive(pair[1], &byte, 1, got, &n), 1);
    assert_int_equal(n, FDS_MOST);
    for (int i = 0; i < FDS_MOST; i++)
        expect_file(got[i], "all");
    close(file);
}

/* Odd and even: the kernel rounds the room up, and must not be believed. */
static void what_there_is_no_room_for_is_closed_and_told(void **state)
{
    int file = make_file("many"), fds[4] = {file, file, file, file}, got[3];
    struct iovec piece = {(char[]){"x"}, 1};
    char byte;

    (void)state;
    for (size_t room = 1; room <= 3; room++) {
        size_t n = room;

        assert_int_equal(fds_send(pair[0], &piece, 1, fds, room + 1), 0);
        assert_int_equal(fds_receive(pair[1], &byte, 1, got, &n), -EMFILE);
        assert_int_equal(n, 0);
    }
    close(file);
}

/* 0, or the line that found something wrong. */
static int receive_at_the_limit(void *unused)
{
    int file = memfd_create("file", 0), got[2], next;
    struct iovec piece = {(char[]){"x"}, 1};
    struct rlimit limit;
    size_t n = 2;
    char byte;

    (void)unused;
    if (fds_send(pair[0], &piece, 1, (int[]){file, file}, 2))
        return test_line(__LINE__);
    next = fd_duplicate(file);
    close(next);
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = (rlim_t)next + 1; /* room for one of the two */
    setrlimit(RLIMIT_NOFILE, &limit);
    if (fds_receive(pair[1], &byte, 1, got, &n) != -EMFILE || n != 0)
        return test_line(__LINE__);
    if (fcntl(next, F_GETFD) != -1) /* the one that came is closed again */
        return test_line(__LINE__);
    return 0;
}

static void a_receiver_at_its_limit_is_told(void **state)
{
    (void)state;
    test_expect_in_fork(receive_at_the_limit, NULL);
}

static void a_message_that_is_too_long_leaves_no_descriptor(void **state)
{
    int packets[2], file = make_file("lost"), got[1];
    struct iovec piece = {(char[]){"four"}, 4};
    size_t n = 1;
    char text[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, packets), 0);
    assert_int_equal(fds_send(packets[0], &piece, 1, &file, 1), 0);
    assert_int_equal(fds_receive(packets[1], text, 2, got, &n), -EMSGSIZE);
    assert_int_equal(n, 0);
    close(packets[0]);
    close(packets[1]);
    close(file);
}

static void a_closed_socket_is_epipe_and_no_signal(void **state)
{
    struct iovec piece = {(char[]){"x"}, 1};

    (void)state;
    signal(SIGPIPE, SIG_DFL);
    fd_close(&pair[1]);
    assert_int_equal(fds_send(pair[0], &piece, 1, NULL, 0), -EPIPE);
    signal(SIGPIPE, SIG_IGN);
}

/* --- CPython's own format --- */

static void handles_are_counted(void **state)
{
    int fds[3] = {make_file("one"), make_file("two"), make_file("three")};
    int got[3];

    (void)state;
    assert_int_equal(fds_send_handles(pair[0], fds, 3), 0);
    assert_int_equal(fds_receive_handles(pair[1], got, 3), 0);
    for (int i = 0; i < 3; i++)
        expect_file(got[i], (const char *[]){"one", "two", "three"}[i]);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
}

/* CPython's test_missing_fd_transfer, and the other ways to miscount. */
static void a_count_without_its_descriptors_is_an_error(void **state)
{
    int file = make_file("one"), got[3];
    struct iovec two = {(char[]){2}, 1};

    (void)state;
    assert_int_equal(write_full(pair[0], (char[]){1}, 1), 0);
    assert_int_equal(fds_receive_handles(pair[1], got, 1), -EBADMSG);
    assert_int_equal(fds_send(pair[0], &two, 1, &file, 1), 0);
    assert_int_equal(fds_receive_handles(pair[1], got, 2), -EBADMSG);
    assert_int_equal(fds_send(pair[0], &two, 1, &file, 1), 0);
    assert_int_equal(fds_receive_handles(pair[1], got, 1), -EBADMSG);
    close(file);
    fd_close(&pair[0]);
    assert_int_equal(fds_receive_handles(pair[1], got, 1), -EPIPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            descriptors_arrive_with_their_bytes_in_their_order, begin, end),
        cmocka_unit_test_setup_teardown(
            bytes_may_come_without_descriptors_and_an_end_is_0, begin, end),
        cmocka_unit_test_setup_teardown(a_message_holds_253_and_no_more, begin,
                                        end),
        cmocka_unit_test_setup_teardown(
            what_there_is_no_room_for_is_closed_and_told, begin, end),
        cmocka_unit_test_setup_teardown(a_receiver_at_its_limit_is_told, begin,
                                        end),
        cmocka_unit_test_setup_teardown(
            a_message_that_is_too_long_leaves_no_descriptor, begin, end),
        cmocka_unit_test_setup_teardown(a_closed_socket_is_epipe_and_no_signal,
                                        begin, end),
        cmocka_unit_test_setup_teardown(handles_are_counted, begin, end),
        cmocka_unit_test_setup_teardown(
            a_count_without_its_descriptors_is_an_error, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
