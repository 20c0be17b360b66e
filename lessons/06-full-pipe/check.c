/* SPDX-License-Identifier: MIT */
/*
 * check.c - lesson 06: what exchange.h promises.
 *
 * The other side is a process that does as its part says.  Where the order
 * matters it goes on when it has seen this side asleep: not for a moment, but
 * so that it did not wake up in between.  Who never sleeps is found by the
 * number of its calls, and who waits for ever is ended by the alarm.
 */
// wrap: read write send recv poll ppoll fork pthread_create
#include "../check.h"
#include "exchange.h"
#include "parts.h"
#include "watch.h"

/* One call, watched; what it received is there, and not a byte more. */
static void exchange_gives(int wanted, size_t from, const char *hint)
{
    size_t descriptors = open_descriptors();
    int result;

    memset(got, 0, sizeof got);
    watch_begin(here.in, here.out, n + m);
    result = exchange(here.in, here.out, n ? ours : NULL, n, m ? got : NULL, m);
    watch_end();
    expect_begun(result);
    expect(!watch.helped, "who waits meanwhile, if one process with one "
                          "thread is all there is");
    expect(result == wanted, hint);
    if (wanted == 0)
        expect(memcmp(got, theirs + from, m) == 0 && got[m] == 0,
               "where each piece belongs, and how much is still missing");
    expect(open_descriptors() == descriptors, "what is left open");
}

static int set_up(void **state)
{
    for (size_t i = 0; i < sizeof theirs; i++)
        theirs[i] = (unsigned char)(1 + (i * 7 + (i >> 8) * 13) % 255);
    for (size_t i = 0; i < sizeof ours; i++)
        ours[i] = (unsigned char)(2 + (i * 11 + (i >> 8) * 29) % 254);
    here = there = (struct side){-1, -1};
    memset(&watch, 0, sizeof watch);
    return check_begin(state);
}

static int tear_down(void **state)
{
    watch_end();
    close_side(&here);
    close_side(&there);
    if (peer > 0 && kill(peer, SIGKILL) == 0)
        waitpid(peer, NULL, 0);
    peer = 0;
    return check_end(state);
}

static void once(int kind, int (*part)(void), size_t send, size_t receive,
                 const char *hint)
{
    n = send;
    m = receive;
    begin(kind, part);
    exchange_gives(0, 0, hint);
    end("what the other side still lacks when the call has returned");
}

// points: 10  what fits crosses, whatever the other side does first
static void what_fits_crosses(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        once(kind, writes_then_reads, 1, 1, "what is sent and received");
        once(kind, writes_then_reads, 300, 700, "sides that send unlike much");
        once(kind, reads_then_writes, 700, 300, "sides that send unlike much");
    }
}

// points: 10  what does not fit crosses, both ways at once
static void what_does_not_fit_crosses(void **state)
{
    const char *hint = "where you wait, and for what alone";

    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        once(kind, exchanges, LARGE, LARGE, hint);
        once(kind, exchanges, LARGE - 1, LARGE / 3, hint);
        once(kind, writes_then_reads, LARGE, LARGE, hint);
        once(kind, reads_then_writes, LARGE, LARGE, hint);
    }
}

// points: 10  a little room is not room for all
static void a_little_room_is_not_room_for_all(void **state)
{
    const char *hint = "how much may be written where poll says POLLOUT";

    (void)state;
    for (int kind = 0; kind < KINDS; kind++)
        once(kind, makes_a_little_room, LARGE, LARGE, hint);
}

// points: 10  a byte at a time, and interrupted, is as good as at once
static void a_byte_at_a_time_is_enough(void **state)
{
    const char *hint = "a call that moves less than it could, or is "
                       "interrupted";

    (void)state;
    watch.interrupt = true;
    for (size_t limit = 1; limit <= 1000; limit += 999) {
        watch.limit = limit;
        once(SMALL_PIPES, exchanges, 9000, 10000, hint);
        once(SMALL_PIPES, writes_then_reads, 9000, 10000, hint);
        once(SMALL_SOCKET, writes_then_reads, 9000, 10000, hint);
    }
}

// points: 10  who can do nothing sleeps
static void who_can_do_nothing_sleeps(void **state)
{
    const char *hint = "what poll says of an end that you need no more";

    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        once(kind, sits_then_writes_then_reads, LARGE, LARGE, hint);
        once(kind, ends_its_writing, LARGE, 100, hint);
        once(kind, ends_its_reading, 100, LARGE, hint);
    }
}

// points: 10  the flags, which others share, are never touched
static void the_flags_are_never_touched(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++)
        for (int flags = 0; flags < 4; flags++) {
            n = m = LARGE;
            begin(kind, exchanges);
            if (flags & 1)
                fcntl(here.in, F_SETFL, O_NONBLOCK);
            if (flags & 2)
                fcntl(here.out, F_SETFL, O_NONBLOCK);
            exchange_gives(0, 0, "an end that is non-blocking already");
            expect(!watch.changed, "who else has this end open, and finds it "
                                   "non-blocking");
            end("what the other side lacks");
        }
}

static void broken(int kind, int (*part)(void))
{
    n = m = LARGE;
    begin(kind, part);
    exchange_gives(-EPIPE, 0,
                   "the other side that is gone, and what a read, "
                   "a write, poll say then");
    end("the other side, to the end");
}

// points: 10  the end in the middle is -EPIPE, and nobody waits for more
static void the_end_in_the_middle_is_told(void **state)
{
    (void)state;
    for (int kind = PIPES; kind <= SMALL_PIPES; kind++) {
        broken(kind, breaks_off_its_writing);
        broken(kind, breaks_off_its_reading);
    }
    for (int kind = 0; kind < KINDS; kind++)
        broken(kind, ends_in_the_middle);
}

// points: 10  nothing is a message too, and the next one is not touched
static void nothing_and_the_next(void **state)
{
    const char *hint = "the direction in which there is nothing to do";

    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        once(kind, writes_then_reads, 0, 0, hint);
        once(kind, sits_then_writes_then_reads, 0, LARGE, hint);
        once(kind, reads_then_writes, LARGE, 0, hint);
        n = LARGE;
        m = 100;
        begin(kind, writes_the_next_too);
        exchange_gives(0, 0, hint);
        n = 0;
        m = NEXT;
        exchange_gives(0, 100, "bytes that belong to the next message");
        end("what the other side lacks");
    }
}

#define CHECK_SIDES(test)                                                      \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_SIDES(what_fits_crosses),
        CHECK_SIDES(what_does_not_fit_crosses),
        CHECK_SIDES(a_little_room_is_not_room_for_all),
        CHECK_SIDES(a_byte_at_a_time_is_enough),
        CHECK_SIDES(who_can_do_nothing_sleeps),
        CHECK_SIDES(the_flags_are_never_touched),
        CHECK_SIDES(the_end_in_the_middle_is_told),
        CHECK_SIDES(nothing_and_the_next),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
