/* SPDX-License-Identifier: MIT */
// wrap: malloc calloc realloc free
/* test_pickle_dump.c - what is written of a value: the shortest operations, and
 * what is read back is the same. */
#include "manager/test_memory.h"
#include "manager/test_pickle.h"

/* Is the pickle of the value just these bytes, between PROTO and STOP? */
static void writes(struct datum value, const char *bytes, size_t n)
{
    struct buffer out = {0};

    assert_int_equal(pickle_dump(&out, &value), 0);
    assert_int_equal(out.length, n + 3);
    assert_memory_equal(out.bytes, "\x80\4", 2);
    assert_memory_equal(out.bytes + 2, bytes, n);
    assert_int_equal(out.bytes[n + 2], '.');
    buffer_free(&out);
    datum_drop(&value);
}

static void ints_have_the_shortest_operation(void **state)
{
    (void)state;
    writes(datum_int(0), BYTES("K\0"));
    writes(datum_int(255), BYTES("K\xff"));
    writes(datum_int(256), BYTES("M\0\1"));
    writes(datum_int(65535), BYTES("M\xff\xff"));
    writes(datum_int(65536), BYTES("J\0\0\1\0"));
    writes(datum_int(-1), BYTES("J\xff\xff\xff\xff"));
    writes(datum_int(INT32_MAX), BYTES("J\xff\xff\xff\x7f"));
    writes(datum_int(INT32_MIN), BYTES("J\0\0\0\x80"));
    writes(datum_int(INT64_C(1) << 31), BYTES("\x8a\5\0\0\0\x80\0"));
    writes(datum_int(-(INT64_C(1) << 31) - 1),
           BYTES("\x8a\5\xff\xff\xff\x7f\xff"));
    writes(datum_int(INT64_C(1) << 39), BYTES("\x8a\6\0\0\0\0\x80\0"));
    writes(datum_int(INT64_MAX),
           BYTES("\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f"));
    writes(datum_int(INT64_MIN), BYTES("\x8a\x08\0\0\0\0\0\0\0\x80"));
    writes(datum_long((const unsigned char *)"\0\0\0\0\0\0\0\x80", 9),
           BYTES("\x8a\x09\0\0\0\0\0\0\0\x80\0"));
}

static void others_too(void **state)
{
    (void)state;
    writes(datum_none(), BYTES("N"));
    writes(datum_bool(true), BYTES("\x88"));
    writes(datum_bool(false), BYTES("\x89"));
    writes(datum_float(1.5), BYTES("G\x3f\xf8\0\0\0\0\0\0"));
    writes(datum_str("a"), BYTES("\x8c\1a"));
    writes(datum_text(DATUM_BYTES, "a\0", 2), BYTES("C\2a\0"));
    writes(datum_text(DATUM_BYTEARRAY, "a", 1),
           BYTES("cbuiltins\nbytearray\nC\1a\x85R"));
    writes(datum_list(), BYTES("]"));
    writes(datum_dict(), BYTES("}"));
    writes(datum_set(), BYTES("\x8f"));
    writes(datum_tuple(""), BYTES(")"));
    writes(datum_tuple("b", true), BYTES("\x88\x85"));
    writes(datum_tuple("si", "#RETURN", INT64_C(1)),
           BYTES("\x8c\7#RETURNK\1\x86"));
    writes(datum_tuple("NNN"), BYTES("NNN\x87"));
    writes(datum_tuple("NNNN"), BYTES("(NNNNt"));
    writes(datum_exception("KeyError", datum_int(1)),
           BYTES("cbuiltins\nKeyError\nK\1\x85R"));
    writes(datum_exception("Empty", (struct datum){0}),
           BYTES("c_queue\nEmpty\n)R"));
    writes(datum_exception("Full", (struct datum){0}),
           BYTES("cqueue\nFull\n)R"));
    writes(datum_exception("BrokenBarrierError", (struct datum){0}),
           BYTES("cthreading\nBrokenBarrierError\n)R"));
    writes(datum_exception("RemoteError", datum_str("t")),
           BYTES("cmultiprocessing.managers\nRemoteError\n\x8c\1t\x85R"));
}

static void an_unknown_class_is_a_runtime_error(void **state)
{
    (void)state;
    writes(datum_exception("a\nb", datum_str("why")),
           BYTES("cbuiltins\nRuntimeError\n\x8c\x08"
                 "a\nb: why\x85R"));
    writes(datum_exception("Odd", datum_int(1)),
           BYTES("cbuiltins\nRuntimeError\n\x8c\3Odd\x85R"));
}

static void containers_of_one_and_of_more(void **state)
{
    struct datum list = datum_list(), dict = datum_dict(), set = datum_set();

    (void)state;
    datum_append(&list, datum_none());
    writes(datum_share(&list), BYTES("]Na"));
    datum_append(&list, datum_none());
    writes(list, BYTES("](NNe"));
    table_set(dict.table, datum_int(1), datum_none());
    writes(datum_share(&dict), BYTES("}K\1Ns"));
    table_set(dict.table, datum_int(2), datum_none());
    writes(dict, BYTES("}(K\1NK\2Nu"));
    table_set(set.table, datum_int(1), datum_none());
    writes(datum_share(&set), BYTES("\x8f(K\1\x90"));
    set.kind = DATUM_FROZENSET;
    writes(set, BYTES("(K\1\x91"));
}

