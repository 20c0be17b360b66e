/* SPDX-License-Identifier: MIT */
/* test_dict.c - the hosted dict does what a dict of python3 does, and so does a
 * client's iteration over it. */
#include "manager/test_hosted.h"

#include "sync/test_sharing.h"

#define THREE "({'a': 1, 'b': [2], 3: None})"

static const struct hosted_case cases[] = {
    /* made */
    {"()", "", ""},
    {"({})", "", ""},
    {THREE, "__len__", "()"},
    {"([(1, 2), [3, 4], 'ab'])", "", ""},
    {"(((1, 2), (1, 3)))", "", ""},
    {"({'a': 1}, b=2, a=3)", "", ""},
    {"(b=2, a=3)", "", ""},
    {"([(1, 2), (True, 3), (1.0, 4)])", "", ""},
    {"({(1, 2): 3, frozenset([4]): 5, None: 6, b'x': 7, 2**80: 8})", "", ""},
    {"({1, 2})", "", ""},
    {"('ab')", "", ""},
    {"(['ab', 'cd'])", "", ""},
    {"({'ab'})", "", ""},
    {"([1, 2])", "", ""},
    {"([[1]])", "", ""},
    {"([(1, 2), (1, 2, 3)])", "", ""},
    {"([(1, 2), ()])", "", ""},
    {"([([], 2)])", "", ""},
    {"([((1, {}), 2)])", "", ""},
    {"(5)", "", ""},
    {"(None)", "", ""},
    {"(range(2))", "", ""},
    {"([range(2)])", "", ""},
    {"([array('i', [1, 2])])", "", ""},
    {"({}, {})", "", ""},
    {"('')", "", ""},
    /* by key */
    {THREE, "__getitem__", "('a')"},
    {"", "__getitem__", "(3.0)"},
    {"", "__getitem__", "('c')"},
    {"", "__getitem__", "((1, 2))"},
    {"", "__getitem__", "(())"},
    {"", "__getitem__", "([])"},
    {"", "__getitem__", "({})"},
    {"", "__getitem__", "({1})"},
    {"", "__getitem__", "((1, [2]))"},
    {"", "__getitem__", "(bytearray())"},
    {"", "__getitem__", "(slice(1))"},
    {"", "__getitem__", "(float('nan'))"},
    {"", "__getitem__", "()"},
    {"", "__getitem__", "(1, 2)"},
    {"", "__getitem__", "(key=1)"},
    {"", "__contains__", "('a')"},
    {"", "__contains__", "('z')"},
    {"", "__contains__", "([])"},
    {"", "__contains__", "(3)"},
    {"", "__contains__", "()"},
    {"", "get", "('a')"},
    {"", "get", "('z')"},
    {"", "get", "('z', 5)"},
    {"", "get", "('a', 5)"},
    {"", "get", "([], 5)"},
    {"", "get", "()"},
    {"", "get", "(1, 2, 3)"},
    {"", "get", "('a', default=3)"},
    {"", "__setitem__", "('a', 'new')"},
    {"", "__setitem__", "('c', {})"},
    {"", "__setitem__", "(3.0, 'key stays')"},
    {"", "__setitem__", "([], 1)"},
    {"", "__delitem__", "('a')"},
    {"", "__delitem__", "('a')"},
    {"", "__delitem__", "((1,))"},
    {"", "__delitem__", "([])"},
    {"", "__delitem__", "()"},
    {"", "__setitem__", "('a', 'at the end')"},
    {THREE, "setdefault", "('a', 5)"},
    {"", "setdefault", "('c', 5)"},
    {"", "setdefault", "('d')"},
    {"", "setdefault", "([])"},
    {"", "setdefault", "()"},
    {"", "setdefault", "(1, 2, 3)"},
    {"", "pop", "('a')"},
    {"", "pop", "('a')"},
    {"", "pop", "('a', 7)"},
    {"", "pop", "([], 7)"},
    {"", "pop", "()"},
    {"", "pop", "(1, 2, 3)"},
    {"", "pop", "('b', default=1)"},
    {"", "popitem", "()"},
    {"", "popitem", "()"},
    {"", "popitem", "()"},
    {"", "popitem", "(1)"},
    {"()", "popitem", "()"},
    {"", "pop", "('a')"},
    {"", "pop", "([])"},
    {"", "pop", "([], 1)"},
    {"", "pop", "((1, 2))"},
    {"", "__delitem__", "('a')"},
    /* all of it */
    {THREE, "keys", "()"},
    {"", "values", "()"},
    {"", "items", "()"},
    {"", "copy", "()"},
    {"", "__reversed__", "()"},
    {"", "keys", "(1)"},
    {"", "items", "(a=1)"},
    {"", "__reversed__", "(1)"},
    {"", "clear", "(1)"},
    {"", "clear", "()"},
    {"", "keys", "()"},
    {"", "values", "()"},
    {"", "items", "()"},
    {"", "__reversed__", "()"},
    /* update and | */
    {THREE, "update", "({'b': 1, 'z': 2})"},
    {"", "update", "([('y', 1), 'zw'])"},
    {"", "update", "()"},
    {"", "update", "(x=1, a=5)"},
    {"", "update", "({'x': 2}, x=3)"},
    {"", "update", "(5)"},
    {"", "update", "([('k', 1), 5])"},
    {"", "update", "([('l', 1), (5,)])"},
    {"", "update", "([('m', 1), ([], 2)])"},
    {"", "update", "({}, {})"},
    {"({1: 'a', 2: 'b'})", "__or__", "({2: 'c', 3: 'd'})"},
    {"", "__ror__", "({2: 'c', 3: 'd'})"},
    {"", "__or__", "({True: 'x'})"},
    {"", "__or__", "({})"},
    {"", "__ior__", "({2: 'c', 3: 'd'})"},
    {"", "__ior__", "([(4, 5)])"},
    {"", "__ior__", "(5)"},
    {"", "__ior__", "()"},
    {"", "fromkeys", "([1, 2, 1])"},
    {"", "fromkeys", "('abc', [])"},
    {"", "fromkeys", "({5: 6}, 7)"},
    {"", "fromkeys", "([[]])"},
    {"", "fromkeys", "(5)"},
    {"", "fromkeys", "()"},
    {"", "fromkeys", "(1, 2, 3)"},
};

