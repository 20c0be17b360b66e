/* SPDX-License-Identifier: MIT */
/* test_server.c - a server's protocol, spoken byte by byte: what it can be
 * asked, every kind of reply, and what is no request at all. */
#include "manager/test_serving.h"

static void expect_begins(const char *text, const char *with)
{
    if (strncmp(text, with, strlen(with)) != 0)
        fail_msg("%s does not begin with %s", text, with);
}

static void expect_has(const char *text, const char *kind, const char *part)
{
    expect_begins(text, kind);
    if (!strstr(text, part))
        fail_msg("%s has no %s", text, part);
}

/* --- what can be asked of the server --- */

static void objects_are_made_and_counted(void **state)
{
    struct house h;
    char list[IDENT], dict[IDENT];

    (void)state;
    house_open(&h, NULL);
    bare_create(&h, "list", list, datum_tuple("O", datum_tuple("ii", 1L, 2L)));
    bare_create(&h, "dict", dict, datum_tuple(""));
    assert_string_not_equal(list, dict);
    assert_string_equal(bare_ask(&h, "number_of_objects", datum_tuple("")),
                        "('#RETURN', 2)");
    assert_string_equal(bare_ask(&h, "incref", datum_tuple("s", list)),
                        "('#RETURN', None)");
    assert_string_equal(bare_ask(&h, "decref", datum_tuple("s", list)),
                        "('#RETURN', None)");
    assert_string_equal(bare_ask(&h, "number_of_objects", datum_tuple("")),
                        "('#RETURN', 2)");
    assert_string_equal(bare_ask(&h, "decref", datum_tuple("s", list)),
                        "('#RETURN', None)");
    expect_has(bare_ask(&h, "decref", datum_tuple("s", list)),
               "('#TRACEBACK', ", "KeyError");
    assert_string_equal(bare_ask(&h, "number_of_objects", datum_tuple("")),
                        "('#RETURN', 1)");
    assert_string_equal(bare_ask(&h, "dummy", datum_tuple("")),
                        "('#RETURN', None)");
    house_close(&h);
}

static struct datum token_of(const struct house *h, const char *ident)
{
    struct datum fields[] = {datum_str("list"),
                             datum_str(server_address(h->server)),
                             datum_str(ident)};

    return datum_record(DATUM_TOKEN, fields, 3);
}

static void what_there_is_is_told(void **state)
{
    struct house h;
    char list[IDENT], text[256];

    (void)state;
    house_open(&h, NULL);
    assert_string_equal(bare_ask(&h, "debug_info", datum_tuple("")),
                        "('#RETURN', '')");
    bare_create(&h, "list", list, datum_tuple("O", datum_tuple("ii", 1L, 2L)));
    snprintf(text, sizeof text,
             "('#RETURN', '  %s:       refcount=1\\n    [1, 2]')", list);
    assert_string_equal(bare_ask(&h, "debug_info", datum_tuple("")), text);
    expect_begins(
        bare_ask(&h, "get_methods", datum_tuple("O", token_of(&h, list))),
        "('#RETURN', ('__add__', ");
    expect_has(bare_ask(&h, "get_methods", datum_tuple("O", token_of(&h, "1"))),
               "('#TRACEBACK', ", "KeyError");
    expect_has(bare_ask(&h, "get_methods", datum_tuple("")), "('#TRACEBACK', ",
               "KeyError");
    house_close(&h);
}

