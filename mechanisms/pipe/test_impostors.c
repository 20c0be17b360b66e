/* SPDX-License-Identifier: MIT */
/*
 * test_impostors.c - the handshake with who knows nothing of it, says too
 * much, too little or nothing, or goes: always an end, and the right one.
 */
#include "pipe/test_keys.h"

#define HEADER_OF(n) "\0\0\0" n
#define CHALLENGE    "#CHALLENGE#"
#define TEN          "0123456789"

/* What a stranger sends, and what each side finds then. */
static const struct {
    const char *bytes;
    size_t n;
    int client, server; /* of authenticate_client, of authenticate_server */
} strangers[] = {
#define SAYS(bytes) bytes, sizeof(bytes) - 1
    {SAYS(""), -ETIMEDOUT, -ETIMEDOUT},
    {SAYS("\0"), -ETIMEDOUT, -ETIMEDOUT},
    {SAYS("\0\0\0"), -ETIMEDOUT, -ETIMEDOUT},
    {SAYS(HEADER_OF("\x20")), -ETIMEDOUT, -ETIMEDOUT},
    {SAYS(HEADER_OF("\x20") TEN TEN TEN "0"), -ETIMEDOUT, -ETIMEDOUT},
    {SAYS("\0\0\1\0" TEN), -ETIMEDOUT, -ETIMEDOUT},
    {SAYS("\0\0\1\1"), -EBADMSG, -EBADMSG},
    {SAYS("\x7f\xff\xff\xff"), -EBADMSG, -EBADMSG},
    {SAYS("\x80\0\0\0"), -EBADMSG, -EBADMSG},
    {SAYS("\xff\xff\xff\xff"), -EBADMSG, -EBADMSG},
    {SAYS("\xff\xff\xff\xff\0\0\0\0\0\0\0\4full"), -EBADMSG, -EBADMSG},
    {SAYS("GET / HTTP/1.1\r\n\r\n"), -EBADMSG, -EBADMSG},
    {SAYS(HEADER_OF("\0")), -EACCES, -EBADMSG},
    {SAYS(HEADER_OF("\5") "short"), -EACCES, -EBADMSG},
    {SAYS(HEADER_OF("\x10") TEN "012345"), -EACCES, -EBADMSG},
    {SAYS(HEADER_OF("\x0b") CHALLENGE), -EACCES, -EBADMSG},
    {SAYS(HEADER_OF("\x39") CHALLENGE "{sha1}" TEN TEN TEN TEN), -EACCES,
     -EBADMSG},
    /* What asks, and says that our answer is wrong, or nothing, or is none. */
    {SAYS(HEADER_OF("\x1f") CHALLENGE TEN TEN HEADER_OF("\x09") "#FAILURE#"),
     -EACCES, -EACCES},
    {SAYS(HEADER_OF("\x1f") CHALLENGE TEN TEN HEADER_OF("\1") "?"), -EACCES,
     -EACCES},
    {SAYS(HEADER_OF("\x1f") CHALLENGE TEN TEN), -EACCES, -ETIMEDOUT},
    {SAYS(HEADER_OF("\x1f") CHALLENGE TEN TEN "\0\0\1\1"), -EACCES, -EBADMSG},
    /* What welcomes us without the key, and cannot answer. */
    {SAYS(HEADER_OF("\x1f") CHALLENGE TEN TEN HEADER_OF("\x09") "#WELCOME#"),
     -EACCES, -ETIMEDOUT},
    {SAYS(HEADER_OF("\x1f") CHALLENGE TEN TEN HEADER_OF(
         "\x09") "#WELCOME#" HEADER_OF("\x10") TEN "012345"),
     -EACCES, -EACCES},
};

/* It stays, or goes when it has said what it has to say. */
static int meet_stranger(authenticate *ours, size_t i, bool stays)
{
    struct connection c, stranger;
    int found;

    assert_int_equal(pipe_open_duplex(&c, &stranger), 0);
    assert_int_equal(
        write_full(stranger.fd, strangers[i].bytes, strangers[i].n), 0);
    if (!stays)
        assert_int_equal(shutdown(stranger.fd, SHUT_WR), 0);
    found = ours(&c, test_key, TEST_KEY, TEST_PATIENCE);
    connection_close(&c);
    connection_close(&stranger);
    return found;
}

static void a_stranger_is_found_out_in_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
        int client = strangers[i].client, server = strangers[i].server;

        assert_int_equal(meet_stranger(authenticate_client, i, true), client);
        assert_int_equal(meet_stranger(authenticate_server, i, true), server);
        client = client == -ETIMEDOUT ? -EPIPE : client;
        server = server == -ETIMEDOUT ? -EPIPE : server;
        assert_int_equal(meet_stranger(authenticate_client, i, false), client);
        assert_int_equal(meet_stranger(authenticate_server, i, false), server);
    }
}

/* One that has gone altogether cannot be sent anything. */
static void who_has_gone_is_a_broken_pipe(void **state)
{
    struct connection c, stranger;

    (void)state;
    for (int asked = 0; asked < 2; asked++) {
        assert_int_equal(pipe_open_duplex(&c, &stranger), 0);
        if (asked) /* with something unread: the connection is reset */
            assert_int_equal(test_say(&c, "unread"), 0);
        connection_close(&stranger);
        assert_int_equal(
            authenticate_server(&c, test_key, TEST_KEY, TEST_BOUND), -EPIPE);
        connection_close(&c);
    }
    assert_int_equal(pipe_open_duplex(&c, &stranger), 0);
    connection_close(&stranger);
    assert_int_equal(authenticate_client(&c, test_key, TEST_KEY, TEST_BOUND),
                     -EPIPE);
    connection_close(&c);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(a_stranger_is_found_out_in_time),
        TEST(who_has_gone_is_a_broken_pipe),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, test_load, NULL);
}
