/* SPDX-License-Identifier: MIT */
/* test_together.c - trials in which all participants do the same at once. */
#include "test_trial.h"

#include <sched.h>

static const char *const processes[] = {"processes", NULL};
static const char *const both[] = {"producers", "consumers", NULL};

/* Until all are in it; nobody can be there alone.  Bounded by the trial. */
static void meet(_Atomic uint64_t *here, uint64_t all)
{
    uint64_t round = (*here)++ / all;

    while (*here / all == round)
        sched_yield();
}

static int share_op(struct trial *t, unsigned n)
{
    int all = t->participants;

    tally->begin[t->number] = clock_now();
    meet(&tally->inside, (uint64_t)all);
    tally->core[t->number] = sched_getcpu();
    tally->done += trial_share(n, t->number, all);
    meet(&tally->left, (uint64_t)all);
    tally->end[t->number] = clock_now();
    return 0;
}

static int count_check(struct trial *t, uint64_t done)
{
    tally->checked++;
    return t->number == 0 && tally->done == done ? 0 : -EILSEQ;
}

static int lost_op(struct trial *t, unsigned n)
{
    if (t->number != 2)
        tally->done += trial_share(n, t->number, t->participants);
    return 0;
}

/* The timed side dies, and the others wait at the gate. */
static int dying_op(struct trial *t, unsigned n)
{
    if (t->number == 1)
        raise(SIGKILL);
    return t->number == 0 ? wait_op(t, n) : 0;
}

static int refusing_op(struct trial *t, unsigned n)
{
    (void)n;
    return t->number == 2 ? -EPROTO : 0;
}

static int shot_op(struct trial *t, unsigned n)
{
    if (t->number == 0)
        raise(SIGKILL);
    return t->number == 1 ? wait_op(t, n) : 0;
}

static const struct setting alone[] = {{.name = "processes", .value = 1},
                                       {.name = NULL}};
static const struct setting three[] = {{.name = "processes", .value = 3},
                                       {.name = NULL}};
static const struct setting five[] = {{.name = "other", .value = 40},
                                      {.name = "producers", .value = 3},
                                      {.name = "consumers", .value = 2},
                                      {.name = NULL}};
static const struct setting crowded[] = {
    {.name = "processes", .value = PEERS_MOST + 2}, {.name = NULL}};
static const struct setting nobody[] = {{.name = "processes", .value = 0},
                                        {.name = NULL}};

#define TOGETHER(how_many, names, op_it)                                       \
    .together = true, .crowd = (names), .grid = (how_many),                    \
    .check = count_check, SIDES(fake_open, fake_join, op_it, NULL, 1)

static const struct workload fakes[] = {
    {.name = "own", .own = true, SIDES(fake_open, NULL, own_op, NULL, 0)},
    {.name = "alone", TOGETHER(alone, processes, share_op)},
    {.name = "three", TOGETHER(three, processes, share_op)},
    {.name = "five", TOGETHER(five, both, share_op)},
    {.name = "crowded", TOGETHER(crowded, processes, share_op)},
    {.name = "nobody", TOGETHER(nobody, processes, share_op)},
    {.name = "lost", TOGETHER(three, processes, lost_op)},
    {.name = "dying", TOGETHER(three, processes, dying_op)},
    {.name = "refusing", TOGETHER(three, processes, refusing_op)},
    {.name = "shot", TOGETHER(three, processes, shot_op)},
    {.name = NULL},
};

FAKE(fakes)

static void shares_are_all_and_alike(void **state)
{
    (void)state;
    for (int of = 1; of <= 5; of++)
        for (unsigned n = 0; n < 12; n++) {
            unsigned sum = 0, each = n / (unsigned)of;

            for (int i = 0; i < of; i++) {
                assert_in_range(trial_share(n, i, of), each, each + 1);
                sum += trial_share(n, i, of);
            }
            assert_int_equal(sum, n);
        }
}

