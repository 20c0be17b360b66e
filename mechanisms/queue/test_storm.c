/* SPDX-License-Identifier: MIT */
/*
 * test_storm.c - producers and consumers of a robust queue are killed, one
 * after the other, at random moments.
 *
 * The others must go on, within their timeouts.  No item may arrive twice, or
 * damaged, or before an older one of its producer; and what does not arrive
 * must be what the queue says is lost, but for what a killed process had in its
 * hands: an item that it was putting, or had got and not yet noted.
 *
 *     IPCLAB_STORM_KILLS=1000 IPCLAB_TEST_SEED=1 build/.../queue/test_storm
 */
#include "queue/test_storms.h"

#include "queue/queue.h"
#include "queue/robust.h"

/* --- those that are shot at ------------------------------------------------
 */

/* No more than the pipe and a little: the storm is of kills. */
static void wait_for_consumers(const struct ledger *l, struct queue *q)
{
    while (queue_qsize(q) > 2000 && !l->stop)
        test_sleep_ms(1);
}

/* A process that is told to stop leaves as a program does: it flushes. */
static void produce(struct ledger *l, int user, struct queue *q)
{
    static unsigned char bytes[sizeof(struct item) + LARGEST];

    while (!l->stop) {
        uint32_t number;
        int error;

        wait_for_consumers(l, q);
        number = begin_item(l, user, bytes);
        if (number >= ITEMS) { /* there are no more: to be shot at */
            test_sleep_ms(1);
            continue;
        }
        do {
            l->since[user] = clock_now();
            error = queue_put(q, bytes, size_of(number), patience);
            l->since[user] = 0;
        } while (error == -ETIMEDOUT && !l->stop);
        if (error == 0)
            l->items[number] |= WAS_PUT;
        else if (error != -ETIMEDOUT)
            give_up(l, __LINE__);
    }
    queue_free(q);
    exit_sequence();
}

static _Noreturn void consume(struct ledger *l, int user, struct queue *q)
{
    static unsigned char bytes[sizeof(struct item) + LARGEST];

    for (;;) {
        ssize_t got;

        l->since[user] = clock_now();
        got = queue_get(q, bytes, sizeof bytes, patience);
        l->since[user] = 0;
        if (got != -ETIMEDOUT)
            note_arrival(l, bytes, got);
    }
}

static void produce_or_consume(struct ledger *l, int user, void *queue)
{
    if (user < PRODUCERS)
        produce(l, user, queue);
    else
        consume(l, user, queue);
}

/* --- the one who shoots ----------------------------------------------------
 */

struct tally {
    unsigned kills[2]; /* producers, consumers */
    uint64_t put, lost, arrived, in_hands;
};

/* The producers end in good order, and all that is left is got. */
static void drain(struct storm *s)
{
    int64_t deadline = clock_deadline(hang);
    struct queue *q = s->what;

    s->ledger->stop = true;
    expect_users(s, 0, PRODUCERS);
    do {
        if (clock_now() > deadline)
            print_error("qsize %lld lost %lld\n", (long long)queue_qsize(q),
                        (long long)queue_lost(q));
        assert_true(clock_now() < deadline);
        assert_int_equal(s->ledger->line, 0);
        queue_lost(q);
        test_sleep_ms(1);
    } while (queue_qsize(q) > 0);
}

/* Nobody is in the midst of noting what it has got. */
static void stop_consumers(struct storm *s)
{
    int64_t quiet = clock_deadline(SECOND / 10);

    while (clock_now() < quiet)
        look_at_survivors(s);
    for (int i = PRODUCERS; i < USERS; i++)
        if (s->users[i])
            kill_user(s, i);
}

/* What the queue has counted, against what the ledger says. */
static void settle(const struct storm *s, struct tally *t,
                   const unsigned kills[2])
{
    const struct queue *q = s->what;
    const struct robust *shared = q->side->region.base;
    uint64_t begun = 0, arrived = 0, put = 0, got = 0;
    int64_t lost = slots_lost(shared->slots);

    for (int i = 0; i < SLOTS; i++) {
        put += slot_put(&shared->slots[i]);
        got += slot_got(&shared->slots[i]);
    }
    for (uint32_t i = 0; i < ITEMS; i++) {
        begun += s->ledger->items[i] & BEGUN;
        arrived += (s->ledger->items[i] & ARRIVED) != 0;
    }
    assert_int_equal(put, got + (uint64_t)lost);
    assert_in_range(begun - put, 0, kills[0] + PRODUCERS);
    assert_in_range(got - arrived, 0, kills[1]);
    t->put += put;
    t->lost += (uint64_t)lost;
    t->arrived += arrived;
    t->in_hands += (begun - put) + (got - arrived);
}

static void nothing_to_note(struct storm *s, int user)
{
    (void)s;
    (void)user;
}

/* Some kills among the users of one queue. */
static void one_round(struct ledger *ledger, unsigned wanted, struct tally *t)
{
    static const size_t sizes[] = {0, 1, 5, 100};
    struct queue q;
    struct storm s = {.ledger = ledger, .what = &q, .be = produce_or_consume};
    unsigned kills[2] = {0, 0};

    memset(ledger, 0, sizeof *ledger);
    assert_int_equal(
        queue_open_as(&q, sizes[test_mix(&test_seed) % 4], QUEUE_ROBUST), 0);
    shoot(&s, wanted, kills, nothing_to_note);
    start_users(&s, PRODUCERS);
    drain(&s);
    stop_consumers(&s);
    settle(&s, t, kills);
    t->kills[0] += kills[0];
    t->kills[1] += kills[1];
    queue_close(&q);
    queue_free(&q);
}

static void survivors_go_on_and_the_loss_is_counted(void **state)
{
    unsigned wanted = wanted_kills(), kills = 0;
    struct tally t = {.put = 0};
    struct region region;

    (void)state;
    assert_int_equal(region_open(&region, sizeof(struct ledger)), 0);
    while (kills < wanted) {
        unsigned some = wanted - kills < ROUND ? wanted - kills : ROUND;

        alarm(CENSUS_SECONDS + 20);
        one_round(region.base, some, &t);
        kills += some;
    }
    print_message("%u kills (producers %u, consumers %u): %llu put, %llu "
                  "arrived, %llu lost and counted, %llu in the hands of the "
                  "killed\n",
                  kills, t.kills[0], t.kills[1], (unsigned long long)t.put,
                  (unsigned long long)t.arrived, (unsigned long long)t.lost,
                  (unsigned long long)t.in_hands);
    region_close(&region);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(survivors_go_on_and_the_loss_is_counted,
                                        census_begin, census_end),
    };

    mechanisms_init(argc, argv);
    test_take_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
