/* SPDX-License-Identifier: MIT */
/* test_signals.c - whoever puts and gets is interrupted all the time, and sees
 * nothing of it. */
#include "queue/test_queues.h"

enum { ITEMS = 60 };

static _Atomic unsigned signals;

static void count(int number)
{
    (void)number;
    signals++;
}

static size_t size_of(uint64_t i)
{
    return i % 6 == 0 ? LARGEST / 4 : (size_t)i * 97 % 9000;
}

/* What comes goes back, a while later. */
static int echoes(void *argument)
{
    struct queue *both = argument;

    for (uint64_t i = 0; i < ITEMS; i++)
        if (test_get(&both[0], i, size_of(i)) ||
            test_put(&both[1], i, size_of(i), TEST_BOUND))
            return test_line(__LINE__);
    queue_close(&both[1]);
    return queue_join_thread(&both[1], TEST_BOUND) ? test_line(__LINE__) : 0;
}

/* Signals for two processes until one of them, its parent, ends it. */
static pid_t start_storm(pid_t other)
{
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        alarm(CENSUS_SECONDS);
        while (getppid() != 1 && kill(getppid(), SIGUSR1) == 0) {
            kill(other, SIGUSR1);
            sched_yield();
        }
        _exit(0);
    }
    assert_true(pid > 0);
    return pid;
}

static void items_go_to_and_fro_in_a_storm_of_signals(void **state)
{
    struct sigaction act = {.sa_handler = count}, before;
    struct queue both[2];
    pid_t other, storm;

    sigaction(SIGUSR1, &act, &before); /* without SA_RESTART */
    signals = 0;
    test_open_queue(&both[0], 3, way_in(state));
    test_open_queue(&both[1], 0, way_in(state));
    other = test_fork(echoes, both);
    storm = start_storm(other);
    for (uint64_t i = 0; i < ITEMS; i++)
        assert_int_equal(test_put(&both[0], i, size_of(i), TEST_BOUND), 0);
    for (uint64_t i = 0; i < ITEMS; i++)
        assert_int_equal(test_get(&both[1], i, size_of(i)), 0);
    test_expect(other);
    kill(storm, SIGKILL);
    assert_int_equal(test_reap(storm), SIGKILL);
    assert_true(signals > 0);
    test_end_queue(&both[0]);
    test_end_queue(&both[1]);
    sigaction(SIGUSR1, &before, NULL);
}

/* No signal makes a timeout shorter. */
static void timeouts_last_in_a_storm_of_signals(void **state)
{
    struct sigaction act = {.sa_handler = count}, before;
    struct queue q;
    pid_t storm;
    char item;

    sigaction(SIGUSR1, &act, &before);
    test_open_queue(&q, 1, way_in(state));
    storm = start_storm(getpid());
    for (int i = 0; i < 2; i++) {
        int64_t began = clock_now();

        assert_int_equal(queue_get(&q, &item, 1, SECOND / 20), -ETIMEDOUT);
        assert_true(clock_now() - began >= SECOND / 20);
        assert_int_equal(queue_put(&q, "x", 1, TEST_BOUND), 0);
        began = clock_now();
        assert_int_equal(queue_put(&q, "x", 1, SECOND / 20), -ETIMEDOUT);
        assert_true(clock_now() - began >= SECOND / 20);
        assert_int_equal(queue_get(&q, &item, 1, TEST_BOUND), 1);
    }
    kill(storm, SIGKILL);
    assert_int_equal(test_reap(storm), SIGKILL);
    test_end_queue(&q);
    sigaction(SIGUSR1, &before, NULL);
}

/* --- the feeder has nothing to do with signals --- */

/* What a thread of ours blocks, of those that can be blocked. */
static uint64_t blocked_by(pid_t thread)
{
    char path[64], row[256];
    uint64_t mask = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/self/task/%d/status", thread);
    file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(row, sizeof row, file))
        if (strncmp(row, "SigBlk:", 7) == 0)
            mask = strtoull(row + 7, NULL, 16);
    fclose(file);
    return mask;
}

/* The one thread beside ours. */
static pid_t other_thread(void)
{
    DIR *dir = opendir("/proc/self/task");
    const struct dirent *entry;
    pid_t found = 0;

    while (dir && (entry = readdir(dir)))
        if (atoi(entry->d_name) > 0 && atoi(entry->d_name) != getpid())
            found = atoi(entry->d_name);
    if (dir)
        closedir(dir);
    return found;
}

static void the_feeder_is_deaf_to_signals(void **state)
{
    const int some[] = {SIGINT, SIGTERM, SIGUSR1, SIGCHLD, SIGALRM, SIGPROF};
    struct queue q;
    uint64_t mask;
    char item;

    test_open_queue(&q, 0, way_in(state));
    assert_int_equal(queue_put(&q, "x", 1, 0), 0);
    mask = blocked_by(other_thread());
    for (size_t i = 0; i < sizeof some / sizeof *some; i++)
        assert_true(mask >> (some[i] - 1) & 1);
    assert_int_equal(blocked_by(getpid()), 0);
    assert_int_equal(queue_get(&q, &item, 1, TEST_BOUND), 1);
    test_end_queue(&q);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST_WAYS(items_go_to_and_fro_in_a_storm_of_signals),
        TEST_WAYS(timeouts_last_in_a_storm_of_signals),
        TEST_WAYS(the_feeder_is_deaf_to_signals),
    };

    mechanisms_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
