/* SPDX-License-Identifier: MIT */
/*
 * test_start_matrix.c - what can be handed to a child, under every start
 * method: ends of a Pipe, regions, descriptors, bytes.
 */
#include "pipe/test_start_handing.h"

/* ---- targets ----------------------------------------------------------- */

static int echo(struct parcel *arguments)
{
    struct connection in, out;

    if (connection_unpack(&in, arguments) || connection_unpack(&out, arguments))
        return test_line(__LINE__);
    return test_echo(&in, &out);
}
TARGET(echo)

static int echo_duplex(struct parcel *arguments)
{
    struct connection both;

    if (connection_unpack(&both, arguments) || !both.readable || !both.writable)
        return test_line(__LINE__);
    return test_echo(&both, &both);
}
TARGET(echo_duplex)

/* The directions arrive, too: an end does only what it is for. */
static int use_shared(struct parcel *arguments)
{
    struct connection in, out;
    char text[8];

    if (connection_unpack(&in, arguments) || connection_unpack(&out, arguments))
        return test_line(__LINE__);
    if (connection_send(&in, "a", 1) != -EBADF ||
        connection_recv(&out, text, 8) != -EBADF)
        return test_line(__LINE__);
    if (connection_recv(&in, text, 8) != 2 || memcmp(text, "to", 2) != 0)
        return test_line(__LINE__);
    if (connection_send(&out, "from", 4))
        return test_line(__LINE__);
    connection_close(&in);
    connection_close(&out);
    return 0;
}
TARGET(use_shared)

static int takes_nothing(struct parcel *arguments)
{
    (void)arguments;
    return 0;
}
TARGET(takes_nothing)

/* ---- tests -------------------------------------------------------------- */

static void talk(struct connection *in, struct connection *out)
{
    static unsigned char data[100000], back[100000];
    const size_t sizes[] = {0, 11, 5000, 100000};

    for (size_t i = 0; i < 4; i++) {
        test_fill(data, sizes[i], i);
        assert_int_equal(connection_send(out, data, sizes[i]), 0);
        assert_int_equal(connection_recv(in, back, sizeof back), sizes[i]);
        assert_memory_equal(back, data, sizes[i]);
    }
}

/* What is given is the child's alone: when ours closes, its file ends. */
static void given_ends_work_and_end_with_their_owner(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct connection in, out, its_in, its_out;
        struct parcel parcel;
        struct process p;

        test_open(false, &in, &its_out);
        test_open(false, &its_in, &out);
        parcel_init(&parcel);
        assert_int_equal(connection_give(&its_in, &parcel), 0);
        assert_int_equal(connection_give(&its_out, &parcel), 0);
        assert_int_equal(its_in.fd, -1);
        /* A forked child has a copy of our end as well, and must not keep it
           from seeing the end: here it is the child that ends first. */
        test_start(&p, test_methods[m], "echo", &parcel);
        talk(&in, &out);
        process_terminate(&p);
        assert_int_equal(test_finish(&p), -SIGTERM);
        assert_int_equal(connection_recv(&in, NULL, 0), -EPIPE);
        assert_int_equal(connection_send(&out, "a", 1), -EPIPE);
        test_close(&in, &out);
        parcel_free(&parcel);
    }
}

static void a_given_socket_works_in_both_directions(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct connection ours, its;
        struct parcel parcel;
        struct process p;

        test_open(true, &ours, &its);
        parcel_init(&parcel);
        assert_int_equal(connection_give(&its, &parcel), 0);
        test_start(&p, test_methods[m], "echo_duplex", &parcel);
        talk(&ours, &ours);
        process_terminate(&p);
        assert_int_equal(test_finish(&p), -SIGTERM);
        assert_int_equal(connection_recv(&ours, NULL, 0), -EPIPE);
        connection_close(&ours);
        parcel_free(&parcel);
    }
}

static void shared_ends_are_both_processes(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct connection in, out, its_in, its_out;
        struct parcel parcel;
        struct process p;
        char text[8];

        test_open(false, &in, &its_out);
        test_open(false, &its_in, &out);
        parcel_init(&parcel);
        assert_int_equal(connection_pack(&its_in, &parcel), 0);
        assert_int_equal(connection_pack(&its_out, &parcel), 0);
        test_start(&p, test_methods[m], "use_shared", &parcel);
        assert_int_equal(connection_send(&out, "to", 2), 0);
        assert_int_equal(connection_recv(&in, text, 8), 4);
        assert_int_equal(test_finish(&p), 0);
        /* The child closed its own: ours still works, and is no end yet. */
        assert_int_equal(connection_poll(&in, 0), 0);
        assert_int_equal(connection_send(&its_out, "us", 2), 0);
        assert_int_equal(connection_recv(&in, text, 8), 2);
        test_close(&its_in, &its_out);
        test_close(&in, &out);
        parcel_free(&parcel);
    }
}

/* CPython's test_spawn_close: the parent closes its copy right after start. */
static void the_parent_may_close_its_copy_after_start(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct connection in, its;
        struct parcel parcel;
        struct process p;
        char text[8];

        test_open(false, &in, &its);
        parcel_init(&parcel);
        assert_int_equal(connection_pack(&its, &parcel), 0);
        test_start(&p, test_methods[m], "send_and_stay", &parcel);
        connection_close(&its);
        assert_int_equal(connection_recv(&in, text, 8), 1);
        process_kill(&p);
        assert_int_equal(connection_recv(&in, text, 8), -EPIPE);
        assert_int_equal(test_finish(&p), -SIGKILL);
        connection_close(&in);
        parcel_free(&parcel);
    }
}

static void what_a_child_does_not_take_ends_with_it(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct parcel parcel;
        struct process p;
        int reader;

        parcel_init(&parcel);
        reader = test_give_writer(&parcel);
        test_start(&p, test_methods[m], "takes_nothing", &parcel);
        assert_string_equal(test_read_all(reader), "");
        assert_int_equal(test_finish(&p), 0);
        parcel_free(&parcel);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            given_ends_work_and_end_with_their_owner, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(a_given_socket_works_in_both_directions,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(shared_ends_are_both_processes,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(
            the_parent_may_close_its_copy_after_start, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(what_a_child_does_not_take_ends_with_it,
                                        census_begin, children_end),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
