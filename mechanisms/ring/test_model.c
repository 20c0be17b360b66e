/* SPDX-License-Identifier: MIT */
/*
 * test_model.c - rings against a model of them, for long.
 *
 * Producers and consumers, processes of every start method and this one, put
 * and get items of drawn sizes with drawn timeouts, and claim an end now and
 * then; the ring's two bounds and its way to wait are drawn too.  The model:
 * each item comes once, to the byte, and those of a producer in their order; a
 * claim ends as it began; in the end nothing is left, and nobody was killed.
 * The seed is printed.
 *
 *     IPCLAB_TEST_OPERATIONS=100000000 IPCLAB_TEST_SEED=1 build/.../test_model
 */
#include "ring/test_rings.h"

#include "queue/test_rounds.h"

enum { OPERATIONS = 1000000, ITEMS = 50000, SPIN_ITEMS = 500 };
enum { ITEM_MOST = 100000, LITTLE = 160 };

/* Up to the longest that the ring takes; short ones most often. */
static size_t size_of(const struct round *r, struct head head)
{
    uint64_t state = r->seed ^ ((uint64_t)head.producer << 32 | head.number);
    uint64_t drawn = test_mix(&state);
    size_t room = r->longest - sizeof head;

    switch (drawn % 256) {
    case 0:
        return r->longest - (size_t)(drawn >> 32) % (room < 9 ? room + 1 : 9);
    case 1:
        return sizeof head + (size_t)(drawn >> 32) % (room + 1);
    default:
        return sizeof head +
               (size_t)(drawn >> 32) % (room < LITTLE ? room + 1 : LITTLE);
    }
}

/* --- claims: an end for some calls ----------------------------------------
 */

struct claim {
    enum ring_end end;
    unsigned left; /* 0: none */
};

/* Before each call: 0 or a line. */
static int claim_or_release(struct round *r, struct ring *ring,
                            struct claim *claim, uint64_t *state)
{
    if (claim->left && --claim->left == 0)
        return ring_release(ring, claim->end) ? test_line(__LINE__) : 0;
    if (claim->left || test_mix(state) % 1000)
        return 0;
    if (ring_release(ring, claim->end) != -EPERM)
        return test_line(__LINE__);
    switch (ring_claim(ring, claim->end, any_timeout(state))) {
    case 0:
        claim->left = 1 + (unsigned)(test_mix(state) % 100);
        r->claims++;
        return 0;
    case -ETIMEDOUT:
        return 0;
    default:
        return test_line(__LINE__);
    }
}

static int end_claim(struct ring *ring, const struct claim *claim)
{
    return claim->left && ring_release(ring, claim->end) ? test_line(__LINE__)
                                                         : 0;
}

/* --- the two sides ------------------------------------------------------- */

static int put_one(struct round *r, struct ring *ring, struct head head,
                   struct claim *claim, uint64_t *state)
{
    static _Thread_local unsigned char item[ITEM_MOST];
    size_t size = size_of(r, head);
    int line = 0;

    round_fill(item, head, size);
    while (!line) {
        int error;

        line = claim_or_release(r, ring, claim, state);
        if (line)
            return line;
        error = ring_put(ring, item, size, any_timeout(state));
        r->operations++;
        if (error == 0)
            return 0;
        if (error != -ETIMEDOUT)
            return test_line(__LINE__);
        r->full++;
        line = r->line;
        sched_yield();
    }
    return line;
}

static int produce(struct round *r, struct ring *ring, uint32_t producer)
{
    struct claim claim = {.end = RING_PUT};
    uint64_t state = r->seed + producer;
    int line = 0;

    for (uint32_t i = 0; i < r->items && !line; i++)
        line = put_one(r, ring, (struct head){producer, i}, &claim, &state);
    return line ? line : end_claim(ring, &claim);
}

/* In one of the ways to get: an item, or -errno. */
static ssize_t get_one(const struct round *r, struct ring *ring,
                       unsigned char **item, uint64_t *state)
{
    struct wish w = draw_wish(state, r->longest);
    ssize_t got;

    if (w.new)
        return ring_get_new(ring, (void **)item, w.timeout);
    *item = malloc(w.room + 1);
    got = *item ? ring_get(ring, *item, w.room, w.timeout) : -ENOMEM;
    return got > (ssize_t)w.room ? -EILSEQ : got;
}

/* What anybody may see who looks at it meanwhile. */
static int look(const struct ring *ring)
{
    size_t most = ring->state->maxsize;

    return ring_qsize(ring) > most || ring_killed(ring, RING_PUT) ||
                   ring_killed(ring, RING_GET)
               ? test_line(__LINE__)
               : 0;
}

