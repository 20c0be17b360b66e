/* SPDX-License-Identifier: MIT */
/*
 * test_steps.c - a user of a ring is killed after each single instruction of a
 * put and of a get, in turn.
 *
 * Others are asleep meanwhile, at the other end or for the lock, or nobody is.
 * Whatever the instruction: who can go on then does so by itself, though its
 * wait has no end; who cannot does when somebody lets it; all items are whole
 * and in order; and the death is counted if the lock was in its hands.
 */
#include "ring/test_stage.h"

/* --- up to the kill ------------------------------------------------------- */

/* What it sleeps for comes, from this process. */
static void let_it(struct stage *s)
{
    if (s->scene.held) {
        assert_int_equal(ring_release(&s->ring, s->scene.end), 0);
        s->scene.held = false;
        return;
    }
    assert_int_equal(acts_once(s, PARENT), 0);
    assert_int_equal(s->got[PARENT], has_acted(s, PARENT));
}

/* It falls asleep, behind it who wants the lock too, and is woken. */
static void let_it_sleep(struct stage *s)
{
    stepping_lets_sleep(s->pids[CHILD], bed(s));
    if (s->scene.wanted)
        start_waiter(s);
    let_it(s);
    stepping_wakes(s->pids[CHILD]);
}

/* --- behind it ------------------------------------------------------------ */

/* It has what it waits for, and must end: 0 or a line. */
static int must_end(struct stage *s, enum who who)
{
    uint32_t right = has_acted(s, who);
    int status;

    if (!test_has_ended(s->pids[who]))
        return test_line(__LINE__);
    status = test_reap(s->pids[who]);
    s->pids[who] = 0;
    if (status)
        return test_line(__LINE__);
    return s->got[who] == right ? 0 : test_line(__LINE__);
}

/* All who can go on do, and make others do so. */
static int those_who_can_end(struct stage *s)
{
    int line = 0;

    for (int again = 0; again < 2; again++)
        for (enum who who = WAITER; who <= FACING && !line; who++)
            if (s->pids[who] && can(s, who))
                line = must_end(s, who);
    return line;
}

/* Those who could not are let. */
static int the_others_end(struct stage *s)
{
    int line = 0;

    if (s->pids[WAITER]) {
        let_it(s);
        line = must_end(s, WAITER);
    }
    if (!line && s->pids[FACING]) {
        enum ring_end end = s->scene.end;

        if (act(s, end, CHILD)) /* in the place of who was killed */
            return test_line(__LINE__);
        s->got[CHILD] = has_acted(s, CHILD);
        line = must_end(s, FACING);
    }
    return line;
}

/* What is left is as it must be. */
static int all_is_there(struct stage *s)
{
    struct ring *r = &s->ring;

    if (ring_qsize(r) != s->behind - s->first)
        return test_line(__LINE__);
    while (s->first < s->behind) {
        if (act(s, RING_GET, PARENT) || s->got[PARENT] != s->items[s->first])
            return test_line(__LINE__);
        s->first++;
    }
    expect_good(r);
    return 0;
}

/* The one is dead, who had the lock or not. */
static int what_comes_of_it(struct stage *s, bool had_lock)
{
    const struct ring *r = &s->ring;
    enum ring_end end = s->scene.end;
    int line;

    if (s->acted)
        has_acted(s, CHILD);
    if (s->scene.held)
        let_it(s);
    line = those_who_can_end(s);
    if (!line)
        line = the_others_end(s);
    if (!line)
        line = all_is_there(s);
    if (!line &&
        (ring_killed(r, end) != had_lock || ring_killed(r, other(end))))
        line = test_line(__LINE__);
    return line;
}

/* --- every instruction ---------------------------------------------------- */

/* The scene up to the first of the steps. */
static struct stage *begin(const struct scene *scene)
{
    struct stage *s = stage_open(scene);

    if (scene->held && !scene->woken)
        start_waiter(s);
    start_child(s);
    if (scene->woken)
        let_it_sleep(s);
    return s;
}

