/* SPDX-License-Identifier: MIT */
/* test_start_parcels.c - what else a parcel carries to a child. */
#include "pipe/test_start_handing.h"

/* ---- targets ----------------------------------------------------------- */

static int write_through(struct parcel *arguments)
{
    int first, second;

    if (parcel_take_fd(arguments, &first) || write_full(first, "first ", 6) ||
        parcel_take_fd(arguments, &second) || write_full(second, "second", 6))
        return test_line(__LINE__);
    if (fcntl(first, F_GETFD) != FD_CLOEXEC ||
        fcntl(second, F_GETFD) != FD_CLOEXEC)
        return test_line(__LINE__);
    return parcel_take_fd(arguments, &first) == -ENODATA ? 0
                                                         : test_line(__LINE__);
}
TARGET(write_through)

static int read_through(struct parcel *arguments)
{
    char text[8] = "";
    int fd;

    if (parcel_take_fd(arguments, &fd) || fd <= STDERR_FILENO)
        return test_line(__LINE__);
    return pread(fd, text, 7, 0) == 4 && strcmp(text, "data") == 0
               ? 0
               : test_line(__LINE__);
}
TARGET(read_through)

static int fill_region(struct parcel *arguments)
{
    struct region r;
    uint64_t n;

    if (parcel_take_u64(arguments, &n) || region_unpack(&r, arguments) ||
        r.size != n)
        return test_line(__LINE__);
    memset(r.base, 'r', r.size);
    region_close(&r);
    return 0;
}
TARGET(fill_region)

static int check_bytes(struct parcel *arguments)
{
    unsigned char *bytes = malloc(1 << 20);
    bool right = bytes && parcel_take(arguments, bytes, 1 << 20) == 0 &&
                 test_is(bytes, 1 << 20, 5);

    free(bytes);
    return right ? 0 : test_line(__LINE__);
}
TARGET(check_bytes)

/* ---- tests -------------------------------------------------------------- */

static void expect_file(int fd, const char *expected)
{
    char text[32] = "";

    assert_true(pread(fd, text, sizeof text - 1, 0) >= 0);
    assert_string_equal(text, expected);
}

/* A number above 256 is not what a byte could hold. */
static void a_descriptor_of_any_number_can_be_written_through(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        int file = memfd_create("file", MFD_CLOEXEC);
        int high = fcntl(file, F_DUPFD, 300);
        struct parcel parcel;
        struct process p;

        assert_true(high >= 300);
        parcel_init(&parcel);
        assert_int_equal(parcel_put_fd(&parcel, file), 0);
        assert_int_equal(parcel_give_fd(&parcel, &high), 0);
        test_start(&p, test_methods[m], "write_through", &parcel);
        assert_int_equal(test_finish(&p), 0);
        expect_file(file, "first second");
        close(file);
        parcel_free(&parcel);
    }
}

/* stdin is handed on as any other, though a child's own is empty. */
static int hand_on_stdin(void *argument)
{
    enum start_method method = *(enum start_method *)argument;

    for (int give = 0; give < 2; give++) {
        int file = memfd_create("stdin", 0), number = STDIN_FILENO, code = -1;
        struct parcel parcel;
        struct process p;

        if (write_full(file, "data", 4) || dup2(file, 0) != 0)
            return test_line(__LINE__);
        parcel_init(&parcel);
        if (give ? parcel_give_fd(&parcel, &number)
                 : parcel_put_fd(&parcel, number))
            return test_line(__LINE__);
        process_init(&p, "read_through", &parcel);
        p.method = method;
        if (process_start(&p) || process_join(&p, NO_TIMEOUT) ||
            process_exitcode(&p, &code) || process_close(&p) || code)
            return test_line(__LINE__);
        parcel_free(&parcel);
        if (fcntl(0, F_GETFD) != (give ? -1 : 0))
            return test_line(__LINE__);
        close(file);
    }
    return 0;
}

