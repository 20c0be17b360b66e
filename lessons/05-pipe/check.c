/* SPDX-License-Identifier: MIT */
/*
 * check.c - lesson 05: what marked.h promises.
 *
 * Most tests write bytes into a pipe whose write end stays open: a reader that
 * asks for more than it needs waits for ever, and the alarm says so.
 */
// wrap: read readv write writev sendmsg send
#include "../check.h"
#include "marked.h"

#include "common/io.h"
#include "common/test_inject.h"

#include <endian.h>

enum { LONG = 600 };

static int ends[2];
static struct marked reader;
static unsigned char message[MARKED_MOST];

/* A frame by the book, built apart from the exercise; returns its length. */
static size_t frame(unsigned char *at, const void *payload, size_t n)
{
    const unsigned char marker[4] = {0xab, 0x49, 0x50, 0x43};
    uint32_t length = htobe32((uint32_t)n), sum;

    memcpy(at, marker, 4);
    memcpy(at + 4, &length, 4);
    sum = htobe32(marked_sum(at, 8));
    memcpy(at + 8, &sum, 4);
    sum = htobe32(marked_sum(payload, n));
    memcpy(at + 12, &sum, 4);
    memcpy(at + MARKED_HEADER, payload, n);
    return MARKED_HEADER + n;
}

/* The payload of message `number`: no two have the same. */
static const unsigned char *payload(unsigned number, size_t n)
{
    static unsigned char bytes[MARKED_MOST + 1];

    for (size_t i = 0; i < n; i++)
        bytes[i] = (unsigned char)(number * 31 + i * 7 + (i >> 8));
    return bytes;
}

static void put_bytes(const void *bytes, size_t n)
{
    assert_int_equal(write_full(ends[1], bytes, n), 0);
}

static void put_frame(unsigned number, size_t n)
{
    unsigned char bytes[PIPE_BUF];

    put_bytes(bytes, frame(bytes, payload(number, n), n));
}

static void get(unsigned number, size_t n, const char *hint)
{
    ssize_t got = marked_recv(&reader, message, sizeof message);

    expect_begun(got);
    expect(got == (ssize_t)n && memcmp(message, payload(number, n), n) == 0,
           hint);
}

static void get_end(const char *hint)
{
    fd_close(&ends[1]);
    expect(marked_recv(&reader, message, sizeof message) == -EPIPE, hint);
}

static int open_pipe(void **state)
{
    inject_nothing();
    if (fd_pipe(ends) < 0)
        return -1;
    marked_init(&reader, ends[0]);
    return check_begin(state);
}

static int close_pipe(void **state)
{
    inject_nothing();
    fd_close(&ends[0]);
    fd_close(&ends[1]);
    return check_end(state);
}

// points: 10  a message is one write of the frame that is described
static void a_message_is_one_write(void **state)
{
    static const size_t sizes[] = {0, 1, 5, LONG, MARKED_MOST};
    unsigned char wanted[PIPE_BUF], got[PIPE_BUF];

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        size_t n = frame(wanted, payload(i, sizes[i]), sizes[i]);
        int error;

        inject_nothing();
        error = marked_send(ends[1], payload(i, sizes[i]), sizes[i]);
        expect_begun(error);
        assert_int_equal(error, 0);
        expect(inject.writes == 1, "two writers, each between the other's "
                                   "header and payload");
        assert_int_equal(read_full(ends[0], got, n), n);
        expect(memcmp(got, wanted, n) == 0, "the byte order, and over what "
                                            "each sum goes");
    }
    expect(marked_send(ends[1], payload(9, MARKED_MOST + 1), MARKED_MOST + 1) ==
               -EMSGSIZE,
           "the longest message that one write keeps together");
    fd_close(&ends[1]);
    expect(read_some(ends[0], got, 1) == 0, "what a refused message leaves");
}

// points: 10  messages come whole and in order, and the end after them
static void messages_come_whole_and_in_order(void **state)
{
    static const size_t sizes[] = {5, 0, MARKED_MOST, 1, LONG};

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        put_frame(i, sizes[i]);
    for (unsigned i = 0; i < 4; i++)
        get(i, sizes[i], "a read that brings more than one message, or less");
    expect(marked_recv(&reader, message, LONG - 1) == -EMSGSIZE,
           "a message that does not fit the caller's buffer");
    get(4, LONG, "where a message stays that did not fit");
    get_end("the end of the file behind the last message");
    assert_int_equal(reader.skipped, 0);
}

// points: 10  a byte at a time, and interrupted, is as good as at once
static void a_byte_at_a_time_is_enough(void **state)
{
    (void)state;
    inject.limit = 1;
    inject.interrupt = true;
    for (unsigned i = 0; i < 5; i++) {
        int error = marked_send(ends[1], payload(i, 20 * i), 20 * i);

        expect_begun(error);
        expect(error == 0, "a write that takes less than it was given");
        get(i, 20 * i, "a read that brings one byte, or EINTR");
    }
    get_end("the end of the file");
}