static const char drawn[] =
    "def key(r):\n"
    "    return r.choice((r.randrange(12), float(r.randrange(5)), "
    "'abcdef'[r.randrange(6)], True, None, (r.randrange(3),), 2**70, []))\n"
    "def value(r):\n"
    "    return r.choice((r.randrange(99), 'v', [1], None))\n"
    "def good(r):\n"
    "    k = key(r)\n"
    "    return 'g' if k == [] else k\n"
    "def some(r):\n"
    "    return {good(r): value(r) for _ in range(r.randrange(5))}\n"
    "def cases(r):\n"
    "    yield '()', '', ''\n"
    "    ways = (('__setitem__', lambda: (key(r), value(r))),) * 4 + (\n"
    "        ('__getitem__', lambda: (key(r),)),\n"
    "        ('__contains__', lambda: (key(r),)),\n"
    "        ('__delitem__', lambda: (key(r),)),\n"
    "        ('__delitem__', lambda: (key(r),)),\n"
    "        ('get', lambda: (key(r), value(r))),\n"
    "        ('pop', lambda: (key(r),)),\n"
    "        ('pop', lambda: (key(r), value(r))),\n"
    "        ('popitem', lambda: ()),\n"
    "        ('setdefault', lambda: (key(r), value(r))),\n"
    "        ('update', lambda: (some(r),)),\n"
    "        ('update', lambda: (list(some(r).items()),)),\n"
    "        ('__or__', lambda: (some(r),)),\n"
    "        ('__ror__', lambda: (some(r),)),\n"
    "        ('__ior__', lambda: (some(r),)),\n"
    "        ('keys', lambda: ()), ('values', lambda: ()),\n"
    "        ('items', lambda: ()), ('copy', lambda: ()),\n"
    "        ('__reversed__', lambda: ()), ('__len__', lambda: ()))\n"
    "    for i in range(4000):\n"
    "        if i % 500 == 499:\n"
    "            yield '', 'clear', '()'\n"
    "        method, how = r.choice(ways)\n"
    "        yield '', method, repr(how())\n"
    "    yield '()', '', ''\n"
    "    for _ in range(1000):\n" /* many keys that come and go */
    "        yield '', r.choice(('__setitem__', 'setdefault')), repr("
    "(r.randrange(300), 0))\n"
    "        yield '', 'pop', repr((r.randrange(300), None))\n";

static void a_dict_does_what_pythons_does(void **state)
{
    (void)state;
    test_need_python("multiprocessing.managers");
    print_message("%zu cases\n",
                  hosted_compare_all(&dict_type, "dict", "", 0, cases,
                                     sizeof cases / sizeof *cases));
}

static void thousands_that_are_drawn(void **state)
{
    (void)state;
    test_need_python("multiprocessing.managers");
    test_take_seed();
    print_message("%zu cases\n", hosted_compare_all(&dict_type, "dict", drawn,
                                                    test_seed, NULL, 0));
}

/* --- iteration --- */

static struct object *open_plain(const struct hosted_type *type,
                                 struct datum arguments)
{
    struct datum raised = {0};
    struct object *o = hosted_open(type, &arguments, NULL, &raised);

    assert_non_null(o);
    datum_drop(&arguments);
    return o;
}

static struct object *open_abc(void)
{
    struct object *o = open_plain(&dict_type, datum_tuple(""));

    for (int64_t i = 0; i < 3; i++)
        hosted_expect(o, "__setitem__", datum_tuple("ii", i, i), 0, "None");
    return o;
}

