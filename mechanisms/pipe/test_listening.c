/* SPDX-License-Identifier: MIT */
/* test_listening.c - where a Listener listens, and whose the name is. */
#include "pipe/test_strangers.h"

#include <fcntl.h>

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

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(a_port_that_is_free_is_found_and_said),
        TEST(a_port_can_be_used_again_at_once),
        TEST(where_somebody_listens_nobody_else_can),
        TEST(a_file_that_has_the_name_is_left_alone),
        TEST(a_name_is_the_owners_alone),
        TEST(a_child_that_closes_leaves_it_to_its_parent),
        TEST(what_has_taken_the_name_keeps_it),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
