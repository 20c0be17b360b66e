/* SPDX-License-Identifier: MIT */
/* test_region.c - shared memory that no one can pull away. */
#include "common/test_census.h"

#include "common/hooks.h"
#include "common/io.h"
#include "common/region.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>

static void a_region_is_zeroed_to_its_last_byte(void **state)
{
    const size_t sizes[] = {1, 4096, 4097, 1 << 20};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct region r;
        const unsigned char *bytes;

        assert_int_equal(region_open(&r, sizes[i]), 0);
        assert_true(r.size == sizes[i]);
        assert_int_equal(fcntl(r.fd, F_GETFD), FD_CLOEXEC);
        bytes = r.base;
        for (size_t at = 0; at < r.size; at++)
            assert_int_equal(bytes[at], 0);
        memset(r.base, 0xff, r.size);
        region_close(&r);
        assert_null(r.base);
        assert_int_equal(r.fd, -1);
        region_close(&r);
    }
}

static void a_region_that_cannot_be_is_an_error(void **state)
{
    struct region r;

    (void)state;
    assert_int_equal(region_open(&r, 0), -EINVAL);
    assert_int_equal(r.fd, -1);
    assert_int_equal(region_open(&r, SIZE_MAX), -EINVAL);
    assert_true(region_open(&r, (size_t)1 << 60) < 0);
    assert_null(r.base);
    assert_int_equal(r.fd, -1);
    region_close(&r);
}

/* 0 when the parcel's region can be read and written, elsewhere than at. */
static int use_unpacked(void *parcel)
{
    struct region r;
    uint64_t elsewhere;
    char *bytes;

    if (parcel_take_u64(parcel, &elsewhere) || region_unpack(&r, parcel))
        return test_line(__LINE__);
    bytes = r.base;
    if ((uintptr_t)r.base == elsewhere || strcmp(bytes, "from the parent") != 0)
        return test_line(__LINE__);
    strcpy(bytes + 4096, "from the child");
    region_close(&r);
    return 0;
}

static void both_sides_see_what_the_other_wrote(void **state)
{
    struct region r;
    struct parcel p;

    (void)state;
    assert_int_equal(region_open(&r, 8192), 0);
    strcpy(r.base, "from the parent");
    parcel_init(&p);
    assert_int_equal(parcel_put_u64(&p, (uintptr_t)r.base), 0);
    assert_int_equal(region_pack(&r, &p), 0);
    test_expect_in_fork(use_unpacked, &p);
    assert_string_equal((char *)r.base + 4096, "from the child");
    region_close(&r);
    parcel_free(&p);
}

static void a_region_outlives_who_made_it(void **state)
{
    struct region r, other;
    struct parcel p;

    (void)state;
    assert_int_equal(region_open(&r, 100), 0);
    parcel_init(&p);
    assert_int_equal(region_pack(&r, &p), 0);
    strcpy(r.base, "kept");
    assert_int_equal(region_unpack(&other, &p), 0);
    region_close(&r);
    assert_true(other.size == 100);
    assert_string_equal(other.base, "kept");
    region_close(&other);
    parcel_free(&p);
}

static void nobody_can_shrink_or_grow_a_region(void **state)
{
    struct region r;

    (void)state;
    assert_int_equal(region_open(&r, 4096), 0);
    assert_int_equal(ftruncate(r.fd, 0), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(ftruncate(r.fd, 8192), -1);
    assert_int_equal(errno, EPERM);
    region_close(&r);
}

static int die_holding_it(void *region)
{
    struct region *r = region;

    strcpy(r->base, "last words");
    raise(SIGKILL);
    return 0;
}

static void a_killed_holder_leaves_the_region_to_the_others(void **state)
{
    struct region r;

    (void)state;
    assert_int_equal(region_open(&r, 4096), 0);
    assert_int_equal(test_in_fork(die_holding_it, &r), SIGKILL);
    assert_string_equal(r.base, "last words");
    region_close(&r);
}

/* Were a region believed to be longer than it is, to touch it would kill. */
static void a_region_shorter_than_it_says_is_refused(void **state)
{
    struct region r = {NULL, 0, -1};
    struct parcel p;
    int fd = memfd_create("short", MFD_CLOEXEC);

    (void)state;
    parcel_init(&p);
    assert_int_equal(region_unpack(&r, &p), -ENODATA);
    assert_int_equal(parcel_put_u64(&p, 4096), 0);
    assert_int_equal(region_unpack(&r, &p), -ENODATA);
    assert_int_equal(ftruncate(fd, 4095), 0);
    assert_int_equal(parcel_put_u64(&p, 4096), 0);
    assert_int_equal(parcel_put_fd(&p, fd), 0);
    assert_int_equal(region_unpack(&r, &p), -EBADMSG);
    assert_null(r.base);
    assert_int_equal(r.fd, -1);
    parcel_free(&p);
    close(fd);
}

static void a_closed_region_cannot_be_packed(void **state)
{
    struct region r;
    struct parcel p;

    (void)state;
    assert_int_equal(region_open(&r, 1), 0);
    region_close(&r);
    parcel_init(&p);
    assert_int_equal(region_pack(&r, &p), -EBADF);
    parcel_free(&p);
}

static int open_at_the_limit(void *unused)
{
    struct rlimit tight = {3, 3};
    struct region r;

    (void)unused;
    if (setrlimit(RLIMIT_NOFILE, &tight) < 0)
        return test_line(__LINE__);
    if (region_open(&r, 4096) != -EMFILE || r.fd != -1 || r.base)
        return test_line(__LINE__);
    return 0;
}

static void a_region_needs_a_descriptor(void **state)
{
    (void)state;
    test_expect_in_fork(open_at_the_limit, NULL);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_region_is_zeroed_to_its_last_byte,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(a_region_that_cannot_be_is_an_error,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(both_sides_see_what_the_other_wrote,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(a_region_outlives_who_made_it,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(nobody_can_shrink_or_grow_a_region,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(
            a_killed_holder_leaves_the_region_to_the_others, census_begin,
            census_end),
        cmocka_unit_test_setup_teardown(
            a_region_shorter_than_it_says_is_refused, census_begin, census_end),
        cmocka_unit_test_setup_teardown(a_closed_region_cannot_be_packed,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(a_region_needs_a_descriptor,
                                        census_begin, census_end),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