static int consume(struct round *r, struct ring *ring, uint32_t consumer)
{
    uint64_t state = r->seed - consumer - 1,
             all = (uint64_t)r->producers * r->items;
    int64_t last[SIDES_MOST] = {-1, -1, -1, -1};
    struct claim claim = {.end = RING_GET};
    int line = 0;

    while (r->taken < all && !line && !r->line) {
        unsigned char *item = NULL;
        ssize_t got;

        line = claim_or_release(r, ring, &claim, &state);
        if (line)
            break;
        got = get_one(r, ring, &item, &state);
        line = round_note(r, item, got, last, size_of);
        free(item);
        if (!line && test_mix(&state) % 16 == 0)
            line = look(ring);
    }
    return line ? line : end_claim(ring, &claim);
}

/* A child: its number is that of a producer, or beyond these of a consumer. */
static int take_a_side(struct parcel *arguments)
{
    struct region region;
    struct round *r;
    struct ring ring;
    uint64_t side;
    int line;

    if (ring_unpack(&ring, arguments) || region_unpack(&region, arguments) ||
        parcel_take_u64(arguments, &side))
        return test_line(__LINE__);
    r = region.base;
    line = side < r->producers
               ? produce(r, &ring, (uint32_t)side)
               : consume(r, &ring, (uint32_t)side - r->producers);
    if (line)
        r->line = line;
    ring_close(&ring);
    region_close(&region);
    return line;
}
TARGET(take_a_side)

/* --- a round --------------------------------------------------------------
 */

/* Four processes at least, and a ring that has room for the longest item. */
static void draw(struct round *r, struct ring *ring)
{
    const size_t maxsizes[] = {0, 0, 1, 2, 7, 100};
    const size_t longest[] = {8, 20, 100, 600, 5000, ITEM_MOST};
    enum ring_wait wait = (enum ring_wait)below(3);
    size_t bytes;

    *r = (struct round){.seed = test_mix(&test_seed),
                        .producers = (uint32_t)below(SIDES_MOST) + 1,
                        .longest = longest[below(6)]};
    r->consumers = r->producers < 4
                       ? 4 - r->producers + (uint32_t)below(r->producers + 1)
                       : 1 + (uint32_t)below(SIDES_MOST);
    r->items = (wait == RING_SPIN ? SPIN_ITEMS : ITEMS) / (r->producers + 1);
    bytes = (size_t)units_of(r->longest) * UNIT;
    switch (below(3)) {
    case 0:
        break;
    case 1:
        bytes = 2 * bytes + below(5000);
        break;
    default:
        bytes = RING_BYTES;
    }
    test_open_ring(ring, maxsizes[below(6)], bytes, wait);
}

static void start_side(struct process *p, uint64_t side,
                       const struct ring *ring, const struct region *region)
{
    struct parcel parcel;

    parcel_init(&parcel);
    assert_int_equal(ring_pack(ring, &parcel), 0);
    assert_int_equal(region_pack(region, &parcel), 0);
    parcel_put_u64(&parcel, side);
    test_start(p, test_methods[below(TEST_METHODS)], "take_a_side", &parcel);
    parcel_free(&parcel);
}

/* This process is the last of the consumers. */
static void play(struct region *region)
{
    struct process sides[2 * SIDES_MOST];
    struct round *r = region->base;
    uint32_t others;
    struct ring ring;
    int line;

    draw(r, &ring);
    others = r->producers + r->consumers - 1;
    for (uint32_t i = 0; i < others; i++)
        start_side(&sides[i], i, &ring, region);
    line = consume(r, &ring, r->consumers - 1);
    if (line)
        r->line = line;
    round_finish(r, sides, others);
    if (r->line)
        fail_msg("wait %u, maxsize %u, %u units, longest %zu, %u to %u: line "
                 "%d (modulo 256)",
                 ring.state->wait, ring.state->maxsize, ring.state->units,
                 r->longest, r->producers, r->consumers, r->line);
    assert_int_equal(r->taken, r->producers * r->items);
    assert_int_equal(look(&ring), 0);
    expect_good(&ring);
    ring_close(&ring);
}

static uint64_t wanted_operations(void)
{
    const char *text = getenv("IPCLAB_TEST_OPERATIONS");
    long long wanted = text ? atoll(text) : 0;

    return wanted > 0 ? (uint64_t)wanted : OPERATIONS;
}

static void a_ring_agrees_with_the_model(void **state)
{
    struct sums sums = {.items = 0};
    struct region region;
    unsigned rounds = 0;

    (void)state;
    assert_int_equal(region_open(&region, sizeof(struct round)), 0);
    for (; sums.operations < wanted_operations() || rounds < 20; rounds++) {
        alarm(6 * CENSUS_SECONDS);
        play(&region);
        sums_add(&sums, region.base);
    }
    sums_print(&sums, "rings");
    print_message("%u rounds, %llu claims\n", rounds,
                  (unsigned long long)sums.claims);
    assert_true(sums.claims > 0);
    region_close(&region);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(a_ring_agrees_with_the_model),
    };

    mechanisms_init(argc, argv);
    test_take_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
