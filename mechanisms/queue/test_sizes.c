/* SPDX-License-Identifier: MIT */
// wrap: pipe2
/* test_sizes.c - items of any length, and readers that have no room for them.
 */
#include "queue/test_queues.h"

#include <fcntl.h>
#include <sys/ioctl.h>

/* What a pipe holds from its beginning; 0: as the kernel likes. */
static int pipe_bytes;

int __real_pipe2(int ends[2], int flags);
int __wrap_pipe2(int ends[2], int flags);

int __wrap_pipe2(int ends[2], int flags)
{
    int error = __real_pipe2(ends, flags);

    if (!error && pipe_bytes)
        fcntl(ends[0], F_SETPIPE_SZ, pipe_bytes);
    return error;
}

/* Where the code takes a turn: a packet, SMALL, a pipe, each with a header. */
static size_t size_of(uint64_t i)
{
    const size_t turns[] = {0, 1, 4040, 4092, 16380, 65531};

    if (i < 2)
        return (size_t)i;
    if (i == 2)
        return LARGEST;
    return turns[i % 6] + (size_t)i / 6 % 64;
}

enum { SIZES = 6 * 64 };

static void an_item_of_any_length_comes_alone(void **state)
{
    struct queue q;

    test_open_queue(&q, 0, way_in(state));
    for (uint64_t i = 0; i < SIZES; i++) {
        assert_int_equal(test_put(&q, i, size_of(i), 0), 0);
        assert_int_equal(test_get(&q, i, size_of(i)), 0);
    }
    test_end_queue(&q);
}

/* What there is of one is read with what there is of the next. */
static void items_of_any_length_come_one_behind_the_other(void **state)
{
    struct queue q;

    test_open_queue(&q, 0, way_in(state));
    for (uint64_t i = 0; i < SIZES; i++)
        assert_int_equal(test_put(&q, i, size_of(i * 37 % SIZES), 0), 0);
    for (uint64_t i = 0; i < SIZES; i++)
        assert_int_equal(test_get(&q, i, size_of(i * 37 % SIZES)), 0);
    test_end_queue(&q);
}

/* Into a buffer of the reader's own, larger than the item or as large. */
static void a_reader_may_have_more_room_than_needed(void **state)
{
    unsigned char *room = malloc(LARGEST + 100);
    struct queue q;

    test_open_queue(&q, 0, way_in(state));
    for (uint64_t i = 0; i < SIZES; i++)
        assert_int_equal(test_put(&q, i, size_of(i), 0), 0);
    for (uint64_t i = 0; i < SIZES; i++) {
        size_t size = size_of(i);
        ssize_t got = queue_get(&q, room, size + i % 3 * 50, TEST_BOUND);

        assert_int_equal(test_got(room, got, i, size), 0);
    }
    test_end_queue(&q);
    free(room);
}

static void an_empty_item_is_an_item(void **state)
{
    struct queue q;
    void *new;
    char none;

    test_open_queue(&q, 0, way_in(state));
    for (int i = 0; i < 3; i++)
        assert_int_equal(queue_put(&q, NULL, 0, 0), 0);
    assert_int_equal(queue_get(&q, &none, 0, TEST_BOUND), 0);
    assert_int_equal(queue_get_new(&q, &new, TEST_BOUND), 0);
    assert_non_null(new);
    free(new);
    assert_int_equal(queue_get(&q, &none, 1, TEST_BOUND), 0);
    assert_int_equal(queue_qsize(&q), 0);
    test_end_queue(&q);
}

/* --- no room for it --- */

static const size_t too_long[] = {1, 100, 4092, 5000, 60000, 100000};
enum { TOO_LONG = sizeof too_long / sizeof *too_long };

