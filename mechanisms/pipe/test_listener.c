/* SPDX-License-Identifier: MIT */
/*
 * test_listener.c - Listener and Client: who meets whom, at a name and at a
 * port.
 */
#include "pipe/test_strangers.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>

static void expect_socket(const struct connection *c, bool port)
{
    int no_delay = 0;
    socklen_t size = sizeof no_delay;

    assert_true(c->socket && c->readable && c->writable);
    assert_true(c->fd > STDERR_FILENO);
    assert_true(fcntl(c->fd, F_GETFD) & FD_CLOEXEC);
    assert_false(fcntl(c->fd, F_GETFL) & O_NONBLOCK);
    if (!port)
        return;
    assert_int_equal(
        getsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &size), 0);
    assert_true(no_delay);
}

static void both_ends_are_duplex_connections(void **state)
{
    struct listener l;
    struct connection client, server;
    struct timeval longest;
    socklen_t size = sizeof longest;

    (void)state;
    for (int port = 0; port < 2; port++) {
        test_listen(&l, port, LISTENER_BACKLOG);
        assert_true(fcntl(l.fd, F_GETFD) & FD_CLOEXEC);
        test_meet(&l, &client, &server);
        expect_socket(&client, port);
        expect_socket(&server, port);
        assert_int_equal(test_say(&client, "to the server"), 0);
        assert_true(test_is_word(&server, "to the server"));
        assert_int_equal(test_say(&server, "and back"), 0);
        assert_true(test_is_word(&client, "and back"));
        /* Nothing is left of the timeout that connecting had. */
        assert_int_equal(
            getsockopt(client.fd, SOL_SOCKET, SO_SNDTIMEO, &longest, &size), 0);
        assert_true(longest.tv_sec == 0 && longest.tv_usec == 0);
        connection_close(&client);
        assert_int_equal(connection_recv(&server, NULL, 0), -EPIPE);
        connection_close(&server);
        listener_close(&l);
        listener_close(&l);
    }
}

/* --- where it listens --- */

static void a_port_that_is_free_is_found_and_said(void **state)
{
    struct listener l, other;

    (void)state;
    assert_int_equal(listener_open(&l, "localhost:0", 1), 0);
    assert_int_equal(listener_open(&other, "127.0.0.1:0", 1), 0);
    assert_memory_equal(l.address, "127.0.0.1:", 10);
    assert_true(atoi(l.address + 10) > 0);
    assert_false(address_is_name(l.address));
    assert_string_not_equal(l.address, other.address);
    listener_close(&l);
    listener_close(&other);
}

/* The side that closed first keeps the port for a minute otherwise. */
static void a_port_can_be_used_again_at_once(void **state)
{
    struct listener l, next;
    struct connection client, server;

    (void)state;
    test_listen(&l, true, 1);
    test_meet(&l, &client, &server);
    connection_close(&server);
    assert_int_equal(connection_recv(&client, NULL, 0), -EPIPE);
    connection_close(&client);
    listener_close(&l);
    assert_int_equal(listener_open(&next, l.address, 1), 0);
    assert_string_equal(next.address, l.address);
    listener_close(&next);
}

static void where_somebody_listens_nobody_else_can(void **state)
{
    struct listener l, second;
    struct connection client, server;

    (void)state;
    for (int port = 0; port < 2; port++) {
        test_listen(&l, port, 1);
        assert_int_equal(listener_open(&second, l.address, 1), -EADDRINUSE);
        assert_int_equal(second.fd, -1);
        listener_close(&second);
        test_meet(&l, &client, &server);
        connection_close(&client);
        connection_close(&server);
        listener_close(&l);
    }
}

