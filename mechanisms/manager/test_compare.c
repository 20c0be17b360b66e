/* SPDX-License-Identifier: MIT */
// wrap: malloc calloc realloc free
/*
 * test_compare.c - equality, order and hash, where no Python need be asked: of
 * what it never makes by an expression, and of what two sides must agree in.
 */
#include "manager/test_memory.h"

#include "manager/cell.h"

#include <math.h>
#include <sys/mman.h>

static uint64_t hash_of(const struct datum *d)
{
    const char *culprit = "";
    uint64_t hash = 0;

    assert_int_equal(datum_hash(d, &hash, &culprit), 0);
    return hash;
}

/* Both ways, and as keys; both are dropped. */
static void expect(bool equal, struct datum a, struct datum b)
{
    assert_int_equal(datum_equal(&a, &b), equal);
    assert_int_equal(datum_equal(&b, &a), equal);
    assert_int_equal(hash_of(&a) == hash_of(&b), equal);
    datum_drop(&a);
    datum_drop(&b);
}

static struct datum two_to(unsigned power, unsigned more)
{
    unsigned char bytes[2048 / 8 + 1] = {0};

    bytes[power / 8] = (unsigned char)(1 << power % 8);
    bytes[0] = (unsigned char)(bytes[0] + more);
    return datum_long(bytes, sizeof bytes);
}

/* --- whose hash it is --- */

static int say_hash(void *argument)
{
    const struct datum one = datum_int(1);
    const char *culprit;

    return datum_hash(&one, argument, &culprit) < 0;
}

/* The key is drawn with the first hash: so this is the first test. */
static void nobody_knows_a_hash_but_who_inherits_it(void **state)
{
    uint64_t *said = mmap(NULL, 4 * sizeof *said, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    (void)state;
    assert_ptr_not_equal(said, MAP_FAILED);
    test_expect_in_fork(say_hash, &said[0]);
    test_expect_in_fork(say_hash, &said[1]);
    assert_int_equal(say_hash(&said[2]), 0);
    test_expect_in_fork(say_hash, &said[3]);
    assert_true(said[0] != said[1]);
    assert_true(said[0] != said[2]);
    assert_true(said[2] == said[3]);
    munmap(said, 4 * sizeof *said);
}

/* --- numbers --- */

static void no_number_is_rounded_to_be_compared(void **state)
{
    const char *culprits[2];
    struct datum big = two_to(1023, 0), bigger = two_to(1023, 1);
    struct datum real = datum_float(0x1p1023), endless = datum_float(INFINITY);

    (void)state;
    expect(true, datum_int(1), datum_float(1));
    expect(true, datum_int(0), datum_float(-0.0));
    expect(true, datum_bool(true), datum_float(1));
    expect(false, two_to(53, 1), datum_float(0x1p53));
    expect(true, two_to(63, 0), datum_float(0x1p63));
    expect(false, datum_int(INT64_MAX), datum_float(0x1p63));
    expect(true, datum_int(INT64_MIN), datum_float(-0x1p63));
    expect(true, datum_share(&big), real);
    expect(false, datum_share(&bigger), real);
    assert_int_equal(datum_less(&real, &bigger, culprits), 1);
    assert_int_equal(datum_less(&bigger, &real, culprits), 0);
    assert_int_equal(datum_less(&bigger, &endless, culprits), 1);
    datum_drop(&big);
    datum_drop(&bigger);
}

/* NaN is no less than anything, equals nothing, and is in nobody's way. */
static void nan_is_apart(void **state)
{
    struct datum nan = datum_float(NAN), one = datum_int(1);
    struct datum big = two_to(1023, 0);
    const struct datum *const others[3] = {&nan, &one, &big};
    const char *culprits[2];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_false(datum_equal(&nan, others[i]));
        assert_int_equal(datum_less(&nan, others[i], culprits), 0);
        assert_int_equal(datum_less(others[i], &nan, culprits), 0);
    }
    assert_true(hash_of(&nan) != hash_of(&nan));
    datum_drop(&big);
}

static void a_number_becomes_what_fits(void **state)
{
    struct datum big = two_to(64, 0), real = datum_float(1);
    struct datum much = two_to(1024, 0), str = datum_str("1");
    struct datum truth = datum_bool(true);
    int64_t integer = 0;
    double d = 0;

    (void)state;
    assert_int_equal(datum_to_int(&truth, &integer), 0);
    assert_int_equal(integer, 1);
    assert_int_equal(datum_to_int(&big, &integer), -ERANGE);
    assert_int_equal(datum_to_int(&real, &integer), -EINVAL);
    assert_int_equal(datum_to_int(&str, &integer), -EINVAL);
    assert_int_equal(datum_to_float(&big, &d), 0);
    assert_true(d == 0x1p64);
    assert_int_equal(datum_to_float(&much, &d), -ERANGE);
    assert_int_equal(datum_to_float(&str, &d), -EINVAL);
    datum_drop(&big);
    datum_drop(&much);
    datum_drop(&str);
}

/* Half-way between two doubles it is the even one; the least bit more, far
 * below what a double keeps, makes it the upper. */
static void an_int_becomes_the_nearest_double(void **state)
{
    unsigned char bytes[20] = {[1] = 0x08, [8] = 0x01};
    double real = 0;

    (void)state;
    for (int more = 0; more < 2; more++) {
        struct datum d;

        bytes[0] = (unsigned char)more;
        d = datum_long(bytes, sizeof bytes);
        assert_int_equal(datum_to_float(&d, &real), 0);
        assert_true(real == (more ? 0x1.0000000000001p64 : 0x1p64));
        datum_drop(&d);
    }
}

