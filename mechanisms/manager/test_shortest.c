/* SPDX-License-Identifier: MIT */
/* test_shortest.c - floats as text, against Python's. */
#include "manager/test_text.h"

#include <locale.h>
#include <math.h>

static uint64_t bits_of(double real)
{
    uint64_t bits;

    memcpy(&bits, &real, sizeof bits);
    return bits;
}

static void put_bits(struct buffer *ours, uint64_t bits)
{
    double real;

    memcpy(&real, &bits, sizeof real);
    put_line(ours, datum_float(real));
}

static void a_hundred_thousand_by_their_bits(void **state)
{
    struct buffer ours = {0};
    uint64_t random = 1;
    struct python p;

    (void)state;
    python_start(&p);
    for (int i = 0; i < 100000; i++)
        put_bits(&ours, test_random(&random));
    python_agrees(&p, "lines(map(real, random(100000)))", &ours);
    python_end(&p);
}

/*
 * With exponents of 2 from -8 to 63: where the digits end, where an exponent is
 * written, and where what is between two floats can be said in as many digits.
 */
static void those_that_people_have(void **state)
{
    struct buffer ours = {0};
    uint64_t random = 1;
    struct python p;

    (void)state;
    python_start(&p);
    for (int i = 0; i < 50000; i++) {
        uint64_t x = test_random(&random);

        put_bits(&ours, (1015 + x % 72) << 52 | x >> 12);
        put_bits(&ours, (1015 + x % 72) << 52 | x >> 60 << 48);
    }
    python_agrees(&p,
                  "lines(real((1015 + x % 72) << 52 | m)"
                  " for x in random(50000)"
                  " for m in (x >> 12, x >> 60 << 48))",
                  &ours);
    python_end(&p);
}

/* Below a power of 2 floats are denser than above. */
static void powers_of_two_and_their_neighbours(void **state)
{
    struct buffer ours = {0};
    struct python p;

    (void)state;
    python_start(&p);
    for (uint64_t exponent = 0; exponent < 2048; exponent++)
        for (uint64_t i = 0; i < 5; i++)
            put_bits(&ours, (exponent << 52) + i - 2);
    python_agrees(&p,
                  "lines(real(((e << 52) + i - 2) % (1 << 64))"
                  " for e in range(2048) for i in range(5))",
                  &ours);
    python_end(&p);
}

static void powers_of_ten_and_their_neighbours(void **state)
{
    struct buffer ours = {0};
    struct python p;

    (void)state;
    python_start(&p);
    for (int exponent = -323; exponent < 309; exponent++)
        for (int factor = 1; factor < 10; factor += 2)
            for (uint64_t i = 0; i < 3; i++) {
                char text[32];

                snprintf(text, sizeof text, "%de%d", factor, exponent);
                put_bits(&ours, bits_of(strtod(text, NULL)) + i - 1);
            }
    python_agrees(&p,
                  "lines(real(struct.unpack('<Q', struct.pack('<d',"
                  " float('%de%d' % (f, e))))[0] + i - 1)"
                  " for e in range(-323, 309) for f in range(1, 10, 2)"
                  " for i in range(3))",
                  &ours);
    python_end(&p);
}

/* Few bits: a digit may be all that there is. */
static void subnormals(void **state)
{
    struct buffer ours = {0};
    uint64_t random = 1;
    struct python p;

    (void)state;
    python_start(&p);
    for (uint64_t bits = 0; bits < 5000; bits++)
        put_bits(&ours, bits | bits << 63);
    for (int i = 0; i < 10000; i++) {
        uint64_t x = test_random(&random);

        put_bits(&ours, x >> 12 >> x % 52);
    }
    python_agrees(&p,
                  "lines(real((b | b << 63) % (1 << 64)) for b in range(5000))"
                  " + lines(real(x >> 12 >> x % 52) for x in random(10000))",
                  &ours);
    python_end(&p);
}

/* Halfway between two floats, or just beside it. */
static void short_decimals(void **state)
{
    struct buffer ours = {0};
    uint64_t random = 1;
    struct python p;

    (void)state;
    python_start(&p);
    for (int i = 0; i < 50000; i++) {
        uint64_t x = test_random(&random);
        char text[40];

        snprintf(text, sizeof text, "%llue%d",
                 (unsigned long long)(x >> x % 60), (int)(x % 40) - 30);
        put_line(&ours, datum_float(strtod(text, NULL)));
    }
    python_agrees(&p,
                  "lines(float('%de%d' % (x >> x % 60, x % 40 - 30))"
                  " for x in random(50000))",
                  &ours);
    python_end(&p);
}

static void expect(double real, const char *text)
{
    struct datum d = datum_float(real);
    struct buffer ours = {0};

    assert_int_equal(datum_print(&ours, &d), 0);
    assert_int_equal(buffer_put(&ours, "", 1), 0);
    assert_string_equal((char *)ours.bytes, text);
    buffer_free(&ours);
}

static void some_are_known(void **state)
{
    (void)state;
    expect(0.0, "0.0");
    expect(-0.0, "-0.0");
    expect(0.1, "0.1");
    expect(1e15, "1000000000000000.0");
    expect(1e16, "1e+16");
    expect(-1.5e300, "-1.5e+300");
    expect(0.0001, "0.0001");
    expect(0.00001, "1e-05");
    expect(0x1p-44, "5.684341886080802e-14");
    expect(INFINITY, "inf");
    expect(-INFINITY, "-inf");
    expect(NAN, "nan");
    expect(-NAN, "nan");
}

/* A program may have said that its point is a comma. */
static void the_point_is_a_point_everywhere(void **state)
{
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8",
                                        "nl_NL.UTF-8", "es_ES.UTF-8"};
    size_t i = 0;

    (void)state;
    while (i < 4 && !setlocale(LC_NUMERIC, names[i]))
        i++;
    if (i == 4) {
        print_message("skipped: no locale with a comma is installed\n");
        skip();
    }
    some_are_known(NULL);
    setlocale(LC_NUMERIC, "C");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_hundred_thousand_by_their_bits,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(those_that_people_have, census_begin,
                                        census_end),
        cmocka_unit_test_setup_teardown(powers_of_two_and_their_neighbours,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(powers_of_ten_and_their_neighbours,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(subnormals, census_begin, census_end),
        cmocka_unit_test_setup_teardown(short_decimals, census_begin,
                                        census_end),
        cmocka_unit_test_setup_teardown(some_are_known, census_begin,
                                        census_end),
        cmocka_unit_test_setup_teardown(the_point_is_a_point_everywhere,
                                        census_begin, census_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
