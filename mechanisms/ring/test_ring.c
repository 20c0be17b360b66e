/* SPDX-License-Identifier: MIT */
/* test_ring.c - what is put is got, whole and in order; and what is refused. */
#include "ring/test_rings.h"

enum { SIZES = 300, LARGE = 100000, LAPS = 40 };

/* Short ones, and those around a page and around the ring's end. */
static size_t size_of(uint64_t i)
{
    const size_t turns[] = {0, 1, 7, 8, 9, 4080, 4088, 4096, 65535, LARGE};

    return i % 3 == 0 ? turns[i / 3 % 10] : (size_t)i % SIZES;
}

static void items_come_in_the_order_they_were_put(void **state)
{
    struct ring r;
    uint64_t put = 0, got = 0;

    test_open_ring(&r, 0, 0, wait_in(state));
    for (int lap = 0; lap < LAPS; lap++) {
        while (put_item(&r, put, size_of(put), 0) == 0)
            put++;
        assert_int_equal(ring_qsize(&r), put - got);
        for (int some = lap % 7; got < put - (uint64_t)some; got++)
            assert_int_equal(get_item(&r, got, size_of(got), 0), 0);
    }
    for (; got < put; got++)
        assert_int_equal(get_item(&r, got, size_of(got), 0), 0);
    expect_good(&r);
    ring_close(&r);
}

/* Into a buffer of the reader's own, as large as the item or larger. */
static void an_item_of_any_length_comes_whole(void **state)
{
    unsigned char *room = malloc(LARGE + 100);
    struct ring r;

    test_open_ring(&r, 1, LARGE + UNIT, wait_in(state));
    for (uint64_t i = 0; i < 3 * SIZES; i++) {
        size_t size = size_of(i);

        memset(room, 'x', LARGE + 100);
        assert_int_equal(put_item(&r, i, size, 0), 0);
        assert_int_equal(ring_get(&r, room, size + i % 3 * 50, 0), size);
        assert_true(test_is(room, size, i));
        for (size_t behind = size; behind < size + 100; behind++)
            assert_int_equal(room[behind], 'x');
    }
    expect_good(&r);
    ring_close(&r);
    free(room);
}

static void an_empty_item_is_an_item(void **state)
{
    struct ring r;
    void *new;
    char none;

    test_open_ring(&r, 0, 0, wait_in(state));
    for (int i = 0; i < 4; i++)
        assert_int_equal(ring_put(&r, NULL, 0, 0), 0);
    assert_int_equal(ring_qsize(&r), 4);
    assert_int_equal(ring_get(&r, &none, 0, 0), 0);
    assert_int_equal(ring_get(&r, NULL, 0, 0), 0);
    assert_int_equal(ring_get_new(&r, &new, 0), 0);
    assert_non_null(new);
    free(new);
    assert_int_equal(ring_get(&r, &none, 1, 0), 0);
    expect_good(&r);
    ring_close(&r);
}

/* --- too long --- */

/* It is told at once, and nothing is put. */
static void an_item_that_is_longer_than_the_ring_is_refused(void **state)
{
    const size_t bytes[] = {8, 16, 24, 100, 4096, 4104, LARGE};
    unsigned char *item = calloc(1, 2 * LARGE);
    struct ring r;

    for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++) {
        size_t longest = bytes[i] / UNIT * UNIT - UNIT;

        test_open_ring(&r, 0, bytes[i], wait_in(state));
        assert_int_equal(put_item(&r, 1, longest, 0), 0);
        for (size_t more = 1; more < 2 * UNIT; more++)
            assert_int_equal(ring_put(&r, item, longest + more, NO_TIMEOUT),
                             -EMSGSIZE);
        assert_int_equal(ring_put(&r, item, SIZE_MAX, NO_TIMEOUT), -EMSGSIZE);
        assert_int_equal(ring_put(&r, item, SIZE_MAX - UNIT, 0), -EMSGSIZE);
        assert_int_equal(ring_qsize(&r), 1);
        assert_int_equal(put_item(&r, 2, 0, 0), -ETIMEDOUT);
        assert_int_equal(get_item(&r, 1, longest, 0), 0);
        assert_int_equal(put_item(&r, 2, longest, 0), 0);
        assert_int_equal(get_item(&r, 2, longest, 0), 0);
        assert_true(ring_empty(&r));
        ring_close(&r);
    }
    free(item);
}