/* --- containers --- */

static struct datum frozen(const int *items, size_t n)
{
    struct datum set = datum_set();

    for (size_t i = 0; i < n; i++)
        assert_int_equal(
            table_set(set.table, datum_int(items[i]), datum_none()), 0);
    set.kind = DATUM_FROZENSET;
    return set;
}

static void a_set_has_no_order(void **state)
{
    static const int up[] = {1, 2, 3, 4, 5, 6, 7, 8, 9},
                     down[] = {9, 8, 7, 6, 5, 4, 3, 2, 1};

    (void)state;
    expect(true, frozen(up, 9), frozen(down, 9));
    expect(false, frozen(up, 9), frozen(down, 8));
    expect(false, frozen(up, 8), frozen(down, 8));
    expect(true, datum_tuple("OO", frozen(up, 2), frozen(down, 0)),
           datum_tuple("OO", frozen(down + 7, 2), frozen(up, 0)));
}

/* Whose types cannot be compared may be deep within. */
static void the_culprits_are_named(void **state)
{
    struct datum a = datum_tuple("iO", INT64_C(1), datum_tuple("sN", "same"));
    struct datum b =
        datum_tuple("iO", INT64_C(1), datum_tuple("si", "same", INT64_C(3)));
    struct datum key =
        datum_tuple("iO", INT64_C(1), datum_tuple("O", datum_dict()));
    struct datum none = datum_none();
    const char *culprits[2] = {"", ""};
    uint64_t hash;

    (void)state;
    assert_int_equal(datum_less(&a, &b, culprits), -EINVAL);
    assert_string_equal(culprits[0], "NoneType");
    assert_string_equal(culprits[1], "int");
    assert_int_equal(datum_less(&a, &b, NULL), -EINVAL);
    assert_int_equal(datum_less(&none, &none, culprits), -EINVAL);
    assert_int_equal(datum_hash(&key, &hash, culprits), -EINVAL);
    assert_string_equal(culprits[0], "dict");
    datum_drop(&a);
    datum_drop(&b);
    datum_drop(&key);
}

/* --- what Python tells apart by identity, and what it has of ours --- */

static struct datum proxy_of(void *pin)
{
    struct datum fields[] = {datum_str("ListProxy"), datum_none(),
                             datum_none()};
    struct datum proxy = datum_record(DATUM_PROXY, fields, 3);

    proxy.record->pin = pin;
    return proxy;
}

static void singles_are_equal_to_themselves(void **state)
{
    struct datum e = datum_exception("KeyError", datum_int(1));
    struct datum proxy = proxy_of(NULL);
    int one, other;

    (void)state;
    expect(true, datum_share(&e), datum_share(&e));
    expect(false, datum_share(&e), datum_exception("KeyError", datum_int(1)));
    expect(true, datum_share(&proxy), datum_share(&proxy));
    expect(false, datum_share(&proxy), proxy_of(NULL));
    expect(true, proxy_of(&one), proxy_of(&one));
    expect(false, proxy_of(&one), proxy_of(&other));
    assert_string_equal(datum_type(&e), "KeyError");
    assert_string_equal(datum_type(&proxy), "ListProxy");
    datum_drop(&e);
    datum_drop(&proxy);
}

static struct datum token(const char *id)
{
    struct datum fields[] = {datum_str("list"), datum_str("/tmp/a"),
                             datum_str(id)};

    return datum_record(DATUM_TOKEN, fields, 3);
}

static void tokens_are_what_their_fields_are(void **state)
{
    (void)state;
    expect(true, token("7f"), token("7f"));
    expect(false, token("7f"), token("7e"));
}

static struct datum range(int64_t start, int64_t stop, int64_t step)
{
    struct datum fields[] = {datum_int(start), datum_int(stop),
                             datum_int(step)};

    return datum_record(DATUM_RANGE, fields, 3);
}

static void ranges_are_what_they_yield(void **state)
{
    (void)state;
    expect(true, range(0, 0, 1), range(5, 3, 2));
    expect(true, range(0, 3, 2), range(0, 4, 2));
    expect(true, range(7, 8, 1), range(7, 100, 1000));
    expect(false, range(0, 3, 1), range(0, 3, 2));
    expect(false, range(INT64_MIN, INT64_MAX, INT64_MAX),
           range(INT64_MIN, INT64_MAX - 1, INT64_MAX));
    expect(true, range(INT64_MAX, INT64_MIN, INT64_MIN),
           range(INT64_MAX, -2, INT64_MIN));
    expect(false, range(INT64_MAX, INT64_MIN, INT64_MIN),
           range(INT64_MAX, -1, INT64_MIN));
    expect(false, range(0, 10, 1), datum_none());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nobody_knows_a_hash_but_who_inherits_it),
        TEST(no_number_is_rounded_to_be_compared),
        TEST(nan_is_apart),
        TEST(a_number_becomes_what_fits),
        TEST(an_int_becomes_the_nearest_double),
        TEST(a_set_has_no_order),
        TEST(the_culprits_are_named),
        TEST(singles_are_equal_to_themselves),
        TEST(tokens_are_what_their_fields_are),
        TEST(ranges_are_what_they_yield),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
