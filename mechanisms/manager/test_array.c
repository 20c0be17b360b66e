/* SPDX-License-Identifier: MIT */
/* test_array.c - the hosted Array does what an array of python3 does. */
#include "manager/test_hosted.h"

#include "sync/test_sharing.h"

static const struct hosted_case cases[] = {
    /* made */
    {"('i', [])", "__len__", "()"},
    {"('i', [1, -2, True])", "__len__", "()"},
    {"('i', (1, 2))", "", ""},
    {"('d', [1, 2.5, 2**70])", "", ""},
    {"('f', [0.1, 1e300, -1e300, float('nan')])", "", ""},
    {"('i', range(4), False)", "", ""},
    {"('i', [1], lock=None)", "", ""},
    {"(typecode='h', sequence=[1])", "", ""},
    {"('i', {3: 4})", "", ""},
    {"('B', b'\\x01\\xff')", "", ""},
    {"('i', b'abcdabcd')", "", ""},
    {"('i', b'abc')", "", ""},
    {"('H', bytearray(b'abcd'))", "", ""},
    {"('d', array('i', [1, 2]))", "", ""},
    {"('i', array('d', [1, 2]))", "", ""},
    {"('b', array('i', [1, 200]))", "", ""},
    {"('i', array('i', [1, 200]))", "", ""},
    {"('i', array('u', 'ab'))", "", ""},
    {"('u', 'h\\u00e9\\u20ac\\U0001f600\\ud800')", "", ""},
    {"", "__getitem__", "(1)"},
    {"", "__getitem__", "(3)"},
    {"", "__getitem__", "(-1)"},
    {"", "__getitem__", "(slice(3, None, -2))"},
    {"", "__setitem__", "(0, '\\u07ff')"},
    {"", "__setitem__", "(0, 'ab')"},
    {"", "__setitem__", "(0, '')"},
    {"", "__setitem__", "(0, 7)"},
    {"", "__setitem__", "(0, b'a')"},
    {"", "__setitem__", "(slice(1, 2), array('u', 'xyz'))"},
    {"", "__setitem__", "(slice(1, 2), array('i', [1]))"},
    {"", "__setitem__", "(slice(1, 2), 'x')"},
    {"", "__len__", "()"},
    {"('u', '')", "", ""},
    {"('u', ['a', '\\xff'])", "", ""},
    {"('u', ['a', 'bc'])", "", ""},
    {"('u', [1])", "", ""},
    {"('u', array('u', 'ab'))", "", ""},
    {"('u', array('i', [1]))", "", ""},
    {"('u', b'a\\0\\0\\0')", "", ""},
    {"('u', b'abc')", "", ""},
    {"('i', 'abc')", "", ""},
    {"('i', '')", "", ""},
    {"('i', ['a'])", "", ""},
    {"('i', [1, 1.5])", "", ""},
    {"('i', 5)", "", ""},
    {"('i', None)", "", ""},
    {"('x', [1])", "", ""},
    {"('\\u20ac', [1])", "", ""},
    {"('ii', [1])", "", ""},
    {"('', [1])", "", ""},
    {"(5, [1])", "", ""},
    {"(b'i', [1])", "", ""},
    {"(None, [1])", "", ""},
    /* one item */
    {"('i', [10, 11, 12, 13, 14])", "__getitem__", "(0)"},
    {"", "__getitem__", "(-1)"},
    {"", "__getitem__", "(5)"},
    {"", "__getitem__", "(-6)"},
    {"", "__getitem__", "(True)"},
    {"", "__getitem__", "(2**70)"},
    {"", "__getitem__", "('0')"},
    {"", "__getitem__", "(1.0)"},
    {"", "__getitem__", "()"},
    {"", "__len__", "(1)"},
    {"", "__setitem__", "(0, 7)"},
    {"", "__setitem__", "(-1, False)"},
    {"", "__setitem__", "(5, 7)"},
    {"", "__setitem__", "(-6, 'x')"},
    {"", "__setitem__", "(2**70, 7)"},
    {"", "__setitem__", "('0', 7)"},
    {"", "__setitem__", "(0, 1.0)"},
    {"", "__setitem__", "(0, None)"},
    {"", "__setitem__", "(0, [1])"},
    {"('d', [1])", "__setitem__", "(0, 2**1100)"},
    {"", "__setitem__", "(0, '1')"},
    {"", "__setitem__", "(0, -2**1023)"},
    {"", "__getitem__", "(0)"},
    {"('Q', [2**64 - 1, 2**63, 2**63 - 1])", "__getitem__", "(0)"},
    {"", "__getitem__", "(1)"},
    {"", "__getitem__", "(2)"},
    {"('f', [0.1])", "__getitem__", "(0)"},
    {"('l', [-2**63, 2**63 - 1])", "__getitem__", "(0)"},
    {"('B', [200])", "__getitem__", "(0)"},
    {"('b', [-100])", "__getitem__", "(0)"},
    {"('H', [65535])", "__getitem__", "(0)"},
    {"('I', [2**32 - 1])", "__getitem__", "(0)"},
    /* slices */
    {"('h', [10, 11, 12, 13, 14])", "__getitem__", "(slice(None))"},
    {"", "__getitem__", "(slice(None, None, -1))"},
    {"", "__getitem__", "(slice(1, 4, 2))"},
    {"", "__getitem__", "(slice(3, 1))"},
    {"", "__getitem__", "(slice(-2**80, 2**80, 2**80))"},
    {"", "__getitem__", "(slice(None, None, 0))"},
    {"", "__getitem__", "(slice('a'))"},
    {"", "__setitem__", "(slice(1, 3), array('h', [7, 8]))"},
    {"", "__setitem__", "(slice(1, 3), array('h', [7, 8, 9]))"},
    {"", "__setitem__", "(slice(0, 3), array('h', [1]))"},
    {"", "__setitem__", "(slice(0, 0), array('h', [5, 6]))"},
    {"", "__setitem__", "(slice(4, 2), array('h', [5, 6]))"},
    {"", "__setitem__", "(slice(100, 200), array('h', [0]))"},
    {"", "__setitem__", "(slice(None, None, 4), array('h', [2, 3]))"},
    {"", "__setitem__", "(slice(None, None, 4), array('h', [2, 3, 4]))"},
    {"", "__setitem__", "(slice(None, None, -4), array('h', [8, 9, 10]))"},
    {"", "__setitem__", "(slice(2, 0, 2), array('h', []))"},
    {"", "__setitem__", "(slice(2, 0, 2), array('h', [1]))"},
    {"", "__setitem__", "(slice(0, 1), array('i', [1]))"},
    {"", "__setitem__", "(slice(0, 1), [1])"},
    {"", "__setitem__", "(slice(0, 1), 5)"},
    {"", "__setitem__", "(slice(0, 1, 0), 5)"},
    {"", "__setitem__", "(slice(0, 1, 0), array('h', []))"},
    {"", "__setitem__", "(slice(None), array('h', []))"},
    {"", "__getitem__", "(0)"},
    {"", "__getitem__", "(slice(None))"},
};