static void a_file_that_has_the_name_is_left_alone(void **state)
{
    const char *name = test_name("socket");
    int fd = open(name, O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    struct listener l;
    struct connection c;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(listener_open(&l, name, 1), -EADDRINUSE);
    listener_close(&l);
    assert_int_equal(client_open(&c, name, TEST_BOUND), -ECONNREFUSED);
    close(fd);
    assert_int_equal(unlink(name), 0);
}

/* --- the name --- */

static bool is_there(const char *name)
{
    struct stat found;

    return lstat(name, &found) == 0;
}

static void a_name_is_the_owners_alone(void **state)
{
    mode_t before = umask(0);
    struct listener l;
    struct stat made;

    (void)state;
    test_listen(&l, false, 1);
    umask(before);
    assert_int_equal(lstat(l.address, &made), 0);
    assert_int_equal(made.st_mode, S_IFSOCK | 0600);
    listener_close(&l);
    assert_false(is_there(l.address));
}

static int close_in_child(void *l)
{
    listener_close(l);
    return ((struct listener *)l)->fd == -1 ? 0 : 1;
}

static void a_child_that_closes_leaves_it_to_its_parent(void **state)
{
    struct listener l;
    struct connection client, server;

    (void)state;
    test_listen(&l, false, 1);
    test_expect_in_fork(close_in_child, &l);
    assert_true(is_there(l.address));
    test_meet(&l, &client, &server);
    connection_close(&client);
    connection_close(&server);
    listener_close(&l);
    assert_false(is_there(l.address));
}

static void what_has_taken_the_name_keeps_it(void **state)
{
    struct listener first, second;
    struct connection client, server;

    (void)state;
    test_listen(&first, false, 1);
    assert_int_equal(unlink(first.address), 0);
    test_listen(&second, false, 1);
    assert_string_equal(first.address, second.address);
    listener_close(&first);
    test_meet(&second, &client, &server);
    connection_close(&client);
    connection_close(&server);
    listener_close(&second);
    assert_false(is_there(second.address));
}

/* --- waiting --- */

static void who_waits_for_nobody_waits_no_longer_than_that(void **state)
{
    struct listener l;
    struct connection c;

    (void)state;
    for (int port = 0; port < 2; port++) {
        test_listen(&l, port, 1);
        assert_int_equal(listener_accept(&l, &c, 0), -ETIMEDOUT);
        assert_int_equal(listener_accept(&l, &c, -1), -ETIMEDOUT);
        assert_int_equal(listener_accept(&l, &c, TEST_PATIENCE), -ETIMEDOUT);
        assert_int_equal(c.fd, -1);
        listener_close(&l);
        assert_int_equal(listener_accept(&l, &c, NO_TIMEOUT), -EBADF);
    }
}

/* Clients until one is not taken in: how many were. */
static size_t fill(struct listener *l, struct connection *clients, size_t most)
{
    size_t n = 0;
    int error = 0;

    while (n < most && !error)
        if (!(error = client_open(&clients[n], l->address, TEST_PATIENCE)))
            n++;
    assert_int_equal(error, -ETIMEDOUT);
    return n;
}

enum { MANY = 8 };

static void a_full_backlog_is_waited_for_and_not_for_ever(void **state)
{
    struct listener l;
    struct connection clients[MANY], server, next;
    size_t n;

    (void)state;
    for (int port = 0; port < 2; port++) {
        test_listen(&l, port, 1);
        n = fill(&l, clients, MANY);
        assert_in_range(n, 1, MANY - 1);
        assert_int_equal(client_open(&next, l.address, 0), -ETIMEDOUT);
        assert_int_equal(next.fd, -1);
        assert_int_equal(listener_accept(&l, &server, TEST_BOUND), 0);
        connection_close(&server);
        assert_int_equal(client_open(&next, l.address, TEST_BOUND), 0);
        connection_close(&next);
        while (n)
            connection_close(&clients[--n]);
        listener_close(&l);
    }
}

/* In a child, whose copy of the listener must not keep it open. */
static int expect_nobody(void *argument)
{
    struct listener *l = argument;
    struct connection c;
    int error;

    listener_close(l);
    error = client_open(&c, l->address, TEST_BOUND);
    return error == -ECONNREFUSED || error == -ENOENT ? 0 : 1;
}

static void who_waits_at_a_name_is_told_that_it_closes(void **state)
{
    struct listener l;
    struct connection clients[MANY];
    size_t n;
    pid_t pid;

    (void)state;
    test_listen(&l, false, 0);
    n = fill(&l, clients, MANY);
    pid = test_start(expect_nobody, &l);
    test_await(pid, SYS_connect);
    listener_close(&l);
    assert_int_equal(test_result(pid), 0);
    while (n)
        connection_close(&clients[--n]);
}

/* --- who comes and goes --- */

static void leave(struct connection *c, bool at_once)
{
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};

    if (at_once)
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    connection_close(c);
}

static void a_client_that_has_gone_is_no_error(void **state)
{
    struct listener l;
    struct connection gone, client, server;

    (void)state;
    for (int way = 0; way < 4; way++) {
        test_listen(&l, way & 1, 2);
        assert_int_equal(client_open(&gone, l.address, TEST_BOUND), 0);
        leave(&gone, way & 2);
        assert_int_equal(client_open(&client, l.address, TEST_BOUND), 0);
        assert_int_equal(test_say(&client, "here"), 0);
        assert_int_equal(listener_accept(&l, &server, TEST_BOUND), 0);
        assert_int_equal(connection_recv(&server, NULL, 0), -EPIPE);
        connection_close(&server);
        assert_int_equal(listener_accept(&l, &server, TEST_BOUND), 0);
        assert_true(test_is_word(&server, "here"));
        connection_close(&server);
        connection_close(&client);
        listener_close(&l);
    }
}

/* In a child, whose limit it is: 0, or the line. */
static int accept_without_a_descriptor(void *argument)
{
    struct listener *l = argument;
    struct rlimit limit;
    struct connection c;
    int next = dup(STDIN_FILENO);

    close(next);
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return test_line(__LINE__);
    limit.rlim_cur = (rlim_t)next;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        return test_line(__LINE__);
    if (listener_accept(l, &c, TEST_BOUND) != -EMFILE || c.fd != -1)
        return test_line(__LINE__);
    limit.rlim_cur = (rlim_t)next + 1;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0 ||
        listener_accept(l, &c, TEST_BOUND) != 0)
        return test_line(__LINE__);
    return test_is_word(&c, "patient") ? 0 : test_line(__LINE__);
}

static void without_a_descriptor_the_client_waits_on(void **state)
{
    struct listener l;
    struct connection client;

    (void)state;
    for (int port = 0; port < 2; port++) {
        test_listen(&l, port, 1);
        assert_int_equal(client_open(&client, l.address, TEST_BOUND), 0);
        assert_int_equal(test_say(&client, "patient"), 0);
        test_expect_in_fork(accept_without_a_descriptor, &l);
        connection_close(&client);
        listener_close(&l);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(both_ends_are_duplex_connections),
        TEST(a_port_that_is_free_is_found_and_said),
        TEST(a_port_can_be_used_again_at_once),
        TEST(where_somebody_listens_nobody_else_can),
        TEST(a_file_that_has_the_name_is_left_alone),
        TEST(a_name_is_the_owners_alone),
        TEST(a_child_that_closes_leaves_it_to_its_parent),
        TEST(what_has_taken_the_name_keeps_it),
        TEST(who_waits_for_nobody_waits_no_longer_than_that),
        TEST(a_full_backlog_is_waited_for_and_not_for_ever),
        TEST(who_waits_at_a_name_is_told_that_it_closes),
        TEST(a_client_that_has_gone_is_no_error),
        TEST(without_a_descriptor_the_client_waits_on),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