static int finds_the_item(void *argument)
{
    struct ring *r = argument;
    char little;

    if (ring_get(r, &little, 1, 0) != -EMSGSIZE)
        return test_line(__LINE__);
    return get_item(r, 1, 100, 0);
}

static void an_item_that_is_too_long_for_a_reader_stays(void **state)
{
    unsigned char little[LARGE];
    struct ring r;

    test_open_ring(&r, 0, 0, wait_in(state));
    for (uint64_t i = 0; i < 3; i++)
        assert_int_equal(put_item(&r, i, 100 * (size_t)i, 0), 0);
    assert_int_equal(get_item(&r, 0, 0, 0), 0);
    for (size_t size = 0; size < 100; size++) {
        memset(little, 'x', sizeof little);
        assert_int_equal(ring_get(&r, little, size, NO_TIMEOUT), -EMSGSIZE);
        assert_int_equal(little[0], 'x');
        assert_int_equal(ring_qsize(&r), 2);
    }
    test_expect(test_fork(finds_the_item, &r));
    assert_int_equal(ring_qsize(&r), 1);
    assert_int_equal(ring_get(&r, little, 199, 0), -EMSGSIZE);
    assert_int_equal(ring_get(&r, little, 200, 0), 200);
    assert_true(test_is(little, 200, 2));
    expect_good(&r);
    ring_close(&r);
}

/* --- how many --- */

static void qsize_empty_and_full_tell_what_is_in_it(void **state)
{
    struct ring r;

    test_open_ring(&r, 3, 0, wait_in(state));
    for (uint64_t lap = 0; lap < 5; lap++) {
        for (uint64_t n = 0; n < 3; n++) {
            assert_int_equal(ring_qsize(&r), n);
            assert_int_equal(ring_empty(&r), n == 0);
            assert_false(ring_full(&r));
            assert_int_equal(put_number(&r, n, 0), 0);
        }
        assert_true(ring_full(&r));
        assert_int_equal(put_number(&r, 3, 0), -ETIMEDOUT);
        assert_int_equal(ring_qsize(&r), 3);
        for (uint64_t n = 0; n < 3; n++) {
            assert_int_equal(get_number(&r, n, 0), 0);
            assert_false(ring_full(&r));
        }
    }
    expect_good(&r);
    ring_close(&r);
}

/* It is full of bytes, and not of items. */
static void only_a_put_knows_that_the_bytes_are_not_enough(void **state)
{
    struct ring r;

    test_open_ring(&r, 10, 100, wait_in(state));
    assert_int_equal(put_item(&r, 1, 50, 0), 0);
    assert_int_equal(put_item(&r, 2, 50, 0), -ETIMEDOUT);
    assert_false(ring_full(&r));
    assert_int_equal(ring_qsize(&r), 1);
    assert_int_equal(put_item(&r, 2, 24, 0), 0);
    assert_int_equal(put_item(&r, 3, 0, 0), -ETIMEDOUT);
    assert_false(ring_full(&r));
    assert_int_equal(get_item(&r, 1, 50, 0), 0);
    assert_int_equal(put_item(&r, 3, 50, 0), 0);
    assert_int_equal(get_item(&r, 2, 24, 0), 0);
    assert_int_equal(get_item(&r, 3, 50, 0), 0);
    expect_good(&r);
    ring_close(&r);
}

/* --- what is refused --- */

