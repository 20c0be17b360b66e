/* SPDX-License-Identifier: MIT */
/*
 * test_storm.c - producers and consumers of a ring are killed, one after the
 * other, at random moments; some have claimed their end.
 *
 * The others must go on, within their timeouts.  No item may arrive twice, or
 * damaged, or before an older one of its producer; and what does not arrive is
 * what the killed had in their hands: of a producer the item that it was
 * putting, which may have been put or not, of a consumer one that it had got
 * and not yet noted.  The ledger knows which of them had any.
 *
 *     IPCLAB_STORM_KILLS=1000 IPCLAB_TEST_SEED=1 build/.../ring/test_storm
 */
#include "queue/test_storms.h"

#include "ring/state.h"

/* --- those that are shot at ------------------------------------------------
 */

/* Now and then they are alone at their end for some items. */
struct claim {
    enum ring_end end;
    uint64_t state; /* of what is drawn */
    unsigned left;  /* 0: none */
};

static struct claim claim_begin(enum ring_end end)
{
    return (struct claim){.end = end, .state = (uint64_t)getpid()};
}

static void claim_or_release(struct ledger *l, struct ring *r, struct claim *c)
{
    int error = 0;

    if (c->left) {
        if (--c->left == 0)
            error = ring_release(r, c->end);
    } else if (test_mix(&c->state) % 100 == 0) {
        error = ring_claim(r, c->end, patience / 100);
        if (error == 0)
            c->left = 1 + (unsigned)(test_mix(&c->state) % 20);
        if (error == -ETIMEDOUT)
            error = 0;
    }
    if (error)
        give_up(l, __LINE__);
}

static void produce(struct ledger *l, int user, struct ring *r)
{
    static unsigned char bytes[sizeof(struct item) + LARGEST];
    struct claim claim = claim_begin(RING_PUT);

    while (!l->stop) {
        uint32_t number = begin_item(l, user, bytes);
        int error;

        if (number >= ITEMS) { /* there are no more: to be shot at */
            test_sleep_ms(1);
            continue;
        }
        do {
            claim_or_release(l, r, &claim);
            l->since[user] = clock_now();
            error = ring_put(r, bytes, size_of(number), patience);
            l->since[user] = 0;
        } while (error == -ETIMEDOUT && !l->stop);
        if (error == 0)
            l->items[number] |= WAS_PUT;
        else if (error == -ETIMEDOUT)
            l->items[number] &= (unsigned char)~BEGUN; /* never put */
        else
            give_up(l, __LINE__);
        l->has[user] = 0;
    }
    if (claim.left && ring_release(r, RING_PUT))
        give_up(l, __LINE__);
}

static void consume(struct ledger *l, int user, struct ring *r)
{
    static unsigned char bytes[sizeof(struct item) + LARGEST];
    struct claim claim = claim_begin(RING_GET);

    while (!l->done) {
        ssize_t got;

        claim_or_release(l, r, &claim);
        l->has[user] = 1;
        l->since[user] = clock_now();
        got = ring_get(r, bytes, sizeof bytes, patience / 10);
        l->since[user] = 0;
        if (got != -ETIMEDOUT)
            note_arrival(l, bytes, got);
        l->has[user] = 0;
    }
    if (claim.left && ring_release(r, RING_GET))
        give_up(l, __LINE__);
}

static void produce_or_consume(struct ledger *l, int user, void *ring)
{
    if (user < PRODUCERS)
        produce(l, user, ring);
    else
        consume(l, user, ring);
}

/* --- the one who shoots ----------------------------------------------------
 */

struct tally {
    unsigned kills[2];      /* by enum ring_end */
    uint64_t found[2];      /* killed, as the ring says */
    uint64_t with_items[2]; /* killed with something in their hands */
    uint64_t put, arrived, put_by_dead, lost;
};

/* What was in its hands?  It lies still now. */
static void note_hands(struct storm *s, int user)
{
    struct ledger *l = s->ledger;
    uint32_t has = l->has[user];

    if (has && user >= PRODUCERS)
        l->lost_at_most++; /* it may have had one */
    else if (has && l->items[has - 1] & BEGUN)
        l->items[has - 1] |= IN_HANDS;
}

/* The producers end in good order, all that is left is got, and then the
 * consumers end too. */
static void drain(struct storm *s)
{
    int64_t deadline = clock_deadline(hang);

    s->ledger->stop = true;
    expect_users(s, 0, PRODUCERS);
    while (!ring_empty(s->what)) {
        assert_true(clock_now() < deadline);
        look_at_survivors(s);
        test_sleep_ms(1);
    }
    s->ledger->done = true;
    expect_users(s, PRODUCERS, USERS);
}