static void what_it_has_not_is_refused(void **state)
{
    static const char *const names[] = {"incref", "decref", "get_methods",
                                        "create"};
    struct house h;

    (void)state;
    house_open(&h, NULL);
    expect_has(bare_ask(&h, "create", datum_tuple("s", "nothing")),
               "('#TRACEBACK', ", "KeyError: 'nothing'");
    expect_has(bare_ask(&h, "create", datum_tuple("s", "Iterator")),
               "('#TRACEBACK', ", "KeyError");
    expect_has(bare_ask(&h, "create", datum_tuple("si", "list", 1L)),
               "('#TRACEBACK', ", "TypeError: 'int' object");
    expect_has(bare_ask(&h, "serve_forever", datum_tuple("")),
               "('#TRACEBACK', ", "AssertionError");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        expect_has(bare_ask(&h, names[i], datum_tuple("")), "('#TRACEBACK', ",
                   "KeyError");
        expect_has(bare_ask(&h, names[i], datum_tuple("i", 7L)),
                   "('#TRACEBACK', ", "KeyError");
        expect_has(bare_ask(&h, names[i], datum_tuple("s", "0")),
                   "('#TRACEBACK', ", "KeyError");
    }
    assert_string_equal(bare_ask(&h, "number_of_objects", datum_tuple("")),
                        "('#RETURN', 0)");
    house_close(&h);
}

/* --- calls of methods --- */

static void every_kind_of_reply_is_given(void **state)
{
    struct house h;
    struct connection c;
    char list[IDENT], dict[IDENT], lock[IDENT];

    (void)state;
    house_open(&h, NULL);
    bare_create(&h, "list", list, datum_tuple(""));
    bare_create(&h, "dict", dict, datum_tuple(""));
    bare_create(&h, "Lock", lock, datum_tuple(""));
    bare_accept(&h, &c);
    assert_string_equal(bare_call(&c, list, "append", datum_tuple("i", 7L)),
                        "('#RETURN', None)");
    assert_string_equal(bare_call(&c, list, "__repr__", datum_tuple("")),
                        "('#RETURN', '[7]')");
    assert_string_equal(bare_call(&c, list, "#GETVALUE", datum_tuple("")),
                        "('#RETURN', [7])");
    assert_string_equal(bare_call(&c, list, "pop", datum_tuple("i", 9L)),
                        "('#ERROR', IndexError('pop index out of range'))");
    expect_begins(bare_call(&c, dict, "__iter__", datum_tuple("")),
                  "('#PROXY', (('__next__',), Token(typeid='Iterator', ");
    expect_has(bare_call(&c, list, "no_such", datum_tuple("")),
               "('#TRACEBACK', ", "AttributeError");
    expect_has(bare_call(&c, list, "__class__", datum_tuple("")),
               "('#TRACEBACK', ", "not exposed");
    expect_has(bare_call(&c, lock, "#GETVALUE", datum_tuple("")),
               "('#UNSERIALIZABLE', ", "Lock");
    connection_close(&c);
    house_close(&h);
}

static void a_wrong_ident_is_a_key_error(void **state)
{
    static const char *const idents[] = {
        NULL,   "",    "0", "00", "A1", "1 ", "-1", "0x1", "10000000000000000",
        "\xff", "a\nb"};
    struct house h;
    struct connection c;
    char list[IDENT], padded[IDENT + 1];

    (void)state;
    house_open(&h, NULL);
    bare_create(&h, "list", list, datum_tuple(""));
    bare_accept(&h, &c);
    for (size_t i = 0; i < sizeof idents / sizeof *idents; i++)
        if (!idents[i] || (unsigned char)idents[i][0] < 0x80)
            expect_has(bare_call(&c, idents[i], "__len__", datum_tuple("")),
                       "('#TRACEBACK', ", "KeyError");
    snprintf(padded, sizeof padded, "0%s", list);
    expect_has(bare_call(&c, padded, "__len__", datum_tuple("")),
               "('#TRACEBACK', ", "KeyError");
    assert_string_equal(bare_call(&c, list, "__len__", datum_tuple("")),
                        "('#RETURN', 0)");
    connection_close(&c);
    house_close(&h);
}

/* --- what is no request --- */