/* Each window's work is done once in all, by all of them, and looked at. */
static void done_by_all(const char *workload, uint64_t all)
{
    struct findings *f;
    char why[160];

    if (run(workload, &f, why))
        fail_msg("%s: %s", workload, why);
    assert_int_equal(tally->joined, all - 1);
    assert_int_equal(tally->closed, all);
    assert_int_equal(tally->inside % all, 0);
    assert_int_equal(tally->checked, tally->inside / all);
    assert_int_equal(f->operations, (int64_t)f->samples * f->batch);
    assert_true(f->samples >= 8);
}

static void shared_out(void)
{
    done_by_all("alone", 1);
    done_by_all("three", 3);
    done_by_all("five", 5);
}

static void n_operations_are_those_of_all_together(void **state)
{
    (void)state;
    with_each_method(shared_out);
}

/* What each saw inside op is inside what is timed, of the last window. */
static void the_time_is_from_the_first_start_to_the_last_end(void **state)
{
    int64_t begin, end, sum = 0;
    struct findings *f;
    char why[160];

    (void)state;
    assert_int_equal(run("three", &f, why), 0);
    begin = tally->begin[0];
    end = tally->end[0];
    for (int i = 1; i < 3; i++) {
        begin = tally->begin[i] < begin ? tally->begin[i] : begin;
        end = tally->end[i] > end ? tally->end[i] : end;
    }
    assert_true(end > begin);
    assert_true(f->sample[f->samples - 1] >= end - begin);
    for (uint32_t i = 0; i < f->samples; i++)
        sum += f->sample[i];
    assert_int_equal(f->elapsed, sum);
}

static void what_somebody_did_not_do_fails_the_trial(void **state)
{
    (void)state;
    fails("lost", -EILSEQ, "what all did together is wrong (EILSEQ)");
}

static void a_number_that_cannot_be_is_refused(void **state)
{
    (void)state;
    fails("crowded", -EINVAL, "Invalid argument");
    fails("nobody", -EINVAL, "Invalid argument");
}

static void ended(void)
{
    fails("dying", -ECHILD, "peer 0 was killed by SIGKILL");
    fails("refusing", -ECHILD, "peer 1: Protocol error (EPROTO)");
    fails("shot", -ECHILD, "the timed side was killed by SIGKILL");
}

static void whoever_dies_at_work_or_at_the_gate_ends_the_trial(void **state)
{
    (void)state;
    with_each_method(ended);
}

/* Two processors that may be used, if there are. */
static bool find_cores(void)
{
    cpu_set_t set;
    int found = 0;

    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    for (int i = 0; i < CPU_SETSIZE && found < 2; i++)
        if (CPU_ISSET((size_t)i, &set))
            cores[found++] = i;
    return found == 2;
}

static void participants_are_spread_over_the_cores_in_turn(void **state)
{
    struct findings *f;
    bool two = find_cores();
    char why[160] = "";
    int error = two ? run("five", &f, why) : 0;
    int used[2] = {cores[0], cores[1]};

    (void)state;
    cores[0] = cores[1] = -1;
    if (!two) {
        print_message("there is one core\n");
        skip();
    }
    assert_int_equal(error, 0);
    for (int i = 0; i < 5; i++)
        assert_int_equal(tally->core[i], used[i % 2]);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(shares_are_all_and_alike),
        TEST(n_operations_are_those_of_all_together),
        TEST(the_time_is_from_the_first_start_to_the_last_end),
        TEST(what_somebody_did_not_do_fails_the_trial),
        TEST(a_number_that_cannot_be_is_refused),
        TEST(whoever_dies_at_work_or_at_the_gate_ends_the_trial),
        TEST(participants_are_spread_over_the_cores_in_turn),
    };

    if (trial_begin(argc, argv))
        return 1;
    return cmocka_run_group_tests_name("together", tests, NULL, NULL);
}
