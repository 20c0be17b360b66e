/* SPDX-License-Identifier: MIT */
/*
 * test_killed.c - whoever is killed, with a claim, in the midst of a put or a
 * get, or while it waits, leaves it to the next, and is counted.
 */
#include "ring/test_users.h"

/* --- killed with it --- */

static int stays_with_a_claim(void *argument)
{
    struct scene *s = argument;

    if (ring_claim(&s->ring, s->end, 0) || use(s, 0))
        return test_line(__LINE__);
    s->ready = 1;
    pause();
    return test_line(__LINE__);
}

static pid_t start_with_a_claim(struct scene *s)
{
    pid_t pid;

    s->ready = 0;
    pid = test_fork(stays_with_a_claim, s);
    assert_true(test_becomes(&s->ready, 1));
    assert_int_equal(use(s, 0), -ETIMEDOUT);
    return pid;
}

static void who_is_killed_with_a_claim_leaves_it_to_the_next(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct scene *s = scene_open(state, each_end[i]);

        half_fill(s);
        test_kill(start_with_a_claim(s));
        assert_int_equal(ring_killed(&s->ring, s->end), 0); /* not yet found */
        assert_int_equal(use(s, 0), 0);
        assert_int_equal(ring_killed(&s->ring, s->end), 1);
        assert_int_equal(ring_release(&s->ring, s->end), -EPERM);
        assert_int_equal(use(s, 0), -ETIMEDOUT);
        scene_close(s, 1);

        s = scene_open(state, each_end[i]);
        half_fill(s);
        test_kill(start_with_a_claim(s));
        assert_int_equal(ring_claim(&s->ring, s->end, 0), 0);
        test_expect(test_fork(is_kept_out, s));
        assert_int_equal(ring_release(&s->ring, s->end), 0);
        scene_close(s, 1);
    }
}

static void who_sleeps_for_it_has_it_after_a_kill(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct scene *s = scene_open(state, each_end[i]);
        pid_t holder, next;

        half_fill(s);
        holder = start_with_a_claim(s);
        next = test_fork(uses_it, s);
        if (wait_in(state) != RING_SPIN)
            assert_true(test_sleeps(next, lock_word(&s->ring, s->end)));
        test_kill(holder);
        test_ends(next);
        scene_close(s, 1);
    }
}

/* It has nothing yet that could be missed. */
static void who_is_killed_asleep_for_a_claimed_end_is_not_counted(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct scene *s = scene_open(state, each_end[i]);
        pid_t pid;

        half_fill(s);
        assert_int_equal(ring_claim(&s->ring, s->end, 0), 0);
        pid = test_fork(uses_it, s);
        assert_true(test_sleeps(pid, lock_word(&s->ring, s->end)));
        test_kill(pid);
        assert_int_equal(ring_release(&s->ring, s->end), 0);
        assert_int_equal(use(s, 0), 0);
        scene_close(s, 0);
    }
}

/* Asleep, with the lock, until there is something, or room. */
static void who_is_killed_waiting_is_counted_and_the_next_waits(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct scene *s = scene_open(state, each_end[i]);
        pid_t first, next;

        half_fill(s);
        assert_int_equal(use(s, 0), 0);
        assert_int_equal(use(s, 0), 0);
        first = test_fork(uses_it, s);
        assert_true(test_waits(&s->ring, s->end, first));
        next = test_fork(uses_it, s);
        if (wait_in(state) != RING_SPIN)
            assert_true(test_sleeps(next, lock_word(&s->ring, s->end)));
        test_kill(first);
        assert_true(test_waits(&s->ring, s->end, next));
        assert_int_equal(ring_killed(&s->ring, s->end), 1);
        assert_int_equal(use_other_end(s), 0);
        test_ends(next);
        scene_close(s, 1);
    }
}

/* --- other ends --- */

static void *ends_with_a_claim(void *scene)
{
    struct scene *s = scene;

    return ring_claim(&s->ring, s->end, 0) ? scene : NULL;
}

static int closes_with_a_claim(void *argument)
{
    struct scene *s = argument;

    if (ring_claim(&s->ring, s->end, 0))
        return test_line(__LINE__);
    ring_close(&s->ring);
    raise(SIGKILL); /* the kernel finds nothing more to give back */
    return test_line(__LINE__);
}

static void a_thread_that_ends_or_closes_the_ring_leaves_its_claim(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct scene *s = scene_open(state, each_end[i]);
        struct ring kept = s->ring;
        pthread_t thread;
        void *wrong;

        half_fill(s);
        assert_int_equal(pthread_create(&thread, NULL, ends_with_a_claim, s),
                         0);
        pthread_join(thread, &wrong);
        assert_null(wrong);
        assert_int_equal(use(s, 0), 0);
        assert_int_equal(test_reap(test_fork(closes_with_a_claim, s)), SIGKILL);
        s->ring = kept; /* that is in memory which they share */
        assert_int_equal(use(s, 0), 0);
        scene_close(s, 2);
    }
}

/* --- halfway: the copy comes to a page that is not there --- */

/* Memory of which only the first page is there. */
static unsigned char *half_there(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char *item = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (item == MAP_FAILED || mprotect(item + page, page, PROT_NONE))
        _exit(test_line(__LINE__));
    return item;
}

static void is_hit(int number)
{
    (void)number;
    raise(SIGKILL);
}

/* Killed with a part of the item copied, and the lock in hand. */
static int copies_half(void *argument)
{
    struct scene *s = argument;
    size_t size = 2 * (size_t)sysconf(_SC_PAGESIZE);

    signal(SIGSEGV, is_hit);
    if (s->number)
        ring_claim(&s->ring, s->end, 0);
    if (s->end == RING_PUT)
        ring_put(&s->ring, half_there(), size, 0);
    else
        ring_get(&s->ring, half_there(), size, 0);
    return test_line(__LINE__);
}

/* The half is not there; what was half got is whole. */
static void an_item_is_there_as_a_whole_or_not_at_all(void **state)
{
    size_t size = 2 * (size_t)sysconf(_SC_PAGESIZE);

    for (int i = 0; i < 2; i++) {
        struct scene *s = scene_open(state, each_end[i]);

        for (uint64_t turn = 0; turn < 6; turn++) {
            s->number = turn % 2; /* with a claim, and without */
            assert_int_equal(put_item(&s->ring, turn, size, 0), 0);
            assert_int_equal(test_reap(test_fork(copies_half, s)), SIGKILL);
            assert_int_equal(ring_qsize(&s->ring), 1);
            assert_int_equal(put_item(&s->ring, 7, size, 0), 0);
            assert_int_equal(get_item(&s->ring, turn, size, 0), 0);
            assert_int_equal(get_item(&s->ring, 7, size, 0), 0);
            assert_int_equal(ring_killed(&s->ring, s->end), turn + 1);
        }
        scene_close(s, 6);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST_WAITS(who_is_killed_with_a_claim_leaves_it_to_the_next),
        TEST_WAITS(who_sleeps_for_it_has_it_after_a_kill),
        TEST_WAIT(who_is_killed_asleep_for_a_claimed_end_is_not_counted,
                  RING_BLOCK),
        TEST_WAITS(who_is_killed_waiting_is_counted_and_the_next_waits),
        TEST_WAITS(a_thread_that_ends_or_closes_the_ring_leaves_its_claim),
        TEST_WAITS(an_item_is_there_as_a_whole_or_not_at_all),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