static const struct {
    const char *bytes;
    size_t n;
    const char *said;
} no_requests[] = {
#define BYTES(text) (text), sizeof(text) - 1
    {BYTES(""), "it has no end"},
    {BYTES("\xff\xff"), "there is no operation"},
    {BYTES("N."), "not a request"},
    {BYTES(")."), "not a request"},
    {BYTES("(NN)t."), "not a request"},
    {BYTES("(NN)}Nt."), "not a request"},
    {BYTES("(K\1\x8c\1x)}t."), "not a request"},
    {BYTES("(NK\1)}t."), "not a request"},
    {BYTES("(NNN}t."), "not a request"},
    {BYTES("(NN)Nt."), "not a request"},
    {BYTES("(NN})t."), "not a request"},
    {BYTES("]NaNa)a}a."), "not a request"},
    {BYTES("(\x8c\3a\0b\x8c\1x)}t."), "not a request"},
    {BYTES("(NN)}tt."), "mark"},
    {BYTES("cos\nsystem\n(S'id'\ntR."), "os.system is not data"},
    {BYTES("(NN)}t.N"), "follow"},
#undef BYTES
};

static void what_is_no_request_is_said_so(void **state)
{
    struct house h;
    struct connection c;
    char list[IDENT];

    (void)state;
    house_open(&h, NULL);
    bare_create(&h, "list", list, datum_tuple(""));
    bare_accept(&h, &c);
    for (size_t i = 0; i < sizeof no_requests / sizeof *no_requests; i++) {
        expect_has(bare_say(&c, no_requests[i].bytes, no_requests[i].n),
                   "('#TRACEBACK', ", no_requests[i].said);
        /* It is none the worse for it. */
        assert_string_equal(bare_call(&c, list, "__len__", datum_tuple("")),
                            "('#RETURN', 0)");
    }
    connection_close(&c);
    /* As the first of a connection it is the last, too. */
    for (size_t i = 0; i < sizeof no_requests / sizeof *no_requests; i++) {
        bare_open(&h, &c, true);
        expect_begins(bare_say(&c, no_requests[i].bytes, no_requests[i].n),
                      "('#TRACEBACK', ");
        assert_string_equal(bare_reply(&c), "error -32");
        connection_close(&c);
    }
    house_close(&h);
}

/* A proxy within must be of an object that is here. */
static void a_proxy_of_what_is_gone_is_refused(void **state)
{
    struct house h;
    struct connection c;
    char list[IDENT];
    struct datum fields[3];

    (void)state;
    house_open(&h, NULL);
    bare_create(&h, "list", list, datum_tuple(""));
    bare_accept(&h, &c);
    for (int i = 0; i < 3; i++) {
        fields[0] = datum_str("ListProxy");
        fields[1] = token_of(&h, i == 0 ? list : "1");
        fields[2] = datum_none();
        if (i == 2) {
            datum_drop(&fields[1].record->fields[1]);
            fields[1].record->fields[1] = datum_str("/another/server");
        }
        expect_has(
            bare_call(&c, list, "append",
                      datum_tuple("O", datum_record(DATUM_PROXY, fields, 3))),
            i == 0 ? "('#RETURN', " : "('#TRACEBACK', ",
            i == 0   ? "None"
            : i == 1 ? "is gone"
                     : "another manager");
    }
    assert_string_equal(bare_call(&c, list, "__len__", datum_tuple("")),
                        "('#RETURN', 1)");
    connection_close(&c);
    house_close(&h);
}

/* A proxy as the name of a thread once kept an object beyond its server. */
static void a_thread_may_have_any_name(void **state)
{
    struct house h;
    struct connection c;
    char list[IDENT];
    struct datum fields[3] = {datum_str("ListProxy"), datum_none(),
                              datum_none()};

    (void)state;
    house_open(&h, NULL);
    bare_create(&h, "list", list, datum_tuple(""));
    fields[1] = token_of(&h, list);
    bare_open(&h, &c, true);
    assert_string_equal(
        bare_call(&c, NULL, "accept_connection",
                  datum_tuple("O", datum_record(DATUM_PROXY, fields, 3))),
        "('#RETURN', None)");
    assert_string_equal(bare_call(&c, list, "__len__", datum_tuple("")),
                        "('#RETURN', 0)");
    assert_string_equal(bare_ask(&h, "decref", datum_tuple("s", list)),
                        "('#RETURN', None)");
    assert_string_equal(bare_ask(&h, "number_of_objects", datum_tuple("")),
                        "('#RETURN', 0)");
    house_close(&h);
    assert_string_equal(bare_reply(&c), "error -32");
    connection_close(&c);
}

