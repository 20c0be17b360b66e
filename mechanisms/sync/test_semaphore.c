/* SPDX-License-Identifier: MIT */
// wrap: syscall
/* test_semaphore.c - Semaphore and BoundedSemaphore: never more than there are,
 * and nobody is left asleep. */
#include "start/test_children.h"
#include "sync/test_sharing.h"

#include <pthread.h>

enum { CHILDREN = 4, TURNS = 1500 };

static void a_semaphore_counts_down_and_up(void **state)
{
    struct semaphore s;

    (void)state;
    assert_int_equal(semaphore_open(&s, 2, false), 0);
    assert_int_equal(semaphore_value(&s), 2);
    assert_int_equal(semaphore_acquire(&s, NO_TIMEOUT), 0);
    assert_int_equal(semaphore_value(&s), 1);
    assert_int_equal(semaphore_acquire(&s, 0), 0);
    assert_int_equal(semaphore_value(&s), 0);
    assert_int_equal(semaphore_acquire(&s, 0), -ETIMEDOUT);
    assert_int_equal(semaphore_acquire(&s, -SECOND), -ETIMEDOUT);
    for (uint32_t value = 1; value <= 4; value++) {
        assert_int_equal(semaphore_release(&s), 0);
        assert_int_equal(semaphore_value(&s), value);
    }
    semaphore_close(&s);
    semaphore_close(&s);
}

static void a_bounded_one_is_not_released_beyond_its_beginning(void **state)
{
    struct semaphore s;

    (void)state;
    for (int64_t value = 0; value < 3; value++) {
        assert_int_equal(semaphore_open(&s, value, true), 0);
        assert_int_equal(semaphore_release(&s), -EOVERFLOW);
        assert_int_equal(semaphore_value(&s), value);
        if (value) {
            assert_int_equal(semaphore_acquire(&s, 0), 0);
            assert_int_equal(semaphore_release(&s), 0);
            assert_int_equal(semaphore_release(&s), -EOVERFLOW);
        }
        semaphore_close(&s);
    }
}

static void a_value_that_cannot_be_is_refused(void **state)
{
    struct semaphore s;

    (void)state;
    assert_int_equal(semaphore_open(&s, -1, false), -EINVAL);
    semaphore_close(&s);
    assert_int_equal(semaphore_open(&s, INT64_C(1) + SEMAPHORE_MOST, true),
                     -EINVAL);
    semaphore_close(&s);
    assert_int_equal(semaphore_open(&s, SEMAPHORE_MOST, false), 0);
    assert_int_equal(semaphore_release(&s), -EOVERFLOW);
    assert_int_equal(semaphore_acquire(&s, 0), 0);
    assert_int_equal(semaphore_release(&s), 0);
    semaphore_close(&s);
}

static void a_timeout_is_waited_for_and_takes_nothing(void **state)
{
    int64_t began = clock_now();
    struct semaphore s;

    (void)state;
    assert_int_equal(semaphore_open(&s, 0, false), 0);
    assert_int_equal(semaphore_acquire(&s, SECOND / 10), -ETIMEDOUT);
    assert_true(clock_now() - began >= SECOND / 10);
    assert_int_equal(s.state->waiters, 0);
    assert_int_equal(semaphore_release(&s), 0);
    assert_int_equal(semaphore_value(&s), 1);
    semaphore_close(&s);
}

/* --- a release at the very end of a timeout --- */

static struct semaphore *late; /* released when the next sleep ends */

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

