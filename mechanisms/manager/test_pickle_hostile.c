/* SPDX-License-Identifier: MIT */
// wrap: malloc calloc realloc free
/*
 * test_pickle_hostile.c - what a stranger can send: it is refused with a
 * reason, costs no more than its length, and leaves nothing.
 */
#include "manager/test_memory.h"
#include "manager/test_pickle.h"

/* --- real pickles, damaged --- */

/* In memory of just that length, so that a sanitizer sees what is read beyond
 * it. */
static int load_copy(const char *bytes, size_t n, struct datum *value,
                     struct pickle_fault *fault)
{
    char *copy = malloc(n ? n : 1);
    int error;

    assert_non_null(copy);
    memcpy(copy, bytes, n);
    error = pickle_load(copy, n, NULL, value, fault);
    free(copy);
    return error;
}

static void every_beginning_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++)
        for (size_t n = 0; n < samples[i].n; n++) {
            struct pickle_fault fault;
            struct datum value;

            assert_int_equal(load_copy(samples[i].bytes, n, &value, &fault),
                             -EBADMSG);
            assert_int_equal(value.kind, DATUM_NOTHING);
            assert_in_range(fault.at, 0, n);
            assert_true(*fault.text);
        }
}

static void what_follows_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        struct buffer b = {0};

        buffer_put(&b, samples[i].bytes, samples[i].n);
        buffer_text(&b, ".");
        test_refuses((const char *)b.bytes, b.length, -EBADMSG, "follow");
        buffer_free(&b);
    }
}

/* It is refused; or it is a value, which can be written and read again. */
static void look_at(const char *bytes, size_t n)
{
    struct pickle_fault fault = {0};
    struct buffer out = {0};
    struct datum value, again;
    int error = load_copy(bytes, n, &value, &fault);

    if (error) {
        assert_in_range(-error, 1, 133);
        assert_true(*fault.text);
        assert_int_equal(value.kind, DATUM_NOTHING);
        return;
    }
    assert_int_equal(pickle_dump(&out, &value), 0);
    again = test_load((const char *)out.bytes, out.length);
    assert_int_equal(again.kind, value.kind);
    datum_drop(&again);
    datum_drop(&value);
    buffer_free(&out);
}

static void every_changed_byte_is_looked_at(void **state)
{
    static char bytes[4096];

    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        const struct sample *s = &samples[i];
        int step = s->n < 100 ? 1 : 7;

        assert_in_range(s->n, 1, sizeof bytes);
        memcpy(bytes, s->bytes, s->n);
        for (size_t at = 0; at < s->n; at++) {
            for (int change = 1; change < 256; change += step) {
                bytes[at] = (char)(s->bytes[at] ^ change);
                look_at(bytes, s->n);
            }
            bytes[at] = s->bytes[at];
        }
    }
}

/* Two of them, or one twice, with what is between taken out. */
static void parts_are_looked_at(void **state)
{
    static char bytes[4096];
    uint64_t seed = 7;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        const struct sample *a = &samples[memory_random(&seed) % SAMPLES];
        const struct sample *b = &samples[memory_random(&seed) % SAMPLES];
        size_t n = memory_random(&seed) % a->n;
        size_t from = memory_random(&seed) % b->n;

        memcpy(bytes, a->bytes, n);
        memcpy(bytes + n, b->bytes + from, b->n - from);
        look_at(bytes, n + b->n - from);
    }
}

/* --- bombs: few bytes that would be much --- */

static void expect_bomb(struct buffer *b, const char *text)
{
    test_refuses((const char *)b->bytes, b->length, -E2BIG, text);
    buffer_free(b);
}

/* Each tuple is twice the one before it. */
static void a_value_that_unfolds_is_bounded(void **state)
{
    struct buffer b = {0};

    (void)state;
    test_repeat(&b,
                "N\x94"
                "0]h\0a",
                7, 1);
    test_repeat(&b, "2\x86", 2, 100);
    buffer_text(&b, ".");
    expect_bomb(&b, "deeper, or more");
    /* The same of lists and a memo. */
    buffer_text(&b, "]\x94");
    for (unsigned i = 0; i < 100; i++) {
        const char part[] = {']',     (char)0x94, '(',     'h',
                             (char)i, 'h',        (char)i, 'e'};

        test_repeat(&b, part, sizeof part, 1);
    }
    buffer_text(&b, "\x85.");
    expect_bomb(&b, "");
}

