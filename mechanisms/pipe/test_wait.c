/* SPDX-License-Identifier: MIT */
/* test_wait.c - waiting for whichever of several is ready first. */
#include "pipe/test_ends.h"

static int stay(struct parcel *arguments)
{
    (void)arguments;
    process_parent_join(NO_TIMEOUT);
    return 0;
}
TARGET(stay)

enum { SENDERS = 4, MESSAGES = 10 };

static int send_ten(struct parcel *arguments)
{
    struct connection out;
    uint64_t number;

    if (parcel_take_u64(arguments, &number) ||
        connection_unpack(&out, arguments))
        return 1;
    for (uint64_t i = 0; i < MESSAGES; i++) {
        uint64_t message[2] = {number, i};

        if (connection_send(&out, message, sizeof message))
            return 2;
    }
    connection_close(&out);
    return 0;
}
TARGET(send_ten)

/* Receive from `it` what it has ready; false at the end of its file. */
static bool receive_one(struct waitable *it, uint64_t number, uint64_t *count)
{
    uint64_t message[2];
    ssize_t got = connection_recv(it->connection, message, sizeof message);

    if (got == -EPIPE)
        return false;
    assert_int_equal(got, sizeof message);
    assert_true(message[0] == number);
    assert_true(message[1] == (*count)++);
    return true;
}

static void every_message_of_every_sender_arrives(void **state)
{
    (void)state;
    for (int duplex = 0; duplex < 2; duplex++) {
        struct process p[SENDERS];
        struct connection in[SENDERS];
        struct waitable list[SENDERS];
        uint64_t counts[SENDERS] = {0};
        size_t who[SENDERS], left = SENDERS;

        for (size_t i = 0; i < SENDERS; i++) {
            struct connection out;
            struct parcel parcel;

            parcel_init(&parcel);
            test_open(duplex, &in[i], &out);
            assert_int_equal(parcel_put_u64(&parcel, i), 0);
            assert_int_equal(connection_give(&out, &parcel), 0);
            process_init(&p[i], "send_ten", &parcel);
            assert_int_equal(process_start(&p[i]), 0);
            parcel_free(&parcel);
            list[i] = (struct waitable){.connection = &in[i]};
            who[i] = i;
        }
        while (left) {
            assert_true(wait_ready(list, left, NO_TIMEOUT) > 0);
            for (size_t i = left; i-- > 0;)
                if (list[i].ready &&
                    !receive_one(&list[i], who[i], &counts[who[i]])) {
                    left--;
                    list[i] = list[left];
                    who[i] = who[left];
                }
        }
        for (size_t i = 0; i < SENDERS; i++) {
            assert_int_equal(counts[i], MESSAGES);
            connection_close(&in[i]);
            assert_int_equal(process_join(&p[i], NO_TIMEOUT), 0);
            assert_int_equal(process_close(&p[i]), 0);
        }
    }
}

/* {connection, sentinel, descriptor, connection}: which are ready? */
static void expect_ready(struct waitable list[4], const char *which)
{
    char found[5] = "....";
    int expected = 0;

    for (int i = 0; i < 4; i++)
        expected += which[i] == 'x';
    for (int i = 0; i < 4; i++)
        list[i].ready = which[i] != 'x'; /* a stale answer must not stay */
    assert_int_equal(wait_ready(list, 4, expected ? NO_TIMEOUT : 0), expected);
    for (int i = 0; i < 4; i++)
        if (list[i].ready)
            found[i] = 'x';
    assert_string_equal(found, which);
}

static void exactly_those_that_are_ready_are_marked(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * 2; i++) {
        struct connection in[2], out[2];
        struct process p;
        struct waitable list[4];
        char text[8];
        int plain[2];

        test_open(i & 1, &in[0], &out[0]);
        test_open(i & 1, &in[1], &out[1]);
        assert_int_equal(fd_pipe(plain), 0);
        process_init(&p, "stay", NULL);
        p.sentinel_kind = i & 2 ? SENTINEL_PIDFD : SENTINEL_PIPE;
        assert_int_equal(process_start(&p), 0);
        list[0] = (struct waitable){.connection = &in[0]};
        list[1] = (struct waitable){.fd = process_sentinel(&p)};
        list[2] = (struct waitable){.fd = plain[0]};
        list[3] = (struct waitable){.connection = &in[1]};
        expect_ready(list, "....");
        assert_int_equal(connection_send(&out[1], "a", 1), 0);
        expect_ready(list, "...x");
        assert_int_equal(connection_send(&out[1], "b", 1), 0);
        assert_int_equal(connection_recv(&in[1], text, 8), 1);
        expect_ready(list, "...x"); /* it is read ahead */
        assert_int_equal(write(plain[1], "c", 1), 1);
        expect_ready(list, "..xx");
        assert_int_equal(process_kill(&p), 0);
        assert_int_equal(process_join(&p, NO_TIMEOUT), 0);
        expect_ready(list, ".xxx");
        assert_int_equal(connection_recv(&in[1], text, 8), 1);
        assert_int_equal(read(plain[0], text, 1), 1);
        expect_ready(list, ".x..");
        if (i & 1) { /* a forked child held the pipe's end, and is gone */
            connection_close(&out[0]);
            expect_ready(list, "xx..");
        }
        for (int k = 0; k < 2; k++) {
            test_close(&in[k], &out[k]);
            close(plain[k]);
        }
        assert_int_equal(process_close(&p), 0);
    }
}

