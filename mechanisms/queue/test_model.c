/* SPDX-License-Identifier: MIT */
/*
 * test_model.c - queues against a model of them, for long.
 *
 * Producers and consumers, processes of every start method and this one, put
 * and get items of drawn sizes with drawn timeouts.  The model: each item comes
 * once, to the byte, and those of a producer in their order; a queue without a
 * bound is never full; in the end nothing is left.  The seed is printed;
 * IPCLAB_TEST_SEED=N draws the same again.
 */
#include "queue/test_queues.h"
#include "queue/test_rounds.h"

enum { ROUNDS = 8, ITEMS = 2500, ITEM_MOST = 350000 };

/* Small ones most often, and those around where the code takes a turn. */
static size_t size_of(const struct round *r, struct head head)
{
    const size_t turns[] = {4040, 4090, 16370, 65520, 300000};
    uint64_t state = r->seed ^ ((uint64_t)head.producer << 32 | head.number);
    uint64_t drawn = test_mix(&state);

    switch (drawn % 64) {
    case 0:
        return turns[drawn / 64 % 5] + (size_t)(drawn >> 32) % 40;
    case 1:
    case 2:
        return sizeof head + (size_t)(drawn >> 32) % 10000;
    default:
        return sizeof head + (size_t)(drawn >> 32) % 200;
    }
}

/* --- the two sides ------------------------------------------------------- */

static int put_one(struct round *r, struct queue *q, struct head head,
                   uint64_t *state)
{
    static _Thread_local unsigned char item[ITEM_MOST];
    size_t size = size_of(r, head);
    int error;

    round_fill(item, head, size);
    for (;;) {
        error = queue_put(q, item, size, any_timeout(state));
        r->operations++;
        if (error != -ETIMEDOUT)
            return error ? test_line(__LINE__) : 0;
        r->full++;
        if (!r->bounded)
            return test_line(__LINE__);
        if (r->line)
            return r->line;
        sched_yield();
    }
}

static int produce(struct round *r, struct queue *q, uint32_t producer)
{
    uint64_t state = r->seed + producer;
    int line = 0;

    for (uint32_t i = 0; i < r->items && !line; i++)
        line = put_one(r, q, (struct head){producer, i}, &state);
    queue_close(q);
    if (!line && queue_join_thread(q, 2 * TEST_BOUND))
        line = test_line(__LINE__);
    return line;
}

/* In one of the ways to get: an item, or -errno. */
static ssize_t get_one(struct queue *q, unsigned char **item, uint64_t *state)
{
    struct wish w = draw_wish(state, ITEM_MOST);
    ssize_t got;

    if (w.new)
        return queue_get_new(q, (void **)item, w.timeout);
    *item = malloc(w.room + 1);
    got = *item ? queue_get(q, *item, w.room, w.timeout) : -ENOMEM;
    return got > (ssize_t)w.room ? -EILSEQ : got;
}

static int consume(struct round *r, struct queue *q, uint32_t consumer)
{
    uint64_t state = r->seed - consumer,
             all = (uint64_t)r->producers * r->items;
    int64_t last[SIDES_MOST] = {-1, -1, -1, -1};
    int line = 0;

    while (r->taken < all && !line && !r->line) {
        unsigned char *item = NULL;
        ssize_t got = get_one(q, &item, &state);

        line = round_note(r, item, got, last, size_of);
        free(item);
        if (!line && test_mix(&state) % 16 == 0 && queue_qsize(q) < 0)
            line = test_line(__LINE__);
    }
    return line;
}

/* A child: its number is that of a producer, or beyond these of a consumer. */
static int take_a_side(struct parcel *arguments)
{
    struct region region;
    struct round *r;
    struct queue q;
    uint64_t side;
    int line;

    if (queue_unpack(&q, arguments) || region_unpack(&region, arguments) ||
        parcel_take_u64(arguments, &side))
        return test_line(__LINE__);
    r = region.base;
    line = side < r->producers ? produce(r, &q, (uint32_t)side)
                               : consume(r, &q, (uint32_t)side - r->producers);
    if (line)
        r->line = line;
    queue_free(&q);
    region_close(&region);
    return line;
}
TARGET(take_a_side)

