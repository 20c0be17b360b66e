/* SPDX-License-Identifier: MIT */
/* test_trial.c - what both sides of a trial do, and what is made of it. */
#include "test_trial.h"

/* A round trip through shared memory would spin: this takes a while alone. */
static int slow_op(struct trial *t, unsigned n)
{
    tally->done += n;
    for (; n; n--)
        for (int64_t end = clock_now() + 50000; clock_now() < end;)
            ;
    (void)t;
    return 0;
}

static int wrong_op(struct trial *t, unsigned n)
{
    unsigned char payload[256];

    (void)n;
    payload_write(payload, sizeof payload, t->line, 7);
    payload[t->line] ^= 1;
    return payload_check(payload, sizeof payload, t->line, 7);
}

static int failing_open(struct trial *t)
{
    (void)t;
    return -ENOMEM;
}

static int failing_join(struct trial *t, int role, struct parcel *parcel)
{
    (void)t;
    (void)role;
    (void)parcel;
    return -EPROTO;
}

static int wrong_serve(struct trial *t, int role, unsigned n)
{
    (void)t;
    (void)role;
    (void)n;
    return -EILSEQ;
}

static const struct workload fakes[] = {
    {.name = "quick", SIDES(fake_open, fake_join, fake_op, fake_serve, 1)},
    {.name = "three", SIDES(fake_open, fake_join, fake_op, fake_serve, 3)},
    {.name = "slow", SIDES(fake_open, fake_join, slow_op, fake_serve, 1)},
    {.name = "own", .own = true, SIDES(fake_open, NULL, own_op, NULL, 0)},
    {.name = "wrong", SIDES(fake_open, fake_join, wrong_op, fake_serve, 1)},
    {.name = "unopened", SIDES(failing_open, fake_join, fake_op, NULL, 0)},
    {.name = "unjoined", SIDES(fake_open, failing_join, fake_op, NULL, 1)},
    {.name = "refused", SIDES(fake_open, fake_join, wait_op, wrong_serve, 1)},
    {.name = NULL},
};

FAKE(fakes)

static void same_number(void)
{
    struct findings *f;
    char why[160];

    assert_int_equal(run("quick", &f, why), 0);
    assert_int_equal(f->stage, DONE);
    assert_true(tally->done > 1000);
    assert_int_equal(tally->done, tally->served);
    assert_int_equal(tally->opened, 1);
    assert_int_equal(tally->joined, 1);
    assert_int_equal(tally->closed, 2);
    assert_int_equal(f->operations, (int64_t)f->samples * f->batch);
}

static void both_sides_do_the_same_number_of_operations(void **state)
{
    (void)state;
    with_each_method(same_number);
}

static void three_peers(void)
{
    struct findings *f;
    char why[160];

    assert_int_equal(run("three", &f, why), 0);
    assert_int_equal(tally->joined, 3);
    assert_int_equal(3 * tally->done, tally->served);
    assert_int_equal(tally->closed, 4);
}

static void every_peer_serves_every_window(void **state)
{
    (void)state;
    with_each_method(three_peers);
}

static void a_short_operation_is_batched_and_a_long_one_is_not(void **state)
{
    struct findings *f;
    char why[160];

    (void)state;
    assert_int_equal(run("quick", &f, why), 0);
    assert_true(f->batch > 1);
    assert_int_equal(run("slow", &f, why), 0);
    assert_int_equal(f->batch, 1);
    for (uint32_t i = 0; i < f->samples; i++)
        assert_true(f->sample[i] >= 50000);
}

static void durations_of_its_own_are_kept_as_they_are(void **state)
{
    struct findings *f;
    char why[160];

    (void)state;
    assert_int_equal(run("own", &f, why), 0);
    assert_int_equal(f->batch, 1);
    assert_true(f->samples >= 8);
    for (uint32_t i = 1; i < f->samples; i++)
        assert_int_equal(f->sample[i] - f->sample[i - 1], 1000);
}

static void wrong_words(void)
{
    fails("wrong", -EILSEQ, "a wrong word in the payload");
    fails("refused", -ECHILD, "peer 0: a wrong word in the payload");
}

static void a_wrong_word_fails_the_trial(void **state)
{
    (void)state;
    with_each_method(wrong_words);
}

static void cannot_begin(void)
{
    fails("unopened", -ENOMEM, "opening: Cannot allocate memory (ENOMEM)");
    fails("unjoined", -ECHILD, "peer 0: Protocol error (EPROTO)");
}

static void a_side_that_cannot_begin_says_why(void **state)
{
    (void)state;
    with_each_method(cannot_begin);
}

static int64_t heard;

static void hear(struct trial *t, int64_t ns)
{
    (void)t;
    (void)ns;
    heard++;
}

/* A queue without a limit lets its producer run as far ahead as it likes. */
static void a_stamp_is_of_its_own_message_or_none(void **state)
{
    static _Atomic int64_t sent[LATENCY_SLOTS];
    const uint64_t round = (uint64_t)LATENCY_SLOTS * LATENCY_EVERY;
    struct trial t = {.latency = hear, .sent = sent};

    (void)state;
    for (uint64_t sequence = 0; sequence < 2 * round; sequence += round / 2)
        trial_sending(&t, sequence);
    trial_received(&t, 0); /* overwritten by that of `round` */
    trial_received(&t, round / 2);
    assert_int_equal(heard, 0);
    trial_received(&t, round);
    trial_received(&t, round + round / 2);
    assert_int_equal(heard, 2);
    trial_received(&t, round + 1); /* has none */
    assert_int_equal(heard, 2);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(both_sides_do_the_same_number_of_operations),
        TEST(every_peer_serves_every_window),
        TEST(a_short_operation_is_batched_and_a_long_one_is_not),
        TEST(durations_of_its_own_are_kept_as_they_are),
        TEST(a_wrong_word_fails_the_trial),
        TEST(a_stamp_is_of_its_own_message_or_none),
        TEST(a_side_that_cannot_begin_says_why),
    };

    if (trial_begin(argc, argv))
        return 1;
    return cmocka_run_group_tests_name("trial", tests, NULL, NULL);
}
