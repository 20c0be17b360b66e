/* SPDX-License-Identifier: MIT */
/* test_parcel.c - what crosses to a child: its order, and who owns it. */
#include "common/test_census.h"

#include "common/hooks.h"
#include "common/io.h"
#include "common/parcel.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

/* A file of its own: /dev/null would be the same as every other. */
static int open_file(int flags)
{
    int fd = open("/tmp", O_TMPFILE | O_RDWR | flags, 0600);

    assert_true(fd >= 0);
    return fd;
}

static bool same_file(int one, int other)
{
    struct stat a, b;

    return fstat(one, &a) == 0 && fstat(other, &b) == 0 &&
           a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static void what_was_put_is_taken_in_the_same_order(void **state)
{
    struct parcel p;
    unsigned char large[5000], taken[5000];
    uint64_t number;
    const char *text;

    (void)state;
    for (size_t i = 0; i < sizeof large; i++)
        large[i] = (unsigned char)(i * 7);
    parcel_init(&p);
    assert_int_equal(parcel_put_u64(&p, UINT64_MAX), 0);
    assert_int_equal(parcel_put_text(&p, ""), 0);
    assert_int_equal(parcel_put(&p, large, sizeof large), 0);
    assert_int_equal(parcel_put(&p, NULL, 0), 0);
    assert_int_equal(parcel_put_text(&p, "a text"), 0);
    assert_int_equal(parcel_put_u64(&p, 0), 0);

    assert_int_equal(parcel_take_u64(&p, &number), 0);
    assert_true(number == UINT64_MAX);
    assert_int_equal(parcel_take_text(&p, &text), 0);
    assert_string_equal(text, "");
    assert_int_equal(parcel_take(&p, taken, sizeof taken), 0);
    assert_memory_equal(taken, large, sizeof large);
    assert_int_equal(parcel_take(&p, NULL, 0), 0);
    assert_int_equal(parcel_take_text(&p, &text), 0);
    assert_string_equal(text, "a text");
    assert_int_equal(parcel_take_u64(&p, &number), 0);
    assert_true(number == 0);
    assert_int_equal(parcel_take_u64(&p, &number), -ENODATA);
    parcel_free(&p);
}

static void taking_more_than_there_is_takes_nothing(void **state)
{
    struct parcel p;
    char bytes[9];
    const char *text;
    uint64_t number;
    int fd;

    (void)state;
    parcel_init(&p);
    assert_int_equal(parcel_take(&p, bytes, 1), -ENODATA);
    assert_int_equal(parcel_take_text(&p, &text), -ENODATA);
    assert_int_equal(parcel_take_fd(&p, &fd), -ENODATA);
    assert_int_equal(parcel_put_u64(&p, 8), 0);
    assert_int_equal(parcel_take(&p, bytes, 9), -ENODATA);
    /* 8 is no length of a text that is there. */
    assert_int_equal(parcel_take_text(&p, &text), -ENODATA);
    assert_int_equal(parcel_take_u64(&p, &number), 0);
    assert_true(number == 8);
    parcel_free(&p);
}

/* A peer's bytes are not trusted: a text has an end within the parcel. */
static void a_text_that_has_no_end_is_none(void **state)
{
    const uint64_t lengths[] = {0, 1, 2, 3, UINT64_MAX};

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct parcel p;
        const char *text;
        uint64_t number;

        parcel_init(&p);
        assert_int_equal(parcel_put_u64(&p, lengths[i]), 0);
        assert_int_equal(parcel_put(&p, "ab", 2), 0);
        assert_int_equal(parcel_take_text(&p, &text), -ENODATA);
        assert_int_equal(parcel_take_u64(&p, &number), 0);
        assert_true(number == lengths[i]);
        parcel_free(&p);
    }
}

static void a_parcel_too_large_for_memory_is_enomem(void **state)
{
    struct parcel p;
    uint64_t number;

    (void)state;
    parcel_init(&p);
    assert_int_equal(parcel_put_u64(&p, 5), 0);
    assert_int_equal(parcel_put(&p, "", SIZE_MAX / 2), -ENOMEM);
    assert_int_equal(parcel_put(&p, "", SIZE_MAX), -ENOMEM);
    assert_int_equal(parcel_take_u64(&p, &number), 0);
    assert_true(number == 5);
    assert_int_equal(parcel_take_u64(&p, &number), -ENODATA);
    parcel_free(&p);
}

static void a_shared_descriptor_stays_the_parents(void **state)
{
    struct parcel p;
    int fd = open_file(O_CLOEXEC), copy;

    (void)state;
    parcel_init(&p);
    assert_int_equal(parcel_put_fd(&p, fd), 0);
    parcel_sent(&p);
    assert_true(is_open(fd));
    assert_int_equal(parcel_take_fd(&p, &copy), 0);
    assert_int_not_equal(copy, fd);
    assert_true(same_file(copy, fd));
    assert_int_equal(fcntl(copy, F_GETFD), FD_CLOEXEC);
    parcel_free(&p);
    assert_true(is_open(fd));
    assert_true(is_open(copy));
    close(fd);
    close(copy);
}

