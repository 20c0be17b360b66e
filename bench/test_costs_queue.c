/* SPDX-License-Identifier: MIT */
/* test_costs_queue.c - what a queue's operation may cost, in counts and not in
 * time. */
#include "test_costs.h"

#include "queue/queue.h"

/* --- what strace runs: `test_costs_queue NAME N` ---------------------------
 */

static int answer(struct parcel *arguments)
{
    struct queue in, out;
    uint64_t n = 0;
    char text[64];

    if (parcel_take_u64(arguments, &n) || queue_unpack(&in, arguments) ||
        queue_unpack(&out, arguments))
        return 1;
    for (; n; n--)
        if (queue_get(&in, text, sizeof text, NO_TIMEOUT) != sizeof text ||
            queue_put(&out, text, sizeof text, NO_TIMEOUT))
            break;
    queue_free(&in);
    queue_free(&out);
    return n ? 1 : 0;
}
TARGET(answer)

/* Round trips, by this way of doing it. */
static int round_trips(unsigned n, unsigned way)
{
    struct queue out = {NULL}, in = {NULL};
    char text[64] = "x";
    struct parcel parcel;
    struct process p;
    int error, code = 1;

    parcel_init(&parcel);
    error = queue_open_as(&out, 0, way) | queue_open_as(&in, 0, way);
    error |= parcel_put_u64(&parcel, n);
    error |= queue_pack(&out, &parcel) | queue_pack(&in, &parcel);
    process_init(&p, "answer", &parcel);
    error |= process_start(&p);
    for (; n && !error; n--)
        if (queue_put(&out, text, sizeof text, NO_TIMEOUT) ||
            queue_get(&in, text, sizeof text, NO_TIMEOUT) != sizeof text)
            error = 1;
    process_join(&p, error ? 0 : NO_TIMEOUT);
    process_kill(&p);
    process_exitcode(&p, &code);
    process_close(&p);
    queue_free(&out);
    queue_free(&in);
    parcel_free(&parcel);
    return error || code;
}

static int perform(const char *name, unsigned n)
{
    if (strcmp(name, "fast") == 0)
        return round_trips(n, QUEUE_FAST);
    if (strcmp(name, "plain") == 0)
        return round_trips(n, QUEUE_PLAIN);
    return 1;
}

/* --- system calls ----------------------------------------------------------
 */

/* A put that finds the pipe empty needs neither a feeder nor a futex, but for
 * the few that start and end the feeders. */
static void a_lone_item_is_one_call_on_each_side(void **state)
{
    (void)state;
    costs("fast", "write", 2 * COUNTED);
    costs("fast", "read", 2 * COUNTED);
    assert_in_range(calls_or_skip("fast", MANY, "futex"), 0, COUNTED / 10);
}

/* Who waits in read(2) has the lock, and is woken by the write itself. */
static void a_plain_item_is_a_write_and_two_reads(void **state)
{
    (void)state;
    costs("plain", "write", 2 * COUNTED);
    costs("plain", "read", 4 * COUNTED);
}

/* --- in a trial of the bench -----------------------------------------------
 */

static bool counts_calls(const struct findings *f)
{
    if (f->timed.io_calls < 0)
        print_message("this kernel does not count reads and writes\n");
    return f->timed.io_calls >= 0;
}

/* As test_costs.c, a_round_trip_is_one_switch_a_side_and_no_fault. */
static void is_one_switch_and_two_calls(const char *mechanism)
{
    static struct findings f;

    for (int tries = 0; tries < 4; tries++) {
        count(mechanism, "roundtrip", &f);
        if (is_within(f.timed.voluntary, f.operations, 110) &&
            is_within(f.peers.voluntary, f.operations, 110) &&
            is_within(f.timed.io_calls, f.operations, 200) &&
            is_within(f.peers.io_calls, f.operations, 200))
            break;
    }
    assert_true(f.operations > 100);
    assert_true(is_within(f.timed.voluntary, f.operations, 110));
    assert_true(is_within(f.peers.voluntary, f.operations, 110));
    if (!counts_calls(&f))
        skip();
    assert_int_equal(f.timed.io_calls, 2 * f.operations);
    assert_int_equal(f.peers.io_calls, 2 * f.operations);
}

static void a_round_trip_is_one_switch_and_two_calls_a_side(void **state)
{
    (void)state;
    is_one_switch_and_two_calls("queue");
}

/* Whoever is woken by an item finds the lock of the counts free. */
static void what_is_joined_costs_no_switch_more(void **state)
{
    (void)state;
    is_one_switch_and_two_calls("joinable-queue");
}

/* Of both sides together: in a hundred messages. */
static void a_stream_of_small_items_makes_hardly_any_call(void **state)
{
    static struct findings f;

    (void)state;
    for (int tries = 0; tries < 4; tries++) {
        count("queue", "stream", &f);
        if (is_within(f.timed.io_calls + f.peers.io_calls, f.operations, 10))
            break;
    }
    if (!counts_calls(&f))
        skip();
    assert_true(f.operations > 10000);
    assert_true(f.peers.io_calls > 0);
    assert_true(
        is_within(f.timed.io_calls + f.peers.io_calls, f.operations, 10));
}

/* The feeder's writes, too, though they are made when all was put. */
static void a_plain_stream_makes_three_for_each(void **state)
{
    static const char *const plain[] = {"queue-plain", "simple-queue"};
    static struct findings f;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        count(plain[i], "stream", &f);
        if (!counts_calls(&f))
            skip();
        assert_int_equal(f.timed.io_calls, 2 * f.operations);
        assert_int_equal(f.peers.io_calls, f.operations);
    }
}

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_lone_item_is_one_call_on_each_side),
        TEST(a_plain_item_is_a_write_and_two_reads),
        TEST(a_round_trip_is_one_switch_and_two_calls_a_side),
        TEST(what_is_joined_costs_no_switch_more),
        TEST(a_stream_of_small_items_makes_hardly_any_call),
        TEST(a_plain_stream_makes_three_for_each),
    };

    return cmocka_run_group_tests_name("costs of queues", tests, NULL, NULL);
}

int main(int argc, char **argv)
{
    return costs_main(argc, argv, perform, run_all);
}
