/* SPDX-License-Identifier: MIT */
/*
 * test_edges.c - the full and the empty edge of rings of every size, and what
 * lies across the ring's end, or beyond the largest number of its places.
 */
#include "ring/test_rings.h"

enum { MOST = 4096 }; /* items, units, bytes of an item */

/* Numbers come from here, and from nowhere twice. */
static uint64_t next_put, next_got;

/* Both ends are at that place, as after so many items and units. */
static void set_place(struct ring *r, uint32_t items, uint32_t units)
{
    for (int i = 0; i < 2; i++) {
        struct end *e = &r->state->ends[i];

        e->place = e->at = e->seen = (uint64_t)items << 32 | units;
    }
}

static void claim_both(struct ring *r)
{
    assert_int_equal(ring_claim(r, RING_PUT, 0), 0);
    assert_int_equal(ring_claim(r, RING_GET, 0), 0);
}

/* An item that begins with its number and goes on with its low byte. */
static int put_next(struct ring *r, size_t size)
{
    static unsigned char item[MOST + UNIT];
    int error;

    memset(item, (int)(next_put & 0xff), size);
    memcpy(item, &next_put, size < UNIT ? size : UNIT);
    error = ring_put(r, item, size, 0);
    next_put += !error;
    return error;
}

/* Is it the next, and of that size? */
static bool get_next(struct ring *r, size_t size)
{
    static unsigned char item[MOST + UNIT];
    ssize_t got = ring_get(r, item, sizeof item, 0);

    if (got != (ssize_t)size ||
        memcmp(item, &next_got, size < UNIT ? size : UNIT) != 0)
        return false;
    for (size_t i = UNIT; i < size; i++)
        if (item[i] != (next_got & 0xff))
            return false;
    next_got++;
    return true;
}

/* Until it is full: `most` were in, with what was. */
static void fill(struct ring *r, size_t most, size_t size)
{
    int error;

    while ((error = put_next(r, size)) == 0)
        ;
    if (error != -ETIMEDOUT || ring_qsize(r) != most)
        fail_msg("%d with %zu of %zu items of %zu bytes", error, ring_qsize(r),
                 most, size);
    assert_int_equal(next_put - next_got, most);
    assert_int_equal(ring_full(r), most == r->state->maxsize);
    assert_int_equal(ring_empty(r), most == 0);
}

static void drain(struct ring *r, size_t most, size_t size)
{
    char none;

    for (size_t i = 0; i < most; i++)
        if (!get_next(r, size))
            fail_msg("item %zu of %zu, of %zu bytes", i, most, size);
    assert_int_equal(ring_get(r, &none, 1, 0), -ETIMEDOUT);
    assert_true(ring_empty(r));
}

/* A lap, with one out and one in at the full edge. */
static void lap(struct ring *r, size_t most, size_t size)
{
    fill(r, most, size);
    for (size_t i = 0; i < 3 && most; i++) {
        assert_true(get_next(r, size));
        assert_false(ring_full(r));
        fill(r, most, size);
    }
    drain(r, most, size);
}

/* --- every size ----------------------------------------------------------- */

/* With bytes for one more, so that it is the items that are enough. */
static void a_ring_holds_as_many_items_as_it_should(void **state)
{
    alarm(4 * CENSUS_SECONDS);
    for (size_t maxsize = 1; maxsize <= MOST; maxsize++) {
        struct ring r;
        size_t laps;

        test_open_ring(&r, maxsize, (maxsize + 1) * 2 * UNIT, wait_in(state));
        laps = 2 + r.state->size / (maxsize * 2 * UNIT);
        for (size_t i = 0; i < laps; i++) {
            if (i == 1)
                claim_both(&r); /* and without the locks */
            lap(&r, maxsize, UNIT);
        }
        assert_true(place_units(r.state->ends[RING_PUT].place) >
                    r.state->size / UNIT);
        ring_close(&r);
    }
}

static void a_ring_holds_as_many_bytes_as_it_should(void **state)
{
    alarm(4 * CENSUS_SECONDS);
    for (size_t units = 1; units <= MOST; units++) {
        const size_t sizes[] = {0, UNIT, 1 + units * 13 % 100, 2000};
        struct ring r;

        test_open_ring(&r, 0, units * UNIT + units % UNIT, wait_in(state));
        set_place(&r, 0, (uint32_t)(r.state->size / UNIT - units / 2));
        claim_both(&r);
        for (size_t i = 0; i < 4; i++)
            if (units_of(sizes[i]) <= units)
                lap(&r, units / units_of(sizes[i]), sizes[i]);
        if (units * UNIT - UNIT <= MOST)
            lap(&r, 1, units * UNIT - UNIT);
        assert_int_equal(ring_put(&r, NULL, units * UNIT - UNIT + 1, 0),
                         -EMSGSIZE);
        assert_true(ring_empty(&r));
        ring_close(&r);
    }
}

/* --- across the end ------------------------------------------------------- */

static unsigned char pattern[MOST + 256], room[MOST + 256];

static void draw_pattern(void)
{
    test_fill(pattern, sizeof pattern, 4711);
}