/* --- what is too much --- */

static void what_is_longer_than_is_taken_ends_the_connection(void **state)
{
    const struct server_options options = {.message = 5000};
    struct house h;
    struct connection c;
    char list[IDENT], text[6000];

    (void)state;
    house_open(&h, &options);
    bare_create(&h, "list", list, datum_tuple(""));
    bare_accept(&h, &c);
    memset(text, 'x', sizeof text);
    text[3000] = '\0';
    for (int i = 0; i < 2; i++)
        assert_string_equal(
            bare_call(&c, list, "append", datum_tuple("s", text)),
            "('#RETURN', None)");
    /* What it would answer with is longer than that. */
    assert_string_equal(bare_call(&c, list, "copy", datum_tuple("")),
                        "('#ERROR', MemoryError(''))");
    expect_has(bare_call(&c, list, "__repr__", datum_tuple("")),
               "('#TRACEBACK', ", "MemoryError");
    text[3000] = 'x';
    text[5500] = '\0';
    assert_string_equal(bare_call(&c, list, "append", datum_tuple("s", text)),
                        "error -32");
    connection_close(&c);
    assert_string_equal(bare_ask(&h, "dummy", datum_tuple("")),
                        "('#RETURN', None)");
    house_close(&h);
}

/* [[...] * 100] * 100 ...: a few bytes that unfold to 100 million. */
static size_t write_bomb(unsigned char *bytes, const char *ident)
{
    struct buffer out = {0};
    size_t n;

    assert_int_equal(buffer_format(&out, "(X%c%c%c%c%sX%c%c%c%cappend(]",
                                   (int)strlen(ident), 0, 0, 0, ident, 6, 0, 0,
                                   0),
                     0);
    for (char level = 0; level < 4; level++) {
        assert_int_equal(buffer_format(&out, "q%c0](", level), 0);
        for (int i = 0; i < 100; i++)
            assert_int_equal(buffer_format(&out, "h%c", level), 0);
        assert_int_equal(buffer_format(&out, "e"), 0);
    }
    assert_int_equal(buffer_format(&out, "t}t."), 0);
    n = out.length;
    memcpy(bytes, out.bytes, n);
    buffer_free(&out);
    return n;
}

static void a_few_bytes_cannot_ask_for_much(void **state)
{
    static unsigned char bytes[4096];
    struct house h;
    struct connection c;
    char list[IDENT];
    struct datum range[3] = {datum_int(0), datum_int(1 << 26), datum_int(1)};

    (void)state;
    house_open(&h, NULL);
    bare_create(&h, "list", list, datum_tuple(""));
    bare_accept(&h, &c);
    expect_has(bare_say(&c, bytes, write_bomb(bytes, list)), "('#TRACEBACK', ",
               "unfolds");
    assert_string_equal(
        bare_call(&c, list, "extend",
                  datum_tuple("O", datum_record(DATUM_RANGE, range, 3))),
        "('#ERROR', MemoryError(''))");
    assert_string_equal(bare_call(&c, list, "append", datum_tuple("N")),
                        "('#RETURN', None)");
    assert_string_equal(
        bare_call(&c, list, "__imul__", datum_tuple("i", 1L << 25)),
        "('#ERROR', MemoryError(''))");
    assert_string_equal(bare_call(&c, list, "copy", datum_tuple("")),
                        "('#RETURN', [None])");
    connection_close(&c);
    house_close(&h);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        SERVING(objects_are_made_and_counted),
        SERVING(what_there_is_is_told),
        SERVING(what_it_has_not_is_refused),
        SERVING(every_kind_of_reply_is_given),
        SERVING(a_wrong_ident_is_a_key_error),
        SERVING(what_is_no_request_is_said_so),
        SERVING(a_proxy_of_what_is_gone_is_refused),
        SERVING(a_thread_may_have_any_name),
        SERVING(what_is_longer_than_is_taken_ends_the_connection),
        SERVING(a_few_bytes_cannot_ask_for_much),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