/* With stdin closed what is opened next gets its number. */
static int hand_on_what_took_its_place(void *argument)
{
    struct connection ours, its;
    struct parcel parcel;
    struct process p;
    char text[8];

    close(STDIN_FILENO);
    parcel_init(&parcel);
    process_init(&p, "send_and_stay", &parcel);
    p.method = *(enum start_method *)argument;
    if (pipe_open_duplex(&ours, &its) || connection_give(&its, &parcel) ||
        process_start(&p) || connection_recv(&ours, text, 8) != 1 ||
        process_kill(&p) || process_join(&p, NO_TIMEOUT) || process_close(&p))
        return test_line(__LINE__);
    parcel_free(&parcel);
    connection_close(&ours);
    return 0;
}

static void the_number_of_stdin_is_handed_on_too(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        enum start_method method = test_methods[m];

        test_expect_in_fork(hand_on_stdin, &method);
        test_expect_in_fork(hand_on_what_took_its_place, &method);
    }
}

/* A start that fails has handed nothing on: it is the parcel's to close. */
static void what_was_given_to_no_child_is_closed_with_its_parcel(void **state)
{
    struct parcel parcel;
    struct process p;
    int reader;

    (void)state;
    parcel_init(&parcel);
    reader = test_give_writer(&parcel);
    process_init(&p, "nobody", &parcel);
    assert_int_equal(process_start(&p), -ENOENT);
    parcel_free(&parcel);
    assert_string_equal(test_read_all(reader), "");
    assert_int_equal(process_close(&p), 0);
}

static void a_childs_writes_to_a_region_are_seen(void **state)
{
    (void)state;
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct parcel parcel;
        struct process p;
        struct region r;

        assert_int_equal(region_open(&r, 100000), 0);
        parcel_init(&parcel);
        parcel_put_u64(&parcel, r.size);
        assert_int_equal(region_pack(&r, &parcel), 0);
        test_start(&p, test_methods[m], "fill_region", &parcel);
        assert_int_equal(test_finish(&p), 0);
        for (size_t i = 0; i < r.size; i++)
            assert_int_equal(((char *)r.base)[i], 'r');
        region_close(&r);
        parcel_free(&parcel);
    }
}

/* More than a pipe holds: nobody may wait for a child that has not begun. */
static void a_large_parcel_arrives_whole(void **state)
{
    unsigned char *bytes = malloc(1 << 20);

    (void)state;
    test_fill(bytes, 1 << 20, 5);
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct parcel parcel;
        struct process p;

        parcel_init(&parcel);
        assert_int_equal(parcel_put(&parcel, bytes, 1 << 20), 0);
        test_start(&p, test_methods[m], "check_bytes", &parcel);
        assert_int_equal(test_finish(&p), 0);
        parcel_free(&parcel);
    }
    free(bytes);
}

static void a_torn_parcel_is_no_connection(void **state)
{
    struct connection c;
    struct parcel parcel;

    (void)state;
    parcel_init(&parcel);
    assert_int_equal(connection_unpack(&c, &parcel), -ENODATA);
    parcel_put_u64(&parcel, 1);
    assert_int_equal(connection_unpack(&c, &parcel), -ENODATA);
    parcel_put_u64(&parcel, 1);
    parcel_put_u64(&parcel, 0);
    /* The bytes without the descriptor that belongs to them. */
    assert_int_equal(connection_unpack(&c, &parcel), -ENODATA);
    parcel_free(&parcel);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_descriptor_of_any_number_can_be_written_through, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(the_number_of_stdin_is_handed_on_too,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(
            what_was_given_to_no_child_is_closed_with_its_parcel, census_begin,
            children_end),
        cmocka_unit_test_setup_teardown(a_childs_writes_to_a_region_are_seen,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(a_large_parcel_arrives_whole,
                                        census_begin, children_end),
        cmocka_unit_test_setup_teardown(a_torn_parcel_is_no_connection,
                                        census_begin, children_end),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