/* Of what an item takes, so many units lie before the ring's end. */
static void put_across(struct ring *r, size_t size, size_t before)
{
    const unsigned char *item = pattern + (size + before) % 256;

    set_place(r, (uint32_t)size, (uint32_t)(r->state->size / UNIT - before));
    memset(room + size, 'x', UNIT);
    if (ring_put(r, item, size, 0) ||
        ring_get(r, room, sizeof room, 0) != (ssize_t)size ||
        memcmp(room, item, size) != 0 ||
        memcmp(room + size, "xxxxxxxx", UNIT) != 0)
        fail_msg("%zu bytes, %zu units before the end", size, before);
}

/* Wherever within it the end is, before and behind it too. */
static void an_item_of_any_length_lies_across_the_end(void **state)
{
    struct ring r;

    draw_pattern();
    test_open_ring(&r, 0, MOST + UNIT, wait_in(state));
    claim_both(&r);
    for (size_t size = 0; size <= MOST; size++)
        for (size_t before = 0; before <= units_of(size); before++)
            put_across(&r, size, before);
    ring_close(&r);
}

/* Two that fill it to the last byte: neither is written over. */
static void what_fills_it_leaves_its_neighbour_alone(void **state)
{
    struct ring r;

    draw_pattern();
    test_open_ring(&r, 0, MOST, wait_in(state));
    for (size_t size = 0; size <= MOST - 2 * UNIT; size++) {
        size_t other = MOST - (1 + units_of(size)) * UNIT;
        uint32_t before = (uint32_t)(size * 7 % (MOST / UNIT));

        set_place(&r, 0, before);
        assert_int_equal(ring_put(&r, pattern + 256, other, 0), 0);
        assert_int_equal(ring_put(&r, pattern + 128, size, 0), 0);
        assert_int_equal(ring_put(&r, NULL, 0, 0), -ETIMEDOUT);
        assert_int_equal(ring_get(&r, room, other, 0), other);
        assert_memory_equal(room, pattern + 256, other);
        assert_int_equal(ring_put(&r, pattern, other, 0), 0);
        assert_int_equal(ring_get(&r, room, size, 0), size);
        assert_memory_equal(room, pattern + 128, size);
        assert_int_equal(ring_get(&r, room, other, 0), other);
        assert_memory_equal(room, pattern, other);
    }
    expect_good(&r);
    ring_close(&r);
}

/* --- beyond 2^32 ---------------------------------------------------------- */

/* From a little before the largest number until it is behind us, of items, of
 * units, or of both. */
static void go_over(struct ring *r, size_t maxsize, uint32_t before, int which)
{
    const uint32_t half = (uint32_t)1 << 31;
    uint64_t place;
    size_t i = 0;

    set_place(r, which & 1 ? 0 - before : 4711,
              which & 2 ? 0 - 2 * before : 4711);
    do {
        size_t size = i++ % 4 * 5, fit = 4096 / UNIT / units_of(size);

        lap(r, maxsize ? maxsize : fit, size);
        place = r->state->ends[RING_GET].place;
    } while (place_items(place) >= half || place_units(place) >= half);
    assert_int_equal(r->state->ends[RING_PUT].place, place);
}

static void places_begin_anew_behind_the_largest(void **state)
{
    for (uint32_t before = 1; before < 40; before++)
        for (size_t maxsize = 0; maxsize < 10; maxsize++)
            for (int which = 1; which < 4; which++) {
                struct ring r;

                test_open_ring(&r, maxsize, 4096, wait_in(state));
                go_over(&r, maxsize, before, which);
                ring_close(&r);
            }
}

static int gets_number_1(void *ring)
{
    return get_number(ring, 1, NO_TIMEOUT);
}

static int puts_number_2(void *ring)
{
    return put_number(ring, 2, NO_TIMEOUT) ? test_line(__LINE__) : 0;
}

/* Asleep before it, and woken behind it. */
static void who_waits_there_ends_as_anywhere(void **state)
{
    for (uint32_t before = 1; before < 4; before++) {
        struct ring r;
        pid_t pid;

        test_open_ring(&r, 1, 4096, wait_in(state));
        set_place(&r, 0 - before / 2, 0 - before);
        pid = test_fork(gets_number_1, &r);
        assert_true(test_waits(&r, RING_GET, pid));
        assert_int_equal(put_number(&r, 1, 0), 0);
        test_ends(pid);

        set_place(&r, 0 - before / 2, 0 - before);
        assert_int_equal(put_number(&r, 1, 0), 0);
        pid = test_fork(puts_number_2, &r);
        assert_true(test_waits(&r, RING_PUT, pid));
        assert_int_equal(get_number(&r, 1, 0), 0);
        test_ends(pid);
        assert_int_equal(get_number(&r, 2, 0), 0);
        expect_good(&r);
        ring_close(&r);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST_WAIT(a_ring_holds_as_many_items_as_it_should, RING_BLOCK),
        TEST_WAIT(a_ring_holds_as_many_items_as_it_should, RING_SPIN),
        TEST_WAIT(a_ring_holds_as_many_bytes_as_it_should, RING_BLOCK),
        TEST_WAIT(an_item_of_any_length_lies_across_the_end, RING_BLOCK),
        TEST_WAIT(what_fills_it_leaves_its_neighbour_alone, RING_BLOCK),
        TEST_WAITS(places_begin_anew_behind_the_largest),
        TEST_WAITS(who_waits_there_ends_as_anywhere),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
