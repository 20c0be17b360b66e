/* SPDX-License-Identifier: MIT */
// wrap: malloc calloc realloc free
/* test_pickle_load.c - what a pickle holds: every operation, and the limits of
 * each. */
#include "manager/test_memory.h"
#include "manager/test_pickle.h"

#include "manager/pickle_machine.h"

static void what_python_writes_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++)
        test_loads(samples[i].bytes, samples[i].n, samples[i].repr);
}

static const struct sample operations[] = {
    /* numbers */
    {BYTES("I00\n."), "False"},
    {BYTES("I01\n."), "True"},
    {BYTES("I1\n."), "1"},
    {BYTES("I-0\n."), "0"},
    {BYTES("I+12\n."), "12"},
    {BYTES("I-9223372036854775808\n."), "-9223372036854775808"},
    {BYTES("I-9223372036854775809\n."), "-9223372036854775809"},
    {BYTES("L18446744073709551616L\n."), "18446744073709551616"},
    {BYTES("L-340282366920938463463374607431768211456\n."),
     "-340282366920938463463374607431768211456"},
    {BYTES("K\xff."), "255"},
    {BYTES("M\xff\xff."), "65535"},
    {BYTES("J\xff\xff\xff\xff."), "-1"},
    {BYTES("\x8a\0."), "0"},
    {BYTES("\x8a\1\xff."), "-1"},
    {BYTES("\x8a\3\xff\0\0."), "255"},
    {BYTES("\x8a\x09\0\0\0\0\0\0\0\x80\0."), "9223372036854775808"},
    {BYTES("\x8b\2\0\0\0\0\1."), "256"},
    {BYTES("F1e3\n."), "1000.0"},
    {BYTES("F-inf\n."), "-inf"},
    {BYTES("Fnan\n."), "nan"},
    {BYTES("G\x3f\xf8\0\0\0\0\0\0."), "1.5"},
    /* texts */
    {BYTES("S'a\\'\\x41\\n\\101\\q'\n."), "\"a'A\\nA\\\\q\""},
    {BYTES("S\"\"\n."), "''"},
    {BYTES("V\\u20ac\\U0001f600\xe9\\\\u0041\\x\n."),
     "'\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9\\\\\\\\u0041\\\\x'"},
    {BYTES("U\2ab."), "'ab'"},
    {BYTES("T\2\0\0\0ab."), "'ab'"},
    {BYTES("X\2\0\0\0\xc3\xa9."), "'\xc3\xa9'"},
    {BYTES("\x8c\3\xed\xa0\x80."), "'\\ud800'"},
    {BYTES("\x8d\1\0\0\0\0\0\0\0a."), "'a'"},
    {BYTES("B\1\0\0\0a."), "b'a'"},
    {BYTES("C\1\xff."), "b'\\xff'"},
    {BYTES("\x8e\1\0\0\0\0\0\0\0a."), "b'a'"},
    {BYTES("\x96\1\0\0\0\0\0\0\0a."), "bytearray(b'a')"},
    /* containers */
    {BYTES("(K\1K\2t."), "(1, 2)"},
    {BYTES("(t."), "()"},
    {BYTES("K\1K\2K\3\x87."), "(1, 2, 3)"},
    {BYTES("(K\1K\2l."), "[1, 2]"},
    {BYTES("](K\1K\2e(eK\3a."), "[1, 2, 3]"},
    {BYTES("(K\1K\2K\1K\3d."), "{1: 3}"},
    {BYTES("}K\1Ns(K\2Nu(u."), "{1: None, 2: None}"},
    {BYTES("\x8f(K\1K\1K\2\x90."), "{1, 2}"},
    {BYTES("(K\1\x91."), "frozenset({1})"},
    /* the stack and the memo */
    {BYTES("K\1K\2"
           "0."),
     "1"},
    {BYTES("K\1(K\2K\3"
           "1."),
     "1"},
    {BYTES("K\1(0."), "1"},
    {BYTES("K\1"
           "2\x86."),
     "(1, 1)"},
    {BYTES("K\7p0\ng0\n\x86."), "(7, 7)"},
    {BYTES("K\7q\1h\1\x86."), "(7, 7)"},
    {BYTES("K\7r\2\0\0\0j\2\0\0\0\x86."), "(7, 7)"},
    {BYTES("(K\7\x94K\10\x94h\1h\0t."), "(7, 8, 8, 7)"},
};

static void every_operation_builds_its_value(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        test_loads(operations[i].bytes, operations[i].n, operations[i].repr);
}

/* --- what is shared --- */

static void what_is_shared_is_one_cell(void **state)
{
    struct datum v = test_load(BYTES("]q\0K\1ah\0\x86."));
    const struct datum *items = v.sequence->items;

    (void)state;
    assert_ptr_equal(items[0].cell, items[1].cell);
    assert_int_equal(items[0].cell->references, 2);
    datum_drop(&v);
}