/* Each item for itself, against the ledger. */
static void count_items(const struct ledger *l, struct tally *t)
{
    for (uint32_t i = 0; i < ITEMS; i++) {
        unsigned char known = l->items[i];

        if (!(known & BEGUN)) {
            assert_int_equal(known, UNKNOWN);
            continue;
        }
        /* Only who was killed has not noted what became of its item. */
        assert_true(known & (WAS_PUT | IN_HANDS));
        t->put += (known & WAS_PUT) != 0;
        t->arrived += (known & ARRIVED) != 0;
        t->put_by_dead += (known & ARRIVED) && !(known & WAS_PUT);
        t->lost += !(known & ARRIVED) && (known & WAS_PUT);
        t->with_items[RING_PUT] += !(known & WAS_PUT);
    }
}

/* What the ring has counted, against what the ledger says. */
static void settle(const struct storm *s, struct tally *t)
{
    const struct ledger *l = s->ledger;
    const struct ring *r = s->what;
    uint64_t through = place_items(r->state->ends[RING_GET].place);

    count_items(l, t);
    t->with_items[RING_GET] = l->lost_at_most;
    assert_int_equal(place_items(r->state->ends[RING_PUT].place), through);
    /* What went through, and was not noted by both sides, was in hands. */
    assert_in_range(through - t->put, t->put_by_dead, t->with_items[RING_PUT]);
    assert_in_range(through - t->arrived, t->lost, l->lost_at_most);
    for (int end = 0; end < 2; end++) {
        t->found[end] = ring_killed(r, (enum ring_end)end);
        assert_in_range(t->found[end], 0, t->kills[end]);
    }
}

static void tally_add(struct tally *sum, const struct tally *t)
{
    for (int end = 0; end < 2; end++) {
        sum->kills[end] += t->kills[end];
        sum->found[end] += t->found[end];
        sum->with_items[end] += t->with_items[end];
    }
    sum->put += t->put;
    sum->arrived += t->arrived;
    sum->put_by_dead += t->put_by_dead;
    sum->lost += t->lost;
}

/* Some kills among the users of one ring. */
static void one_round(struct ledger *ledger, unsigned wanted, struct tally *sum)
{
    static const size_t sizes[] = {0, 1, 5, 100};
    size_t largest = units_of(sizeof(struct item) + LARGEST) * UNIT;
    uint64_t drawn = test_mix(&test_seed);
    struct tally t = {.put = 0};
    struct ring r;
    struct storm s = {.ledger = ledger, .what = &r, .be = produce_or_consume};

    memset(ledger, 0, sizeof *ledger);
    assert_int_equal(ring_open(&r, sizes[drawn % 4],
                               drawn / 4 % 2 ? largest : RING_BYTES,
                               (enum ring_wait)(drawn / 8 % 3)),
                     0);
    shoot(&s, wanted, t.kills, note_hands);
    start_users(&s, PRODUCERS);
    drain(&s);
    settle(&s, &t);
    tally_add(sum, &t);
    ring_close(&r);
}

static void print_tally(const struct tally *t)
{
    print_message(
        "%u kills (producers %u, consumers %u), %llu and %llu found with the "
        "lock, %llu and %llu with something in their hands: %llu put, %llu "
        "arrived, %llu of them were put by who was killed, %llu lost\n",
        t->kills[0] + t->kills[1], t->kills[0], t->kills[1],
        (unsigned long long)t->found[0], (unsigned long long)t->found[1],
        (unsigned long long)t->with_items[0],
        (unsigned long long)t->with_items[1], (unsigned long long)t->put,
        (unsigned long long)t->arrived, (unsigned long long)t->put_by_dead,
        (unsigned long long)t->lost);
}

static void survivors_go_on_and_nothing_else_is_lost(void **state)
{
    unsigned wanted = wanted_kills(), kills = 0;
    struct tally sum = {.put = 0};
    struct region region;

    (void)state;
    assert_int_equal(region_open(&region, sizeof(struct ledger)), 0);
    while (kills < wanted) {
        unsigned some = wanted - kills < ROUND ? wanted - kills : ROUND;

        alarm(CENSUS_SECONDS + 20);
        one_round(region.base, some, &sum);
        kills += some;
    }
    print_tally(&sum);
    region_close(&region);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            survivors_go_on_and_nothing_else_is_lost, census_begin, census_end),
    };

    mechanisms_init(argc, argv);
    test_take_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
