/* SPDX-License-Identifier: MIT */
/* test_interop.c - an unmodified Python at the other end of a Connection. */
#include "pipe/test_ends.h"

#include <fcntl.h>

/*
 * argv: the number to read from, the number to write to.  It echoes; it looks
 * with poll() first, so what is announced must have arrived.
 */
static const char echo_program[] =
    "import sys\n"
    "from multiprocessing.connection import Connection\n"
    "r, w = int(sys.argv[1]), int(sys.argv[2])\n"
    "reader = Connection(r) if r == w else Connection(r, writable=False)\n"
    "writer = reader if r == w else Connection(w, readable=False)\n"
    "try:\n"
    "    while True:\n"
    "        assert reader.poll(None)\n"
    "        writer.send_bytes(reader.recv_bytes())\n"
    "except EOFError:\n"
    "    sys.exit(0)\n";

/* Receives into a buffer of 10 bytes: one message fits, one does not. */
static const char short_program[] =
    "import sys\n"
    "from multiprocessing import BufferTooShort\n"
    "from multiprocessing.connection import Connection\n"
    "c = Connection(int(sys.argv[1]))\n"
    "into = bytearray(10)\n"
    "assert c.recv_bytes_into(into, 2) == 5\n"
    "assert into == b'\\0\\0hello\\0\\0\\0', into\n"
    "try:\n"
    "    c.recv_bytes_into(into)\n"
    "except BufferTooShort as e:\n"
    "    c.send_bytes(e.args[0])\n"
    "c.send_bytes(b'abcdef', 2, 3)\n"
    "c.send_bytes(b'')\n"
    "c.close()\n";

static pid_t start_python(const char *program, const struct connection *in,
                          const struct connection *out)
{
    char reader[16], writer[16];
    pid_t pid;

    snprintf(reader, sizeof reader, "%d", in->fd);
    snprintf(writer, sizeof writer, "%d", out->fd);
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        fcntl(in->fd, F_SETFD, 0);
        fcntl(out->fd, F_SETFD, 0);
        signal(SIGPIPE, SIG_DFL);
        execl("/usr/bin/env", "env", "python3", "-I", "-c", program, reader,
              writer, (char *)NULL);
        _exit(127);
    }
    assert_true(pid > 0);
    return pid;
}

static void expect_end(pid_t pid)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void echo_all(struct connection *in, struct connection *out)
{
    const size_t sizes[] = {0,     1,     64,    4092,  4093,    4094,
                            4095,  4096,  4097,  4098,  4099,    4100,
                            16383, 16384, 16385, 65532, 65533,   65534,
                            65535, 65536, 65537, 65540, 1 << 20, 16 << 20};
    unsigned char *data = malloc(16 << 20), *back = malloc(16 << 20);

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        void *message;

        test_fill(data, sizes[i], i);
        assert_int_equal(connection_send(out, data, sizes[i]), 0);
        assert_int_equal(connection_poll(in, NO_TIMEOUT), 1);
        assert_int_equal(connection_recv(in, back, sizes[i]), sizes[i]);
        assert_memory_equal(back, data, sizes[i]);
        /* And once more, into memory of its own. */
        assert_int_equal(connection_send(out, data, sizes[i]), 0);
        assert_int_equal(connection_recv_new(in, &message, sizes[i]), sizes[i]);
        assert_memory_equal(message, data, sizes[i]);
        free(message);
    }
    free(data);
    free(back);
}

static void a_python_echoes_over_two_pipes(void **state)
{
    struct connection in, out, its_in, its_out;
    pid_t pid;

    (void)state;
    test_need_python("multiprocessing.connection");
    test_open(false, &its_in, &out);
    test_open(false, &in, &its_out);
    pid = start_python(echo_program, &its_in, &its_out);
    test_close(&its_in, &its_out);
    echo_all(&in, &out);
    connection_close(&out);
    expect_end(pid);
    assert_int_equal(connection_recv(&in, NULL, 0), -EPIPE);
    connection_close(&in);
}

static void a_python_echoes_over_a_socket_pair(void **state)
{
    struct connection ours, its;
    pid_t pid;

    (void)state;
    test_need_python("multiprocessing.connection");
    test_open(true, &ours, &its);
    pid = start_python(echo_program, &its, &its);
    connection_close(&its);
    echo_all(&ours, &ours);
    connection_close(&ours);
    expect_end(pid);
}

static void a_python_that_streams_is_read_ahead_of(void **state)
{
    static const char program[] =
        "import sys\n"
        "from multiprocessing.connection import Connection\n"
        "c = Connection(int(sys.argv[2]), readable=False)\n"
        "for i in range(1000):\n"
        "    c.send_bytes(bytes([i % 256]) * (i * 37 % 6000))\n";
    static unsigned char back[6000];
    struct connection in, its;
    pid_t pid;

    (void)state;
    test_need_python("multiprocessing.connection");
    test_open(false, &in, &its);
    pid = start_python(program, &its, &its);
    connection_close(&its);
    for (size_t i = 0; i < 1000; i++) {
        size_t size = i * 37 % 6000;

        assert_int_equal(connection_recv(&in, back, sizeof back), size);
        for (size_t k = 0; k < size; k++)
            assert_int_equal(back[k], i % 256);
    }
    assert_int_equal(connection_recv(&in, back, sizeof back), -EPIPE);
    expect_end(pid);
    connection_close(&in);
}

static void a_python_finds_our_messages_too_short_or_long(void **state)
{
    struct connection ours, its;
    char text[32];
    pid_t pid;

    (void)state;
    test_need_python("multiprocessing.connection");
    test_open(true, &ours, &its);
    pid = start_python(short_program, &its, &its);
    connection_close(&its);
    assert_int_equal(connection_send(&ours, "hello", 5), 0);
    assert_int_equal(connection_send(&ours, "twelve bytes", 12), 0);
    assert_int_equal(connection_recv(&ours, text, sizeof text), 12);
    assert_memory_equal(text, "twelve bytes", 12);
    assert_int_equal(connection_recv(&ours, text, sizeof text), 3);
    assert_memory_equal(text, "cde", 3);
    assert_int_equal(connection_recv(&ours, text, sizeof text), 0);
    assert_int_equal(connection_recv(&ours, text, sizeof text), -EPIPE);
    expect_end(pid);
    connection_close(&ours);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_python_echoes_over_two_pipes,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(a_python_echoes_over_a_socket_pair,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(a_python_that_streams_is_read_ahead_of,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(
            a_python_finds_our_messages_too_short_or_long, census_begin,
            census_end),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