static void an_item_that_is_too_long_stays_whole(void **state)
{
    unsigned char *room = malloc(LARGEST);
    struct queue q;

    test_open_queue(&q, 0, way_in(state));
    for (uint64_t i = 0; i < 3 * TOO_LONG; i++)
        assert_int_equal(test_put(&q, i, too_long[i % TOO_LONG], 0), 0);
    for (uint64_t i = 0; i < 3 * TOO_LONG; i++) {
        size_t size = too_long[i % TOO_LONG];

        for (int twice = 0; twice < 2; twice++)
            assert_int_equal(queue_get(&q, room, size - 1, TEST_BOUND),
                             -EMSGSIZE);
        assert_int_equal(queue_qsize(&q), 3 * TOO_LONG - (int64_t)i);
        assert_int_equal(queue_empty(&q), 0);
        assert_int_equal(test_get(&q, i, size), 0);
    }
    assert_int_equal(queue_get(&q, room, LARGEST, 0), -ETIMEDOUT);
    test_end_queue(&q);
    free(room);
}

static int finds_the_item(void *argument)
{
    struct queue *q = argument;
    char little;

    for (uint64_t i = 0; i < TOO_LONG; i++) {
        if (queue_get(q, &little, 0, TEST_BOUND) != -EMSGSIZE)
            return test_line(__LINE__);
        if (test_get(q, i, too_long[i]))
            return test_line(__LINE__);
    }
    return 0;
}

/* Another has it, and the first is not misled by what it had seen of it. */
static void the_next_process_gets_what_was_too_long_for_one(void **state)
{
    struct queue q;
    char little;

    test_open_queue(&q, 0, way_in(state));
    for (uint64_t i = 0; i < TOO_LONG; i++)
        assert_int_equal(test_put(&q, i, too_long[i], 0), 0);
    assert_int_equal(queue_get(&q, &little, 0, TEST_BOUND), -EMSGSIZE);
    test_expect(test_fork(finds_the_item, &q));
    assert_int_equal(queue_empty(&q), 1);
    assert_int_equal(queue_get(&q, &little, 1, 0), -ETIMEDOUT);
    assert_int_equal(queue_get(&q, &little, 1, SECOND / 100), -ETIMEDOUT);
    assert_int_equal(test_put(&q, 7, 1, 0), 0);
    assert_int_equal(test_get(&q, 7, 1), 0);
    test_end_queue(&q);
}

static int gets_one_of_100(struct parcel *arguments)
{
    struct queue q;
    int line;

    if (queue_unpack(&q, arguments))
        return test_line(__LINE__);
    line = test_get(&q, 4, 100);
    queue_free(&q);
    return line;
}
TARGET(gets_one_of_100)

/* Also a child that did not exist when it was seen. */
static void a_queue_with_an_item_that_was_too_long_is_handed_on(void **state)
{
    for (size_t m = 0; m < TEST_METHODS; m++) {
        struct parcel parcel;
        struct process p;
        struct queue q;
        char little;

        test_open_queue(&q, 0, way_in(state));
        assert_int_equal(test_put(&q, 4, 100, 0), 0);
        assert_int_equal(queue_get(&q, &little, 1, TEST_BOUND), -EMSGSIZE);
        parcel_init(&parcel);
        assert_int_equal(queue_pack(&q, &parcel), 0);
        test_start(&p, test_methods[m], "gets_one_of_100", &parcel);
        assert_int_equal(test_finish(&p), 0);
        assert_int_equal(queue_qsize(&q), 0);
        parcel_free(&parcel);
        test_end_queue(&q);
    }
}

/* --- an item of a plain queue of which the header came, and nothing else ---
 */

struct half {
    struct queue *queue;
    pthread_t getter;
    unsigned char item[LONG_HEADER + 100];
    size_t header;
};

static void *half_get(void *queue)
{
    return (void *)(intptr_t)test_get(queue, 4, 100);
}