// points: 10  garbage between messages is skipped and counted
static void garbage_is_skipped_and_counted(void **state)
{
    static const unsigned char garbage[][20] = {
        "nothing of a marker",
        {0xab, 0xab, 0x49, 0xab, 0x49, 0x50, 0xab},
        {0xab, 0x49, 0x50, 0x43, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4},
        {0xab, 0x49, 0x50, 0x43, 0xab, 0x49, 0x50, 0x43, 0xab, 0x49, 0x50},
    };
    static const size_t lengths[] = {20, 7, 20, 11};
    uint64_t bytes = 0;

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        put_bytes(garbage[i], lengths[i]);
        put_frame(i, 40);
        get(i, 40, "garbage that ends with the beginning of a marker");
        bytes += lengths[i];
        expect(reader.skipped == bytes, "which bytes were of no message");
    }
    put_bytes(garbage[1], lengths[1]);
    get_end("garbage at the end of the file");
    expect(reader.skipped == bytes + lengths[1], "what the end tore off");
}

/* Message 1 has its byte `at` changed; 0 and 2 must come, and at once. */
static void damage(size_t at, size_t n, const char *hint)
{
    unsigned char bytes[PIPE_BUF];
    uint64_t before = reader.skipped;

    for (int bit = 1; bit < 256; bit <<= 1) {
        size_t length = frame(bytes, payload(1, n), n);

        put_frame(0, n);
        bytes[at] ^= (unsigned char)bit;
        put_bytes(bytes, length);
        put_frame(2, 3); /* shorter than what was damaged */
        get(0, n, hint);
        get(2, 3, hint);
        before += length;
        expect(reader.skipped == before, hint);
    }
}

// points: 10  a damaged payload costs that message alone
static void a_damaged_payload_costs_that_message(void **state)
{
    (void)state;
    for (size_t at = MARKED_HEADER; at < MARKED_HEADER + 50; at++)
        damage(at, 50, "how far to go on when a sum is wrong");
}

// points: 10  a damaged header costs that message alone, and holds nothing up
static void a_damaged_header_costs_that_message(void **state)
{
    (void)state;
    for (size_t at = 0; at < MARKED_HEADER; at++)
        damage(at, 50,
               "whether a length can be believed, and before what "
               "is waited for");
}

// points: 10  a payload may hold markers, and the loss of it is one message
static void a_payload_may_hold_markers(void **state)
{
    static const unsigned char tricky[] = {
        0xab, 0x49, 0x50, 0x43, 0,    0,    0,    1,    0xab, 0x49, 0x50, 0x43,
        0xab, 0x49, 0x50, 0x43, 0xab, 0x49, 0x50, 0x43, 0,    0,    0xff, 0xab};
    unsigned char bytes[PIPE_BUF];
    size_t n = frame(bytes, tricky, sizeof tricky);
    ssize_t got;

    (void)state;
    put_bytes(bytes, n);
    got = marked_recv(&reader, message, sizeof message);
    expect_begun(got);
    expect(got == sizeof tricky && memcmp(message, tricky, sizeof tricky) == 0,
           "a marker where a payload is expected");
    bytes[n - 2] ^= 1;
    put_bytes(bytes, n);
    put_frame(1, 30);
    get(1, 30, "a marker in the payload of a damaged message");
    assert_int_equal(reader.skipped, n);
}

// points: 10  after a writer that died in a message the others are heard
static void a_torn_message_costs_itself(void **state)
{
    unsigned char bytes[PIPE_BUF];
    size_t n = frame(bytes, payload(0, 60), 60);

    (void)state;
    for (size_t cut = 1; cut < n; cut++) {
        put_bytes(bytes, cut);
        for (unsigned i = 1; i < 4; i++)
            put_frame(i, 30);
        for (unsigned i = 1; i < 4; i++)
            get(i, 30, "a message whose missing bytes are the next one's");
    }
    put_bytes(bytes, n - 1);
    put_frame(1, 0); /* fills it up, and is all that is left */
    put_bytes(bytes, n - 1);
    get(1, 0, "what is in a message that turned out damaged");
    get_end("a message that the end of the file cut off");
}

#define CHECK_PIPE(test)                                                       \
    cmocka_unit_test_setup_teardown(test, open_pipe, close_pipe)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_PIPE(a_message_is_one_write),
        CHECK_PIPE(messages_come_whole_and_in_order),
        CHECK_PIPE(a_byte_at_a_time_is_enough),
        CHECK_PIPE(garbage_is_skipped_and_counted),
        CHECK_PIPE(a_damaged_payload_costs_that_message),
        CHECK_PIPE(a_damaged_header_costs_that_message),
        CHECK_PIPE(a_payload_may_hold_markers),
        CHECK_PIPE(a_torn_message_costs_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