/* Every typecode at every edge; and what is drawn. */
static const char drawn[] =
    "edges = [0, True, 0.0, 1.5, 'x', None, b'1', [1], (), float('nan'),\n"
    "         float('inf'), 10**400, -10**400]\n"
    "for bits in (7, 8, 15, 16, 31, 32, 63, 64, 65, 127, 128, 1023, 1024):\n"
    "    for d in (-1, 0, 1):\n"
    "        edges += [2**bits + d, -2**bits + d]\n"
    "def text_of(v):\n"
    "    return 'float(%r)' % str(v) if isinstance(v, float) else repr(v)\n"
    "def cases(r):\n"
    "    for code in 'bBhHiIlLqQfd':\n"
    "        yield '(%r, [1, 2])' % code, '', ''\n"
    "        for v in edges:\n"
    "            yield '', '__setitem__', '(0, %s)' % text_of(v)\n"
    "            yield '', '__getitem__', '(0)'\n"
    "    for code in 'bBhHiIlLqQfd':\n"
    "        yield '(%r, range(9))' % code, '', ''\n"
    "        def bound():\n"
    "            return r.choice((None, r.randrange(-12, 13)))\n"
    "        for _ in range(150):\n"
    "            s = slice(bound(), bound(), r.choice((None, 1, -1, 2, -3)))\n"
    "            n = r.choice((r.randrange(6),"
    " len(range(*s.indices(len(thing)))))\n"
    "                         if s.step in (None, 1) or r.random() < .2 else\n"
    "                         (len(range(*s.indices(len(thing)))),))\n"
    "            yield '', '__getitem__', '(%r)' % s\n"
    "            yield '', '__setitem__', '(%r, array(%r, %r))' % (s, code,"
    " [r.randrange(100) for _ in range(n)])\n";

static void an_array_does_what_pythons_does(void **state)
{
    (void)state;
    test_need_python("multiprocessing.managers");
    print_message("%zu cases\n",
                  hosted_compare_all(&array_type, "Array", "", 0, cases,
                                     sizeof cases / sizeof *cases));
}

static void every_edge_of_every_typecode(void **state)
{
    (void)state;
    test_need_python("multiprocessing.managers");
    test_take_seed();
    print_message("%zu cases\n", hosted_compare_all(&array_type, "Array", drawn,
                                                    test_seed, NULL, 0));
}

/* Of an array that is being sent. */
static void what_is_being_sent_does_not_change(void **state)
{
    const unsigned char bytes[4] = {1, 2, 3, 4};
    struct datum arguments = datum_tuple("sy", "B", bytes, sizeof bytes);
    struct datum set = datum_tuple("ii", INT64_C(0), INT64_C(9));
    struct datum raised, result, sent;
    struct object *o = hosted_open(&array_type, &arguments, NULL, &raised);

    (void)state;
    assert_non_null(o);
    sent = hosted_value(o);
    if (!sent.record)
        abort(); /* an assert does not end a path for the analyzer */
    assert_int_equal(hosted_call(o, "__setitem__", &set, NULL, &result), 0);
    assert_memory_equal(sent.record->fields[1].text->bytes, bytes,
                        sizeof bytes);
    datum_drop(&sent);
    sent = hosted_value(o);
    if (!sent.record)
        abort(); /* an assert does not end a path for the analyzer */
    assert_int_equal(sent.record->fields[1].text->bytes[0], 9);
    datum_drop(&sent);
    hosted_close(o);
    datum_drop(&arguments);
    datum_drop(&set);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, census_begin, census_end)

/* Its bytes are no character: Python has such an array, and cannot print it. */
static void what_is_no_character_is_refused(void **state)
{
    const unsigned char bytes[4] = {0, 0, 0x11, 0};
    struct datum arguments = datum_tuple("sy", "u", bytes, sizeof bytes);
    struct datum raised;
    struct object *o = hosted_open(&array_type, &arguments, NULL, &raised);

    (void)state;
    assert_non_null(o);
    hosted_expect(o, "__getitem__", datum_tuple("i", INT64_C(0)), RAISED,
                  "ValueError('chr() arg not in range(0x110000)')");
    hosted_close(o);
    datum_drop(&arguments);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_array_does_what_pythons_does),
        TEST(every_edge_of_every_typecode),
        TEST(what_is_being_sent_does_not_change),
        TEST(what_is_no_character_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
