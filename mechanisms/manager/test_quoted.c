/* SPDX-License-Identifier: MIT */
/* test_quoted.c - text and bytes in quotes, against Python's. */
#include "manager/test_text.h"

/* The str of one character, surrogates as surrogatepass has them. */
static size_t put_utf8(unsigned char *to, uint32_t c)
{
    if (c < 0x80) {
        to[0] = (unsigned char)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (unsigned char)(0xc0 | c >> 6);
        to[1] = (unsigned char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        to[0] = (unsigned char)(0xe0 | c >> 12);
        to[1] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
        to[2] = (unsigned char)(0x80 | (c & 0x3f));
        return 3;
    }
    to[0] = (unsigned char)(0xf0 | c >> 18);
    to[1] = (unsigned char)(0x80 | (c >> 12 & 0x3f));
    to[2] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
    to[3] = (unsigned char)(0x80 | (c & 0x3f));
    return 4;
}

static struct datum str_of(uint32_t first, uint32_t count)
{
    unsigned char utf8[1024];
    size_t n = 0;

    for (uint32_t c = first; c < first + count; c++)
        n += put_utf8(utf8 + n, c);
    return datum_text(DATUM_STR, utf8, n);
}

/* Another Unicode prints others. */
static bool has_our_unicode(struct python *p)
{
    const char *version = python_says(p, "unicodedata.unidata_version");

    if (strcmp(version, "14.0.0") == 0)
        return true;
    print_message("skipped: python3 has Unicode %s, not 14.0.0\n", version);
    python_end(p);
    return false;
}

static void every_character_is_quoted_as_python_does(void **state)
{
    struct buffer ours = {0};
    struct python p;

    (void)state;
    python_start(&p);
    if (!has_our_unicode(&p))
        skip();
    for (uint32_t c = 0; c < 0x110000; c += 256)
        put_line(&ours, str_of(c, 256));
    python_agrees(&p,
                  "lines(''.join(map(chr, range(c, c + 256)))"
                  " for c in range(0, 0x110000, 256))",
                  &ours);
    python_end(&p);
}

static void each_byte_alone_and_beside_quotes(void **state)
{
    static const char *const around[] = {"", "'", "\"", "'\""};
    struct buffer ours = {0};
    struct python p;

    (void)state;
    python_start(&p);
    for (unsigned i = 0; i < 4; i++)
        for (unsigned c = 0; c < 256; c++) {
            char text[16];
            int n = snprintf(text, sizeof text, "%s%c%s", around[i], (char)c,
                             around[i]);

            put_line(&ours, datum_text(DATUM_BYTES, text, (size_t)n));
            if (c < 128)
                put_line(&ours, datum_text(DATUM_STR, text, (size_t)n));
        }
    python_agrees(&p,
                  "lines(x for q in ['', \"'\", '\"', '\\'\"']"
                  " for c in range(256) for x in"
                  " [(q + chr(c) + q).encode('latin1'), q + chr(c) + q]"
                  "[:1 + (c < 128)])",
                  &ours);
    python_end(&p);
}

/* (A later Python may have no backslash there.) */
static void a_bytearray_has_its_own_backslashes(void **state)
{
    struct buffer ours = {0};
    struct python p;

    (void)state;
    python_start(&p);
    for (unsigned c = 0; c < 256; c++)
        for (unsigned i = 0; i < 2; i++) {
            const char text[2] = {(char)c, i ? '"' : '\''};

            put_line(&ours, datum_text(DATUM_BYTEARRAY, text, 2));
        }
    put_line(&ours, datum_text(DATUM_BYTEARRAY, "", 0));
    if (strcmp(python_says(&p, "sys.version[:5]"), "3.11.") == 0)
        python_agrees(&p,
                      "lines([bytearray([c, q]) for c in range(256)"
                      " for q in b'\\'\"'] + [bytearray()])",
                      &ours);
    else
        print_message("not compared: python3 is not 3.11\n");
    buffer_free(&ours);
    python_end(&p);
}

static void printing_a_str_adds_nothing(void **state)
{
    static const char text[] = "it's \n\\ \"\xed\xa0\x80\"";
    struct datum d = datum_str(text);
    struct buffer ours = {0};

    (void)state;
    assert_int_equal(datum_print(&ours, &d), 0);
    assert_int_equal(ours.length, sizeof text - 1);
    assert_memory_equal(ours.bytes, text, sizeof text - 1);
    buffer_free(&ours);
    datum_drop(&d);
}

/* Bytes that are no UTF-8 cannot come by a pickle; they are not printed. */
static void what_is_no_utf8_is_escaped(void **state)
{
    static const struct {
        const char *bytes, *quoted;
    } cases[] = {
        {"\x80", "'\\udc80'"},
        {"\xc3", "'\\udcc3'"},
        {"\xc3(", "'\\udcc3('"},
        {"\xc1\x81", "'\\udcc1\\udc81'"},
        {"\xe2\x82", "'\\udce2\\udc82'"},
        {"\xf0\x9f\x92", "'\\udcf0\\udc9f\\udc92'"},
        {"\xf5\x80\x80\x80", "'\\udcf5\\udc80\\udc80\\udc80'"},
        {"\xff'", "\"\\udcff'\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct datum d = datum_str(cases[i].bytes);
        struct buffer ours = {0};

        assert_int_equal(datum_repr(&ours, &d), 0);
        assert_int_equal(ours.length, strlen(cases[i].quoted));
        assert_memory_equal(ours.bytes, cases[i].quoted, ours.length);
        buffer_free(&ours);
        datum_drop(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            every_character_is_quoted_as_python_does, census_begin, census_end),
        cmocka_unit_test_setup_teardown(each_byte_alone_and_beside_quotes,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(a_bytearray_has_its_own_backslashes,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(printing_a_str_adds_nothing,
                                        census_begin, census_end),
        cmocka_unit_test_setup_teardown(what_is_no_utf8_is_escaped,
                                        census_begin, census_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
