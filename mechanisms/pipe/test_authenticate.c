/* SPDX-License-Identifier: MIT */
/*
 * test_authenticate.c - the handshake: who has the key, who has not, and how
 * long it may take.
 */
// wrap: recv send ppoll accept4 connect clock_gettime
#include "pipe/test_keys.h"
#include "pipe/test_slowly.h"

/* One side here, the other in a child: what each found. */
static void shake_hands(authenticate *ours, const char *their_key,
                        int64_t timeout, int *found, int *they_found)
{
    struct other o = {.part = ours == authenticate_client ? authenticate_server
                                                          : authenticate_client,
                      .key = their_key};
    struct connection c;
    bool drip = slowly.drip;
    pid_t pid;

    assert_int_equal(pipe_open_duplex(&c, &o.c), 0);
    o.ours = c;
    slowly.drip = false;
    pid = test_fork(test_other, &o);
    connection_close(&o.c);
    slowly.drip = drip;
    *found = ours(&c, test_key, TEST_KEY, timeout);
    slowly.drip = false;
    if (!*found) {
        assert_false(connection_is_ahead(&c));
        assert_true(test_is_word(&c, "behind it"));
    } else {
        assert_int_equal(connection_send(&c, "", 0), -EBADF);
        assert_int_equal(connection_recv(&c, NULL, 0), -EBADF);
        assert_int_equal(ours(&c, test_key, TEST_KEY, TEST_BOUND), -EBADF);
    }
    connection_close(&c);
    *they_found = -test_result(pid);
}

static void who_has_the_key_is_known_to_both(void **state)
{
    int found, they_found;

    (void)state;
    shake_hands(authenticate_client, test_key, NO_TIMEOUT, &found, &they_found);
    assert_int_equal(found, 0);
    assert_int_equal(they_found, 0);
    shake_hands(authenticate_server, test_key, NO_TIMEOUT, &found, &they_found);
    assert_int_equal(found, 0);
    assert_int_equal(they_found, 0);
}

static void a_wrong_key_is_refused_on_either_side(void **state)
{
    const char *wrong[] = {"a secret that both hav", "another", ""};
    int found, they_found;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        shake_hands(authenticate_client, wrong[i], TEST_BOUND, &found,
                    &they_found);
        assert_int_equal(found, -EACCES);
        assert_int_equal(they_found, -EACCES);
        shake_hands(authenticate_server, wrong[i], TEST_BOUND, &found,
                    &they_found);
        assert_int_equal(found, -EACCES);
        assert_int_equal(they_found, -EACCES);
    }
}

static void who_comes_after_an_impostor_is_served(void **state)
{
    const char *keys[] = {"an impostor's", "", test_key, "another", test_key};
    struct listener l;
    struct connection c;

    (void)state;
    for (int port = 0; port < 2; port++) {
        test_listen(&l, port, LISTENER_BACKLOG);
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
            int right = strcmp(keys[i], test_key) == 0 ? 0 : -EACCES;
            struct other o = {.address = l.address,
                              .part = authenticate_server,
                              .key = keys[i]};
            pid_t pid = test_fork(test_other, &o);

            assert_int_equal(listener_accept(&l, &c, TEST_BOUND), 0);
            assert_int_equal(
                authenticate_client(&c, test_key, TEST_KEY, TEST_BOUND), right);
            assert_int_equal(test_is_word(&c, "behind it"), !right);
            connection_close(&c);
            assert_int_equal(test_result(pid), -right);
        }
        listener_close(&l);
    }
}

/* --- how long --- */

/* It takes nothing, and there is no room for what we say. */
static void who_does_not_read_is_not_waited_for(void **state)
{
    static const char much[4096];
    struct connection c, stranger;

    (void)state;
    assert_int_equal(pipe_open_duplex(&c, &stranger), 0);
    while (__real_send(c.fd, much, sizeof much, MSG_DONTWAIT) > 0)
        ;
    while (__real_send(c.fd, much, 1, MSG_DONTWAIT) > 0)
        ;
    assert_int_equal(authenticate_client(&c, test_key, TEST_KEY, TEST_PATIENCE),
                     -ETIMEDOUT);
    connection_close(&c);
    connection_close(&stranger);
}

