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
    pid = test_fork(expect_nobody, &l);
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
        TEST(who_waits_for_nobody_waits_no_longer_than_that),
        TEST(a_full_backlog_is_waited_for_and_not_for_ever),
        TEST(who_waits_at_a_name_is_told_that_it_closes),
        TEST(a_client_that_has_gone_is_no_error),
        TEST(without_a_descriptor_the_client_waits_on),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
