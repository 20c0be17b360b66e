/* SPDX-License-Identifier: MIT */
/*
 * test_pairs.c - one is killed about where it publishes, while another is just
 * about to sleep for that: every instruction of the one with every one of the
 * other, in one of three orders.
 *
 *     first the other comes to its instruction, then the one is killed;
 *     or it is the other that comes later, and then the one is killed;
 *     or the other goes on to sleep, and only then the one is killed.
 *
 * Which order a pair has is drawn: another seed, and it is another.
 */
#include "ring/test_stage.h"

enum { BEFORE_SLEEP = 32, BEFORE_ACT = 16, BEHIND_ACT = 24 }; /* instructions */

enum order { KILLED_THEN, COMES_LATER, SLEEPS_FIRST, ORDERS };

/* Both are stepped: the one who is killed, and the one who faces it. */
struct pair {
    struct course killed, facing;
    int acts; /* steps until the one has published */
};

static int faces_it(void *stage)
{
    struct stage *s = stage;

    if (!gets_ready(s) || !stepping_begins())
        return test_line(__LINE__);
    return acts_once(s, FACING);
}

static struct stage *begin(const struct scene *scene)
{
    struct stage *s = stage_open(scene);

    s->pids[FACING] = stepping_fork(faces_it, s);
    return s;
}

static const volatile void *bed_of_facing(struct stage *s)
{
    return gate_word(&s->ring, other(s->scene.end));
}

/* Both courses, of each with nobody else about. */
static void find_pair(struct pair *p, const struct scene *scene)
{
    struct stage *s = begin(scene);
    struct path *path = &p->facing.path;

    path->n = 0;
    do
        path_add(path, s->pids[FACING]);
    while (stepping_step(s->pids[FACING], bed_of_facing(s)) == STEPPED);
    test_kill(s->pids[FACING]);
    stage_close(s);

    s = stage_open(scene);
    start_child(s);
    follow(s, &p->killed);
    for (p->acts = 0; !p->killed.acted[p->acts]; p->acts++)
        ;
    test_kill(s->pids[CHILD]);
    stage_close(s);
}

/* Both run to where they have not yet to do with each other, and are stepped
 * from there: the one's course is then the other's doing as well. */
static void come_near(struct stage *s, const struct pair *p, int n)
{
    const struct end *e = &s->ring.state->ends[s->scene.end];
    int near = p->acts - BEFORE_ACT;

    for (go(s, &p->killed, near); near < n && step(s) == STEPPED; near++)
        ;
    s->acted = place_items(e->place) != s->begun; /* by nobody else */
}

/* The other comes to its m-th; false: it sleeps already, as it may. */
static bool come(struct stage *s, const struct pair *p, int m)
{
    const struct path *path = &p->facing.path;
    pid_t pid = s->pids[FACING];
    int i = path_follow(path, pid, 0, path->n - BEFORE_SLEEP);

    for (; i < m; i++)
        if (stepping_step(pid, bed_of_facing(s)) != STEPPED)
            return false;
    return true;
}

/* It goes on by itself; until it sleeps, or has ended. */
static void let_it_sleep(struct stage *s)
{
    int64_t deadline = clock_deadline(TEST_BOUND);
    siginfo_t info = {.si_pid = 0};
    id_t pid = (id_t)s->pids[FACING];

    stepping_detach(s->pids[FACING]);
    while (waitid(P_PID, pid, &info, WEXITED | WNOWAIT | WNOHANG) == 0 &&
           info.si_pid == 0 &&
           !test_is_asleep(s->pids[FACING], bed_of_facing(s))) {
        assert_true(clock_now() < deadline);
        sched_yield();
    }
}

/* The other has what it waits for, or does when somebody acts for the dead:
 * 0 or a line. */
static int what_comes_of_it(struct stage *s, bool had_lock)
{
    enum ring_end end = s->scene.end;

    if (!s->acted && act(s, end, PARENT))
        return test_line(__LINE__);
    if (!test_has_ended(s->pids[FACING]) || test_reap(s->pids[FACING]))
        return test_line(__LINE__);
    while (!ring_empty(&s->ring))
        if (act(s, RING_GET, PARENT))
            return test_line(__LINE__);
    expect_good(&s->ring);
    return ring_killed(&s->ring, end) == had_lock &&
                   ring_killed(&s->ring, other(end)) == 0
               ? 0
               : test_line(__LINE__);
}

/* False: the other was asleep before it came to its m-th. */
static bool kill_one(const struct pair *p, const struct scene *scene, int n,
                     int m, enum order order)
{
    struct stage *s = begin(scene);
    bool had_lock, came;
    int line;

    start_child(s);
    came = order == COMES_LATER || come(s, p, m);
    come_near(s, p, n);
    if (order == COMES_LATER)
        came = come(s, p, m);
    if (came && order == SLEEPS_FIRST)
        let_it_sleep(s);
    had_lock = has_lock(s);
    test_kill(s->pids[CHILD]);
    if (came && order != SLEEPS_FIRST)
        stepping_detach(s->pids[FACING]);
    if (!came)
        test_kill(s->pids[FACING]);
    line = came ? what_comes_of_it(s, had_lock) : 0;
    if (line)
        fail_msg("%s: killed after %d instructions, the other after %d of %d, "
                 "order %d: line %d (modulo 256)",
                 scene->end == RING_PUT ? "put" : "get", n, m, p->facing.path.n,
                 (int)order, line);
    stage_close(s);
    return came;
}

static void kill_each(const struct scene *scene)
{
    static struct pair pair;
    int pairs = 0, came = 0;
    int stride;

    stepping_needed();
    alarm(4 * CENSUS_SECONDS);
    find_pair(&pair, scene);
    stride = path_stride(&pair.facing.path);
    for (int m = pair.facing.path.n - BEFORE_SLEEP; m < pair.facing.path.n; m++)
        for (int n = pair.acts - BEFORE_ACT; n < pair.acts + BEHIND_ACT;
             n += stride) {
            enum order order = (enum order)(test_mix(&test_seed) % ORDERS);

            if (order == COMES_LATER && n >= pair.acts)
                order = KILLED_THEN; /* it would have seen it, and not slept */
            came += kill_one(&pair, scene, n, m, order);
            pairs++;
        }
    print_message("%s: %d of %d pairs\n",
                  scene->end == RING_PUT ? "put" : "get", came, pairs);
    assert_true(came > pairs / 2);
}

static void killed_while_another_is_about_to_sleep(void **state)
{
    const struct scene scenes[] = {
        {.end = RING_PUT, .maxsize = 1},
        {.end = RING_GET, .maxsize = 1, .before = 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++)
        kill_each(&scenes[i]);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(killed_while_another_is_about_to_sleep),
    };

    mechanisms_init(argc, argv);
    test_take_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
