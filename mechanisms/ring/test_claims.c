/* SPDX-License-Identifier: MIT */
/* test_claims.c - who has claimed an end is alone there. */
#include "ring/test_users.h"

static void *thread_is_kept_out(void *scene)
{
    return (void *)(intptr_t)is_kept_out(scene);
}

static void who_has_claimed_an_end_is_alone_there(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct scene *s = scene_open(state, each_end[i]);
        pthread_t thread;
        void *line;

        half_fill(s);
        assert_int_equal(ring_claim(&s->ring, s->end, 0), 0);
        assert_int_equal(use(s, 0), 0);
        test_expect(test_fork(is_kept_out, s));
        assert_int_equal(pthread_create(&thread, NULL, thread_is_kept_out, s),
                         0);
        pthread_join(thread, &line);
        assert_null(line);
        assert_int_equal(use(s, 0), 0);
        assert_int_equal(use(s, 0), -ETIMEDOUT);
        assert_int_equal(use(s, SECOND / 1000), -ETIMEDOUT);
        assert_int_equal(ring_release(&s->ring, s->end), 0);
        scene_close(s, 0);
    }
}

/* Who has claimed one end is as others at the other. */
static void the_other_end_is_free(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct scene *s = scene_open(state, each_end[i]);

        half_fill(s);
        assert_int_equal(ring_claim(&s->ring, s->end, 0), 0);
        s->end = each_end[1 - i];
        test_expect(test_fork(uses_it, s));
        assert_int_equal(use(s, 0), 0);
        assert_int_equal(ring_release(&s->ring, s->end), -EPERM);
        assert_int_equal(ring_claim(&s->ring, s->end, 0), 0);
        assert_int_equal(ring_release(&s->ring, s->end), 0);
        assert_int_equal(ring_release(&s->ring, each_end[i]), 0);
        scene_close(s, 0);
    }
}

static void a_claim_is_given_back_once(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct scene *s = scene_open(state, each_end[i]);

        half_fill(s);
        assert_int_equal(ring_release(&s->ring, s->end), -EPERM);
        assert_int_equal(use(s, 0), 0);
        assert_int_equal(ring_release(&s->ring, s->end), -EPERM);
        for (int turn = 0; turn < 3; turn++) {
            assert_int_equal(ring_claim(&s->ring, s->end, NO_TIMEOUT), 0);
            assert_int_equal(ring_claim(&s->ring, s->end, 0), -ETIMEDOUT);
            assert_int_equal(ring_claim(&s->ring, s->end, 1000), -ETIMEDOUT);
            assert_int_equal(ring_release(&s->ring, s->end), 0);
            assert_int_equal(ring_release(&s->ring, s->end), -EPERM);
        }
        test_expect(test_fork(uses_it, s));
        scene_close(s, 0);
    }
}

static int claims_it(void *argument)
{
    struct scene *s = argument;

    if (ring_claim(&s->ring, s->end, NO_TIMEOUT) || use(s, 0))
        return test_line(__LINE__);
    return ring_release(&s->ring, s->end) ? test_line(__LINE__) : 0;
}

/* One that claims and one that does not: both wait, and both have it then. */
static void others_wait_until_it_is_released(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct scene *s = scene_open(state, each_end[i]);
        pid_t pids[2];

        half_fill(s);
        assert_int_equal(ring_claim(&s->ring, s->end, 0), 0);
        pids[0] = test_fork(uses_it, s);
        pids[1] = test_fork(claims_it, s);
        for (int p = 0; p < 2 && wait_in(state) != RING_SPIN; p++)
            assert_true(test_sleeps(pids[p], lock_word(&s->ring, s->end)));
        assert_int_equal(ring_release(&s->ring, s->end), 0);
        test_ends(pids[0]);
        test_ends(pids[1]);
        assert_int_equal(ring_qsize(&s->ring), s->end == RING_PUT ? 4 : 0);
        scene_close(s, 0);
    }
}

/* Nor does the end of a child take from its parent what that has claimed. */
static void a_claim_is_not_inherited(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct scene *s = scene_open(state, each_end[i]);

        half_fill(s);
        assert_int_equal(ring_claim(&s->ring, s->end, 0), 0);
        test_expect(test_fork(is_kept_out, s));
        assert_int_equal(lock_owner(&s->ring.locks[s->end]), getpid());
        assert_int_equal(use(s, 0), 0);
        assert_int_equal(ring_release(&s->ring, s->end), 0);
        scene_close(s, 0);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST_WAITS(who_has_claimed_an_end_is_alone_there),
        TEST_WAITS(the_other_end_is_free),
        TEST_WAITS(a_claim_is_given_back_once),
        TEST_WAITS(others_wait_until_it_is_released),
        TEST_WAITS(a_claim_is_not_inherited),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
