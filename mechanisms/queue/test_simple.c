/* SPDX-License-Identifier: MIT */
/* test_simple.c - SimpleQueue: a pipe and two locks. */
#include "queue/test_queues.h"

enum { TURNS = 200, PUTTERS = 3 };

static int simple_put(struct simple_queue *q, uint64_t number, size_t size)
{
    unsigned char *item = malloc(size + 1);
    int error;

    if (!item)
        return -ENOMEM;
    test_fill(item, size, number);
    error = simple_queue_put(q, item, size);
    free(item);
    return error;
}

static int simple_get(struct simple_queue *q, uint64_t number, size_t size)
{
    void *item;
    ssize_t got = simple_queue_get_new(q, &item);
    int line =
        got < 0 ? test_line(__LINE__) : test_got(item, got, number, size);

    free(item);
    return line;
}

static void it_is_empty_but_for_what_was_put(void **state)
{
    struct simple_queue q;
    char item;

    (void)state;
    assert_int_equal(simple_queue_open(&q), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(simple_queue_empty(&q), 1);
        assert_int_equal(simple_queue_put(&q, "x", 1), 0);
        assert_int_equal(simple_queue_empty(&q), 0);
        assert_int_equal(simple_queue_get(&q, &item, 1), 1);
    }
    assert_int_equal(simple_queue_empty(&q), 1);
    simple_queue_close(&q);
}

static void what_is_closed_is_closed(void **state)
{
    struct simple_queue q;
    struct parcel parcel;
    void *new;
    char item;

    (void)state;
    assert_int_equal(simple_queue_open(&q), 0);
    for (int i = 0; i < 2; i++) {
        simple_queue_close(&q);
        assert_int_equal(simple_queue_put(&q, "x", 1), -EBADF);
        assert_int_equal(simple_queue_get(&q, &item, 1), -EBADF);
        assert_int_equal(simple_queue_get_new(&q, &new), -EBADF);
        assert_null(new);
        assert_int_equal(simple_queue_empty(&q), -EBADF);
        parcel_init(&parcel);
        assert_int_equal(simple_queue_pack(&q, &parcel), -EBADF);
        parcel_free(&parcel);
    }
}

static int finds_the_item(void *queue)
{
    return simple_get(queue, 1, 100);
}

static void an_item_that_is_too_long_stays_for_the_next(void **state)
{
    struct simple_queue q;
    char item;

    (void)state;
    assert_int_equal(simple_queue_open(&q), 0);
    assert_int_equal(simple_put(&q, 1, 100), 0);
    assert_int_equal(simple_queue_get(&q, &item, 1), -EMSGSIZE);
    assert_int_equal(simple_queue_get(&q, &item, 0), -EMSGSIZE);
    assert_int_equal(simple_queue_empty(&q), 0);
    test_expect(test_fork(finds_the_item, &q));
    assert_int_equal(simple_queue_empty(&q), 1);
    assert_int_equal(simple_put(&q, 2, 0), 0);
    assert_int_equal(simple_get(&q, 2, 0), 0);
    simple_queue_close(&q);
}

/* --- put is done by who calls it: a full pipe makes it wait --- */

static int puts_more_than_fits(void *queue)
{
    return simple_put(queue, 3, LARGEST) ? test_line(__LINE__) : 0;
}

static void a_put_lasts_until_all_is_in_the_pipe(void **state)
{
    struct simple_queue q;
    int status;
    pid_t pid;

    (void)state;
    assert_int_equal(simple_queue_open(&q), 0);
    pid = test_fork(puts_more_than_fits, &q);
    while (simple_queue_empty(&q))
        sched_yield();
    assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
    assert_int_equal(simple_get(&q, 3, LARGEST), 0);
    test_expect(pid);
    simple_queue_close(&q);
}

static void an_item_for_nobody_is_refused(void **state)
{
    struct simple_queue q;

    (void)state;
    assert_int_equal(simple_queue_open(&q), 0);
    connection_close(&q.side->reader); /* of all the processes, ours alone */
    assert_int_equal(simple_queue_put(&q, "x", 1), -EPIPE);
    simple_queue_close(&q);
}

/* --- children of every method, several at once --- */

static size_t size_of(uint64_t i)
{
    return i % 10 == 0 ? (size_t)(50000 + i) : (size_t)i % 200 + 9;
}

/* Items that say whose they are and which. */
static int put_numbered(struct parcel *arguments)
{
    static unsigned char item[LARGEST];
    struct simple_queue q;
    uint64_t who;

    if (simple_queue_unpack(&q, arguments) || parcel_take_u64(arguments, &who))
        return test_line(__LINE__);
    for (uint64_t i = 0; i < TURNS; i++) {
        test_fill(item, size_of(i), i);
        item[0] = (unsigned char)who;
        if (simple_queue_put(&q, item, size_of(i)))
            return test_line(__LINE__);
    }
    simple_queue_close(&q);
    return 0;
}
TARGET(put_numbered)

static void items_of_several_come_whole_and_in_their_order(void **state)
{
    struct process putters[PUTTERS];
    uint64_t next[PUTTERS] = {0};
    struct simple_queue q;

    (void)state;
    assert_int_equal(simple_queue_open(&q), 0);
    for (uint64_t who = 0; who < PUTTERS; who++) {
        struct parcel parcel;

        parcel_init(&parcel);
        assert_int_equal(simple_queue_pack(&q, &parcel), 0);
        parcel_put_u64(&parcel, who);
        test_start(&putters[who], test_methods[who % TEST_METHODS],
                   "put_numbered", &parcel);
        parcel_free(&parcel);
    }
    for (int i = 0; i < PUTTERS * TURNS; i++) {
        unsigned char *item;
        ssize_t got = simple_queue_get_new(&q, (void **)&item);
        uint64_t who, number;

        assert_true(got > 0 && item[0] < PUTTERS);
        who = item[0];
        number = next[who]++;
        assert_int_equal(got, size_of(number));
        test_fill(item, 1, number); /* its first byte again */
        assert_true(test_is(item, (size_t)got, number));
        free(item);
    }
    for (int who = 0; who < PUTTERS; who++)
        assert_int_equal(test_finish(&putters[who]), 0);
    assert_int_equal(simple_queue_empty(&q), 1);
    simple_queue_close(&q);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_empty_but_for_what_was_put),
        TEST(what_is_closed_is_closed),
        TEST(an_item_that_is_too_long_stays_for_the_next),
        TEST(a_put_lasts_until_all_is_in_the_pipe),
        TEST(an_item_for_nobody_is_refused),
        TEST(items_of_several_come_whole_and_in_their_order),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
