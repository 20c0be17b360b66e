/* SPDX-License-Identifier: MIT */
/* test_starts.c - a queue between a parent and its child, under every start
 * method. */
#include "queue/test_queues.h"

enum { PLACES = 6 };

/* What a child is handed. */
struct handed {
    struct queue queue;
    struct event begin, done;
};

static void handed_open(struct handed *h, size_t maxsize, unsigned way)
{
    test_open_queue(&h->queue, maxsize, way);
    assert_int_equal(event_open(&h->begin), 0);
    assert_int_equal(event_open(&h->done), 0);
}

static void handed_close(struct handed *h)
{
    test_end_queue(&h->queue);
    event_close(&h->begin);
    event_close(&h->done);
}

static void start_with(struct process *p, enum start_method method,
                       const char *target, const struct handed *h)
{
    struct parcel parcel;

    parcel_init(&parcel);
    assert_int_equal(queue_pack(&h->queue, &parcel), 0);
    assert_int_equal(event_pack(&h->begin, &parcel), 0);
    assert_int_equal(event_pack(&h->done, &parcel), 0);
    test_start(p, method, target, &parcel);
    parcel_free(&parcel);
}

static int take_hand(struct handed *h, struct parcel *arguments)
{
    if (queue_unpack(&h->queue, arguments) ||
        event_unpack(&h->begin, arguments) || event_unpack(&h->done, arguments))
        return test_line(__LINE__);
    return event_wait(&h->begin, TEST_BOUND) ? test_line(__LINE__) : 0;
}

static int leave(struct handed *h)
{
    event_set(&h->done);
    queue_free(&h->queue);
    event_close(&h->begin);
    event_close(&h->done);
    return 0;
}

/* --- the child gets what fills the queue --- */

static int empty_it(struct parcel *arguments)
{
    struct handed h;
    int line = take_hand(&h, arguments);

    if (!line && queue_full(&h.queue) != 1)
        line = test_line(__LINE__);
    for (uint64_t i = 0; i < PLACES && !line; i++)
        line = test_get(&h.queue, i, 10);
    if (!line && queue_get(&h.queue, &line, 1, 0) != -ETIMEDOUT)
        line = test_line(__LINE__);
    return line ? line : leave(&h);
}
TARGET(empty_it)

static void a_full_queue_has_room_again_when_a_child_has_got_all(void **state)
{
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct process p;
        struct handed h;
        int64_t began;

        handed_open(&h, PLACES, way_in(state));
        start_with(&p, test_methods[m], "empty_it", &h);
        assert_int_equal(queue_empty(&h.queue), 1);
        assert_int_equal(queue_full(&h.queue), 0);
        for (uint64_t i = 0; i < PLACES; i++)
            assert_int_equal(test_put(&h.queue, i, 10, i % 2 ? 0 : SECOND), 0);
        assert_int_equal(queue_full(&h.queue), 1);
        assert_int_equal(test_put(&h.queue, 7, 10, 0), -ETIMEDOUT);
        began = clock_now();
        assert_int_equal(test_put(&h.queue, 7, 10, SECOND / 50), -ETIMEDOUT);
        assert_true(clock_now() - began >= SECOND / 50);
        event_set(&h.begin);
        assert_int_equal(event_wait(&h.done, TEST_BOUND), 0);
        assert_int_equal(queue_empty(&h.queue), 1);
        assert_int_equal(queue_full(&h.queue), 0);
        assert_int_equal(queue_qsize(&h.queue), 0);
        assert_int_equal(test_finish(&p), 0);
        handed_close(&h);
    }
}

/* --- the child puts --- */

static int put_two_to_five(struct parcel *arguments)
{
    struct handed h;
    int line = take_hand(&h, arguments);

    for (uint64_t i = 2; i <= 5 && !line; i++)
        if (test_put(&h.queue, i, 10, 0))
            line = test_line(__LINE__);
    return line ? line : leave(&h);
}
TARGET(put_two_to_five)

static void what_a_child_puts_comes_in_its_order_and_no_more(void **state)
{
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct process p;
        struct handed h;
        int64_t began;
        char item;

        handed_open(&h, 0, way_in(state));
        start_with(&p, test_methods[m], "put_two_to_five", &h);
        assert_int_equal(queue_get(&h.queue, &item, 1, 0), -ETIMEDOUT);
        event_set(&h.begin);
        for (uint64_t i = 2; i <= 5; i++)
            assert_int_equal(test_get(&h.queue, i, 10), 0);
        assert_int_equal(event_wait(&h.done, TEST_BOUND), 0);
        assert_int_equal(queue_get(&h.queue, &item, 1, 0), -ETIMEDOUT);
        began = clock_now();
        assert_int_equal(queue_get(&h.queue, &item, 1, SECOND / 50),
                         -ETIMEDOUT);
        assert_true(clock_now() - began >= SECOND / 50);
        assert_int_equal(test_finish(&p), 0);
        handed_close(&h);
    }
}

/* --- an item goes to and fro: each is somebody's only one --- */

static int echo_all(struct parcel *arguments)
{
    struct handed h, back;
    int line = take_hand(&h, arguments);

    if (!line)
        line = take_hand(&back, arguments);
    for (uint64_t i = 0; i < 100 && !line; i++) {
        line = test_get(&h.queue, i, i * 50);
        if (!line && test_put(&back.queue, i, i * 50, NO_TIMEOUT))
            line = test_line(__LINE__);
    }
    if (!line)
        leave(&back);
    return line ? line : leave(&h);
}
TARGET(echo_all)

static void an_item_goes_to_and_fro(void **state)
{
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct handed there, back;
        struct parcel parcel;
        struct process p;

        handed_open(&there, 1, way_in(state));
        handed_open(&back, 1, way_in(state));
        parcel_init(&parcel);
        for (int i = 0; i < 2; i++) {
            struct handed *h = i ? &back : &there;

            event_set(&h->begin);
            assert_int_equal(queue_pack(&h->queue, &parcel), 0);
            assert_int_equal(event_pack(&h->begin, &parcel), 0);
            assert_int_equal(event_pack(&h->done, &parcel), 0);
        }
        test_start(&p, test_methods[m], "echo_all", &parcel);
        parcel_free(&parcel);
        for (uint64_t i = 0; i < 100; i++) {
            assert_int_equal(test_put(&there.queue, i, i * 50, NO_TIMEOUT), 0);
            assert_int_equal(test_get(&back.queue, i, i * 50), 0);
        }
        assert_int_equal(test_finish(&p), 0);
        handed_close(&there);
        handed_close(&back);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST_WAYS(a_full_queue_has_room_again_when_a_child_has_got_all),
        TEST_WAYS(what_a_child_puts_comes_in_its_order_and_no_more),
        TEST_WAYS(an_item_goes_to_and_fro),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