static const struct sample loops[] = {
    {BYTES("]\x94h\0a."), ""},
    {BYTES("]\x94(K\1h\0e."), ""},
    {BYTES("]\x94]\x94h\0ah\1a."), ""},
    {BYTES("}\x94K\1h\0s."), ""},
    {BYTES("}\x94K\1h\0\x85s."), ""},
    {BYTES("]\x94h\0\x85"
           "a."),
     ""},
    {BYTES("]\x94(h\0la."), ""},
    {BYTES("cmultiprocessing.managers\nNamespace\n)\x81\x94}X\1\0\0\0ah"
           "\0sb."),
     ""},
};

static void what_contains_itself_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof loops / sizeof *loops; i++)
        test_refuses(loops[i].bytes, loops[i].n, -E2BIG, "it contains itself");
    /* A set has no place for a set. */
    test_refuses(BYTES("\x8f\x94(h\0\x90."), -E2BIG, "it contains itself");
}

/* --- frames, and limits --- */

static void frames_are_looked_at(void **state)
{
    (void)state;
    test_loads(BYTES("\x80\4\x95\2\0\0\0\0\0\0\0K\1."), "1");
    test_loads(BYTES("\x80\5\x95\3\0\0\0\0\0\0\0K\1."), "1");
    test_loads(BYTES("\x95\2\0\0\0\0\0\0\0K\1\x95\2\0\0\0\0\0\0\0\x85."),
               "(1,)");
    test_loads(BYTES("\x95\0\0\0\0\0\0\0\0K\1."), "1");
    test_refuses(BYTES("\x95\1\0\0\0\0\0\0\0K\1."), -EBADMSG, "its frame");
    test_refuses(BYTES("\x95\4\0\0\0\0\0\0\0K\1."), -EBADMSG, "cut short");
    test_refuses(BYTES("\x95\xff\xff\xff\xff\xff\xff\xff\xffK\1."), -EBADMSG,
                 "cut short");
    test_refuses(BYTES("\x95\xc\0\0\0\0\0\0\0\x95\1\0\0\0\0\0\0\0K\1."),
                 -EBADMSG, "within a frame");
    test_refuses(BYTES("\x80\6N."), -EBADMSG, "protocol 6");
}

static void decimal_numbers_are_bounded(void **state)
{
    struct buffer b = {0};
    struct datum value;

    (void)state;
    buffer_text(&b, "L-");
    test_repeat(&b, "9", 1, PICKLE_DIGITS);
    buffer_text(&b, "L\n.");
    value = test_load((const char *)b.bytes, b.length);
    assert_int_equal(value.kind, DATUM_BIG);
    datum_drop(&value);
    b.length -= 3;
    test_repeat(&b, "9", 1, 1);
    buffer_text(&b, "\n.");
    test_refuses((const char *)b.bytes, b.length, -EBADMSG, "4300 digits");
    buffer_free(&b);
}

static void depth_and_weight_are_bounded(void **state)
{
    struct buffer b = {0};

    (void)state;
    test_repeat(&b, ")", 1, 1);
    test_repeat(&b, "\x85", 1, DATUM_DEPTH - 1);
    buffer_text(&b, ".");
    for (int i = 0; i < 2; i++) {
        struct datum value = test_load((const char *)b.bytes, b.length);

        assert_int_equal(value.cell->depth, DATUM_DEPTH);
        datum_drop(&value);
    }
    b.length--;
    buffer_text(&b, "\x85.");
    test_refuses((const char *)b.bytes, b.length, -E2BIG, "deeper");
    /* Lists, whose items come when they are there already. */
    b.length = 0;
    test_repeat(&b, "]", 1, DATUM_DEPTH + 1);
    test_repeat(&b, "a", 1, DATUM_DEPTH);
    buffer_text(&b, ".");
    test_refuses((const char *)b.bytes, b.length, -E2BIG, "list");
    buffer_free(&b);
}

static void a_memo_has_no_more_than_was_put(void **state)
{
    (void)state;
    test_refuses(BYTES("Nr\0\0\0\x80."), -EBADMSG, "a memo of 2147483648");
    test_refuses(BYTES("Nr\xff\xff\xff\xff."), -EBADMSG, "a memo of");
    test_refuses(BYTES("Np99999999999999999\n."), -EBADMSG, "a memo of");
    test_refuses(BYTES("Np9999999999999999999999\n."), -EBADMSG, "digits");
    test_refuses(BYTES("Nq\1h\0\x86."), -EBADMSG, "the memo has no 0");
    test_refuses(BYTES("Nq\1h\2\x86."), -EBADMSG, "the memo has no 2");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(what_python_writes_is_read),
        TEST(every_operation_builds_its_value),
        TEST(what_is_shared_is_one_cell),
        TEST(what_contains_itself_is_refused),
        TEST(frames_are_looked_at),
        TEST(decimal_numbers_are_bounded),
        TEST(depth_and_weight_are_bounded),
        TEST(a_memo_has_no_more_than_was_put),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
