/* SPDX-License-Identifier: MIT */
// wrap: clock_gettime syscall
/*
 * test_deadlines.c - no wait is longer than it was said, to the nanosecond.
 *
 * The clock is ours, and goes on only when it is asked, or when somebody would
 * sleep: nobody does.  So nothing here takes time, and nothing depends on it.
 */
#include "ring/test_rings.h"

#include <linux/futex.h>

enum { WAITS_MOST = 8 };

static int64_t the_time = 1000 * SECOND;
static int64_t tick;              /* it goes on by this when it is asked */
static int64_t waits[WAITS_MOST]; /* until when somebody would sleep */
static unsigned sleeps;           /* of these */
static void (*happens)(void);     /* in the first of them, or NULL */

int __wrap_clock_gettime(clockid_t id, struct timespec *t);
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

int __wrap_clock_gettime(clockid_t id, struct timespec *t)
{
    (void)id;
    the_time += tick;
    *t = (struct timespec){(time_t)(the_time / SECOND),
                           (long)(the_time % SECOND)};
    return 0;
}

/* It is woken by what happens, or when its time is over. */
static long sleep_until(const struct timespec *t)
{
    int64_t deadline =
        t ? (int64_t)t->tv_sec * SECOND + t->tv_nsec : NO_TIMEOUT;
    void (*what)(void) = happens;

    assert_true(sleeps < WAITS_MOST);
    waits[sleeps++] = deadline;
    happens = NULL;
    if (what) {
        what();
        return 0;
    }
    assert_true(deadline != NO_TIMEOUT);
    the_time = deadline;
    errno = ETIMEDOUT;
    return -1;
}