/*
 * A header each, and: the answer to our challenge, {sha256} and its HMAC; the
 * other's challenge; its welcome.
 */
enum { COMES = 3 * 4 + 8 + 32 + 11 + 8 + 40 + 9 };

/*
 * Every byte takes a tick.  All of it must have come by the deadline: what is
 * left counts, not what each byte, message or part of the handshake takes.
 */
static void bytes_that_drip_have_one_deadline(void **state)
{
    int found, they_found;

    (void)state;
    for (int way = 0; way < 2; way++) {
        authenticate *ours = way ? authenticate_client : authenticate_server;

        for (int ticks = 1; ticks <= COMES; ticks++) {
            slowly.drip = true;
            slowly.now = 1000 * SECOND;
            shake_hands(ours, test_key, (int64_t)ticks * TICK, &found,
                        &they_found);
            assert_int_equal(found, ticks < COMES ? -ETIMEDOUT : 0);
            /* (Its welcome may be what came too late.) */
            assert_true(they_found == 0 ||
                        (ticks < COMES && they_found == -EPIPE));
            assert_true(slowly.now - 1000 * SECOND == (int64_t)ticks * TICK);
        }
    }
}

/* --- interruptions --- */

static void calls_that_are_interrupted_or_short_lose_nothing(void **state)
{
    struct listener l;
    struct connection c;

    (void)state;
    for (size_t limit = 0; limit < 4; limit++) {
        for (int port = 0; port < 2; port++) {
            struct other o = {.address = l.address,
                              .part = authenticate_server,
                              .key = test_key};
            pid_t pid;

            test_listen(&l, port, 1);
            slowly.interrupt = true;
            slowly.limit = limit;
            slowly.gone = 2;
            pid = test_fork(test_other, &o);
            assert_int_equal(listener_accept(&l, &c, TEST_BOUND), 0);
            assert_int_equal(
                authenticate_client(&c, test_key, TEST_KEY, TEST_BOUND), 0);
            assert_true(test_is_word(&c, "behind it"));
            slowly.interrupt = false;
            slowly.limit = 0;
            connection_close(&c);
            assert_int_equal(test_result(pid), 0);
            listener_close(&l);
        }
    }
}

/* --- what it is not for --- */

static void a_connection_that_was_used_is_not_authenticated(void **state)
{
    struct connection c, other, reader, writer;

    (void)state;
    assert_int_equal(pipe_open_duplex(&c, &other), 0);
    assert_int_equal(test_say(&other, "one"), 0);
    assert_int_equal(test_say(&other, "two"), 0);
    assert_true(test_is_word(&c, "one"));
    assert_int_equal(authenticate_client(&c, test_key, TEST_KEY, TEST_BOUND),
                     -EBUSY);
    connection_close(&c);
    connection_close(&other);
    assert_int_equal(authenticate_client(&c, test_key, TEST_KEY, TEST_BOUND),
                     -EBADF);
    assert_int_equal(authenticate_server(&c, test_key, TEST_KEY, TEST_BOUND),
                     -EBADF);
    assert_int_equal(pipe_open(&reader, &writer), 0);
    assert_int_equal(
        authenticate_client(&reader, test_key, TEST_KEY, TEST_BOUND), -EBADF);
    assert_int_equal(
        authenticate_client(&writer, test_key, TEST_KEY, TEST_BOUND), -EBADF);
    connection_close(&reader);
    connection_close(&writer);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(who_has_the_key_is_known_to_both),
        TEST(a_wrong_key_is_refused_on_either_side),
        TEST(who_comes_after_an_impostor_is_served),
        TEST(who_does_not_read_is_not_waited_for),
        TEST(bytes_that_drip_have_one_deadline),
        TEST(calls_that_are_interrupted_or_short_lose_nothing),
        TEST(a_connection_that_was_used_is_not_authenticated),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, test_load, NULL);
}
