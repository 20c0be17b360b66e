/* SPDX-License-Identifier: MIT */
/*
 * test_auth.c - the mutual proof of a shared key: known answers, both sides
 * against each other, and an unmodified Python as the other side.
 */
#include "common/test_census.h"

#include "common/auth.h"
#include "common/io.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/hmac.h>

static const char key[] = "a secret that both have";
enum { KEY = sizeof key - 1 };

/* ---- known answers ------------------------------------------------------ */

/*
 * Computed with Python's hmac module: of the bytes 0..19, as until 3.11, and
 * of "{digest}" with the bytes 100..139, as from 3.12 on.
 */
static const struct {
    const char *digest, *mac;
} known[] = {
    {"", "1c7a00cd0e9fae486f387280fd08d7cd"},
    {"{md5}", "ee93728a957ff8b21693d572bfc5848e"},
    {"{sha256}",
     "414c9f7f97246f0fedf30c4756c0bc1cff6eae9d0203d6ae7fc72c6905b836a6"},
    {"{sha384}",
     "d5742810c494d6715935711c57e12b35835d3c9444002a47f3759fa303953773"
     "292222b116bf57edcee28a394b9d54fe"},
    {"{sha3_256}",
     "a40e06c265abc20fcf44b96061aa9f32330d3a9eded94c55fff669be4293a839"},
    {"{sha3_384}",
     "36f94543e63794d466de0f0e27cbd0ce542eaa644f617bd2026c853593887f52"
     "d50c6aed9c9e1614f20a871220821d4f"},
};
enum { KNOWN = sizeof known / sizeof *known };

/* The challenge of a known answer: its length. */
static size_t challenge_of(size_t i, unsigned char *challenge)
{
    size_t prefix = strlen(known[i].digest), n = prefix ? 40 : 20;

    memcpy(challenge, known[i].digest, prefix);
    for (size_t k = 0; k < n; k++)
        challenge[prefix + k] = (unsigned char)(prefix ? 100 + k : k);
    return prefix + n;
}

/* The answer: its length. */
static size_t answer_of(size_t i, unsigned char *answer)
{
    size_t prefix = strlen(known[i].digest), n = strlen(known[i].mac) / 2;
    unsigned byte;

    memcpy(answer, known[i].digest, prefix);
    for (size_t k = 0; k < n; k++) {
        assert_int_equal(sscanf(known[i].mac + 2 * k, "%2x", &byte), 1);
        answer[prefix + k] = (unsigned char)byte;
    }
    return prefix + n;
}

static void a_challenge_is_answered_in_the_form_it_has(void **state)
{
    unsigned char challenge[AUTH_MESSAGE], right[AUTH_MESSAGE];
    unsigned char answer[AUTH_MESSAGE];

    (void)state;
    for (size_t i = 0; i < KNOWN; i++) {
        size_t size = challenge_of(i, challenge), n = answer_of(i, right);

        assert_int_equal(auth_respond(key, KEY, challenge, size, answer), n);
        assert_memory_equal(answer, right, n);
    }
}

/* Each bit, the length and the key count; the form may be the older one. */
static void only_the_right_answer_is_accepted(void **state)
{
    unsigned char challenge[AUTH_MESSAGE], answer[AUTH_MESSAGE];

    (void)state;
    for (size_t i = 0; i < KNOWN; i++) {
        size_t size = challenge_of(i, challenge), n = answer_of(i, answer);

        assert_true(auth_verify(key, KEY, challenge, size, answer, n));
        assert_false(auth_verify(key, KEY - 1, challenge, size, answer, n));
        assert_false(auth_verify(key, KEY, challenge, size - 1, answer, n));
        assert_false(auth_verify(key, KEY, challenge, size, answer, n - 1));
        assert_false(auth_verify(key, KEY, challenge, size, answer, 0));
        for (size_t bit = 0; bit < 8 * n; bit++) {
            answer[bit / 8] ^= (unsigned char)(1 << bit % 8);
            assert_false(auth_verify(key, KEY, challenge, size, answer, n));
            answer[bit / 8] ^= (unsigned char)(1 << bit % 8);
        }
    }
}