long __wrap_syscall(long number, ...)
{
    long a[6];
    va_list list;

    va_start(list, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    if (number == SYS_futex && a[1] == FUTEX_WAIT_BITSET)
        return sleep_until((const struct timespec *)a[3]);
    return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* --- what would be slept -------------------------------------------------- */

static const int64_t timeouts[] = {1, 999, SECOND / 1000, SECOND,
                                   3600 * SECOND};
enum { TIMEOUTS = sizeof timeouts / sizeof *timeouts };

static struct ring ring;

/* A ring that is full, of one item. */
static void begin(enum ring_wait wait)
{
    test_open_ring(&ring, 1, 0, wait);
    assert_int_equal(put_number(&ring, 1, 0), 0);
    sleeps = 0;
    tick = 0;
}

static int64_t wait_for_room(int64_t timeout)
{
    int64_t began = the_time;

    sleeps = 0;
    assert_int_equal(put_number(&ring, 2, timeout), -ETIMEDOUT);
    return the_time - began;
}

static int64_t wait_for_an_item(int64_t timeout)
{
    int64_t began = the_time;
    uint64_t item;

    sleeps = 0;
    assert_int_equal(ring_get(&ring, &item, sizeof item, timeout), -ETIMEDOUT);
    return the_time - began;
}

static void who_blocks_does_until_its_time_is_over(void **state)
{
    (void)state;
    begin(RING_BLOCK);
    for (size_t i = 0; i < TIMEOUTS; i++) {
        assert_int_equal(wait_for_room(timeouts[i]), timeouts[i]);
        assert_int_equal(sleeps, 1);
    }
    assert_int_equal(get_number(&ring, 1, 0), 0);
    for (size_t i = 0; i < TIMEOUTS; i++) {
        assert_int_equal(wait_for_an_item(timeouts[i]), timeouts[i]);
        assert_int_equal(sleeps, 1);
    }
    ring_close(&ring);
}

static void who_does_not_wait_does_not_sleep(void **state)
{
    const int64_t none[] = {0, -1, INT64_MIN};

    for (size_t i = 0; i < 3; i++) {
        begin(wait_in(state));
        assert_int_equal(wait_for_room(none[i]), 0);
        assert_int_equal(sleeps, 0);
        assert_int_equal(get_number(&ring, 1, none[i]), 0);
        assert_int_equal(wait_for_an_item(none[i]), 0);
        assert_int_equal(sleeps, 0);
        ring_close(&ring);
    }
}

/* It looks at the clock again and again, and never sleeps. */
static void who_spins_does_until_its_time_is_over(void **state)
{
    (void)state;
    begin(RING_SPIN);
    tick = 100;
    for (size_t i = 0; timeouts[i] < SECOND; i++) {
        assert_in_range(wait_for_room(timeouts[i]), timeouts[i],
                        timeouts[i] + 3 * tick);
        assert_int_equal(sleeps, 0);
    }
    assert_int_equal(get_number(&ring, 1, 0), 0);
    for (size_t i = 0; timeouts[i] < SECOND; i++) {
        assert_in_range(wait_for_an_item(timeouts[i]), timeouts[i],
                        timeouts[i] + 3 * tick);
        assert_int_equal(sleeps, 0);
    }
    ring_close(&ring);
}

/* 20 us of it are spun, where another processor may see to it. */
static void who_spins_and_then_blocks_ends_as_soon(void **state)
{
    (void)state;
    begin(RING_SPIN_THEN_BLOCK);
    tick = 100;
    for (size_t i = 0; i < TIMEOUTS; i++) {
        assert_in_range(wait_for_room(timeouts[i]), timeouts[i],
                        timeouts[i] + 3 * tick);
        assert_in_range(sleeps, timeouts[i] > 20000, 1);
    }
    ring_close(&ring);
}

/* --- until something happens ---------------------------------------------- */

static void an_item_comes(void)
{
    assert_int_equal(put_number(&ring, 4711, 0), 0);
}

static void who_waits_without_an_end_has_none(void **state)
{
    (void)state;
    begin(RING_BLOCK);
    assert_int_equal(get_number(&ring, 1, 0), 0);
    happens = an_item_comes;
    assert_int_equal(get_number(&ring, 4711, NO_TIMEOUT), 0);
    assert_int_equal(sleeps, 1);
    assert_true(waits[0] == NO_TIMEOUT);
    ring_close(&ring);
}

/* --- first for the lock, and then for room -------------------------------- */

static int told[2], released[2];

static int claims_for_a_while(void *unused)
{
    char byte = 0;

    (void)unused;
    if (ring_claim(&ring, RING_PUT, 0) || write_full(released[1], &byte, 1) ||
        read_full(told[0], &byte, 1) != 1 || ring_release(&ring, RING_PUT))
        return test_line(__LINE__);
    return write_full(released[1], &byte, 1) ? test_line(__LINE__) : 0;
}

/* When some of the time is over. */
static void it_is_released(void)
{
    char byte = 0;

    the_time += SECOND / 4;
    assert_int_equal(write_full(told[1], &byte, 1), 0);
    assert_int_equal(read_full(released[0], &byte, 1), 1);
}

/* The time is that of both. */
static void a_timeout_is_that_of_all_waits_together(void **state)
{
    char byte;
    pid_t pid;

    (void)state;
    assert_int_equal(fd_pipe(told), 0);
    assert_int_equal(fd_pipe(released), 0);
    begin(RING_BLOCK);
    pid = test_fork(claims_for_a_while, NULL);
    assert_int_equal(read_full(released[0], &byte, 1), 1);
    happens = it_is_released;
    assert_int_equal(wait_for_room(SECOND), SECOND);
    assert_int_equal(sleeps, 2);
    assert_true(waits[0] == waits[1]);
    test_expect(pid);
    ring_close(&ring);
    for (int i = 0; i < 2; i++) {
        close(told[i]);
        close(released[i]);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(who_blocks_does_until_its_time_is_over),
        TEST_WAITS(who_does_not_wait_does_not_sleep),
        TEST(who_spins_does_until_its_time_is_over),
        TEST(who_spins_and_then_blocks_ends_as_soon),
        TEST(who_waits_without_an_end_has_none),
        TEST(a_timeout_is_that_of_all_waits_together),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
