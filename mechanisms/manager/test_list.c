/* SPDX-License-Identifier: MIT */
/* test_list.c - the hosted list does what a list of python3 does. */
#include "manager/test_hosted.h"

#include "sync/test_sharing.h"

#define FIVE  "([10, 11, 12, 13, 14])"
#define MIXED "([1, 'a', None, 1.5, (2, 3), True, [4], {5: 6}])"

static const struct hosted_case cases[] = {
    /* made */
    {"()", "__len__", "()"},
    {"([])", "__len__", "()"},
    {"((1, 2))", "__len__", "()"},
    {"('h\\u00e9\\U0001f600\\x00')", "__len__", "()"},
    {"(b'\\x00\\xff')", "__len__", "()"},
    {"(bytearray(b'ab'))", "__len__", "()"},
    {"({1: 2, 'x': 3})", "__len__", "()"},
    {"({7})", "__len__", "()"},
    {"(frozenset([7]))", "__len__", "()"},
    {"(range(5))", "__len__", "()"},
    {"(range(10, -10, -3))", "__len__", "()"},
    {"(range(2**63 - 2, 2**63 - 1))", "__len__", "()"},
    {"(range(-2**63, -2**63 + 2))", "__len__", "()"},
    {"(range(5, 5))", "__len__", "()"},
    {"(range(2**70, 0))", "__len__", "()"},
    {"(range(7, -2**70, True))", "__len__", "()"},
    {"(range(5, 9, 7))", "__getitem__", "(slice(None),)"},
    {"(array('h', [-1, 2]))", "__len__", "()"},
    {"(array('Q', [2**64 - 1, 2]))", "__len__", "()"},
    {"(array('d', [0.1]))", "__len__", "()"},
    {"(array('u', 'h\\u00e9\\u20ac\\U0001f600'))", "__len__", "()"},
    {"(reversed([1, 2, 3]))", "__len__", "()"},
    {"(5)", "", ""},
    {"(None)", "", ""},
    {"(1.5)", "", ""},
    {"([1], [2])", "", ""},
    {"([1], 2, 3)", "", ""},
    {"(x=1)", "", ""},
    /* one item */
    {FIVE, "__getitem__", "(0)"},
    {"", "__getitem__", "(4)"},
    {"", "__getitem__", "(5)"},
    {"", "__getitem__", "(-1)"},
    {"", "__getitem__", "(-5)"},
    {"", "__getitem__", "(-6)"},
    {"", "__getitem__", "(True)"},
    {"", "__getitem__", "(2**63 - 1)"},
    {"", "__getitem__", "(-2**63)"},
    {"", "__getitem__", "(2**63)"},
    {"", "__getitem__", "(-2**200)"},
    {"", "__getitem__", "(1.0)"},
    {"", "__getitem__", "('1')"},
    {"", "__getitem__", "(None)"},
    {"", "__getitem__", "((1, 2))"},
    {"", "__getitem__", "()"},
    {"", "__getitem__", "(1, 2)"},
    {"", "__getitem__", "(i=1)"},
    {"()", "__getitem__", "(0)"},
    {"()", "__getitem__", "(-1)"},
    {FIVE, "__setitem__", "(0, 'x')"},
    {"", "__setitem__", "(-1, [1, [2]])"},
    {"", "__setitem__", "(5, 1)"},
    {"", "__setitem__", "(-6, 1)"},
    {"", "__setitem__", "(2**64, 1)"},
    {"", "__setitem__", "('a', 1)"},
    {"", "__setitem__", "(1, v=2)"},
    {FIVE, "__delitem__", "(0)"},
    {"", "__delitem__", "(-1)"},
    {"", "__delitem__", "(3)"},
    {"", "__delitem__", "(-4)"},
    {"", "__delitem__", "(-2**65)"},
    {"", "__delitem__", "('a')"},
    {"", "__delitem__", "()"},
    {"", "__delitem__", "(0)"},
    {"", "__delitem__", "(0)"},
    {"", "__delitem__", "(0)"},
    {"", "__delitem__", "(0)"},
    /* slices */
    {FIVE, "__getitem__", "(slice(None))"},
    {"", "__getitem__", "(slice(1, 3))"},
    {"", "__getitem__", "(slice(None, None, -1))"},
    {"", "__getitem__", "(slice(None, None, 2))"},
    {"", "__getitem__", "(slice(-1, None, -2))"},
    {"", "__getitem__", "(slice(3, 1))"},
    {"", "__getitem__", "(slice(-100, 100))"},
    {"", "__getitem__", "(slice(100, -100, -3))"},
    {"", "__getitem__", "(slice(2**70, -2**70, -1))"},
    {"", "__getitem__", "(slice(-2**70, 2**70, 2**70))"},
    {"", "__getitem__", "(slice(None, None, -2**70))"},
    {"", "__getitem__", "(slice(None, None, -2**63))"},
    {"", "__getitem__", "(slice(-2**63, 2**63 - 1, 2**63 - 1))"},
    {"", "__getitem__", "(slice(True, 4, True))"},
    {"", "__getitem__", "(slice(None, None, 0))"},
    {"", "__getitem__", "(slice('a', None, 0))"},
    {"", "__getitem__", "(slice('a', None))"},
    {"", "__getitem__", "(slice(None, 1.5))"},
    {"", "__getitem__", "(slice(None, None, 'c'))"},
    {"()", "__getitem__", "(slice(None, None, -1))"},
    {FIVE, "__setitem__", "(slice(1, 3), 'abc')"},
    {"", "__setitem__", "(slice(0, 0), [1, 2])"},
    {"", "__setitem__", "(slice(4, 2), (7, 8))"},
    {"", "__setitem__", "(slice(2, None), {9: 9})"},
    {"", "__setitem__", "(slice(100, 200), range(2))"},
    {"", "__setitem__", "(slice(None), [])"},
    {"", "__setitem__", "(slice(None), b'xyz')"},
    {"", "__setitem__", "(slice(0, 1), 5)"},
    {"", "__setitem__", "(slice(None, None, 2), 5)"},
    {"", "__setitem__", "(slice(None, None, 0), 5)"},
    {"", "__setitem__", "(slice(None, None, 2), [1])"},
    {"", "__setitem__", "(slice(None, None, 2), [1, 2, 3])"},
    {"", "__setitem__", "(slice(None, None, 2), [[1], {2}])"},
    {"", "__setitem__", "(slice(None, None, -1), 'xyz')"},
    {"", "__setitem__", "(slice(None, None, -1), 'xy')"},
    {"", "__setitem__", "(slice(2, 0, 2), '')"},
    {"", "__setitem__", "(slice(2, 0, 2), 'a')"},
    {"", "__setitem__", "(slice(2, 1, -1), None)"},
    {FIVE, "__delitem__", "(slice(1, 3))"},
    {FIVE, "__delitem__", "(slice(None, None, 2))"},
    {FIVE, "__delitem__", "(slice(None, None, -2))"},
    {FIVE, "__delitem__", "(slice(3, 0, -1))"},
    {FIVE, "__delitem__", "(slice(-2, None))"},
    {FIVE, "__delitem__", "(slice(1, None, 2**70))"},
    {FIVE, "__delitem__", "(slice(None, None, 3))"},
    {FIVE, "__delitem__", "(slice(None))"},
    {"", "__delitem__", "(slice(None, None, -1))"},
    {"", "__delitem__", "(slice(None, None, 0))"},
    /* append, insert, extend */
    {"()", "append", "(1)"},
    {"", "append", "([1, 2])"},
    {"", "append", "()"},
    {"", "append", "(1, 2)"},
    {"", "append", "(object=1)"},
    {"", "insert", "(0, 'a')"},
    {"", "insert", "(-1, 'b')"},
    {"", "insert", "(100, 'c')"},
    {"", "insert", "(-100, 'd')"},
    {"", "insert", "(2**63, 'e')"},
    {"", "insert", "(-2**63, 'e')"},
    {"", "insert", "('x', 'e')"},
    {"", "insert", "(1.0, 'e')"},
    {"", "insert", "(1)"},
    {"", "insert", "(1, 2, 3)"},
    {"", "extend", "([1, 2])"},
    {"", "extend", "('xy')"},
    {"", "extend", "({1: 2})"},
    {"", "extend", "(range(3, 0, -1))"},
    {"", "extend", "(5)"},
    {"", "extend", "(None)"},
    {"", "extend", "()"},
    {"", "__iadd__", "((8, 9))"},
    {"", "__iadd__", "(1)"},
    {"", "__iadd__", "()"},
    {"", "clear", "()"},
    {"", "clear", "(1)"},
    {"", "copy", "()"},
    {"", "append", "(1)"},
    {"", "copy", "()"},
    /* + and * */
    {"([1])", "__add__", "([2])"},
    {"", "__add__", "([])"},
    {"", "__add__", "((2,))"},
    {"", "__add__", "('a')"},
    {"", "__add__", "(None)"},
    {"", "__mul__", "(3)"},
    {"", "__mul__", "(0)"},
    {"", "__mul__", "(-5)"},
    {"", "__mul__", "(True)"},
    {"", "__mul__", "(2**63)"},
    {"", "__mul__", "(-2**63 - 1)"},
    {"", "__mul__", "('a')"},
    {"", "__mul__", "(1.5)"},
    {"", "__rmul__", "(2)"},
    {"", "__rmul__", "([2])"},
    {"", "__imul__", "(3)"},
    {"", "__imul__", "('x')"},
    {"", "__imul__", "(0)"},
    {"", "__mul__", "(2**40)"},
    /* pop and remove */
    {"()", "pop", "()"},
    {"", "pop", "(0)"},
    {"", "pop", "('a')"},
    {FIVE, "pop", "()"},
    {"", "pop", "(0)"},
    {"", "pop", "(-2)"},
    {"", "pop", "(2)"},
    {"", "pop", "(-3)"},
    {"", "pop", "(2**63)"},
    {"", "pop", "(None)"},
    {"", "pop", "(1, 2)"},
    {"", "pop", "(i=1)"},
    {MIXED, "remove", "(1.0)"},
    {"", "remove", "(1)"},
    {"", "remove", "(1)"},
    {"", "remove", "([4])"},
    {"", "remove", "((2, 3))"},
    {"", "remove", "({5: 6.0})"},
    {"", "remove", "('b')"},
    {"", "remove", "()"},
    /* in, index, count */
    {MIXED, "__contains__", "(True)"},
    {"", "__contains__", "([4])"},
    {"", "__contains__", "({5: 6})"},
    {"", "__contains__", "('b')"},
    {"", "__contains__", "(float('nan'))"},
    {"", "__contains__", "()"},
    {"", "count", "(1)"},
    {"", "count", "(None)"},
    {"", "count", "('z')"},
    {"", "count", "()"},
    {"", "index", "(True)"},
    {"", "index", "(1, 1)"},
    {"", "index", "(1, 1, 5)"},
    {"", "index", "(1, -3)"},
    {"", "index", "(1, -300, 1)"},
    {"", "index", "(1, 2**70)"},
    {"", "index", "(1, -2**70, 2**70)"},
    {"", "index", "(1, 0, -8)"},
    {"", "index", "(1, 0, -7)"},
    {"", "index", "([1, 'x'])"},
    {"", "index", "('h\\u00e9')"},
    {"", "index", "(1, 'a')"},
    {"", "index", "(1, None)"},
    {"", "index", "(1, 0, 'b')"},
    {"", "index", "()"},
    {"", "index", "(1, 2, 3, 4)"},
    {"([float('nan'), 2])", "index", "(float('nan'))"},
    /* reverse and sort */
    {FIVE, "reverse", "()"},
    {"", "reverse", "(1)"},
    {"", "__reversed__", "()"},
    {"", "__reversed__", "(1)"},
    {"()", "__reversed__", "()"},
    {"()", "reverse", "()"},
    {"()", "sort", "()"},
    {"([3, 1, 2])", "sort", "()"},
    {"", "sort", "(reverse=True)"},
    {"", "sort", "(reverse=0)"},
    {"", "sort", "(key=None, reverse=7)"},
    {"", "sort", "(reverse='x')"},
    {"", "sort", "(reverse=None)"},
    {"", "sort", "(reverse=1.0)"},
    {"", "sort", "(reverse=2**31)"},
    {"", "sort", "(reverse=-2**100)"},
    {"", "sort", "(key=5)"},
    {"", "sort", "(key='abc')"},
    {"", "sort", "(cmp=5)"},
    {"", "sort", "(None)"},
    {"", "sort", "(None, True)"},
    {"()", "sort", "(key=5)"},
    {"([1, True, 1.0, 0, False, 0.0])", "sort", "()"},
    {"([1, True, 1.0, 0, False, 0.0])", "sort", "(reverse=True)"},
    {"(['b', 'a', '\\U0001f600', '\\uffff', '', 'ab'])", "sort", "()"},
    {"([b'b', b'a', bytearray(b'ab')])", "sort", "()"},
    {"([(2, 'a'), (1, 'b'), (1, 'a'), (1,)])", "sort", "()"},
    {"([[2], [1, 2], [1]])", "sort", "()"},
    {"([2**70, -2**70, 1, 1.5, 2.0**70])", "sort", "()"},
    {"([float('nan'), 1, float('nan'), 0])", "sort", "()"},
    {"([3, 'a'])", "sort", "()"},
    {"(['a', 3])", "sort", "()"},
    {"([5, 4, 'a', 1])", "sort", "()"},
    {"([1, 2, 3, None, 0])", "sort", "()"},
    {"([1, 2, 3, None, 0])", "sort", "(reverse=True)"},
    {"([9, 4, 7, 1, {}, 2])", "sort", "()"},
    {"([9, 4, 7, 1, {}, 2])", "sort", "(reverse=True)"},
    {"([(1, 'a'), (1, 2)])", "sort", "()"},
    {"([(1, 'a'), (2, 2)])", "sort", "()"},
    {"([{1}, {1, 2}, set()])", "sort", "()"},
    {"([{}, {}])", "sort", "()"},
    {"([None, None])", "sort", "()"},
    {"([slice(1), slice(0)])", "sort", "()"},
    {"([None])", "sort", "()"},
};

