/* SPDX-License-Identifier: MIT */
/* test_barrier.c - Barrier: nobody is through before all are there, and a
 * broken one says so to everybody. */
#include "start/test_children.h"
#include "sync/test_sharing.h"

enum { PARTIES = 5, ROUNDS = 1000 };

struct meeting {
    struct barrier barrier;
    int64_t timeout;
    int expected;                     /* what the others get */
    _Atomic uint32_t runs;            /* of the action */
    _Atomic uint32_t rounds[ROUNDS];  /* who came to each */
    _Atomic uint32_t numbers[ROUNDS]; /* a bit for each that was returned */
};

static void count_run(void *argument)
{
    struct meeting *m = argument;

    m->runs++;
}

static struct meeting *meeting_open(uint32_t parties)
{
    struct meeting *m = test_memory(sizeof *m);

    m->timeout = TEST_BOUND;
    assert_int_equal(barrier_open(&m->barrier, parties, count_run, m), 0);
    return m;
}

static void meeting_close(struct meeting *m)
{
    barrier_close(&m->barrier);
    barrier_close(&m->barrier);
    munmap(m, sizeof *m);
}

/* --- rounds --- */

/* All came before any goes, and the action was run by then, once. */
static int meet(struct meeting *m, struct barrier *b, bool acts)
{
    for (uint32_t i = 0; i < ROUNDS; i++) {
        int number;

        m->rounds[i]++;
        number = barrier_wait(b, TEST_BOUND);
        if (number < 0 || number >= PARTIES || m->rounds[i] != PARTIES)
            return test_line(__LINE__);
        if (acts && m->runs != i + 1 && m->runs != i + 2)
            return test_line(__LINE__); /* the next round may be over */
        if (atomic_fetch_or(&m->numbers[i], 1u << number) & 1u << number)
            return test_line(__LINE__);
    }
    return 0;
}

static int meets(void *argument)
{
    struct meeting *m = argument;

    return meet(m, &m->barrier, true);
}

static void a_thousand_rounds_have_all_numbers_and_one_action_each(void **state)
{
    struct meeting *m = meeting_open(PARTIES);
    pid_t pids[PARTIES];

    (void)state;
    for (int i = 0; i < PARTIES; i++)
        pids[i] = test_fork(meets, m);
    for (int i = 0; i < PARTIES; i++)
        test_expect(pids[i]);
    assert_int_equal(m->runs, ROUNDS);
    for (int i = 0; i < ROUNDS; i++)
        assert_int_equal(m->numbers[i], (1u << PARTIES) - 1);
    assert_int_equal(barrier_n_waiting(&m->barrier), 0);
    meeting_close(m);
}

static int meet_in_child(struct parcel *arguments)
{
    struct region meeting;
    struct barrier b;
    int line;

    if (barrier_unpack(&b, arguments) || region_unpack(&meeting, arguments))
        return test_line(__LINE__);
    line = meet(meeting.base, &b, false);
    barrier_close(&b);
    region_close(&meeting);
    return line;
}
TARGET(meet_in_child)

static void children_of_every_method_meet(void **state)
{
    struct process children[PARTIES];
    struct region meeting;
    struct parcel parcel;
    struct barrier b;

    (void)state;
    assert_int_equal(region_open(&meeting, sizeof(struct meeting)), 0);
    assert_int_equal(barrier_open(&b, PARTIES, NULL, NULL), 0);
    for (int i = 0; i < PARTIES; i++) {
        parcel_init(&parcel);
        assert_int_equal(barrier_pack(&b, &parcel), 0);
        assert_int_equal(region_pack(&meeting, &parcel), 0);
        test_start(&children[i], test_methods[i % TEST_METHODS],
                   "meet_in_child", &parcel);
        parcel_free(&parcel);
    }
    for (int i = 0; i < PARTIES; i++)
        assert_int_equal(test_finish(&children[i]), 0);
    barrier_close(&b);
    region_close(&meeting);
}

static void one_party_waits_for_nobody(void **state)
{
    struct meeting *m = meeting_open(1);

    (void)state;
    for (uint32_t i = 1; i <= 3; i++) {
        assert_int_equal(barrier_wait(&m->barrier, 0), 0);
        assert_int_equal(m->runs, i);
    }
    meeting_close(m);
}

