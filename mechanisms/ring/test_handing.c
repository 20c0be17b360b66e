/* SPDX-License-Identifier: MIT */
/* test_handing.c - a ring is handed on, in a parcel or by a fork; and parcels
 * that are damaged. */
#include "ring/test_rings.h"

/* What lies before the items. */
static size_t state_size(const struct ring *r)
{
    return r->region.size - r->state->size;
}

static void expect_refused(struct parcel *parcel)
{
    struct ring r;

    assert_true(ring_unpack(&r, parcel) < 0);
    assert_null(r.state);
    assert_int_equal(r.region.fd, -1);
    ring_close(&r);
    parcel_free(parcel);
}

static void one_that_is_unpacked_is_the_same_ring(void **state)
{
    struct ring r, other;
    struct parcel parcel;

    test_open_ring(&r, 2, 0, wait_in(state));
    assert_int_equal(put_number(&r, 1, 0), 0);
    parcel_init(&parcel);
    assert_int_equal(ring_pack(&r, &parcel), 0);
    assert_int_equal(ring_unpack(&other, &parcel), 0);
    parcel_free(&parcel);
    assert_int_equal(other.state->wait, wait_in(state));
    assert_int_equal(ring_qsize(&other), 1);
    assert_int_equal(put_number(&other, 2, 0), 0);
    assert_true(ring_full(&r));
    assert_int_equal(get_number(&r, 1, 0), 0);
    ring_close(&r);
    assert_int_equal(get_number(&other, 2, 0), 0);
    expect_good(&other);
    ring_close(&other);
}

static int echoes(void *argument)
{
    struct ring *both = argument;

    for (uint64_t i = 0; i < 100; i++)
        if (get_item(&both[0], i, (size_t)i * 7, TEST_BOUND) ||
            put_item(&both[1], i, (size_t)i * 7, TEST_BOUND))
            return test_line(__LINE__);
    ring_close(&both[0]);
    ring_close(&both[1]);
    return 0;
}

static void a_forked_child_has_the_ring(void **state)
{
    struct ring both[2];
    pid_t pid;

    test_open_ring(&both[0], 3, 0, wait_in(state));
    test_open_ring(&both[1], 0, 0, wait_in(state));
    pid = test_fork(echoes, both);
    for (uint64_t i = 0; i < 100; i++)
        assert_int_equal(put_item(&both[0], i, (size_t)i * 7, TEST_BOUND), 0);
    for (uint64_t i = 0; i < 100; i++)
        assert_int_equal(get_item(&both[1], i, (size_t)i * 7, TEST_BOUND), 0);
    test_expect(pid);
    expect_good(&both[0]);
    expect_good(&both[1]);
    ring_close(&both[0]);
    ring_close(&both[1]);
}

static int puts_what_stays(void *argument)
{
    return put_item(argument, 7, 1000, 0);
}

/* What was put is safe from the end of its producer. */
static void what_was_put_outlives_who_put_it(void **state)
{
    struct ring r;

    test_open_ring(&r, 0, 0, wait_in(state));
    test_expect(test_fork(puts_what_stays, &r));
    assert_int_equal(get_item(&r, 7, 1000, 0), 0);
    expect_good(&r);
    ring_close(&r);
}

/* --- parcels --- */

static void a_parcel_that_is_cut_is_refused(void **state)
{
    struct parcel parcel;
    struct ring r;

    test_open_ring(&r, 0, 0, wait_in(state));
    parcel_init(&parcel);
    expect_refused(&parcel);
    parcel_init(&parcel);
    assert_int_equal(parcel_put_u64(&parcel, r.region.size), 0);
    expect_refused(&parcel);
    parcel_init(&parcel);
    assert_int_equal(parcel_put_fd(&parcel, r.region.fd), 0);
    expect_refused(&parcel);
    parcel_init(&parcel);
    assert_int_equal(ring_pack(&r, &parcel), 0);
    parcel.length--;
    expect_refused(&parcel);
    expect_good(&r);
    ring_close(&r);
}