/* Of the scene: "put, one is at the other end, one wants the lock". */
static const char *name_of(const struct scene *scene)
{
    static char name[100];

    snprintf(
        name, sizeof name, "%s%s%s%s%s%s%s", scene->claimed ? "claimed, " : "",
        scene->end == RING_PUT ? "put" : "get",
        scene->wait == RING_SPIN ? ", all spin" : "",
        scene->faced ? ", one is at the other end" : "",
        scene->held ? ", the lock is held" : "", scene->woken ? ", woken" : "",
        scene->wanted ? ", one wants the lock" : "");
    return name;
}

static void kill_after(const struct course *c, const struct scene *scene, int n,
                       unsigned *counted)
{
    struct stage *s = begin(scene);
    bool had_lock;
    int line;

    go(s, c, n);
    had_lock = has_lock(s);
    *counted += had_lock;
    test_kill(s->pids[CHILD]);
    line = what_comes_of_it(s, had_lock);
    if (line)
        fail_msg("%s: killed after %d instructions%s: line %d (modulo 256)",
                 name_of(scene), n, had_lock ? ", with the lock" : "", line);
    stage_close(s);
}

/* The first child goes to the end, and is killed there. */
static void find_course(struct course *c, const struct scene *scene)
{
    struct stage *s = begin(scene);
    bool had_lock;

    follow(s, c);
    had_lock = has_lock(s);
    test_kill(s->pids[CHILD]);
    assert_int_equal(what_comes_of_it(s, had_lock), 0);
    stage_close(s);
}

/* Who has not come to the lock yet is missed by nobody: one scene is enough. */
static bool is_idle(const struct scene *scene)
{
    return !scene->faced && !scene->wanted;
}

static void killed_anywhere(const struct scene *scene)
{
    static struct course course;
    unsigned counted = 0;
    int from;

    stepping_needed();
    alarm(4 * CENSUS_SECONDS);
    find_course(&course, scene);
    from = is_idle(scene) ? 0 : course_begin(&course);
    for (int n = from; n <= course.path.n; n += path_stride(&course.path))
        kill_after(&course, scene, n, &counted);
    print_message("%s: %d instructions%s, counted after %u\n", name_of(scene),
                  course.path.n, course.last == ASLEEP ? ", asleep" : "",
                  counted);
    assert_true(course.path.n > 20);
    assert_int_equal(counted > 0, course.locked >= 0);
}

/* At both ends, and where it can be with one who wants the lock and without. */
static void at_both_ends(struct scene scene, uint32_t before_put,
                         uint32_t before_get)
{
    scene.maxsize = 4;
    for (int i = 0; i < 4; i++) {
        scene.end = i & 1 ? RING_GET : RING_PUT;
        scene.before = i & 1 ? before_get : before_put;
        scene.wanted = i & 2;
        if (scene.wanted ? scene.wait == RING_SPIN : scene.held)
            continue; /* who spins does not sleep for it */
        killed_anywhere(&scene);
    }
}

static void killed_anywhere_while_the_other_end_is_idle(void **state)
{
    (void)state;
    at_both_ends((struct scene){.wait = RING_BLOCK}, 2, 2);
    at_both_ends((struct scene){.wait = RING_SPIN}, 2, 2);
    at_both_ends((struct scene){.claimed = true}, 2, 2);
}

static void killed_anywhere_while_the_other_end_sleeps(void **state)
{
    (void)state;
    at_both_ends((struct scene){.faced = true}, 0, 4);
}

static void killed_anywhere_on_the_way_to_sleep(void **state)
{
    (void)state;
    at_both_ends((struct scene){.wait = RING_BLOCK}, 4, 0);
}

static void killed_anywhere_after_it_was_woken(void **state)
{
    (void)state;
    at_both_ends((struct scene){.woken = true}, 4, 0);
}

static void killed_anywhere_asleep_for_the_lock(void **state)
{
    (void)state;
    at_both_ends((struct scene){.held = true}, 2, 2);
    at_both_ends((struct scene){.held = true, .woken = true}, 2, 2);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(killed_anywhere_while_the_other_end_is_idle),
        TEST(killed_anywhere_while_the_other_end_sleeps),
        TEST(killed_anywhere_on_the_way_to_sleep),
        TEST(killed_anywhere_after_it_was_woken),
        TEST(killed_anywhere_asleep_for_the_lock),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