static void keys_that_unfold_are_bounded(void **state)
{
    struct buffer b = {0};

    (void)state;
    test_repeat(&b, "N", 1, 1);
    test_repeat(&b, "2\x86", 2, 20);
    test_repeat(&b, "q\0000}(", 5, 1);
    test_repeat(&b, "h\0N", 3, 100000);
    buffer_text(&b, "u.");
    expect_bomb(&b, "looked at");
}

/* A str, bytes and an int know their hash; but one that is there already, in
 * another cell, is compared with it. */
static void keys_that_are_equal_are_bounded(void **state)
{
    enum { LENGTH = 1 << 16 };
    static const char codes[] = {'X', 'B', (char)0x8b};
    static const char length[4] = {0, 0, LENGTH >> 16, 0};
    static char text[5 + LENGTH];

    (void)state;
    memset(text, 'a', sizeof text);
    memcpy(text + 1, length, sizeof length);
    for (size_t i = 0; i < sizeof codes; i++) {
        struct buffer dict = {0}, set = {0};

        text[0] = codes[i];
        test_repeat(&dict, "}(", 2, 1);
        test_repeat(&set, "\x8f(", 2, 1);
        test_repeat(&dict, text, sizeof text, 1);
        test_repeat(&set, text, sizeof text, 1);
        test_repeat(&dict, "N", 1, 1);
        test_repeat(&dict, text, sizeof text, 1);
        test_repeat(&set, text, sizeof text, 1);
        test_repeat(&dict, "q\0N", 3, 1);
        test_repeat(&set, "q\0", 2, 1);
        test_repeat(&dict, "h\0N", 3, 10000);
        test_repeat(&set, "h\0", 2, 10000);
        buffer_text(&dict, "u.");
        buffer_text(&set, "\x90.");
        expect_bomb(&dict, "looked at");
        expect_bomb(&set, "looked at");
    }
}

static void copies_are_bounded(void **state)
{
    static const char *const calls[] = {"cbuiltins\nbytearray\nC\xff",
                                        "cbuiltins\nset\n](",
                                        "c__builtin__\nset\n]("};

    (void)state;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        struct buffer b = {0};

        buffer_text(&b, calls[i]);
        test_repeat(&b, "N", 1, 255);
        test_repeat(&b, i ? "e\x85" : "\x85", i ? 2 : 1, 1);
        test_repeat(&b,
                    "q\1"
                    "0q\0"
                    "0](",
                    8, 1);
        test_repeat(&b, "h\0h\1R", 5, 1000);
        buffer_text(&b, "e.");
        expect_bomb(&b, "copied");
    }
}

static void marks_and_depth_are_bounded(void **state)
{
    struct buffer b = {0};

    (void)state;
    test_repeat(&b, "(", 1, 1 << 20);
    test_refuses((const char *)b.bytes, b.length, -EBADMSG, "no end");
    test_repeat(&b, "t", 1, 1 << 20);
    expect_bomb(&b, "deeper");
    test_repeat(&b, "(l", 2, 1);
    test_repeat(&b, "\x85", 1, 1 << 20);
    expect_bomb(&b, "deeper");
}

/* --- memory --- */

static const struct sample *at_hand;

static int load_and_dump(void)
{
    struct buffer out = {0};
    struct datum value;
    int error = pickle_load(at_hand->bytes, at_hand->n, NULL, &value, NULL);

    if (!error)
        error = pickle_dump(&out, &value);
    buffer_free(&out);
    datum_drop(&value);
    return error;
}

static void without_memory_nothing_is_kept(void **state)
{
    (void)state;
    for (at_hand = samples; at_hand < samples + SAMPLES; at_hand++)
        memory_runs_out(load_and_dump, 5);
}

/* Stack and memo leave their place, and there is no memory for another. */
static void without_memory_for_the_stack_nothing_is_kept(void **state)
{
    struct buffer b = {0};
    struct sample many = {.repr = ""};

    (void)state;
    buffer_text(&b, "](");
    test_repeat(&b, "]\x94", 2, 200);
    buffer_text(&b, "e.");
    many.bytes = (const char *)b.bytes;
    many.n = b.length;
    at_hand = &many;
    memory_runs_out(load_and_dump, 200);
    buffer_free(&b);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(every_beginning_is_refused),
        TEST(what_follows_is_refused),
        TEST(every_changed_byte_is_looked_at),
        TEST(parts_are_looked_at),
        TEST(a_value_that_unfolds_is_bounded),
        TEST(keys_that_unfold_are_bounded),
        TEST(keys_that_are_equal_are_bounded),
        TEST(copies_are_bounded),
        TEST(marks_and_depth_are_bounded),
        TEST(without_memory_nothing_is_kept),
        TEST(without_memory_for_the_stack_nothing_is_kept),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