/* Back when a thread of ours has the header, and waits for the rest. */
static void half_begin(struct half *h, struct queue *q)
{
    int left;

    h->queue = q;
    h->header = frame_put_header(h->item, 100);
    test_fill(h->item + h->header, 100, 4);
    assert_int_equal(write_full(q->side->writer.fd, h->item, h->header), 0);
    assert_int_equal(pthread_create(&h->getter, NULL, half_get, q), 0);
    do
        assert_int_equal(ioctl(q->side->reader.fd, FIONREAD, &left), 0);
    while (left);
}

static void half_end(struct half *h)
{
    void *line;

    assert_int_equal(
        write_full(h->queue->side->writer.fd, h->item + h->header, 100), 0);
    pthread_join(h->getter, &line);
    assert_null(line);
}

/* The header of a plain one was read, and the rest is not there yet. */
static void a_queue_is_handed_on_while_an_item_is_half_got(void **state)
{
    struct queue q, other;
    struct parcel parcel;
    struct half half;

    (void)state;
    test_open_queue(&q, 0, QUEUE_PLAIN);
    half_begin(&half, &q);
    parcel_init(&parcel);
    assert_int_equal(queue_pack(&q, &parcel), 0);
    assert_int_equal(queue_unpack(&other, &parcel), 0);
    half_end(&half);
    assert_int_equal(test_put(&other, 4, 100, 0), 0);
    assert_int_equal(test_get(&q, 4, 100), 0);
    parcel_free(&parcel);
    test_end_queue(&other);
    test_end_queue(&q);
}

/* --- pipes that hold little --- */

static void a_pipe_of_one_page_carries_all(void **state)
{
    struct queue q;

    pipe_bytes = (int)sysconf(_SC_PAGESIZE);
    test_open_queue(&q, 0, way_in(state));
    pipe_bytes = 0;
    assert_int_equal(fcntl(q.side->reader.fd, F_GETPIPE_SZ),
                     sysconf(_SC_PAGESIZE));
    for (uint64_t i = 0; i < SIZES; i++)
        assert_int_equal(test_put(&q, i, size_of(i), 0), 0);
    for (uint64_t i = 0; i < SIZES; i++)
        assert_int_equal(test_get(&q, i, size_of(i)), 0);
    test_end_queue(&q);
}

enum { READERS = 4 };

/* Whichever it is: whole. */
static int gets_two(void *argument)
{
    for (int i = 0; i < 2; i++) {
        void *item;
        ssize_t got = queue_get_new(argument, &item, TEST_BOUND);
        bool whole = false;

        for (uint64_t number = 0; number < 2 * READERS; number++)
            whole = whole || test_got(item, got, number, LARGEST) == 0;
        free(item);
        if (!whole)
            return test_line(__LINE__);
    }
    return 0;
}

/* Each of several readers gets whole ones, though none fits into the pipe. */
static void large_items_are_shared_by_several_readers(void **state)
{
    pid_t pids[READERS];
    struct queue q;

    test_open_queue(&q, 0, way_in(state));
    for (int i = 0; i < READERS; i++)
        pids[i] = test_fork(gets_two, &q);
    for (uint64_t i = 0; i < 2 * READERS; i++)
        assert_int_equal(test_put(&q, i, LARGEST, 0), 0);
    for (int i = 0; i < READERS; i++)
        test_expect(pids[i]);
    assert_int_equal(queue_qsize(&q), 0);
    test_end_queue(&q);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST_WAYS(an_item_of_any_length_comes_alone),
        TEST_WAYS(items_of_any_length_come_one_behind_the_other),
        TEST_WAYS(a_reader_may_have_more_room_than_needed),
        TEST_WAYS(an_empty_item_is_an_item),
        TEST_WAYS(an_item_that_is_too_long_stays_whole),
        TEST_WAYS(the_next_process_gets_what_was_too_long_for_one),
        TEST_WAYS(a_queue_with_an_item_that_was_too_long_is_handed_on),
        TEST_WAYS(a_pipe_of_one_page_carries_all),
        TEST(a_queue_is_handed_on_while_an_item_is_half_got),
        TEST_WAYS(large_items_are_shared_by_several_readers),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