/* A 3.11 answers our new challenge with an MD5 of all of it, unnamed. */
static void an_older_answer_to_a_newer_challenge_is_accepted(void **state)
{
    unsigned char challenge[AUTH_MESSAGE], answer[EVP_MAX_MD_SIZE];
    size_t size = challenge_of(2, challenge);
    unsigned n = 0;

    (void)state;
    assert_non_null(HMAC(EVP_md5(), key, KEY, challenge, size, answer, &n));
    assert_int_equal(n, 16);
    assert_true(auth_verify(key, KEY, challenge, size, answer, n));
    /* Of what follows the name alone it is not one. */
    HMAC(EVP_md5(), key, KEY, challenge + 8, size - 8, answer, &n);
    assert_false(auth_verify(key, KEY, challenge, size, answer, n));
}

static void what_is_no_challenge_is_not_answered(void **state)
{
    const char *wrong[] = {"",
                           "short",
                           "{sha1}0123456789012345678901234567890123456789",
                           "{sha256 0123456789012345678901234567890123456789",
                           "sha256}0123456789012345678901234567890123456789",
                           "{}012345678901234567890123456789012345678901234"};
    unsigned char answer[AUTH_MESSAGE];

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(
            auth_respond(key, KEY, wrong[i], strlen(wrong[i]), answer),
            -EBADMSG);
}

static void no_two_challenges_are_alike(void **state)
{
    unsigned char one[AUTH_MESSAGE], two[AUTH_MESSAGE];

    (void)state;
    assert_int_equal(auth_challenge(one), 11 + 8 + 40);
    assert_int_equal(auth_challenge(two), 11 + 8 + 40);
    assert_memory_equal(one, "#CHALLENGE#{sha256}", 19);
    assert_memory_not_equal(one + 19, two + 19, 40);
}

/* ---- both sides --------------------------------------------------------- */

/* Messages in frames, as a Connection has them: a length of 4 bytes. */
static int send_frame(void *fd, const void *message, size_t n)
{
    uint32_t header = htonl((uint32_t)n);

    return write_pair(*(int *)fd, true, &header, sizeof header, message, n);
}

static ssize_t receive_frame(void *fd, void *message, size_t size)
{
    uint32_t header;

    if (read_full(*(int *)fd, &header, sizeof header) != sizeof header)
        return -EPIPE;
    header = ntohl(header);
    if (header > size)
        return -EMSGSIZE;
    return read_full(*(int *)fd, message, header) == (ssize_t)header
               ? (ssize_t)header
               : -EPIPE;
}

static struct auth_wire wire_of(int *fd)
{
    return (struct auth_wire){send_frame, receive_frame, fd};
}

struct side {
    int fd;
    const char *key;
};

/* The client: 0, or the line that did not go as it says. */
static int answer_and_deliver(void *argument)
{
    struct side *s = argument;
    struct auth_wire wire = wire_of(&s->fd);
    int error = auth_answer(&wire, s->key, strlen(s->key));

    if (error)
        return -error;
    return -auth_deliver(&wire, s->key, strlen(s->key));
}

/* Both sides, the client in a process of its own: what each found. */
static void shake_hands(const char *client, int *server_found,
                        int *client_found)
{
    struct side s = {.key = client};
    struct auth_wire wire;
    int ends[2], status;
    pid_t pid;

    assert_int_equal(fd_socket_pair(ends), 0);
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        close(ends[0]);
        s.fd = ends[1];
        _exit(answer_and_deliver(&s));
    }
    close(ends[1]);
    wire = wire_of(&ends[0]);
    *server_found = auth_deliver(&wire, key, KEY);
    if (!*server_found)
        *server_found = auth_answer(&wire, key, KEY);
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    *client_found = -WEXITSTATUS(status);
}

static void who_has_the_key_is_welcome_and_knows_it(void **state)
{
    int server = 1, client = 1;

    (void)state;
    shake_hands(key, &server, &client);
    assert_int_equal(server, 0);
    assert_int_equal(client, 0);
}

