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
#include "common/test_census.h"

#include "common/hooks.h"
#include "queue/queue.h"
#include "queue/robust.h"

enum {
    PRODUCERS = 3,
    CONSUMERS = 3,
    USERS = PRODUCERS + CONSUMERS,
    ITEMS = 1 << 20,
    LARGEST = 200000, /* many packets, and more than the pipe holds */
    ROUND = 25,       /* kills with the same queue */
};

/* What is known of an item. */
enum { UNKNOWN, BEGUN, WAS_PUT = 2, ARRIVED = 4 };

/* In memory that all of them share. */
struct ledger {
    _Atomic uint32_t next;        /* item */
    _Atomic bool stop;            /* producers: put no more, and end */
    _Atomic int line;             /* where something was not as it must be */
    _Atomic int64_t since[USERS]; /* when its call began; 0: in none */
    _Atomic unsigned char items[ITEMS];
};

static const int64_t patience = SECOND; /* of each call */
static const int64_t hang = 10 * SECOND;

static uint64_t seed;

/* splitmix64 */
static uint64_t draw(void)
{
    uint64_t z = seed += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* --- items: a number, whose it is, and bytes that follow from it -----------
 */

struct item {
    uint32_t number, producer;
};

static size_t size_of(uint32_t number)
{
    if (number % 41 == 0)
        return sizeof(struct item) + number * 7919u % LARGEST;
    return sizeof(struct item) + number % 200;
}

static unsigned char byte_of(uint32_t number)
{
    return (unsigned char)(number * 31 + 7);
}

static bool is_whole(const unsigned char *bytes, ssize_t size,
                     struct item *item)
{
    if (size < (ssize_t)sizeof *item)
        return false;
    memcpy(item, bytes, sizeof *item);
    if (item->number >= ITEMS || (size_t)size != size_of(item->number))
        return false;
    for (ssize_t i = sizeof *item; i < size; i++)
        if (bytes[i] != byte_of(item->number))
            return false;
    return true;
}

/* --- those that are shot at ------------------------------------------------
 */

static _Noreturn void give_up(struct ledger *l, int line)
{
    l->line = line;
    _exit(1);
}

/* No more than the pipe and a little: the storm is of kills. */
static void wait_for_consumers(const struct ledger *l, struct queue *q)
{
    while (queue_qsize(q) > 2000 && !l->stop)
        test_sleep_ms(1);
}

/* A process that is told to stop leaves as a program does: it flushes. */
static _Noreturn void produce(struct ledger *l, int user, struct queue *q)
{
    static unsigned char bytes[sizeof(struct item) + LARGEST];

    while (!l->stop) {
        struct item item = {0, (uint32_t)getpid()};
        int error;

        wait_for_consumers(l, q);
        item.number = l->next++;
        if (item.number >= ITEMS) { /* there are no more: to be shot at */
            test_sleep_ms(1);
            continue;
        }
        memset(bytes, byte_of(item.number), size_of(item.number));
        memcpy(bytes, &item, sizeof item);
        l->items[item.number] |= BEGUN;
        do {
            l->since[user] = clock_now();
            error = queue_put(q, bytes, size_of(item.number), patience);
            l->since[user] = 0;
        } while (error == -ETIMEDOUT && !l->stop);
        if (error == 0)
            l->items[item.number] |= WAS_PUT;
        else if (error != -ETIMEDOUT)
            give_up(l, __LINE__);
    }
    queue_free(q);
    exit_sequence();
    _exit(0);
}

enum { KNOWN = 256 };

/* Is it younger than what came from this producer before? */
static bool in_order(struct item last[KNOWN], struct item item)
{
    for (int i = 0; i < KNOWN; i++) {
        bool older =
            last[i].producer == item.producer && last[i].number >= item.number;

        if (last[i].producer && last[i].producer != item.producer)
            continue;
        last[i] = item;
        return !older;
    }
    memset(last, 0, KNOWN * sizeof *last); /* most are dead */
    return true;
}

static _Noreturn void consume(struct ledger *l, int user, struct queue *q)
{
    static unsigned char bytes[sizeof(struct item) + LARGEST];
    static struct item last[KNOWN];

    for (;;) {
        struct item item;
        ssize_t got;

        l->since[user] = clock_now();
        got = queue_get(q, bytes, sizeof bytes, patience);
        l->since[user] = 0;
        if (got == -ETIMEDOUT)
            continue;
        if (got < 0 || !is_whole(bytes, got, &item))
            give_up(l, __LINE__);
        if (!in_order(last, item))
            give_up(l, __LINE__);
        if (atomic_fetch_or(&l->items[item.number], ARRIVED) & ARRIVED)
            give_up(l, __LINE__); /* twice */
    }
}

/* --- the one who shoots ----------------------------------------------------
 */

struct tally {
    unsigned kills[2]; /* producers, consumers */
    uint64_t put, lost, arrived, in_hands;
};

struct storm {
    struct ledger *ledger;
    struct queue queue;
    pid_t users[USERS];
};

static void start_user(struct storm *s, int user)
{
    s->ledger->since[user] = 0;
    s->users[user] = fork();
    if (s->users[user] == 0) {
        alarm(CENSUS_SECONDS + 20);
        if (user < PRODUCERS)
            produce(s->ledger, user, &s->queue);
        consume(s->ledger, user, &s->queue);
    }
    assert_true(s->users[user] > 0);
}

static void kill_user(struct storm *s, int user)
{
    int status;

    kill(s->users[user], SIGKILL);
    assert_int_equal(waitpid(s->users[user], &status, 0), s->users[user]);
    assert_true(WIFSIGNALED(status));
    s->users[user] = 0;
}

/* Everybody lives who was not killed, and nobody waits longer than it may. */
static void look_at_survivors(struct storm *s)
{
    int status;

    for (int i = 0; i < USERS; i++) {
        int64_t since = s->ledger->since[i];

        assert_int_equal(s->ledger->line, 0);
        if (s->users[i] && waitpid(s->users[i], &status, WNOHANG) != 0)
            fail_msg("user %d ended, status 0x%x, line %d", i, status,
                     s->ledger->line);
        assert_true(since == 0 || clock_now() - since < patience + hang);
    }
}

/* The producers end in good order, and all that is left is got. */
static void drain(struct storm *s)
{
    int64_t deadline = clock_deadline(hang);
    int status;

    s->ledger->stop = true;
    for (int i = 0; i < PRODUCERS; i++)
        if (s->users[i]) {
            assert_int_equal(waitpid(s->users[i], &status, 0), s->users[i]);
            assert_int_equal(status, 0);
            s->users[i] = 0;
        }
    do {
        if (clock_now() > deadline)
            print_error("qsize %lld lost %lld\n",
                        (long long)queue_qsize(&s->queue),
                        (long long)queue_lost(&s->queue));
        assert_true(clock_now() < deadline);
        assert_int_equal(s->ledger->line, 0);
        queue_lost(&s->queue);
        test_sleep_ms(1);
    } while (queue_qsize(&s->queue) > 0);
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
    const struct robust *shared = s->queue.side->region.base;
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

/* Some kills among the users of one queue. */
static void one_round(struct ledger *ledger, unsigned wanted, struct tally *t)
{
    static const size_t sizes[] = {0, 1, 5, 100};
    struct storm s = {.ledger = ledger};
    unsigned kills[2] = {0, 0};

    memset(ledger, 0, sizeof *ledger);
    assert_int_equal(queue_open_as(&s.queue, sizes[draw() % 4], QUEUE_ROBUST),
                     0);
    for (unsigned k = 0; k < wanted; k++) {
        struct timespec moment = {0, (long)(draw() % 20000000)};
        int user = (int)(draw() % USERS);

        for (int i = 0; i < USERS; i++)
            if (!s.users[i])
                start_user(&s, i);
        nanosleep(&moment, NULL); /* it is the subject: the seed's moment */
        look_at_survivors(&s);
        kill_user(&s, user);
        kills[user >= PRODUCERS]++;
    }
    for (int i = PRODUCERS; i < USERS; i++)
        if (!s.users[i])
            start_user(&s, i);
    drain(&s);
    stop_consumers(&s);
    settle(&s, t, kills);
    t->kills[0] += kills[0];
    t->kills[1] += kills[1];
    queue_close(&s.queue);
    queue_free(&s.queue);
}

static unsigned wanted_kills(void)
{
    const char *text = getenv("IPCLAB_STORM_KILLS");

    return text && atoi(text) > 0 ? (unsigned)atoi(text) : 100;
}

static void survivors_go_on_and_the_loss_is_counted(void **state)
{
    const char *given = getenv("IPCLAB_TEST_SEED");
    unsigned wanted = wanted_kills(), kills = 0;
    struct tally t = {.put = 0};
    struct region region;
    uint64_t began;

    (void)state;
    began = seed = given ? strtoull(given, NULL, 10) : (uint64_t)clock_now();
    print_message("seed %llu\n", (unsigned long long)began);
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
    return cmocka_run_group_tests(tests, NULL, NULL);
}
