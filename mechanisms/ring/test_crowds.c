/* SPDX-License-Identifier: MIT */
/*
 * test_crowds.c - many wait at once, each without an end: nobody is forgotten.
 *
 * A wait with a timeout would hide it: who is not woken looks again when its
 * time is over.
 */
#include "ring/test_users.h"

enum { MANY = 4 };

/* Whose turn it is does not matter. */
static int uses_it_often(void *argument)
{
    struct scene *s = argument;

    for (uint64_t i = 0; i < s->number; i++)
        if (use(s, NO_TIMEOUT))
            return test_line(__LINE__);
    return 0;
}

/* One waits for an item, or for room, and the others for it. */
static void of_many_who_wait_each_has_its_turn(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct scene *s = scene_open(state, each_end[i]);
        pid_t pids[MANY];

        while (s->end == RING_PUT && use(s, 0) == 0)
            ; /* until it is full */
        pids[0] = test_fork(uses_it, s);
        assert_true(test_waits(&s->ring, s->end, pids[0]));
        for (int n = 1; n < MANY; n++)
            pids[n] = test_fork(uses_it, s);
        for (int n = 1; n < MANY && wait_in(state) != RING_SPIN; n++)
            assert_true(test_sleeps(pids[n], lock_word(&s->ring, s->end)));
        for (int n = 0; n < MANY; n++)
            assert_int_equal(use_other_end(s), 0);
        for (int n = 0; n < MANY; n++)
            test_ends(pids[n]);
        scene_close(s, 0);
    }
}

/* Who spins with others on one processor has it for as long as it is let. */
static uint64_t turns(void **state, uint64_t most)
{
    return wait_in(state) == RING_SPIN ? most / 200 : most;
}

static void all_who_put_and_all_who_get_end(void **state)
{
    const uint32_t maxsizes[] = {1, 4};

    for (int i = 0; i < 2; i++) {
        struct scene *putting = scene_open(state, RING_PUT);
        struct scene *getting = test_memory(sizeof *getting);
        pid_t pids[2 * MANY];

        putting->ring.state->maxsize = maxsizes[i];
        putting->number = turns(state, 3000);
        *getting = *putting; /* the same ring */
        getting->end = RING_GET;
        for (int n = 0; n < MANY; n++) {
            pids[2 * n] = test_fork(uses_it_often, putting);
            pids[2 * n + 1] = test_fork(uses_it_often, getting);
        }
        for (int n = 0; n < 2 * MANY; n++)
            test_ends(pids[n]);
        munmap(getting, sizeof *getting);
        scene_close(putting, 0);
    }
}

/* --- to and fro: in each turn each of two waits --- */

struct pair {
    struct ring there, back;
    uint64_t turns;
};

static int answers(void *argument)
{
    struct pair *p = argument;

    for (uint64_t i = 0; i < p->turns; i++)
        if (get_number(&p->there, i, NO_TIMEOUT) ||
            put_number(&p->back, i, NO_TIMEOUT))
            return test_line(__LINE__);
    return 0;
}

static int asks(void *argument)
{
    struct pair *p = argument;

    for (uint64_t i = 0; i < p->turns; i++)
        if (put_number(&p->there, i, NO_TIMEOUT) ||
            get_number(&p->back, i, NO_TIMEOUT))
            return test_line(__LINE__);
    return 0;
}

static void ask_and_answer(void **state, uint64_t turns, bool alone)
{
    struct pair p;
    pid_t pids[2];

    test_open_ring(&p.there, 1, 0, wait_in(state));
    test_open_ring(&p.back, 1, 0, wait_in(state));
    assert_int_equal(p.there.alone, alone);
    p.turns = turns;
    pids[0] = test_fork(answers, &p);
    pids[1] = test_fork(asks, &p);
    test_ends(pids[0]);
    test_ends(pids[1]);
    expect_good(&p.there);
    expect_good(&p.back);
    ring_close(&p.there);
    ring_close(&p.back);
}

static void an_answer_comes_to_each_question(void **state)
{
    cpu_set_t all;

    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    ask_and_answer(state, turns(state, 20000), CPU_COUNT(&all) == 1);
}

/* Where both have one processor. */
static void nor_does_it_fail_where_only_one_can_run(void **state)
{
    cpu_set_t before, one;

    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    CPU_ZERO(&one);
    for (unsigned core = 0; !CPU_COUNT(&one); core++)
        if (CPU_ISSET(core, &before))
            CPU_SET(core, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    ask_and_answer(state, turns(state, 2000), true);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST_WAITS(of_many_who_wait_each_has_its_turn),
        TEST_WAITS(all_who_put_and_all_who_get_end),
        TEST_WAITS(an_answer_comes_to_each_question),
        TEST_WAITS(nor_does_it_fail_where_only_one_can_run),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