static void a_given_descriptor_is_closed_once_sent(void **state)
{
    struct parcel p;
    int fd = open_file(O_CLOEXEC), number = fd;

    (void)state;
    parcel_init(&p);
    assert_int_equal(parcel_give_fd(&p, &fd), 0);
    assert_int_equal(fd, -1);
    assert_true(is_open(number));
    parcel_sent(&p);
    assert_false(is_open(number));
    /* Its number is another's now, which parcel_free must leave alone. */
    fd = open_file(O_CLOEXEC);
    assert_int_equal(fd, number);
    parcel_sent(&p);
    parcel_free(&p);
    assert_true(is_open(number));
    close(number);
}

static void what_was_given_and_not_taken_is_closed(void **state)
{
    struct parcel p;
    int taken = open_file(O_CLOEXEC), left = open_file(O_CLOEXEC);
    int number = left, fd;

    (void)state;
    parcel_init(&p);
    assert_int_equal(parcel_give_fd(&p, &taken), 0);
    assert_int_equal(parcel_give_fd(&p, &left), 0);
    assert_int_equal(parcel_take_fd(&p, &fd), 0);
    parcel_free(&p);
    assert_true(is_open(fd));
    assert_false(is_open(number));
    close(fd);
    parcel_free(&p);
}

/* "A descriptor of the taker's own, CLOEXEC", whatever it was before. */
static void what_is_taken_is_close_on_exec(void **state)
{
    struct parcel p;
    int shared = open_file(0), given = open_file(0), fd;

    (void)state;
    parcel_init(&p);
    assert_int_equal(parcel_put_fd(&p, shared), 0);
    assert_int_equal(parcel_give_fd(&p, &given), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(parcel_take_fd(&p, &fd), 0);
        assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
        close(fd);
    }
    assert_int_equal(fcntl(shared, F_GETFD), 0);
    close(shared);
    parcel_free(&p);
}

static void a_closed_descriptor_cannot_be_put(void **state)
{
    struct parcel p;
    int closed = -1;

    (void)state;
    parcel_init(&p);
    assert_int_equal(parcel_put_fd(&p, -1), -EBADF);
    assert_int_equal(parcel_give_fd(&p, &closed), -EBADF);
    assert_int_equal(parcel_take_fd(&p, &closed), -ENODATA);
    parcel_free(&p);
}

static void a_parcel_holds_so_many_descriptors_and_no_more(void **state)
{
    struct parcel p;
    int fd = open_file(O_CLOEXEC), number = fd;

    (void)state;
    parcel_init(&p);
    for (int i = 0; i < PARCEL_FDS; i++)
        assert_int_equal(parcel_put_fd(&p, fd), 0);
    assert_int_equal(parcel_put_fd(&p, fd), -E2BIG);
    assert_int_equal(parcel_give_fd(&p, &fd), -E2BIG);
    assert_int_equal(fd, number); /* not moved: it is still the caller's */
    parcel_free(&p);
    assert_true(is_open(fd));
    close(fd);
}

static int take_at_the_limit(void *parcel)
{
    struct rlimit limit, tight;
    int fd = fd_duplicate(STDIN_FILENO);

    close(fd);
    getrlimit(RLIMIT_NOFILE, &limit);
    tight = (struct rlimit){(rlim_t)fd, limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &tight) < 0)
        return test_line(__LINE__);
    if (parcel_take_fd(parcel, &fd) != -EMFILE)
        return test_line(__LINE__);
    if (parcel_put_fd(parcel, STDIN_FILENO) != -EMFILE)
        return test_line(__LINE__);
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        return test_line(__LINE__);
    if (parcel_take_fd(parcel, &fd) != 0 ||
        parcel_take_fd(parcel, &fd) != -ENODATA)
        return test_line(__LINE__);
    return 0;
}

static void a_descriptor_that_cannot_be_taken_stays(void **state)
{
    struct parcel p;
    int fd = open_file(O_CLOEXEC);

    (void)state;
    parcel_init(&p);
    assert_int_equal(parcel_put_fd(&p, fd), 0);
    test_expect_in_fork(take_at_the_limit, &p);
    parcel_free(&p);
    close(fd);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_put_is_taken_in_the_same_order,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(taking_more_than_there_is_takes_nothing,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(a_text_that_has_no_end_is_none,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(a_parcel_too_large_for_memory_is_enomem,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(a_shared_descriptor_stays_the_parents,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(a_given_descriptor_is_closed_once_sent,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(what_was_given_and_not_taken_is_closed,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(what_is_taken_is_close_on_exec,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(a_closed_descriptor_cannot_be_put,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(
            a_parcel_holds_so_many_descriptors_and_no_more, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(a_descriptor_that_cannot_be_taken_stays,
                                        census_begin, census_end),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
