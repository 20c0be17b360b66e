/* SPDX-License-Identifier: MIT */
/* test_address.c - what is an address, and whether anybody is there. */
#include "pipe/test_strangers.h"

#include <fcntl.h>
#include <netinet/in.h>

static void a_port_has_digits_and_no_slash(void **state)
{
    const char *names[] = {"",         "name",     "/a:1", "a/b:1", "./a:6000",
                           "name:",    "name:1x",  ":",    "a:-1",  "a:+1",
                           "a: 1",     "a:0x10",   "1",    "a:1:",  "a:1:b",
                           "1.2.3.4:", "localhost"};
    const char *ports[] = {"127.0.0.1:6000", "localhost:0",
                           "name:1",         ":1",
                           "a:b:1",          "a:99999999999999999999"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_true(address_is_name(names[i]));
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++)
        assert_false(address_is_name(ports[i]));
}

static void what_is_no_address_is_refused(void **state)
{
    const char *none[] = {"",
                          ":6000",
                          "name:6000",
                          "example.org:6000",
                          "127.0.0.1:65536",
                          "127.0.0.1:18446744073709551617",
                          "127.0.0.256:6000",
                          "127.0.0:6000",
                          "127.0.0.1.:6000",
                          " 127.0.0.1:6000",
                          "255.255.255.2550:6000",
                          "localhost.localhost.localhost.localhost:6000",
                          "::1:6000",
                          "[::1]:6000"};
    struct listener l;
    struct connection c;

    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        assert_int_equal(listener_open(&l, none[i], 1), -EINVAL);
        assert_int_equal(l.fd, -1);
        assert_int_equal(client_open(&c, none[i], TEST_BOUND), -EINVAL);
        assert_int_equal(c.fd, -1);
    }
}

static void a_name_has_107_bytes_at_most(void **state)
{
    char name[LISTENER_ADDRESS];
    size_t n = strlen(test_folder);
    struct listener l;
    struct connection client, server;

    (void)state;
    memset(name, 'n', sizeof name);
    memcpy(name, test_folder, n);
    name[n] = '/';
    name[108] = '\0';
    assert_int_equal(listener_open(&l, name, 1), -ENAMETOOLONG);
    assert_int_equal(client_open(&client, name, TEST_BOUND), -ENAMETOOLONG);
    name[107] = '\0';
    assert_int_equal(listener_open(&l, name, 1), 0);
    assert_string_equal(l.address, name);
    test_meet(&l, &client, &server);
    connection_close(&client);
    connection_close(&server);
    listener_close(&l);
}

static void where_nothing_can_be_made_is_an_error(void **state)
{
    struct listener l;

    (void)state;
    assert_int_equal(listener_open(&l, test_name("none/socket"), 1), -ENOENT);
    assert_int_equal(l.fd, -1);
    /* An address for documents (RFC 5737), that nobody has. */
    assert_int_equal(listener_open(&l, "192.0.2.1:0", 1), -EADDRNOTAVAIL);
    assert_int_equal(l.fd, -1);
}

static void a_name_in_this_folder_needs_no_slash(void **state)
{
    int before = open(".", O_PATH | O_CLOEXEC);
    struct listener l;
    struct connection client, server;

    (void)state;
    assert_int_equal(chdir(test_folder), 0);
    assert_int_equal(listener_open(&l, "name", 1), 0);
    test_meet(&l, &client, &server);
    connection_close(&client);
    connection_close(&server);
    listener_close(&l);
    assert_int_equal(fchdir(before), 0);
    close(before);
}

/* --- nobody is there --- */

static void where_nobody_listens_a_client_is_refused(void **state)
{
    char address[LISTENER_ADDRESS];
    struct listener l;
    struct connection c;

    (void)state;
    assert_int_equal(client_open(&c, test_name("none"), TEST_BOUND), -ENOENT);
    test_listen(&l, false, 1);
    strcpy(address, l.address);
    l.named = false; /* as if it had been killed: the name stays */
    listener_close(&l);
    assert_int_equal(client_open(&c, address, TEST_BOUND), -ECONNREFUSED);
    assert_int_equal(listener_open(&l, address, 1), -EADDRINUSE);
    assert_int_equal(unlink(address), 0);
    test_listen(&l, true, 1);
    strcpy(address, l.address);
    listener_close(&l);
    assert_int_equal(client_open(&c, address, TEST_BOUND), -ECONNREFUSED);
    assert_int_equal(c.fd, -1);
}

/* The first and the last of the ports that the kernel gives to clients. */
static bool ports_of_clients(int *first, int *last)
{
    FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
    bool known = file && fscanf(file, "%d %d", first, last) == 2;

    if (file)
        fclose(file);
    return known;
}

/* From there on, of the half that clients are given: where nobody listens. */
static bool free_port(int from, int last, char address[LISTENER_ADDRESS])
{
    struct listener l;

    for (int port = (from + 1) / 2 * 2; port <= last; port += 2) {
        snprintf(address, LISTENER_ADDRESS, "127.0.0.1:%d", port);
        if (listener_open(&l, address, 1) == 0) {
            listener_close(&l);
            return true;
        }
    }
    return false;
}

enum { PORTS = 4 };

/*
 * The kernel goes through its ports in steps that it draws, so that of so many
 * clients one is given the very port that it goes to, most probably.
 */
static void nobody_connects_to_himself(void **state)
{
    char address[LISTENER_ADDRESS];
    struct connection c;
    int first = 0, last = 0;

    (void)state;
    if (!ports_of_clients(&first, &last)) {
        print_message("skipped: no port of the kernel's is known\n");
        skip();
    }
    for (int i = 1; i <= PORTS; i++) {
        if (!free_port(first + (last - first) / (PORTS + 1) * i, last, address))
            break;
        for (int tries = first; tries <= last; tries++)
            assert_int_equal(client_open(&c, address, TEST_BOUND),
                             -ECONNREFUSED);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(a_port_has_digits_and_no_slash),
        TEST(what_is_no_address_is_refused),
        TEST(a_name_has_107_bytes_at_most),
        TEST(where_nothing_can_be_made_is_an_error),
        TEST(a_name_in_this_folder_needs_no_slash),
        TEST(where_nobody_listens_a_client_is_refused),
        TEST(nobody_connects_to_himself),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