/* --- a round --------------------------------------------------------------
 */

static void draw(struct round *r, size_t *maxsize)
{
    const size_t sizes[] = {0, 0, 1, 2, 7, 100};

    *maxsize = sizes[below(6)];
    *r = (struct round){.seed = test_mix(&test_seed),
                        .producers = (uint32_t)below(SIDES_MOST) + 1,
                        .consumers = (uint32_t)below(SIDES_MOST) + 1,
                        .bounded = *maxsize != 0};
    r->items = (uint32_t)(2 * ITEMS / (r->producers + 1));
}

static void start_side(struct process *p, uint64_t side, const struct queue *q,
                       const struct region *region)
{
    struct parcel parcel;

    parcel_init(&parcel);
    assert_int_equal(queue_pack(q, &parcel), 0);
    assert_int_equal(region_pack(region, &parcel), 0);
    parcel_put_u64(&parcel, side);
    test_start(p, test_methods[below(TEST_METHODS)], "take_a_side", &parcel);
    parcel_free(&parcel);
}

/* This process is the last of the consumers. */
static void play(unsigned way, struct region *region)
{
    struct process sides[2 * SIDES_MOST];
    struct round *r = region->base;
    uint32_t others;
    struct queue q;
    size_t maxsize;
    int line;

    draw(r, &maxsize);
    others = r->producers + r->consumers - 1;
    test_open_queue(&q, maxsize, way);
    for (uint32_t i = 0; i < others; i++)
        start_side(&sides[i], i, &q, region);
    line = consume(r, &q, r->consumers - 1);
    if (line)
        r->line = line;
    round_finish(r, sides, others);
    if (r->line)
        fail_msg("way %u, maxsize %zu, %u to %u: line %d (modulo 256)", way,
                 maxsize, r->producers, r->consumers, r->line);
    assert_int_equal(r->taken, r->producers * r->items);
    assert_int_equal(queue_qsize(&q), 0);
    assert_int_equal(queue_empty(&q), 1);
    assert_int_equal(queue_lost(&q), 0);
    test_end_queue(&q);
}

static void rounds_of(unsigned (*way)(void), const char *name)
{
    struct sums sums = {.items = 0};
    struct region region;
    struct round *r;

    assert_int_equal(region_open(&region, sizeof *r), 0);
    r = region.base;
    for (int i = 0; i < ROUNDS || sums.operations < 100000; i++) {
        alarm(6 * CENSUS_SECONDS);
        play(way(), &region);
        sums_add(&sums, r);
    }
    sums_print(&sums, name);
    region_close(&region);
}

static unsigned plain(void)
{
    return QUEUE_PLAIN;
}

static unsigned fast(void)
{
    return QUEUE_FAST;
}

static unsigned some_steps(void)
{
    return 1 + (unsigned)below(QUEUE_FAST - 1);
}

static unsigned robust(void)
{
    return QUEUE_ROBUST;
}

static void a_plain_queue_agrees_with_the_model(void **state)
{
    (void)state;
    rounds_of(plain, "plain");
}

static void a_fast_queue_agrees_with_the_model(void **state)
{
    (void)state;
    rounds_of(fast, "fast");
}

static void every_step_agrees_with_the_model(void **state)
{
    (void)state;
    rounds_of(some_steps, "some steps");
}

static void a_robust_queue_agrees_with_the_model(void **state)
{
    (void)state;
    rounds_of(robust, "robust");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(a_plain_queue_agrees_with_the_model),
        TEST(a_fast_queue_agrees_with_the_model),
        TEST(every_step_agrees_with_the_model),
        TEST(a_robust_queue_agrees_with_the_model),
    };

    mechanisms_init(argc, argv);
    test_take_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
