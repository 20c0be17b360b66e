/* SPDX-License-Identifier: MIT */
// wrap: malloc
/* test_batches.c - the memory of what was put, and the count of it. */
#include "queue/test_queues.h"

#include "queue/fast.h"

static _Atomic unsigned long allocated; /* batches, or larger blocks */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
    allocated += size >= BATCH;
    return __real_malloc(size);
}

/* --- batches --- */

static int add(struct batches *all, uint64_t number, size_t size)
{
    static unsigned char item[LARGEST];

    test_fill(item, size, number);
    return batches_add(all, item, size);
}

/* In order, each whole, whatever their sizes. */
static void items_come_out_as_they_went_in(void **state)
{
    static const size_t sizes[] = {0,     1,         64,        BATCH - 20,
                                   BATCH, BATCH - 4, BATCH + 1, LARGEST};
    enum { TURNS = 40, SIZES = sizeof sizes / sizeof *sizes };
    struct batches all = {0};
    struct batch *b;
    uint64_t out = 0;
    size_t items = 0, at;

    (void)state;
    for (uint64_t i = 0; i < TURNS; i++)
        assert_int_equal(add(&all, i, sizes[i * 5 % SIZES]), 0);
    while ((b = batches_take(&all))) {
        for (at = 0; at < b->used; out++) {
            const unsigned char *item;
            size_t size;

            at = batch_item(b, at, &item, &size);
            assert_int_equal(
                test_got(item, (ssize_t)size, out, sizes[out * 5 % SIZES]), 0);
        }
        assert_int_equal(at, b->used);
        assert_true(b->used <= b->capacity);
        items += b->items;
        free(b);
    }
    assert_int_equal(out, TURNS);
    assert_int_equal(items, TURNS);
    assert_int_equal(all.waiting, 0);
    assert_null(all.last);
}

static void what_was_sent_is_filled_again(void **state)
{
    struct batches all = {0};
    unsigned long before;

    (void)state;
    for (int turn = 0; turn < 3; turn++) {
        struct batch *sent[4];

        before = allocated;
        for (uint64_t i = 0; i < 4; i++)
            assert_int_equal(add(&all, i, i % 2 ? BATCH / 2 + 1 : LARGEST), 0);
        assert_int_equal(allocated - before, turn ? 0 : 4);
        for (int i = 0; i < 4; i++)
            assert_non_null(sent[i] = batches_take(&all));
        for (int i = 0; i < 4; i++)
            batches_spare(&all, sent[i]);
    }
    assert_true(all.spared > 2 * LARGEST);
    batches_trim(&all, SPARE_IDLE);
    assert_true(all.spared <= SPARE_IDLE);
    batches_free(&all);
    assert_null(all.spare);
}

/* Beyond SPARE_BUSY it is given back. */
static void not_all_is_kept(void **state)
{
    enum { MANY = SPARE_BUSY / LARGEST + 4 };
    struct batches all = {0};
    struct batch *sent[MANY];

    (void)state;
    for (uint64_t i = 0; i < MANY; i++)
        assert_int_equal(add(&all, i, LARGEST), 0);
    for (int i = 0; i < MANY; i++)
        sent[i] = batches_take(&all);
    for (int i = 0; i < MANY; i++)
        batches_spare(&all, sent[i]);
    assert_in_range(all.spared, SPARE_BUSY - 2 * LARGEST, SPARE_BUSY);
    batches_free(&all);
}

/* --- in a queue --- */

static struct queue shared;

static size_t spared(void)
{
    struct queue_side *s = shared.side;
    size_t bytes;

    pthread_mutex_lock(&s->mutex);
    bytes = s->buffer.spared;
    pthread_mutex_unlock(&s->mutex);
    return bytes;
}

/* Of a burst nothing large is kept, when the feeder has been idle a while. */
static void a_burst_is_given_back(void **state)
{
    enum { BURST = 8 };
    int64_t deadline;

    test_open_queue(&shared, 0, way_in(state));
    for (uint64_t i = 0; i < BURST; i++)
        assert_int_equal(test_put(&shared, i, LARGEST, 0), 0);
    for (uint64_t i = 0; i < BURST; i++)
        assert_int_equal(test_get(&shared, i, LARGEST), 0);
    deadline = clock_deadline(TEST_BOUND);
    while (spared() > SPARE_IDLE && clock_now() < deadline)
        sched_yield();
    assert_true(spared() <= SPARE_IDLE);
    assert_int_equal(test_put(&shared, 1, 64, 0), 0);
    assert_int_equal(test_get(&shared, 1, 64), 0);
    test_end_queue(&shared);
}

/* --- the count of what was put --- */

enum { EACH = 3 };

static int told[2];

/* Puts some and stays until it is told to end. */
static int puts_and_stays(void *unused)
{
    char byte;
    int line = test_put_some(&shared, 0, EACH);

    (void)unused;
    close(told[1]);
    if (!line && read_full(told[0], &byte, 1) != 0)
        line = test_line(__LINE__);
    return line ? line : test_finish_queue(&shared);
}

static void count_is(int64_t n)
{
    int64_t deadline = clock_deadline(TEST_BOUND);

    while (queue_qsize(&shared) != n && clock_now() < deadline)
        sched_yield();
    assert_int_equal(queue_qsize(&shared), n);
}

/* More processes than there are meters, twice: some have a meter that another
 * has had, some none, and none has its parent's.  The pipe of a
 * robust queue holds 16 packets. */
static void what_many_processes_put_adds_up(void **state)
{
    enum { MOST = METERS + 8, FEW = 16 / EACH - 1 };
    const int64_t many = way_in(state) == QUEUE_ROBUST ? FEW : MOST;
    const int64_t all = EACH * (many + 1);
    uint64_t number;

    test_open_queue(&shared, 0, way_in(state));
    for (int turn = 0; turn < 2; turn++) {
        pid_t pids[MOST];

        assert_int_equal(fd_pipe(told), 0);
        assert_int_equal(test_put_some(&shared, 0, EACH), 0);
        test_feeders_sleep();
        for (int64_t i = 0; i < many; i++)
            pids[i] = test_fork(puts_and_stays, NULL);
        count_is(all);
        close(told[1]);
        for (int64_t i = 0; i < many; i++)
            test_expect(pids[i]);
        close(told[0]);
        assert_int_equal(queue_qsize(&shared), all);
        for (int64_t left = all; left--;) {
            assert_int_equal(
                queue_get(&shared, &number, sizeof number, TEST_BOUND),
                sizeof number);
            assert_int_equal(queue_qsize(&shared), left);
        }
    }
    test_end_queue(&shared);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(items_come_out_as_they_went_in),
        TEST(what_was_sent_is_filled_again),
        TEST(not_all_is_kept),
        TEST_WAYS(a_burst_is_given_back),
        TEST_WAYS(what_many_processes_put_adds_up),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
