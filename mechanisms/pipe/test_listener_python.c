/* SPDX-License-Identifier: MIT */
/*
 * test_listener_python.c - an unmodified Python as the client of our Listener,
 * and as the listener that our Client goes to, with a key.
 */
#include "pipe/test_keys.h"

#include <fcntl.h>

/* argv: where to go, the key.  It says something and expects something. */
static const char client_program[] =
    "import sys\n"
    "from multiprocessing import AuthenticationError\n"
    "from multiprocessing.connection import Client\n"
    "address, key = sys.argv[1], sys.argv[2].encode()\n"
    "if '/' not in address:\n"
    "    host, port = address.split(':')\n"
    "    address = host, int(port)\n"
    "try:\n"
    "    c = Client(address, authkey=key)\n"
    "except AuthenticationError:\n"
    "    sys.exit(13)\n"
    "c.send(['from', 'Python'])\n"
    "c.send_bytes(bytes(range(256)) * 1000)\n"
    "assert c.recv_bytes() == b'from C'\n"
    "c.close()\n";

/*
 * argv: a name or "-", the key, the descriptor of a Connection.  It says there
 * where it listens, and lets clients in until one has the key; its exit code is
 * the number of those who had not.
 */
static const char listener_program[] =
    "import sys\n"
    "from multiprocessing import AuthenticationError\n"
    "from multiprocessing.connection import Connection, Listener\n"
    "name, key = sys.argv[1], sys.argv[2].encode()\n"
    "where = ('127.0.0.1', 0) if name == '-' else name\n"
    "refused = 0\n"
    "with Listener(where, authkey=key) as l:\n"
    "    at = l.address if name != '-' else '%s:%d' % l.address\n"
    "    with Connection(int(sys.argv[3]), readable=False) as w:\n"
    "        w.send_bytes(at.encode())\n"
    "    while True:\n"
    "        try:\n"
    "            c = l.accept()\n"
    "            break\n"
    "        except AuthenticationError:\n"
    "            refused += 1\n"
    "    while True:\n"
    "        try:\n"
    "            c.send_bytes(c.recv_bytes())\n"
    "        except EOFError:\n"
    "            sys.exit(refused)\n";

static pid_t start_python(const char *program, const char *address,
                          const char *key, int keep)
{
    char number[16];
    pid_t pid;

    snprintf(number, sizeof number, "%d", keep);
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        alarm(CENSUS_SECONDS);
        if (keep >= 0)
            fcntl(keep, F_SETFD, 0);
        execl("/usr/bin/env", "env", "python3", "-I", "-c", program, address,
              key, number, (char *)NULL);
        _exit(127);
    }
    assert_true(pid > 0);
    return pid;
}

/* It has the key: it says what the program says. */
static void talk_to_client(struct connection *c)
{
    void *message;

    assert_true(connection_recv_new(c, &message, 4096) > 0); /* a pickle */
    assert_memory_equal(message, "\x80", 1);
    free(message);
    assert_int_equal(connection_recv_new(c, &message, SIZE_MAX), 256000);
    for (size_t i = 0; i < 256000; i++)
        assert_int_equal(((unsigned char *)message)[i], i % 256);
    free(message);
    assert_int_equal(test_say(c, "from C"), 0);
    assert_int_equal(connection_recv(c, NULL, 0), -EPIPE);
}

static void a_python_comes_with_the_key_or_is_refused(void **state)
{
    const char *keys[] = {"another", test_key, "", test_key};
    struct listener l;
    struct connection c;

    (void)state;
    test_need_python("multiprocessing.connection");
    for (int port = 0; port < 2; port++) {
        test_listen(&l, port, LISTENER_BACKLOG);
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
            bool right = keys[i] == test_key;
            pid_t pid = start_python(client_program, l.address, keys[i], -1);

            assert_int_equal(listener_accept(&l, &c, TEST_BOUND), 0);
            assert_int_equal(
                authenticate_client(&c, test_key, TEST_KEY, TEST_BOUND),
                right ? 0 : -EACCES);
            if (right)
                talk_to_client(&c);
            connection_close(&c);
            assert_int_equal(test_result(pid), right ? 0 : 13);
        }
        listener_close(&l);
    }
}

/* Start one, and hear where it listens. */
static pid_t start_listener(bool port, char address[LISTENER_ADDRESS])
{
    struct connection told, tells;
    ssize_t n;
    pid_t pid;

    assert_int_equal(pipe_open(&told, &tells), 0);
    pid = start_python(listener_program, port ? "-" : test_name("python"),
                       test_key, tells.fd);
    connection_close(&tells);
    n = connection_recv(&told, address, LISTENER_ADDRESS - 1);
    assert_true(n > 0);
    address[n] = '\0';
    assert_true(address_is_name(address) == !port);
    connection_close(&told);
    return pid;
}

static int go(struct connection *c, const char *address, const char *key)
{
    assert_int_equal(client_open(c, address, TEST_BOUND), 0);
    return authenticate_server(c, key, strlen(key), TEST_BOUND);
}

static void a_python_lets_in_who_has_the_key(void **state)
{
    char address[LISTENER_ADDRESS];
    struct connection c;

    (void)state;
    test_need_python("multiprocessing.connection");
    for (int port = 0; port < 2; port++) {
        pid_t pid = start_listener(port, address);

        assert_int_equal(go(&c, address, "another"), -EACCES);
        connection_close(&c);
        assert_int_equal(go(&c, address, "a secret"), -EACCES);
        connection_close(&c);
        assert_int_equal(go(&c, address, test_key), 0);
        for (int i = 0; i < 100; i++) {
            assert_int_equal(test_say(&c, "and back"), 0);
            assert_true(test_is_word(&c, "and back"));
        }
        connection_close(&c);
        assert_int_equal(test_result(pid), 2);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(a_python_comes_with_the_key_or_is_refused),
        TEST(a_python_lets_in_who_has_the_key),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, test_load, NULL);
}
