/* SPDX-License-Identifier: MIT */
/* test_waits.c - who must wait does, for no longer than it said, and ends when
 * there is something, or room. */
#include "ring/test_rings.h"

/* What a child of a test does, and with what. */
struct scene {
    struct ring ring;
    uint64_t number;
    size_t size;
    int64_t timeout;
    _Atomic uint32_t signals;
};

static struct scene *scene_open(void **state, size_t maxsize, size_t bytes)
{
    struct scene *s = test_memory(sizeof *s);

    test_open_ring(&s->ring, maxsize, bytes, wait_in(state));
    s->size = sizeof s->number;
    s->timeout = NO_TIMEOUT;
    return s;
}

static void scene_close(struct scene *s)
{
    expect_good(&s->ring);
    for (int end = 0; end < 2; end++)
        assert_int_equal(ring_killed(&s->ring, (enum ring_end)end), 0);
    ring_close(&s->ring);
    munmap(s, sizeof *s);
}

static int gets_it(void *argument)
{
    struct scene *s = argument;

    return get_item(&s->ring, s->number, s->size, s->timeout);
}

static int puts_it(void *argument)
{
    struct scene *s = argument;

    return put_item(&s->ring, s->number, s->size, s->timeout)
               ? test_line(__LINE__)
               : 0;
}

static int put_one(struct scene *s, uint64_t number)
{
    return put_item(&s->ring, number, sizeof number, 0);
}

static int get_one(struct scene *s, uint64_t number)
{
    return get_item(&s->ring, number, sizeof number, 0);
}

/* --- how long --- */

static const int64_t timeouts[] = {0, -1, INT64_MIN, 1, 3000, SECOND / 200};
enum { TIMEOUTS = sizeof timeouts / sizeof *timeouts };

static void a_get_ends_when_its_time_is_over(void **state)
{
    struct scene *s = scene_open(state, 0, 0);
    char room[8] = "x";
    void *new;

    for (size_t i = 0; i < TIMEOUTS; i++) {
        int64_t began = clock_now();

        assert_int_equal(ring_get(&s->ring, room, 8, timeouts[i]), -ETIMEDOUT);
        assert_true(clock_now() - began >= timeouts[i]);
        assert_int_equal(ring_get_new(&s->ring, &new, timeouts[i]), -ETIMEDOUT);
        assert_null(new);
        assert_int_equal(room[0], 'x');
        assert_true(ring_empty(&s->ring));
        assert_int_equal(lock_owner(&s->ring.locks[RING_GET]), 0);
    }
    scene_close(s);
}

/* Full of items, or of bytes. */
static void a_put_ends_when_its_time_is_over(void **state)
{
    const size_t maxsizes[] = {2, 0};

    for (int full = 0; full < 2; full++) {
        struct scene *s = scene_open(state, maxsizes[full], full ? 32 : 0);

        assert_int_equal(put_one(s, 1), 0);
        assert_int_equal(put_one(s, 2), 0);
        for (size_t i = 0; i < TIMEOUTS; i++) {
            int64_t began = clock_now();

            assert_int_equal(put_number(&s->ring, 3, timeouts[i]), -ETIMEDOUT);
            assert_true(clock_now() - began >= timeouts[i]);
            assert_int_equal(ring_qsize(&s->ring), 2);
            assert_int_equal(lock_owner(&s->ring.locks[RING_PUT]), 0);
        }
        assert_int_equal(get_one(s, 1), 0);
        assert_int_equal(get_one(s, 2), 0);
        scene_close(s);
    }
}

/* With one that waits for ever before it. */
static void who_waits_behind_another_ends_when_its_time_is_over(void **state)
{
    struct scene *s = scene_open(state, 1, 0);
    uint64_t number;
    pid_t pid;

    s->number = 1;
    pid = test_fork(gets_it, s);
    assert_true(test_waits(&s->ring, RING_GET, pid));
    for (size_t i = 0; i < TIMEOUTS; i++) {
        int64_t began = clock_now();

        assert_int_equal(ring_get(&s->ring, &number, 8, timeouts[i]),
                         -ETIMEDOUT);
        assert_true(clock_now() - began >= timeouts[i]);
    }
    assert_int_equal(put_one(s, 1), 0);
    test_ends(pid);
    assert_int_equal(put_one(s, 2), 0);
    s->number = 3;
    pid = test_fork(puts_it, s);
    assert_true(test_waits(&s->ring, RING_PUT, pid));
    for (size_t i = 0; i < TIMEOUTS; i++)
        assert_int_equal(put_number(&s->ring, 4, timeouts[i]), -ETIMEDOUT);
    assert_int_equal(get_one(s, 2), 0);
    test_ends(pid);
    assert_int_equal(get_one(s, 3), 0);
    scene_close(s);
}

/* --- until when --- */

