/* SPDX-License-Identifier: MIT */
/* test_decimal.c - ints of any size, against Python's. */
#include "manager/test_text.h"

enum { NUMBER = 1800 };

/* Two's complement, the little end first: what datum_long takes. */
struct number {
    unsigned char bytes[NUMBER];
};

static void number_add(struct number *x, int n)
{
    for (size_t i = 0; i < NUMBER; i++) {
        n += x->bytes[i];
        x->bytes[i] = (unsigned char)(n & 0xff);
        n >>= 8;
    }
}

static void number_multiply(struct number *x, unsigned n)
{
    unsigned carry = 0;

    for (size_t i = 0; i < NUMBER; i++) {
        carry += x->bytes[i] * n;
        x->bytes[i] = (unsigned char)(carry & 0xff);
        carry >>= 8;
    }
}

static void number_negate(struct number *x)
{
    for (size_t i = 0; i < NUMBER; i++)
        x->bytes[i] ^= 0xff;
    number_add(x, 1);
}

/* The number less one, itself, and one more, and the negative of each. */
static void put_around(struct buffer *ours, const struct number *x)
{
    for (int i = -1; i <= 1; i++) {
        struct number y = *x;

        number_add(&y, i);
        put_line(ours, datum_long(y.bytes, NUMBER));
        number_negate(&y);
        put_line(ours, datum_long(y.bytes, NUMBER));
    }
}

/* All of the small ones, some of the large, and all at the limit. */
static bool is_chosen(unsigned power, unsigned limit)
{
    return power < 130 || power % 97 == 0 || power + 6 > limit;
}

/* base to the power of 0, 1 ... and what is beside it. */
static void compare_powers(unsigned base, unsigned limit)
{
    struct number x = {{1}};
    struct buffer ours = {0};
    char expression[200];
    struct python p;

    python_start(&p);
    for (unsigned power = 0; power < limit + 6; power++) {
        if (is_chosen(power, limit))
            put_around(&ours, &x);
        number_multiply(&x, base);
    }
    snprintf(expression, sizeof expression,
             "lines(s * (%u ** n + i) for n in range(%u)"
             " if n < 130 or n %% 97 == 0 or n + 6 > %u"
             " for i in (-1, 0, 1) for s in (1, -1))",
             base, limit + 6, limit);
    python_agrees(&p, expression, &ours);
    python_end(&p);
}

static void powers_of_ten_up_to_the_limit_and_beyond(void **state)
{
    (void)state;
    compare_powers(10, 4300);
}

static void powers_of_two_up_to_the_limit_and_beyond(void **state)
{
    (void)state;
    compare_powers(2, 14285);
}

static void random_ints_of_every_length(void **state)
{
    struct buffer ours = {0};
    uint64_t random = 1;
    struct python p;

    (void)state;
    python_start(&p);
    for (size_t length = 1; length < NUMBER; length += 7) {
        unsigned char bytes[NUMBER];

        for (size_t i = 0; i < length; i++)
            bytes[i] = (unsigned char)(test_random(&random) >> 32 & 0xff);
        put_line(&ours, datum_long(bytes, length));
    }
    python_agrees(&p,
                  "(lambda r: lines(int.from_bytes([next(r) >> 32 & 255 for i"
                  " in range(n)], 'little', signed=True)"
                  " for n in range(1, 1800, 7)))(random(1 << 20))",
                  &ours);
    python_end(&p);
}

/* A stranger's megabyte takes no longer than to see that it is one. */
static void what_is_far_beyond_the_limit_is_refused_at_once(void **state)
{
    const size_t n = 64 << 20;
    struct datum d = datum_text(DATUM_BIG, NULL, n);
    struct buffer ours = {0};

    (void)state;
    assert_int_equal(d.kind, DATUM_BIG);
    memset(d.text->bytes, 0x7f, n);
    assert_int_equal(datum_repr(&ours, &d), -ERANGE);
    assert_int_equal(datum_print(&ours, &d), -ERANGE);
    assert_int_equal(ours.length, 0);
    buffer_free(&ours);
    datum_drop(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            powers_of_ten_up_to_the_limit_and_beyond, census_begin, census_end),
        cmocka_unit_test_setup_teardown(
            powers_of_two_up_to_the_limit_and_beyond, census_begin, census_end),
        cmocka_unit_test_setup_teardown(random_ints_of_every_length,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(
            what_is_far_beyond_the_limit_is_refused_at_once, census_begin,
            census_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
