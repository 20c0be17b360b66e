/* SPDX-License-Identifier: MIT */
// wrap: malloc calloc realloc free
/* test_pickle_shapes.c - what becomes of a name and its arguments. */
#include "manager/test_memory.h"
#include "manager/test_pickle.h"

#include "manager/pickle_machine.h"

#include <endian.h>

static const struct sample shapes[] = {
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
    {BYTES("cexceptions\nKeyError\nK\1\x85R}X\1\0\0\0aK\2sb."), "KeyError(1)"},
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

static void a_name_with_its_arguments_is_a_value(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        test_loads(shapes[i].bytes, shapes[i].n, shapes[i].repr);
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
        uint32_t index = htole32((uint32_t)given[i].index);
        struct buffer b = {0};
        struct datum value;

        buffer_text(&b, program);
        buffer_put(&b, &index, sizeof index);
        buffer_text(&b, "b.");
        value = test_load((const char *)b.bytes, b.length);
        assert_int_equal(value.kind, DATUM_REVERSED);
        assert_int_equal(value.record->fields[0].sequence->length, 2);
        assert_int_equal(value.record->fields[1].integer, given[i].next);
        datum_drop(&value);
        buffer_free(&b);
    }
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
    {'u', 18, BYTES("a\0\x3d\xd8\0\xde"), "array('u', 'a\xf0\x9f\x98\x80')"},
    {'u', 19, BYTES("\0a\xd8\x3d\xde\0"), "array('u', 'a\xf0\x9f\x98\x80')"},
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

static void items_of_another_machine_are_converted(void **state)
{
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

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(a_name_with_its_arguments_is_a_value),
        TEST(the_list_of_names_finds_each),
        TEST(a_reversed_list_has_the_next_index),
        TEST(a_proxy_is_shown_to_the_reader),
        TEST(items_of_another_machine_are_converted),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
