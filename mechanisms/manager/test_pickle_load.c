/* SPDX-License-Identifier: MIT */
/* test_pickle_load.c - what a pickle holds: every operation, every shape, and
 * the limits of each. */
#include "manager/test_pickle.h"

#include "manager/pickle_machine.h"

#include <endian.h>

static void what_python_writes_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++)
        test_loads(samples[i].bytes, samples[i].n, samples[i].repr);
}

static void every_operation_builds_its_value(void **state)
{
    static const struct sample programs[] = {
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

    (void)state;
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        test_loads(programs[i].bytes, programs[i].n, programs[i].repr);
}

static void a_name_with_its_arguments_is_a_value(void **state)
{
    static const struct sample programs[] = {
        {BYTES("c__builtin__\nset\n(]K\1atR."), "{1}"},
        {BYTES("c__builtin__\nset\n)R."), "set()"},
        {BYTES("cbuiltins\nfrozenset\n](K\1K\1e\x85R."), "frozenset({1})"},
        {BYTES("cbuiltins\nlist\n]K\1a\x85R."), "[1]"},
        {BYTES("cbuiltins\nlist\n)R."), "[]"},
        {BYTES("c__builtin__\nbytes\n)R."), "b''"},
        {BYTES("c_codecs\nencode\nX\3\0\0\0a\xc3\xbfX\7\0\0\0latin-1\x86R."),
         "b'a\\xff'"},
        {BYTES("cbuiltins\nbytearray\nX\2\0\0\0\xc3\xbfX\6\0\0\0latin1\x86R."),
         "bytearray(b'\\xff')"},
        {BYTES("c__builtin__\nxrange\nK\0K\2K\1\x87R."), "range(0, 2)"},
        {BYTES("cexceptions\nKeyError\nK\1\x85R}X\1\0\0\0aK\2sb."),
         "KeyError(1)"},
        {BYTES("cexceptions\nIOError\n)R."), "OSError()"},
        {BYTES("cqueue\nEmpty\n)R."), "Empty()"},
        {BYTES("cQueue\nFull\n)R."), "Full()"},
        {BYTES("carray\narray\nX\1\0\0\0h](K\1J\0\x80\xff\xff"
               "e\x86R."),
         "array('h', [1, -32768])"},
        {BYTES("carray\narray\nX\1\0\0\0Q]\x8a\x9\xff\xff\xff\xff\xff\xff\xff"
               "\xff\0a\x86R."),
         "array('Q', [18446744073709551615])"},
        {BYTES("carray\narray\nX\1\0\0\0f]K\1a\x86R."), "array('f', [1.0])"},
        {BYTES("carray\narray\nX\1\0\0\0h\x85R."), "array('h')"},
        {BYTES("ccopyreg\n__newobj__\ncmultiprocessing.managers\nNamespace\n"
               "\x85R}X\1\0\0\0aK\1sb."),
         "Namespace(a=1)"},
        {BYTES("cmultiprocessing.managers\nToken\n)\x81X\1\0\0\0tX\1\0\0\0aX\1"
               "\0\0\0i\x87"
               "b."),
         "Token(typeid='t', address='a', id='i')"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        test_loads(programs[i].bytes, programs[i].n, programs[i].repr);
}

static void the_list_of_names_finds_each(void **state)
{
    const struct known *k;
    size_t i;

    (void)state;
    for (i = 1; (k = pickle_known(i)); i++)
        assert_int_equal(
            pickle_find(k->module, strlen(k->module), k->name, strlen(k->name)),
            i);
    assert_in_range(i, 80, 120);
    assert_int_equal(pickle_find("builtins", 8, "set\0", 4), 0);
    assert_int_equal(pickle_find("builtins", 8, "se", 2), 0);
    assert_int_equal(pickle_find("builtin", 7, "set", 3), 0);
}

static void a_reversed_list_has_the_next_index(void **state)
{
    static const char program[] = "cbuiltins\nreversed\n](K\1K\2e\x85RJ";
    static const struct {
        int32_t index;
        int64_t next;
    } given[] = {{0, 0}, {-1, -1}, {-5, -1}, {1, 1}, {9, 1}};

    (void)state;
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        char bytes[sizeof program + 6];
        uint32_t index = htole32((uint32_t)given[i].index);
        struct datum value;

        memcpy(bytes, program, sizeof program - 1);
        memcpy(bytes + sizeof program - 1, &index, 4);
        memcpy(bytes + sizeof program + 3, "b.", 2);
        value = test_load(bytes, sizeof program + 5);
        assert_int_equal(value.kind, DATUM_REVERSED);
        assert_int_equal(value.record->fields[0].sequence->length, 2);
        assert_int_equal(value.record->fields[1].integer, given[i].next);
        datum_drop(&value);
    }
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

static void what_contains_itself_is_refused(void **state)
{
    static const struct sample programs[] = {
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

    (void)state;
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        test_refuses(programs[i].bytes, programs[i].n, -E2BIG,
                     "it contains itself");
    /* A set has no place for a set. */
    test_refuses(BYTES("\x8f\x94(h\0\x90."), -E2BIG, "it contains itself");
}

/* --- proxies --- */

static const char proxy_program[] =
    "cmultiprocessing.managers\nRebuildProxy\n(cmultiprocessing.managers\n"
    "AutoProxy\ncmultiprocessing.managers\nToken\n)\x81X\1\0\0\0tX\1\0\0\0aX\1"
    "\0\0\0i\x87"
    "bX\6\0\0\0pickle}(X\7\0\0\0authkeyC\1kX\7\0\0\0exposedX\3\0"
    "\0\0get\x85utR.";

static int take_proxy(void *argument, struct datum *proxy,
                      struct pickle_fault *fault)
{
    int *calls = argument;

    assert_int_equal(proxy->kind, DATUM_PROXY);
    assert_true(datum_is_str(&proxy->record->fields[0], "AutoProxy"));
    if (++*calls < 2)
        return 0;
    snprintf(fault->text, sizeof fault->text, "there is no such object");
    return -ENOENT;
}

static void a_proxy_is_shown_to_the_reader(void **state)
{
    int calls = 0;
    const struct pickle_reader reader = {take_proxy, &calls};
    struct pickle_fault fault;
    struct datum value;

    (void)state;
    assert_int_equal(pickle_load(BYTES(proxy_program), &reader, &value, &fault),
                     0);
    assert_int_equal(calls, 1);
    assert_int_equal(value.kind, DATUM_PROXY);
    assert_int_equal(value.record->fields[1].kind, DATUM_TOKEN);
    assert_int_equal(value.record->fields[2].sequence->length, 1);
    datum_drop(&value);
    assert_int_equal(pickle_load(BYTES(proxy_program), &reader, &value, &fault),
                     -ENOENT);
    assert_string_equal(fault.text, "there is no such object");
    assert_int_equal(value.kind, DATUM_NOTHING);
    /* Nobody looks: it is data. */
    value = test_load(BYTES(proxy_program));
    assert_int_equal(value.kind, DATUM_PROXY);
    datum_drop(&value);
}

/* --- arrays of other machines --- */

static void items_of_another_machine_are_converted(void **state)
{
    static const struct {
        char code;
        unsigned char format;
        const char *bytes;
        size_t n;
        const char *repr;
    } arrays[] = {
        {'B', 0, BYTES("\xff"), "array('B', [255])"},
        {'b', 1, BYTES("\xff"), "array('b', [-1])"},
        {'H', 2, BYTES("\1\2"), "array('H', [513])"},
        {'H', 3, BYTES("\1\2"), "array('H', [258])"},
        {'h', 5, BYTES("\xff\xfe"), "array('h', [-2])"},
        {'L', 6, BYTES("\1\0\0\0"), "array('I', [1])"},
        {'L', 7, BYTES("\0\0\0\1"), "array('I', [1])"},
        {'l', 9, BYTES("\xff\xff\xff\xff"), "array('i', [-1])"},
        {'q', 13, BYTES("\0\0\0\0\0\0\0\2"), "array('q', [2])"},
        {'q', 0, BYTES("\1"), "array('B', [1])"},
        {'f', 15, BYTES("\x3f\x80\0\0"), "array('f', [1.0])"},
        {'d', 14, BYTES("\0\0\x80\x3f"), "array('d', [1.0])"},
        {'d', 17, BYTES("\x3f\xf0\0\0\0\0\0\0"), "array('d', [1.0])"},
        {'u', 18, BYTES("a\0\x3d\xd8\0\xde"),
         "array('u', 'a\xf0\x9f\x98\x80')"},
        {'u', 19, BYTES("\0a\xd8\x3d\xde\0"),
         "array('u', 'a\xf0\x9f\x98\x80')"},
        {'u', 21, BYTES("\0\0\0a"), "array('u', 'a')"},
        /* refused */
        {'u', 18, BYTES("\x3d\xd8"), NULL},
        {'u', 18,
         BYTES("\x3d\xd8"
               "a\0"),
         NULL},
        {'u', 20, BYTES("\0\0\x11\0"), NULL},
        {'H', 2, BYTES("\1"), NULL},
        {'d', 2, BYTES("\1\2"), "array('H', [513])"},
        {'h', 16, BYTES("\0\0\0\0\0\0\0\0"), NULL},
        {'h', 22, BYTES(""), NULL},
        {'x', 2, BYTES("\1\2"), NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        struct buffer b = {0};
        const char middle[] = {'X', 1,
                               0,   0,
                               0,   arrays[i].code,
                               'K', (char)arrays[i].format,
                               'C', (char)arrays[i].n};

        buffer_text(&b, "carray\n_array_reconstructor\n(carray\narray\n");
        buffer_put(&b, middle, sizeof middle);
        buffer_put(&b, arrays[i].bytes, arrays[i].n);
        buffer_text(&b, "tR.");
        if (arrays[i].repr)
            test_loads((const char *)b.bytes, b.length, arrays[i].repr);
        else
            test_refuses((const char *)b.bytes, b.length, -EBADMSG, "array");
        buffer_free(&b);
    }
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
#define TEST(f) cmocka_unit_test_setup_teardown(f, census_begin, census_end)
        TEST(what_python_writes_is_read),
        TEST(every_operation_builds_its_value),
        TEST(a_name_with_its_arguments_is_a_value),
        TEST(the_list_of_names_finds_each),
        TEST(a_reversed_list_has_the_next_index),
        TEST(what_is_shared_is_one_cell),
        TEST(what_contains_itself_is_refused),
        TEST(a_proxy_is_shown_to_the_reader),
        TEST(items_of_another_machine_are_converted),
        TEST(frames_are_looked_at),
        TEST(decimal_numbers_are_bounded),
        TEST(depth_and_weight_are_bounded),
        TEST(a_memo_has_no_more_than_was_put),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