/* Of these lengths the count has one byte, or four; and what is short is put at
 * once. */
static void every_length_of_a_text_is_read_back(void **state)
{
    const size_t lengths[] = {0, 1, 29, 30, 31, 32, 255, 256, 65536, 1 << 20};

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (int kind = DATUM_STR; kind <= DATUM_BYTEARRAY; kind++) {
            struct datum d =
                datum_text((enum datum_kind)kind, NULL, lengths[i]);
            struct buffer out = {0};
            struct datum back;

            memset(d.text->bytes, 'x', lengths[i]);
            assert_int_equal(pickle_dump(&out, &d), 0);
            back = test_load((const char *)out.bytes, out.length);
            assert_int_equal(back.kind, kind);
            assert_int_equal(back.text->length, lengths[i]);
            assert_memory_equal(back.text->bytes, d.text->bytes, lengths[i]);
            buffer_free(&out);
            datum_drop(&back);
            datum_drop(&d);
        }
}

static void what_python_wrote_is_written_so_that_it_is_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        struct datum value = test_load(samples[i].bytes, samples[i].n);
        struct buffer out = {0};

        assert_int_equal(pickle_dump(&out, &value), 0);
        test_loads((const char *)out.bytes, out.length, samples[i].repr);
        buffer_free(&out);
        datum_drop(&value);
    }
}

/* A proxy has no repr that could be compared. */
static void a_proxy_is_read_back(void **state)
{
    struct datum token = datum_tuple("sss", "list", "/tmp/s", "7f");
    struct datum t[3], p[3], proxy, back;
    struct buffer out = {0};

    (void)state;
    for (int i = 0; i < 3; i++)
        t[i] = datum_share(&token.sequence->items[i]);
    datum_drop(&token);
    p[0] = datum_str("ListProxy");
    p[1] = datum_record(DATUM_TOKEN, t, 3);
    p[2] = datum_tuple("s", "append");
    proxy = datum_record(DATUM_PROXY, p, 3);
    assert_int_equal(pickle_dump(&out, &proxy), 0);
    back = test_load((const char *)out.bytes, out.length);
    assert_int_equal(back.kind, DATUM_PROXY);
    assert_true(datum_is_str(&back.record->fields[0], "ListProxy"));
    assert_true(datum_equal(&back.record->fields[2], &proxy.record->fields[2]));
    assert_int_equal(back.record->fields[1].kind, DATUM_TOKEN);
    for (int i = 0; i < 3; i++)
        assert_true(datum_equal(&back.record->fields[1].record->fields[i],
                                &proxy.record->fields[1].record->fields[i]));
    buffer_free(&out);
    datum_drop(&back);
    datum_drop(&proxy);
}

static void parts_are_the_same_as_the_whole(void **state)
{
    struct datum whole = datum_tuple("si", "#RETURN", INT64_C(1));
    const struct datum *items = whole.sequence->items;
    struct buffer a = {0}, b = {0};

    (void)state;
    assert_int_equal(pickle_dump(&a, &whole), 0);
    assert_int_equal(pickle_begin(&b), 0);
    assert_int_equal(pickle_put(&b, &items[0]), 0);
    assert_int_equal(pickle_put(&b, &items[1]), 0);
    assert_int_equal(pickle_tuple(&b, 2), 0);
    assert_int_equal(pickle_end(&b), 0);
    assert_int_equal(a.length, b.length);
    assert_memory_equal(a.bytes, b.bytes, a.length);
    assert_int_equal(pickle_tuple(&b, 4), -EINVAL);
    buffer_free(&a);
    buffer_free(&b);
    datum_drop(&whole);
}

/* At each limit up to its length it is refused, and nothing is left of it. */
static void a_limit_is_kept_to_the_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        struct datum value = test_load(samples[i].bytes, samples[i].n);
        struct buffer all = {0}, out = {0};

        assert_int_equal(pickle_dump(&all, &value), 0);
        assert_int_equal(buffer_text(&out, "kept"), 0);
        for (out.limit = 4; out.limit < all.length + 4; out.limit++) {
            assert_int_equal(pickle_dump(&out, &value), -E2BIG);
            assert_int_equal(out.length, 4);
        }
        assert_int_equal(pickle_dump(&out, &value), 0);
        assert_int_equal(out.length, out.limit);
        assert_memory_equal(out.bytes + 4, all.bytes, all.length);
        buffer_free(&all);
        buffer_free(&out);
        datum_drop(&value);
    }
}

static void no_datum_is_no_pickle(void **state)
{
    struct datum nothing = {.kind = DATUM_NOTHING};
    struct buffer out = {0};

    (void)state;
    assert_int_equal(pickle_dump(&out, &nothing), -ENOMEM);
    assert_int_equal(out.length, 0);
    buffer_free(&out);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(ints_have_the_shortest_operation),
        TEST(others_too),
        TEST(an_unknown_class_is_a_runtime_error),
        TEST(containers_of_one_and_of_more),
        TEST(every_length_of_a_text_is_read_back),
        TEST(what_python_wrote_is_written_so_that_it_is_the_same),
        TEST(a_proxy_is_read_back),
        TEST(parts_are_the_same_as_the_whole),
        TEST(a_limit_is_kept_to_the_byte),
        TEST(no_datum_is_no_pickle),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