static void a_wrong_key_is_refused_and_both_know_it(void **state)
{
    const char *wrong[] = {"a secret that both hav", "", "another"};
    int server = 1, client = 1;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        shake_hands(wrong[i], &server, &client);
        assert_int_equal(server, -EACCES);
        assert_int_equal(client, -EACCES);
    }
}

static void whoever_does_not_speak_of_a_challenge_is_no_server(void **state)
{
    struct auth_wire wire;
    int ends[2];

    (void)state;
    assert_int_equal(fd_socket_pair(ends), 0);
    wire = wire_of(&ends[0]);
    assert_int_equal(send_frame(&ends[1], "HTTP/1.1 400 Bad", 16), 0);
    assert_int_equal(auth_answer(&wire, key, KEY), -EBADMSG);
    fd_close(&ends[1]);
    assert_int_equal(auth_answer(&wire, key, KEY), -EPIPE);
    assert_int_equal(auth_deliver(&wire, key, KEY), -EPIPE);
    close(ends[0]);
}

/* ---- a Python ------------------------------------------------------------ */

static const char python[] =
    "import sys\n"
    "from multiprocessing import AuthenticationError\n"
    "from multiprocessing.connection import (Connection, answer_challenge,\n"
    "                                        deliver_challenge)\n"
    "c, k = Connection(int(sys.argv[1])), sys.argv[2].encode()\n"
    "try:\n"
    "    if sys.argv[3] == 'client':\n"
    "        answer_challenge(c, k); deliver_challenge(c, k)\n"
    "    else:\n"
    "        deliver_challenge(c, k); answer_challenge(c, k)\n"
    "except AuthenticationError:\n"
    "    sys.exit(13)\n";

/* What it ended with; *found is what our side says. */
static int with_python(const char *its_key, const char *its_part, int *found)
{
    int ends[2], status;
    char number[16];
    struct auth_wire wire;
    pid_t pid;

    assert_int_equal(fd_socket_pair(ends), 0);
    snprintf(number, sizeof number, "%d", ends[1]);
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        fcntl(ends[1], F_SETFD, 0);
        execlp("python3", "python3", "-I", "-c", python, number, its_key,
               its_part, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    wire = wire_of(&ends[0]);
    if (strcmp(its_part, "client") == 0) {
        *found = auth_deliver(&wire, key, KEY);
        *found = *found ? *found : auth_answer(&wire, key, KEY);
    } else {
        *found = auth_answer(&wire, key, KEY);
        *found = *found ? *found : auth_deliver(&wire, key, KEY);
    }
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WEXITSTATUS(status);
}

static void a_python_is_believed_and_believes(void **state)
{
    int found = 1;

    (void)state;
    test_need_python("multiprocessing.connection");
    assert_int_equal(with_python(key, "client", &found), 0);
    assert_int_equal(found, 0);
    assert_int_equal(with_python(key, "server", &found), 0);
    assert_int_equal(found, 0);
    assert_int_equal(with_python("another", "client", &found), 13);
    assert_int_equal(found, -EACCES);
    assert_int_equal(with_python("another", "server", &found), 13);
    assert_int_equal(found, -EACCES);
}

/* What libcrypto loads once is not a test's to give back. */
static int load(void **state)
{
    unsigned char answer[AUTH_MESSAGE];

    (void)state;
    return auth_respond(key, KEY, "{sha256}00000000000000000000", 28, answer) <
           0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_challenge_is_answered_in_the_form_it_has, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(only_the_right_answer_is_accepted,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(
            an_older_answer_to_a_newer_challenge_is_accepted, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(what_is_no_challenge_is_not_answered,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(no_two_challenges_are_alike,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(who_has_the_key_is_welcome_and_knows_it,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(a_wrong_key_is_refused_and_both_know_it,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(
            whoever_does_not_speak_of_a_challenge_is_no_server, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(a_python_is_believed_and_believes,
                                        census_begin, census_end),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, load, NULL);
}
