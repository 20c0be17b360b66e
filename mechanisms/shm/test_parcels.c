/* SPDX-License-Identifier: MIT */
/* test_parcels.c - what is no Value is not packed, and a parcel that is damaged
 * is no Value. */
#include "shm/test_types.h"

static void one_that_is_closed_is_ebadf(void **state)
{
    struct parcel parcel;
    struct value v;
    struct array a;

    (void)state;
    assert_int_equal(value_open(&v, 'i'), 0);
    assert_int_equal(array_open(&a, 'i', 3), 0);
    value_close(&v);
    array_close(&a);
    parcel_init(&parcel);
    assert_int_equal(value_pack(&v, &parcel), -EBADF);
    assert_int_equal(array_pack(&a, &parcel), -EBADF);
    assert_true(parcel.length == 0);
    parcel_free(&parcel);
}

static void expect_refused(struct parcel *parcel)
{
    unsigned mappings = count_mappings();
    struct value v;

    assert_true(value_unpack(&v, parcel) < 0);
    assert_null(value_get_obj(&v));
    assert_null(value_get_lock(&v));
    value_close(&v);
    parcel_free(parcel);
    assert_int_equal(count_mappings(), mappings);
}

static void a_parcel_that_is_cut_is_refused(void **state)
{
    struct value other, v;
    struct lock l;

    (void)state;
    assert_int_equal(lock_open(&l, LOCK_PLAIN), 0);
    assert_int_equal(value_open(&other, 'i'), 0);
    for (int which = 0; which < 3; which++) {
        struct lock *given = which ? value_get_lock(&other) : &l;
        size_t length = 1;

        if (which == 2)
            assert_int_equal(value_open(&v, 'i'), 0);
        else
            assert_int_equal(value_open_with(&v, 'i', given), 0);
        for (size_t cut = 1; cut < length + 1; cut++) {
            struct parcel parcel;

            parcel_init(&parcel);
            assert_int_equal(value_pack(&v, &parcel), 0);
            length = parcel.length;
            parcel.length -= cut < length ? cut : length;
            expect_refused(&parcel);
        }
        value_close(&v);
    }
    value_close(&other);
    lock_close(&l);
}

/* Whatever number stands where one of eight bytes is: an error, or a Value
 * that lies in its arena. */
static void a_number_that_is_wrong_leads_nowhere(void **state)
{
    const uint64_t wrong[] = {0, 1, 4096, UINT64_MAX, UINT64_MAX / 2, 1u << 31};
    struct value v, again;
    size_t length = 9;

    (void)state;
    assert_int_equal(value_open(&v, 'i'), 0);
    for (size_t at = 0; at + 8 <= length; at++)
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
            struct parcel parcel;

            parcel_init(&parcel);
            assert_int_equal(value_pack(&v, &parcel), 0);
            length = parcel.length;
            memcpy(parcel.bytes + at, &wrong[i], 8);
            if (value_unpack(&again, &parcel) == 0) {
                const struct arena *a = again.typed.block.arena;
                size_t offset = (size_t)((char *)value_get_obj(&again) -
                                         (char *)a->region.base);

                assert_true(offset + again.typed.length * again.typed.size <=
                            a->region.size);
            }
            value_close(&again);
            parcel_free(&parcel);
        }
    value_close(&v);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(one_that_is_closed_is_ebadf),
        TEST(a_parcel_that_is_cut_is_refused),
        TEST(a_number_that_is_wrong_leads_nowhere),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