static void arguments_that_are_none_are_refused(void **state)
{
    struct ring r;

    (void)state;
    for (size_t bytes = 1; bytes < UNIT; bytes++)
        assert_int_equal(ring_open(&r, 0, bytes, RING_BLOCK), -EINVAL);
    assert_int_equal(ring_open(&r, 0, ((size_t)1 << 31) + 1, RING_BLOCK),
                     -EINVAL);
    assert_int_equal(ring_open(&r, 0, SIZE_MAX, RING_BLOCK), -EINVAL);
    assert_int_equal(ring_open(&r, (size_t)1 << 32, 0, RING_BLOCK), -EINVAL);
    assert_int_equal(ring_open(&r, SIZE_MAX, 0, RING_BLOCK), -EINVAL);
    assert_int_equal(ring_open(&r, 0, 0, (enum ring_wait)3), -EINVAL);
    ring_close(&r);
}

static void the_smallest_and_the_largest_are_rings(void **state)
{
    const size_t maxsizes[] = {1, UINT32_MAX, 0};
    struct ring r;

    for (size_t i = 0; i < 3; i++) {
        test_open_ring(&r, maxsizes[i], (size_t)1 << 31, wait_in(state));
        expect_good(&r);
        assert_int_equal(put_item(&r, 1, LARGE, 0), 0);
        assert_int_equal(ring_full(&r), i == 0);
        assert_int_equal(get_item(&r, 1, LARGE, 0), 0);
        ring_close(&r);
        test_open_ring(&r, maxsizes[i], UNIT, wait_in(state));
        assert_int_equal(ring_put(&r, NULL, 0, 0), 0);
        assert_int_equal(ring_put(&r, NULL, 0, 0), -ETIMEDOUT);
        assert_int_equal(get_item(&r, 1, 0, 0), 0);
        ring_close(&r);
    }
}

static void a_ring_is_closed_twice(void **state)
{
    struct ring r = {.region = {.fd = -1}};

    ring_close(&r);
    test_open_ring(&r, 0, 0, wait_in(state));
    ring_close(&r);
    assert_null(r.state);
    ring_close(&r);
}

static void what_is_no_item_is_told_and_stays(void **state)
{
    const uint64_t lengths[] = {9,           17,           1 << 20,
                                SIZE_MAX,    SIZE_MAX / 2, (uint64_t)1 << 63,
                                SIZE_MAX - 7};
    unsigned char room[100];
    uint64_t right = UNIT;
    struct ring r;
    void *new;

    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        test_open_ring(&r, 0, 4096, wait_in(state));
        assert_int_equal(put_number(&r, 1, 0), 0);
        memcpy(r.bytes, &lengths[i], UNIT);
        assert_int_equal(ring_get(&r, room, sizeof room, 0), -EBADMSG);
        assert_int_equal(ring_get_new(&r, &new, 0), -EBADMSG);
        assert_null(new);
        assert_int_equal(ring_get(&r, room, SIZE_MAX, NO_TIMEOUT), -EBADMSG);
        assert_int_equal(ring_qsize(&r), 1);
        memcpy(r.bytes, &right, UNIT);
        assert_int_equal(get_number(&r, 1, 0), 0);
        expect_good(&r);
        ring_close(&r);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST_WAITS(items_come_in_the_order_they_were_put),
        TEST_WAITS(an_item_of_any_length_comes_whole),
        TEST_WAITS(an_empty_item_is_an_item),
        TEST_WAITS(an_item_that_is_longer_than_the_ring_is_refused),
        TEST_WAITS(an_item_that_is_too_long_for_a_reader_stays),
        TEST_WAITS(qsize_empty_and_full_tell_what_is_in_it),
        TEST_WAITS(only_a_put_knows_that_the_bytes_are_not_enough),
        TEST(arguments_that_are_none_are_refused),
        TEST_WAITS(the_smallest_and_the_largest_are_rings),
        TEST_WAITS(a_ring_is_closed_twice),
        TEST_WAITS(what_is_no_item_is_told_and_stays),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