/* Operations as a drawing has them, mostly good ones. */
static const char drawn[] =
    "def item(r):\n"
    "    return r.choice((r.randrange(9), r.random(), 'abcdef'[r.randrange(6)],"
    " None, [r.randrange(3)], (1, r.randrange(3)), True, 2**80))\n"
    "def bound(r):\n"
    "    return r.choice((None, r.randrange(-12, 13), r.randrange(-3, 4)))\n"
    "def cut(r):\n"
    "    return slice(bound(r), bound(r), r.choice((None, None, 1, -1, 2, -2,"
    " 3, -5)))\n"
    "def some(r):\n"
    "    return [item(r) for _ in range(r.randrange(5))]\n"
    "def fitting(r):\n"
    "    s = cut(r)\n"
    "    n = len(range(*s.indices(len(thing))))\n"
    "    return s, [item(r) for _ in range(n)]\n"
    "def cases(r):\n"
    "    yield '([])', '', ''\n"
    "    ways = (('append', lambda: (item(r),)),) * 6 + (\n"
    "        ('insert', lambda: (r.randrange(-20, 20), item(r))),\n"
    "        ('extend', lambda: (some(r),)),\n"
    "        ('__iadd__', lambda: (tuple(some(r)),)),\n"
    "        ('pop', lambda: ()), ('pop', lambda: (r.randrange(-9, 9),)),\n"
    "        ('remove', lambda: (item(r),)),\n"
    "        ('index', lambda: (item(r), r.randrange(-9, 9))),\n"
    "        ('count', lambda: (item(r),)),\n"
    "        ('__contains__', lambda: (item(r),)),\n"
    "        ('__getitem__', lambda: (r.randrange(-12, 12),)),\n"
    "        ('__getitem__', lambda: (cut(r),)),\n"
    "        ('__setitem__', lambda: (r.randrange(-12, 12), item(r))),\n"
    "        ('__setitem__', lambda: (cut(r), some(r))),\n"
    "        ('__setitem__', lambda: fitting(r)),\n"
    "        ('__delitem__', lambda: (r.randrange(-12, 12),)),\n"
    "        ('__delitem__', lambda: (cut(r),)),\n"
    "        ('reverse', lambda: ()), ('sort', lambda: ()),\n"
    "        ('__mul__', lambda: (r.randrange(-1, 3),)),\n"
    "        ('__add__', lambda: (some(r),)),\n"
    "        ('__reversed__', lambda: ()), ('copy', lambda: ()))\n"
    "    for _ in range(4000):\n"
    "        method, how = r.choice(ways)\n"
    "        a = how()\n"
    "        yield '', method, repr(a if len(a) != 1 else a)\n"
    "    for _ in range(60):\n"
    "        n = r.choice((2, 5, 63, 64, 65, 200, 1000))\n"
    "        kind = r.randrange(4)\n"
    "        l = [r.randrange(n) if kind < 2 else (r.randrange(5), i) if\n"
    "             kind == 2 else r.choice((1, 1.0, True, 0, False))\n"
    "             for i in range(n)]\n"
    "        if kind == 1:\n"
    "            l.sort()\n"
    "            l[r.randrange(n)] = 0\n"
    "        yield '(%r)' % l, 'sort', r.choice(('()', '(reverse=True)'))\n";

static void a_list_does_what_pythons_does(void **state)
{
    (void)state;
    test_need_python("multiprocessing.managers");
    print_message("%zu cases\n",
                  hosted_compare_all(&list_type, "list", "", 0, cases,
                                     sizeof cases / sizeof *cases));
}

static void thousands_that_are_drawn(void **state)
{
    (void)state;
    test_need_python("multiprocessing.managers");
    test_take_seed();
    print_message("%zu cases\n", hosted_compare_all(&list_type, "list", drawn,
                                                    test_seed, NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_list_does_what_pythons_does,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(thousands_that_are_drawn, census_begin,
                                        census_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