static void a_wait_for_nothing_that_comes_takes_its_time(void **state)
{
    struct connection in, out;
    struct waitable it = {.connection = &in};
    int64_t before;

    (void)state;
    test_open(false, &in, &out);
    assert_int_equal(wait_ready(&it, 1, 0), 0);
    assert_int_equal(wait_ready(&it, 1, -1), 0);
    assert_int_equal(wait_ready(&it, 1, INT64_MIN), 0);
    before = clock_now();
    assert_int_equal(wait_ready(&it, 1, SECOND / 20), 0);
    assert_true(clock_now() - before >= SECOND / 20);
    before = clock_now();
    assert_int_equal(wait_ready(NULL, 0, SECOND / 50), 0);
    assert_true(clock_now() - before >= SECOND / 50);
    /* A timeout so long that the deadline would overflow. */
    connection_send(&out, "a", 1);
    assert_int_equal(wait_ready(&it, 1, NO_TIMEOUT - 1), 1);
    test_close(&in, &out);
}

static void ignore_it(int number)
{
    (void)number;
}

static void a_signal_neither_ends_nor_shortens_a_wait(void **state)
{
    struct sigaction act = {.sa_handler = ignore_it}, previous;
    struct connection in, out;
    struct waitable it = {.connection = &in};
    int64_t before = clock_now();
    pid_t storm;

    (void)state;
    test_open(true, &in, &out);
    sigaction(SIGUSR1, &act, &previous);
    fflush(stdout);
    storm = fork();
    if (storm == 0) {
        while (getppid() != 1 && kill(getppid(), SIGUSR1) == 0)
            test_sleep_ms(1);
        _exit(0);
    }
    assert_int_equal(wait_ready(&it, 1, SECOND / 10), 0);
    assert_true(clock_now() - before >= SECOND / 10);
    kill(storm, SIGKILL);
    while (waitpid(storm, NULL, 0) < 0 && errno == EINTR)
        ;
    sigaction(SIGUSR1, &previous, NULL);
    test_close(&in, &out);
}

static void what_cannot_be_waited_for_is_ebadf(void **state)
{
    struct connection in, out;
    struct waitable list[2] = {{.connection = &in}, {.connection = &out}};

    (void)state;
    test_open(false, &in, &out);
    assert_int_equal(wait_ready(list, 2, 0), -EBADF); /* for writing only */
    list[1] = (struct waitable){.fd = -1};
    assert_int_equal(wait_ready(list, 2, 0), -EBADF);
    connection_send(&out, "a", 1);
    list[1] = (struct waitable){.fd = out.fd + 1}; /* not open */
    assert_int_equal(wait_ready(list, 2, NO_TIMEOUT), -EBADF);
    connection_close(&in);
    assert_int_equal(wait_ready(list, 1, NO_TIMEOUT), -EBADF);
    connection_close(&out);
}

/* More than the few that need no memory; each in its turn, then all. */
static void any_number_can_be_waited_for(void **state)
{
    enum { MANY = 100 };
    static struct connection in[MANY], out[MANY];
    static struct waitable list[MANY];
    char text[8];

    (void)state;
    for (int i = 0; i < MANY; i++) {
        test_open(i % 2, &in[i], &out[i]);
        list[i] = (struct waitable){.connection = &in[i]};
    }
    assert_int_equal(wait_ready(list, MANY, 0), 0);
    for (int i = 0; i < MANY; i++) {
        connection_send(&out[i], "a", 1);
        assert_int_equal(wait_ready(list, MANY, NO_TIMEOUT), 1);
        assert_true(list[i].ready);
        assert_int_equal(connection_recv(&in[i], text, 8), 1);
    }
    for (int i = 0; i < MANY; i++)
        connection_close(&out[i]);
    assert_int_equal(wait_ready(list, MANY, NO_TIMEOUT), MANY);
    for (int i = 0; i < MANY; i++)
        connection_close(&in[i]);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_message_of_every_sender_arrives,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(exactly_those_that_are_ready_are_marked,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(
            a_wait_for_nothing_that_comes_takes_its_time, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(
            a_signal_neither_ends_nor_shortens_a_wait, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(what_cannot_be_waited_for_is_ebadf,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(any_number_can_be_waited_for,
                                        census_begin, census_end),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
