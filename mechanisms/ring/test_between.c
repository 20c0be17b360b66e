/* SPDX-License-Identifier: MIT */
/*
 * test_between.c - between two instructions of a put or a get another does all
 * of its own, and then the one goes on: nobody is forgotten asleep.
 *
 * No scheduler tries every moment; this does.  All waits are without an end.
 */
#include "ring/test_stage.h"

/* --- one at each end ------------------------------------------------------ */

/* Until it has ended, or sleeps for what the child will do. */
static void let_it_come(struct stage *s, enum who who, int (*acts)(void *))
{
    int64_t deadline = clock_deadline(TEST_BOUND);
    siginfo_t info = {.si_pid = 0};
    pid_t pid = test_fork(acts, s);

    s->pids[who] = pid;
    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | WNOHANG) == 0 &&
           info.si_pid == 0 && !test_is_asleep(pid, NULL)) {
        assert_true(clock_now() < deadline);
        sched_yield();
    }
}

/* The child is not stepped any more; if it slept, it was woken. */
static void let_child_go(struct stage *s, bool slept)
{
    if (slept)
        stepping_wakes(s->pids[CHILD]);
    s->let_go = true;
    stepping_detach(s->pids[CHILD]);
}

/* All that was put was got once, or is still there: by the sum of it. */
static int all_was_right(struct stage *s)
{
    uint64_t put = 0, got = 0;

    for (enum who who = CHILD; who <= FACING; who++) {
        if (!s->pids[who])
            continue;
        if (!test_has_ended(s->pids[who]) || test_reap(s->pids[who]))
            return test_line(__LINE__);
        s->pids[who] = 0;
        if (end_of(s, who) == RING_PUT)
            put += 100 + (uint64_t)who;
        got += s->got[who];
    }
    for (uint64_t i = 0; i < s->scene.before; i++)
        put += i;
    while (!ring_empty(&s->ring)) {
        if (act(s, RING_GET, PARENT))
            return test_line(__LINE__);
        got += s->got[PARENT];
    }
    expect_good(&s->ring);
    if (ring_killed(&s->ring, RING_PUT) || ring_killed(&s->ring, RING_GET))
        return test_line(__LINE__);
    return got == put ? 0 : test_line(__LINE__);
}

static void act_after(const struct course *c, const struct scene *scene, int n)
{
    struct stage *s = stage_open(scene);
    bool slept;
    int line;

    start_child(s);
    slept = go(s, c, n) == ASLEEP;
    let_it_come(s, FACING, facing_acts);
    let_child_go(s, slept);
    line = all_was_right(s);
    if (line)
        fail_msg("%s, %u of %u: after %d instructions: line %d (modulo 256)",
                 scene->end == RING_PUT ? "put" : "get", scene->before,
                 scene->maxsize, n, line);
    stage_close(s);
}

static void act_after_each(const struct scene *scene)
{
    static struct course course;
    struct stage *s;

    stepping_needed();
    s = stage_open(scene);
    alarm(4 * CENSUS_SECONDS);
    start_child(s);
    follow(s, &course);
    test_kill(s->pids[CHILD]);
    stage_close(s);
    for (int n = course_begin(&course); n <= course.path.n;
         n += path_stride(&course.path))
        act_after(&course, scene, n);
    print_message("%s, %u of %u: %d instructions\n",
                  scene->end == RING_PUT ? "put" : "get", scene->before,
                  scene->maxsize, course.path.n);
}

/* The child would sleep, and in time the other end goes on. */
static void who_goes_to_sleep_sees_what_comes(void **state)
{
    const struct scene scenes[] = {
        {.end = RING_GET, .maxsize = 1},
        {.end = RING_PUT, .maxsize = 1, .before = 1},
        {.end = RING_GET, .maxsize = 4, .claimed = true},
        {.end = RING_PUT, .maxsize = 4, .before = 4, .claimed = true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++)
        act_after_each(&scenes[i]);
}

/* The other end sleeps, or sees it in time, and the child goes on. */
static void who_goes_on_wakes_whoever_came(void **state)
{
    const struct scene scenes[] = {
        {.end = RING_PUT, .maxsize = 1},
        {.end = RING_GET, .maxsize = 1, .before = 1},
        {.end = RING_PUT, .maxsize = 4, .claimed = true},
        {.end = RING_GET, .maxsize = 4, .before = 4, .claimed = true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++)
        act_after_each(&scenes[i]);
}

/* --- looks ---------------------------------------------------------------- */

static int counts(void *argument)
{
    struct stage *s = argument;

    if (!stepping_begins())
        return test_line(__LINE__);
    s->got[CHILD] = (uint32_t)ring_qsize(&s->ring);
    s->ended = true;
    if (!s->let_go)
        stepping_ends();
    return 0;
}

/* Two are in it all the time, and never three: so says who looks meanwhile. */
static void no_size_is_told_that_never_was(void **state)
{
    const struct scene scene = {.end = RING_GET, .maxsize = 3, .before = 2};
    bool all = false;

    (void)state;
    stepping_needed();
    for (int n = 0; !all; n++) {
        struct stage *s = stage_open(&scene);

        s->pids[CHILD] = stepping_fork(counts, s);
        for (int i = 0; i < n && !all; i++)
            all = stepping_step(s->pids[CHILD], NULL) != STEPPED || s->ended;
        for (int lap = 0; lap < 5; lap++) {
            assert_int_equal(act(s, RING_GET, PARENT), 0);
            assert_int_equal(act(s, RING_PUT, PARENT), 0);
        }
        let_child_go(s, false);
        test_ends(s->pids[CHILD]);
        assert_in_range(s->got[CHILD], 1, 2);
        stage_close(s);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(who_goes_to_sleep_sees_what_comes),
        TEST(who_goes_on_wakes_whoever_came),
        TEST(no_size_is_told_that_never_was),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