long __wrap_syscall(long number, ...)
{
    struct semaphore *s = late;
    long a[6];
    va_list list;

    va_start(list, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    late = NULL;
    if (number == SYS_futex && s) {
        semaphore_release(s);
        errno = ETIMEDOUT;
        return -1;
    }
    return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* Who takes it then has it, and does not say that it has not. */
static void a_release_at_the_end_of_a_timeout_is_not_lost(void **state)
{
    struct semaphore s;

    (void)state;
    assert_int_equal(semaphore_open(&s, 0, false), 0);
    late = &s;
    if (semaphore_acquire(&s, SECOND) == 0)
        assert_int_equal(semaphore_value(&s), 0);
    else
        assert_int_equal(semaphore_value(&s), 1);
    assert_null(late);
    semaphore_close(&s);
}

/* --- those who sleep --- */

static int takes_one(void *semaphore)
{
    return semaphore_acquire(semaphore, TEST_BOUND) ? test_line(__LINE__) : 0;
}

static void each_release_lets_one_of_those_who_wait_go(void **state)
{
    pid_t children[CHILDREN];
    struct semaphore s;
    int done = 0;

    (void)state;
    assert_int_equal(semaphore_open(&s, 0, false), 0);
    for (int i = 0; i < CHILDREN; i++) {
        children[i] = test_fork(takes_one, &s);
        assert_true(test_sleeps(children[i], &s.state->value));
    }
    for (int i = 0; i < CHILDREN; i++) {
        int status = -1;

        assert_int_equal(semaphore_release(&s), 0);
        assert_true(waitpid(-1, &status, 0) > 0);
        assert_int_equal(status, 0);
        assert_true(test_becomes(&s.state->value, 0));
        done++;
        assert_int_equal(s.state->waiters, CHILDREN - done);
    }
    semaphore_close(&s);
}

/* More than one at once, while they fall asleep and wake. */
static void as_many_as_were_released_go(void **state)
{
    struct semaphore s;

    (void)state;
    assert_int_equal(semaphore_open(&s, 0, false), 0);
    for (int round = 0; round < 50; round++) {
        pid_t children[CHILDREN];

        for (int i = 0; i < CHILDREN; i++)
            children[i] = test_fork(takes_one, &s);
        for (int i = 0; i < CHILDREN; i++)
            assert_int_equal(semaphore_release(&s), 0);
        for (int i = 0; i < CHILDREN; i++)
            test_expect(children[i]);
        assert_int_equal(semaphore_value(&s), 0);
    }
    semaphore_close(&s);
}

/* Its count stays, and costs a system call; nobody is left asleep for it. */
static void a_killed_waiter_keeps_nobody_asleep(void **state)
{
    struct semaphore s;
    pid_t killed, living;

    (void)state;
    assert_int_equal(semaphore_open(&s, 0, false), 0);
    killed = test_fork(takes_one, &s);
    assert_true(test_sleeps(killed, &s.state->value));
    living = test_fork(takes_one, &s);
    assert_true(test_sleeps(living, &s.state->value));
    test_kill(killed);
    assert_int_equal(semaphore_release(&s), 0);
    test_expect(living);
    semaphore_close(&s);
}

static void nothing(int number)
{
    (void)number;
}

static void an_interrupted_wait_goes_on(void **state)
{
    struct sigaction act = {.sa_handler = nothing}, before;
    struct semaphore s;
    pid_t pid;

    (void)state;
    sigaction(SIGUSR1, &act, &before); /* without SA_RESTART */
    assert_int_equal(semaphore_open(&s, 0, false), 0);
    pid = test_fork(takes_one, &s);
    for (int i = 0; i < 100; i++) {
        assert_true(test_sleeps(pid, &s.state->value));
        kill(pid, SIGUSR1);
    }
    assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
    assert_int_equal(semaphore_release(&s), 0);
    test_expect(pid);
    sigaction(SIGUSR1, &before, NULL);
    semaphore_close(&s);
}

/* --- never more within than there are places --- */

struct within {
    _Atomic uint32_t now, most;
};

static int comes_and_goes(struct semaphore *s, struct within *w)
{
    for (int i = 0; i < TURNS; i++) {
        uint32_t now, most;

        if (semaphore_acquire(s, TEST_BOUND))
            return test_line(__LINE__);
        now = atomic_fetch_add(&w->now, 1) + 1;
        most = w->most;
        while (now > most &&
               !atomic_compare_exchange_weak(&w->most, &most, now))
            ;
        if (i % 8 == 0)
            sched_yield();
        atomic_fetch_sub(&w->now, 1);
        if (semaphore_release(s))
            return test_line(__LINE__);
    }
    return 0;
}

static int come_and_go(struct parcel *arguments)
{
    struct region within;
    struct semaphore s;
    int line;

    if (semaphore_unpack(&s, arguments) || region_unpack(&within, arguments))
        return test_line(__LINE__);
    line = comes_and_goes(&s, within.base);
    semaphore_close(&s);
    region_close(&within);
    return line;
}
TARGET(come_and_go)

static void start_one(struct process *p, enum start_method method,
                      const struct semaphore *s, const struct region *within)
{
    struct parcel parcel;

    parcel_init(&parcel);
    assert_int_equal(semaphore_pack(s, &parcel), 0);
    assert_int_equal(region_pack(within, &parcel), 0);
    test_start(p, method, "come_and_go", &parcel);
    parcel_free(&parcel);
}

static void no_more_are_within_than_it_counts(void **state)
{
    (void)state;
    for (uint32_t places = 1; places <= 2; places++) {
        struct process children[2 * TEST_METHODS];
        const struct within *w;
        struct region within;
        struct semaphore s;

        assert_int_equal(semaphore_open(&s, places, true), 0);
        assert_int_equal(region_open(&within, sizeof *w), 0);
        w = within.base;
        for (size_t i = 0; i < 2 * TEST_METHODS; i++)
            start_one(&children[i], test_methods[i % TEST_METHODS], &s,
                      &within);
        for (size_t i = 0; i < 2 * TEST_METHODS; i++)
            assert_int_equal(test_finish(&children[i]), 0);
        assert_in_range(w->most, 1, places);
        assert_int_equal(semaphore_value(&s), places);
        assert_int_equal(s.state->waiters, 0);
        region_close(&within);
        semaphore_close(&s);
    }
}

/* --- a bound that two overstep at once (CPython looks, then posts) --- */

static struct semaphore raced;
static pthread_barrier_t together;
static atomic_int released;

static void *releases_at_once(void *unused)
{
    pthread_barrier_wait(&together);
    released += semaphore_release(&raced) == 0;
    return unused;
}

static void of_two_who_release_the_last_place_one_is_refused(void **state)
{
    (void)state;
    assert_int_equal(semaphore_open(&raced, 1, true), 0);
    for (int i = 0; i < 500; i++) {
        pthread_t threads[2];

        released = 0;
        assert_int_equal(semaphore_acquire(&raced, 0), 0);
        pthread_barrier_init(&together, NULL, 2);
        for (int t = 0; t < 2; t++)
            pthread_create(&threads[t], NULL, releases_at_once, NULL);
        for (int t = 0; t < 2; t++)
            pthread_join(threads[t], NULL);
        pthread_barrier_destroy(&together);
        assert_int_equal(released, 1);
        assert_int_equal(semaphore_value(&raced), 1);
    }
    semaphore_close(&raced);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, census_begin, children_end)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(a_semaphore_counts_down_and_up),
        TEST(a_bounded_one_is_not_released_beyond_its_beginning),
        TEST(a_value_that_cannot_be_is_refused),
        TEST(a_timeout_is_waited_for_and_takes_nothing),
        TEST(a_release_at_the_end_of_a_timeout_is_not_lost),
        TEST(each_release_lets_one_of_those_who_wait_go),
        TEST(as_many_as_were_released_go),
        TEST(a_killed_waiter_keeps_nobody_asleep),
        TEST(an_interrupted_wait_goes_on),
        TEST(no_more_are_within_than_it_counts),
        TEST(of_two_who_release_the_last_place_one_is_refused),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