static void no_parties_are_refused(void **state)
{
    struct barrier b;

    (void)state;
    assert_int_equal(barrier_open(&b, 0, NULL, NULL), -EINVAL);
    barrier_close(&b);
}

/* --- broken --- */

static int comes(void *argument)
{
    struct meeting *m = argument;
    int got = barrier_wait(&m->barrier, m->timeout);

    return got == m->expected || (m->expected == 0 && got >= 0)
               ? 0
               : test_line(__LINE__);
}

/* So many are in it, and asleep. */
static void some_come(struct meeting *m, pid_t *pids, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        pids[i] = test_fork(comes, m);
        assert_true(
            test_sleeps(pids[i], &m->barrier.condition.state->sequence));
        assert_int_equal(barrier_n_waiting(&m->barrier), i + 1);
    }
}

static void expect_all(const pid_t *pids, int n)
{
    for (int i = 0; i < n; i++)
        test_expect(pids[i]);
}

/* It is a barrier like any other. */
static void expect_whole(struct meeting *m)
{
    uint32_t runs = m->runs;
    pid_t pids[PARTIES - 1];

    assert_false(barrier_is_broken(&m->barrier));
    m->expected = 0;
    m->timeout = TEST_BOUND;
    some_come(m, pids, PARTIES - 1);
    assert_int_equal(barrier_wait(&m->barrier, TEST_BOUND), PARTIES - 1);
    expect_all(pids, PARTIES - 1);
    assert_int_equal(m->runs, runs + 1);
}

static void an_abort_is_told_to_all_and_a_reset_mends_it(void **state)
{
    struct meeting *m = meeting_open(PARTIES);
    pid_t pids[PARTIES - 1];

    (void)state;
    m->expected = -ECANCELED;
    some_come(m, pids, PARTIES - 1);
    barrier_abort(&m->barrier);
    expect_all(pids, PARTIES - 1);
    assert_true(barrier_is_broken(&m->barrier));
    assert_int_equal(barrier_wait(&m->barrier, NO_TIMEOUT), -ECANCELED);
    assert_int_equal(m->runs, 0);
    barrier_reset(&m->barrier);
    expect_whole(m);
    meeting_close(m);
}

static void a_reset_sends_away_who_waits_and_it_is_new(void **state)
{
    struct meeting *m = meeting_open(PARTIES);
    pid_t pids[PARTIES - 1];

    (void)state;
    for (int i = 0; i < 20; i++) {
        m->expected = -ECANCELED;
        some_come(m, pids, PARTIES - 1);
        barrier_reset(&m->barrier);
        expect_all(pids, PARTIES - 1);
        assert_int_equal(m->runs, i);
        expect_whole(m);
    }
    meeting_close(m);
}

static void a_reset_of_an_empty_one_changes_nothing(void **state)
{
    struct meeting *m = meeting_open(PARTIES);

    (void)state;
    barrier_reset(&m->barrier);
    expect_whole(m);
    meeting_close(m);
}

/* Who lost patience is told so; the others, that it is broken. */
static void a_timeout_breaks_it_for_all(void **state)
{
    struct meeting *m = meeting_open(PARTIES);
    pid_t pids[PARTIES - 1];
    int64_t began;

    (void)state;
    m->expected = -ECANCELED;
    some_come(m, pids, PARTIES - 2);
    began = clock_now();
    assert_int_equal(barrier_wait(&m->barrier, SECOND / 10), -ETIMEDOUT);
    assert_true(clock_now() - began >= SECOND / 10);
    expect_all(pids, PARTIES - 2);
    assert_true(barrier_is_broken(&m->barrier));
    assert_int_equal(barrier_wait(&m->barrier, NO_TIMEOUT), -ECANCELED);
    assert_int_equal(barrier_n_waiting(&m->barrier), 0);
    barrier_reset(&m->barrier);
    expect_whole(m);
    meeting_close(m);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, census_begin, children_end)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(a_thousand_rounds_have_all_numbers_and_one_action_each),
        TEST(children_of_every_method_meet),
        TEST(one_party_waits_for_nobody),
        TEST(no_parties_are_refused),
        TEST(an_abort_is_told_to_all_and_a_reset_mends_it),
        TEST(a_reset_sends_away_who_waits_and_it_is_new),
        TEST(a_reset_of_an_empty_one_changes_nothing),
        TEST(a_timeout_breaks_it_for_all),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
