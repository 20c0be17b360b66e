/* SPDX-License-Identifier: MIT */
/*
 * test_interrupted.c - signals that are caught while one waits for a client,
 * for a listener, or in the handshake: nothing is lost (CPython
 * Lib/test/_test_multiprocessing.py, TestIgnoreEINTR).
 */
#include "pipe/test_keys.h"

/* In a child: accept, and let one in who has the key. */
static int accept_one(void *argument)
{
    struct listener *l = argument;
    struct connection c;

    if (listener_accept(l, &c, TEST_BOUND) != 0)
        return test_line(__LINE__);
    if (authenticate_client(&c, test_key, TEST_KEY, TEST_BOUND) != 0)
        return test_line(__LINE__);
    if (!test_is_word(&c, "in spite of it"))
        return test_line(__LINE__);
    connection_close(&c);
    return 0;
}

static void who_accepts_or_authenticates_goes_on(void **state)
{
    struct listener l;
    struct connection c;
    pid_t pid;

    (void)state;
    test_catch();
    for (int port = 0; port < 2; port++) {
        test_listen(&l, port, 1);
        pid = test_fork(accept_one, &l);
        test_interrupt(pid, SYS_ppoll);
        assert_int_equal(client_open(&c, l.address, TEST_BOUND), 0);
        /* (Its challenge says that it has accepted.) */
        assert_int_equal(connection_poll(&c, TEST_BOUND), 1);
        test_interrupt(pid, SYS_ppoll);
        assert_int_equal(
            authenticate_server(&c, test_key, TEST_KEY, TEST_BOUND), 0);
        assert_int_equal(test_say(&c, "in spite of it"), 0);
        assert_int_equal(test_result(pid), 0);
        connection_close(&c);
        listener_close(&l);
    }
    test_catch_no_more();
}

/* In a child: connect, which has to wait. */
static int connect_and_say(void *address)
{
    struct connection c;

    if (client_open(&c, address, TEST_BOUND) != 0)
        return test_line(__LINE__);
    if (test_say(&c, "in spite of it") != 0)
        return test_line(__LINE__);
    connection_close(&c);
    return 0;
}

enum { MANY = 8 };

/* Accept those that have filled the backlog, and then who waited. */
static void accept_until_said(struct listener *l)
{
    struct connection c;
    bool said = false;

    for (int i = 0; i <= MANY && !said; i++) {
        assert_int_equal(listener_accept(l, &c, TEST_BOUND), 0);
        said = test_is_word(&c, "in spite of it");
        connection_close(&c);
    }
    assert_true(said);
}

/*
 * To a port that has no room a client asks again after a second, and then after
 * more: only the bound of the test is longer.
 */
static void who_connects_goes_on(void **state)
{
    struct listener l;
    struct connection clients[MANY];
    size_t n;
    pid_t pid;

    (void)state;
    test_catch();
    for (int port = 0; port < 2; port++) {
        test_listen(&l, port, 0);
        for (n = 0; n < MANY; n++)
            if (client_open(&clients[n], l.address, TEST_PATIENCE) < 0)
                break;
        assert_in_range(n, 1, MANY - 1);
        pid = test_fork(connect_and_say, l.address);
        test_interrupt(pid, SYS_connect);
        while (n)
            connection_close(&clients[--n]);
        accept_until_said(&l);
        assert_int_equal(test_result(pid), 0);
        listener_close(&l);
    }
    test_catch_no_more();
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(who_accepts_or_authenticates_goes_on),
        TEST(who_connects_goes_on),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, test_load, NULL);
}