static void a_size_that_is_not_the_rings_is_refused(void **state)
{
    struct parcel parcel;
    struct ring r;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    test_open_ring(&r, 0, 0, wait_in(state));
    const size_t sizes[] = {0,
                            1,
                            page,
                            state_size(&r) - page,
                            state_size(&r),
                            r.region.size - page,
                            r.region.size - 1,
                            r.region.size + 1,
                            2 * r.region.size,
                            SIZE_MAX};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        parcel_init(&parcel);
        assert_int_equal(parcel_put_u64(&parcel, sizes[i]), 0);
        assert_int_equal(parcel_put_fd(&parcel, r.region.fd), 0);
        expect_refused(&parcel);
    }
    expect_good(&r);
    ring_close(&r);
}

/* A region of zeros, of that size. */
static void try_zeros(size_t size)
{
    struct region region;
    struct parcel parcel;

    assert_int_equal(region_open(&region, size), 0);
    parcel_init(&parcel);
    assert_int_equal(region_pack(&region, &parcel), 0);
    expect_refused(&parcel);
    region_close(&region);
}

static void a_region_that_is_no_ring_is_refused(void **state)
{
    struct ring r;

    test_open_ring(&r, 0, 0, wait_in(state));
    try_zeros(1);
    try_zeros(8);
    try_zeros(sizeof(struct ring_state) - 1);
    try_zeros(sizeof(struct ring_state));
    try_zeros(state_size(&r) - 1);
    try_zeros(state_size(&r));
    try_zeros(state_size(&r) + 1);
    try_zeros(r.region.size);
    ring_close(&r);
}

static void a_closed_ring_is_not_packed(void **state)
{
    struct parcel parcel;
    struct ring r;

    test_open_ring(&r, 0, 0, wait_in(state));
    ring_close(&r);
    parcel_init(&parcel);
    assert_true(ring_pack(&r, &parcel) < 0);
    parcel_free(&parcel);
}

static unsigned count_mappings(void)
{
    FILE *file = fopen("/proc/self/maps", "re");
    unsigned count = 0;
    char row[4096];

    while (file && fgets(row, sizeof row, file))
        count += strstr(row, "ipclab-region") != NULL;
    if (file)
        fclose(file);
    return count;
}

static void a_closed_ring_leaves_nothing_mapped(void **state)
{
    struct ring r;

    assert_int_equal(count_mappings(), 0);
    test_open_ring(&r, 0, 0, wait_in(state));
    assert_true(count_mappings() > 1);
    ring_close(&r);
    assert_int_equal(count_mappings(), 0);
}

/* --- a state that ring_open never makes, in a region of the right size --- */

static void half_its_size(struct ring_state *s)
{
    s->size /= 2;
}

static void no_power_of_two(struct ring_state *s)
{
    s->size -= UNIT;
}

static void no_units(struct ring_state *s)
{
    s->units = 0;
}

static void more_units_than_it_has(struct ring_state *s)
{
    s->units = (uint32_t)(s->size / UNIT) + 1;
}

static void no_items(struct ring_state *s)
{
    s->maxsize = 0;
}

static void another_wait(struct ring_state *s)
{
    s->wait = RING_SPIN_THEN_BLOCK + 1;
}

static void a_state_that_is_no_rings_is_refused(void **state)
{
    void (*const spoil[])(struct ring_state *) = {
        half_its_size,          no_power_of_two, no_units,
        more_units_than_it_has, no_items,        another_wait};

    for (size_t i = 0; i < sizeof spoil / sizeof *spoil; i++) {
        struct parcel parcel;
        struct ring r;

        test_open_ring(&r, 3, 0, wait_in(state));
        parcel_init(&parcel);
        assert_int_equal(ring_pack(&r, &parcel), 0);
        spoil[i](r.state);
        expect_refused(&parcel);
        ring_close(&r);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST_WAITS(one_that_is_unpacked_is_the_same_ring),
        TEST_WAITS(a_forked_child_has_the_ring),
        TEST_WAITS(what_was_put_outlives_who_put_it),
        TEST_WAIT(a_parcel_that_is_cut_is_refused, RING_BLOCK),
        TEST_WAIT(a_size_that_is_not_the_rings_is_refused, RING_BLOCK),
        TEST_WAIT(a_state_that_is_no_rings_is_refused, RING_BLOCK),
        TEST_WAIT(a_region_that_is_no_ring_is_refused, RING_BLOCK),
        TEST_WAIT(a_closed_ring_is_not_packed, RING_BLOCK),
        TEST_WAIT(a_closed_ring_leaves_nothing_mapped, RING_BLOCK),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
