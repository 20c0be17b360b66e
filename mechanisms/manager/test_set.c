/* SPDX-License-Identifier: MIT */
/* test_set.c - the hosted set does what a set of python3 does. */
#include "manager/test_hosted.h"

#include "sync/test_sharing.h"

static const struct hosted_case cases[] = {
    {"()", "__len__", "()"},
    {"([])", "", ""},
    {"([1, True, 1.0, 2])", "__len__", "()"},
    {"('hello')", "", ""},
    {"({1: 2})", "", ""},
    {"(frozenset([1]))", "", ""},
    {"({1, 2})", "", ""},
    {"(range(3))", "", ""},
    {"([[]])", "", ""},
    {"([{1}])", "", ""},
    {"([frozenset([1])])", "", ""},
    {"(5)", "", ""},
    {"(None)", "", ""},
    {"(1, 2)", "", ""},
    {"(iterable=1)", "", ""},
    /* items */
    {"([1, 'a'])", "add", "(2)"},
    {"", "add", "(1.0)"},
    {"", "add", "([])"},
    {"", "add", "({3})"},
    {"", "add", "((1, {}))"},
    {"", "add", "()"},
    {"", "add", "(1, 2)"},
    {"", "add", "(frozenset([9]))"},
    {"", "__contains__", "(1)"},
    {"", "__contains__", "(True)"},
    {"", "__contains__", "('z')"},
    {"", "__contains__", "({9})"},
    {"", "__contains__", "({8})"},
    {"", "__contains__", "([])"},
    {"", "__contains__", "()"},
    {"", "discard", "('z')"},
    {"", "discard", "(1)"},
    {"", "discard", "([])"},
    {"", "discard", "()"},
    {"", "remove", "('z')"},
    {"", "remove", "((1, 2))"},
    {"", "remove", "('a')"},
    {"", "remove", "([])"},
    {"", "remove", "({7})"},
    {"", "remove", "({9})"},
    {"", "remove", "()"},
    {"", "pop", "()"},
    {"", "pop", "()"},
    {"", "pop", "(1)"},
    {"([7])", "__iter__", "()"},
    {"", "copy", "()"},
    {"", "copy", "(1)"},
    {"", "clear", "(1)"},
    {"", "clear", "()"},
    {"", "__iter__", "()"},
    /* operators */
    {"([1, 2, 3])", "__and__", "({2, 3, 4})"},
    {"", "__and__", "(frozenset([2, 9]))"},
    {"", "__or__", "({4, 1.0})"},
    {"", "__sub__", "({1, 5})"},
    {"", "__xor__", "({1, 5})"},
    {"", "__rand__", "({3})"},
    {"", "__ror__", "({4})"},
    {"", "__rsub__", "({1, 7})"},
    {"", "__rsub__", "(frozenset([1, 7]))"},
    {"", "__rxor__", "({1, 7})"},
    {"", "__and__", "()"},
    {"", "__le__", "({1, 2, 3})"},
    {"", "__lt__", "({1, 2, 3})"},
    {"", "__ge__", "({1, 2, 3})"},
    {"", "__gt__", "({1, 2, 3})"},
    {"", "__le__", "({1, 2, 3, 4})"},
    {"", "__lt__", "({1, 2, 3, 4})"},
    {"", "__ge__", "({1, 2})"},
    {"", "__gt__", "({1, 2})"},
    {"", "__gt__", "({1, 5})"},
    {"", "__lt__", "({1, 2, 4, 5})"},
    {"", "__le__", "(frozenset())"},
    {"", "__ior__", "({9})"},
    {"", "__iand__", "({1, 2, 9, 10})"},
    {"", "__isub__", "({9})"},
    {"", "__ixor__", "({2, 3})"},
    {"", "__ixor__", "()"},
    /* methods of whatever can be gone over */
    {"([1, 2, 3])", "union", "()"},
    {"", "union", "([4], 'ab', {5: 6})"},
    {"", "union", "(5)"},
    {"", "union", "([[]])"},
    {"", "union", "([4], [{}])"},
    {"", "intersection", "()"},
    {"", "intersection", "([1, 2], (2, 3))"},
    {"", "intersection", "([1.0, True])"},
    {"", "intersection", "({1.0, 7})"},
    {"", "intersection", "({1.0, 7, 8, 9})"},
    {"", "intersection", "({3: 4})"},
    {"", "intersection", "([[]])"},
    {"", "intersection", "(None)"},
    {"", "difference", "()"},
    {"", "difference", "([1], {2})"},
    {"", "difference", "({2: 1})"},
    {"", "difference", "(1.5)"},
    {"", "symmetric_difference", "([1, 9, 9])"},
    {"", "symmetric_difference", "({2: 1})"},
    {"", "symmetric_difference", "()"},
    {"", "symmetric_difference", "([1], [2])"},
    {"", "symmetric_difference", "(7)"},
    {"", "isdisjoint", "([4, 5])"},
    {"", "isdisjoint", "([4, 1])"},
    {"", "isdisjoint", "(set())"},
    {"", "isdisjoint", "()"},
    {"", "isdisjoint", "(7)"},
    {"", "issubset", "(range(9))"},
    {"", "issubset", "([1, 2])"},
    {"", "issubset", "(7)"},
    {"", "issuperset", "([1, 2])"},
    {"", "issuperset", "([])"},
    {"", "issuperset", "('a')"},
    {"", "update", "()"},
    {"", "update", "([4], 'ab', {5: 6})"},
    {"", "update", "([6], 7)"},
    {"", "update", "(x=1)"},
    {"", "update", "([40, 41, [], 42], [43])"},
    {"", "difference_update", "([40, set(), 41], 'b')"},
    {"", "difference_update", "([1], 'a')"},
    {"", "difference_update", "()"},
    {"", "difference_update", "(5)"},
    {"", "symmetric_difference_update", "([2, 22])"},
    {"", "symmetric_difference_update", "()"},
    {"", "symmetric_difference_update", "(None)"},
    {"", "intersection_update", "()"},
    {"", "intersection_update", "([3, 22, 'b'], {22, 3})"},
    {"", "intersection_update", "([3], [[]])"},
    {"", "intersection_update", "([3], 5)"},
    {"", "intersection_update", "([])"},
};