static void a_get_ends_when_an_item_comes(void **state)
{
    const int64_t bounds[] = {NO_TIMEOUT, NO_TIMEOUT - 1, TEST_BOUND};
    struct scene *s = scene_open(state, 0, 0);

    for (uint64_t i = 0; i < 30; i++) {
        pid_t pid;

        s->number = i;
        s->size = (size_t)i * 50;
        s->timeout = bounds[i % 3];
        pid = test_fork(gets_it, s);
        assert_true(test_waits(&s->ring, RING_GET, pid));
        assert_int_equal(put_item(&s->ring, i, s->size, 0), 0);
        test_ends(pid);
    }
    scene_close(s);
}

static void a_put_ends_when_there_is_room(void **state)
{
    const int64_t bounds[] = {NO_TIMEOUT, NO_TIMEOUT - 1, TEST_BOUND};
    struct scene *s = scene_open(state, 1, 0);

    assert_int_equal(put_one(s, 0), 0);
    for (uint64_t i = 1; i < 30; i++) {
        pid_t pid;

        s->number = i;
        s->timeout = bounds[i % 3];
        pid = test_fork(puts_it, s);
        assert_true(test_waits(&s->ring, RING_PUT, pid));
        assert_int_equal(get_one(s, i - 1), 0);
        test_ends(pid);
        assert_true(ring_full(&s->ring));
    }
    assert_int_equal(get_one(s, 29), 0);
    scene_close(s);
}

/* Each get makes some, and only the last of them enough. */
static void a_long_item_waits_for_all_the_room_it_needs(void **state)
{
    enum { SHORT = 30 };
    struct scene *s = scene_open(state, 0, SHORT * 2 * UNIT);
    pid_t pid;

    for (uint64_t i = 0; i < SHORT; i++)
        assert_int_equal(put_one(s, i), 0);
    s->number = SHORT;
    s->size = (SHORT * 2 - 1) * UNIT;
    pid = test_fork(puts_it, s);
    for (uint64_t i = 0; i < SHORT; i++) {
        assert_true(test_waits(&s->ring, RING_PUT, pid));
        assert_int_equal(get_one(s, i), 0);
        assert_true(i == SHORT - 1 || ring_qsize(&s->ring) == SHORT - 1 - i);
    }
    test_ends(pid);
    assert_int_equal(get_item(&s->ring, SHORT, s->size, 0), 0);
    scene_close(s);
}

/* --- signals --- */

static struct scene *interrupted;

static void count(int number)
{
    (void)number;
    interrupted->signals++;
}

static int gets_it_whatever_comes(void *argument)
{
    struct sigaction act = {.sa_handler = count}; /* without SA_RESTART */

    interrupted = argument;
    sigaction(SIGUSR1, &act, NULL);
    return gets_it(argument);
}

static int times_out_whatever_comes(void *argument)
{
    struct scene *s = argument;
    struct sigaction act = {.sa_handler = count};
    int64_t began = clock_now(), timeout = SECOND / 20;
    char room[8];

    interrupted = s;
    sigaction(SIGUSR1, &act, NULL);
    if (ring_get(&s->ring, room, sizeof room, timeout) != -ETIMEDOUT)
        return test_line(__LINE__);
    return clock_now() - began >= timeout ? 0 : test_line(__LINE__);
}

/* It has it, is interrupted, and waits again. */
static void a_wait_that_is_interrupted_goes_on(void **state)
{
    struct scene *s = scene_open(state, 0, 0);
    pid_t pid;

    s->number = 4711;
    pid = test_fork(gets_it_whatever_comes, s);
    for (uint32_t i = 0; i < 50; i++) {
        assert_true(test_waits(&s->ring, RING_GET, pid));
        kill(pid, SIGUSR1);
        assert_true(test_becomes(&s->signals, i + 1));
    }
    assert_int_equal(put_one(s, 4711), 0);
    test_ends(pid);
    scene_close(s);
}

static void no_signal_makes_a_timeout_shorter(void **state)
{
    struct scene *s = scene_open(state, 0, 0);
    pid_t pid = test_fork(times_out_whatever_comes, s);
    siginfo_t ended = {.si_pid = 0};

    while (waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOWAIT | WNOHANG) == 0 &&
           ended.si_pid == 0) {
        if (lock_owner(&s->ring.locks[RING_GET]) == pid)
            kill(pid, SIGUSR1);
        sched_yield();
    }
    test_expect(pid);
    assert_true(s->signals > 0);
    scene_close(s);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST_WAITS(a_get_ends_when_its_time_is_over),
        TEST_WAITS(a_put_ends_when_its_time_is_over),
        TEST_WAITS(who_waits_behind_another_ends_when_its_time_is_over),
        TEST_WAITS(a_get_ends_when_an_item_comes),
        TEST_WAITS(a_put_ends_when_there_is_room),
        TEST_WAITS(a_long_item_waits_for_all_the_room_it_needs),
        TEST_WAITS(a_wait_that_is_interrupted_goes_on),
        TEST_WAITS(no_signal_makes_a_timeout_shorter),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