/* What the server does with a method that has a `returns`. */
static struct object *iterate(struct object *dict)
{
    struct datum arguments = datum_tuple(""), proxy;
    struct object *it;

    assert_int_equal(hosted_call(dict, "__iter__", &arguments, NULL, &proxy),
                     0);
    datum_drop(&arguments);
    assert_int_equal(dict->pins, 2);
    it = open_plain(&iterator_type, datum_tuple("O", proxy));
    assert_int_equal(dict->pins, 2);
    assert_ptr_equal(it->lock, dict->lock);
    return it;
}

/* Its next key, or what it raises. */
static void next(struct object *it, const char *text)
{
    hosted_expect(it, "__next__", datum_tuple(""),
                  strchr(text, '(') ? RAISED : 0, text);
}

static void an_iterator_gives_each_key_and_stops(void **state)
{
    struct object *dict = open_abc(), *it = iterate(dict);

    (void)state;
    next(it, "0");
    next(it, "1");
    next(it, "2");
    next(it, "StopIteration()");
    next(it, "StopIteration()");
    hosted_close(it);
    hosted_close(dict);
}

static void a_dict_that_grows_or_shrinks_ends_its_iteration(void **state)
{
    static const char changed[] =
        "RuntimeError('dictionary changed size during iteration')";
    struct object *dict = open_abc(), *grown = iterate(dict), *shrunk;

    (void)state;
    next(grown, "0");
    hosted_expect(dict, "__setitem__",
                  datum_tuple("ii", INT64_C(1), INT64_C(7)), 0, "None");
    next(grown, "1");
    hosted_expect(dict, "__setitem__",
                  datum_tuple("ii", INT64_C(3), INT64_C(7)), 0, "None");
    next(grown, changed);
    hosted_expect(dict, "__delitem__", datum_tuple("i", INT64_C(3)), 0, "None");
    next(grown, changed);
    hosted_close(grown);
    shrunk = iterate(dict);
    hosted_expect(dict, "popitem", datum_tuple(""), 0, "(2, 2)");
    next(shrunk, changed);
    hosted_close(shrunk);
    hosted_close(dict);
}

/* A dict that is being sent is copied before it changes, and then its entries
 * move together. */
static void an_iterator_finds_its_place_in_a_copy(void **state)
{
    struct object *dict = open_abc(), *it;
    struct datum sent;

    (void)state;
    hosted_expect(dict, "__delitem__", datum_tuple("i", INT64_C(0)), 0, "None");
    hosted_expect(dict, "__setitem__",
                  datum_tuple("ii", INT64_C(3), INT64_C(3)), 0, "None");
    it = iterate(dict);
    next(it, "1");
    sent = hosted_value(dict);
    hosted_expect(dict, "__setitem__",
                  datum_tuple("ii", INT64_C(3), INT64_C(9)), 0, "None");
    next(it, "2");
    next(it, "3");
    next(it, "StopIteration()");
    if (!sent.table)
        abort(); /* an assert does not end a path for the analyzer */
    assert_int_equal(sent.table->used, 3);
    assert_int_equal(sent.table->entries[3].value.integer, 3);
    datum_drop(&sent);
    hosted_close(it);
    hosted_close(dict);
}

static void a_key_that_is_gone_ends_the_iteration(void **state)
{
    struct object *dict = open_abc(), *it = iterate(dict);

    (void)state;
    next(it, "0");
    hosted_expect(dict, "__delitem__", datum_tuple("i", INT64_C(0)), 0, "None");
    hosted_expect(dict, "__setitem__",
                  datum_tuple("ii", INT64_C(7), INT64_C(7)), 0, "None");
    next(it, "RuntimeError('dictionary keys changed during iteration')");
    hosted_close(it);
    hosted_close(dict);
}

static void what_is_being_sent_does_not_change(void **state)
{
    static const char *const methods[] = {"pop", "__delitem__", "popitem",
                                          "clear"};

    (void)state;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        struct object *dict = open_abc();
        struct buffer text = {0};
        struct datum sent = hosted_value(dict), result;
        struct datum arguments =
            i < 2 ? datum_tuple("i", INT64_C(1)) : datum_tuple("");

        assert_int_equal(
            hosted_call(dict, methods[i], &arguments, NULL, &result), 0);
        hosted_text(&text, &sent);
        assert_int_equal(buffer_put(&text, "", 1), 0);
        assert_string_equal((const char *)text.bytes, "{0: 0, 1: 1, 2: 2}");
        buffer_free(&text);
        datum_drop(&arguments);
        datum_drop(&result);
        datum_drop(&sent);
        hosted_close(dict);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, census_begin, census_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_dict_does_what_pythons_does),
        TEST(thousands_that_are_drawn),
        TEST(an_iterator_gives_each_key_and_stops),
        TEST(a_dict_that_grows_or_shrinks_ends_its_iteration),
        TEST(an_iterator_finds_its_place_in_a_copy),
        TEST(a_key_that_is_gone_ends_the_iteration),
        TEST(what_is_being_sent_does_not_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