static const char drawn[] =
    "def item(r):\n"
    "    return r.choice((r.randrange(12), 'abcdef'[r.randrange(6)], None,"
    " (r.randrange(3),), 2**70, []))\n"
    "def good(r):\n"
    "    k = item(r)\n"
    "    return 'g' if k == [] else k\n"
    "def some(r):\n"
    "    return {good(r) for _ in range(r.randrange(12))}\n"
    "def other(r):\n"
    "    s = some(r)\n"
    "    return r.choice((list, tuple, set, frozenset, dict.fromkeys))(s)\n"
    "def cases(r):\n"
    "    yield '()', '', ''\n"
    "    one = ('add', 'add', 'add', 'add', 'discard', 'remove',"
    " '__contains__')\n"
    "    sets = tuple('__%s__' % n for n in 'and or sub xor rand ror rsub rxor"
    " iand ior isub ixor le lt ge gt'.split())\n"
    "    many = ('union', 'intersection', 'difference', 'update',"
    " 'difference_update')\n"
    "    two = ('symmetric_difference', 'isdisjoint', 'issubset',"
    " 'issuperset', 'symmetric_difference_update')\n"
    "    for _ in range(5000):\n"
    "        kind = r.randrange(6)\n"
    "        if kind < 3:\n"
    "            yield '', r.choice(one), repr((item(r),))\n"
    "        elif kind == 3:\n"
    "            yield '', r.choice(sets), repr((some(r),))\n"
    "        elif kind == 4:\n"
    "            yield '', r.choice(many), repr(tuple(other(r) for _ in"
    " range(r.randrange(3))))\n"
    "        else:\n"
    "            yield '', r.choice(two), repr((other(r),))\n";

static void a_set_does_what_pythons_does(void **state)
{
    (void)state;
    test_need_python("multiprocessing.managers");
    print_message("%zu cases\n",
                  hosted_compare_all(&set_type, "set", "", 0, cases,
                                     sizeof cases / sizeof *cases));
}

static void thousands_that_are_drawn(void **state)
{
    (void)state;
    test_need_python("multiprocessing.managers");
    test_take_seed();
    print_message("%zu cases\n", hosted_compare_all(&set_type, "set", drawn,
                                                    test_seed, NULL, 0));
}

/* What Python's server cannot say (NotImplemented) is what its client raises.
 */
static void an_operator_takes_sets_alone(void **state)
{
    static const char *const expected[][2] = {
        {"__and__", "unsupported operand type(s) for &: 'set' and 'list'"},
        {"__rsub__", "unsupported operand type(s) for -: 'list' and 'set'"},
        {"__ior__", "unsupported operand type(s) for |=: 'set' and 'list'"},
        {"__le__", "'<=' not supported between instances of 'set' and 'list'"},
    };
    struct datum none = datum_tuple(""), raised;
    struct object *o = hosted_open(&set_type, &none, NULL, &raised);

    (void)state;
    assert_non_null(o);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        struct datum list = datum_tuple("O", datum_list());
        const struct datum *arguments;

        assert_int_equal(hosted_call(o, expected[i][0], &list, NULL, &raised),
                         RAISED);
        assert_true(datum_is_str(&raised.record->fields[0], "TypeError"));
        arguments = &raised.record->fields[1];
        assert_true(
            datum_is_str(&arguments->sequence->items[0], expected[i][1]));
        datum_drop(&raised);
        datum_drop(&list);
    }
    hosted_close(o);
    datum_drop(&none);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, census_begin, census_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_set_does_what_pythons_does),
        TEST(thousands_that_are_drawn),
        TEST(an_operator_takes_sets_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
