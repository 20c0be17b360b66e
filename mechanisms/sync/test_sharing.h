/* SPDX-License-Identifier: MIT */
/*
 * test_sharing.h - what the tests of sync/ share: memory, forked children, and
 * how to know that somebody sleeps.
 */
#ifndef IPCLAB_TEST_SHARING_H
#define IPCLAB_TEST_SHARING_H

#include "common/test_census.h"

#include "common/hooks.h"
#include "common/io.h"
#include "sync/sync.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* How long anybody waits for what must come: its end is a failure. */
#define TEST_BOUND (10 * SECOND)

/* Zeroed memory that children share. */
static inline void *test_memory(size_t size)
{
    void *base = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_true(base != MAP_FAILED);
    return base;
}

/* It must have found nothing wrong. */
static inline void test_expect(pid_t pid)
{
    int status = test_reap(pid);

    if (WIFSIGNALED(status))
        fail_msg("a child was ended by signal %d", WTERMSIG(status));
    if (WEXITSTATUS(status))
        fail_msg("a child found something wrong in line %d (modulo 256)",
                 WEXITSTATUS(status));
}

static inline void test_kill(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(test_reap(pid), SIGKILL);
}

/* A line of a file of /proc; "" where it cannot be had. */
static inline void test_proc(pid_t thread, const char *name, char *text,
                             int size)
{
    char path[64];
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/%s", thread, name);
    file = fopen(path, "re");
    if (!file || !fgets(text, size, file))
        text[0] = '\0';
    if (file)
        fclose(file);
}

/*
 * Does this thread sleep in a futex call, on this word (NULL: on any)?  A child
 * that was forked has the word where we have it.  Where /proc does not show the
 * call, its state must do.  That is looked at in any case, and last: one that
 * was woken, and whose processor does not know it yet, is shown in its call.
 * (One that is traced may be stopped there.)
 */
static inline bool test_is_asleep(pid_t thread, const volatile void *word)
{
    char text[256], *at;
    bool is_shown;

    test_proc(thread, "syscall", text, sizeof text);
    is_shown = text[0];
    if (is_shown && (strtol(text, &at, 10) != SYS_futex ||
                     (word && strtoull(at, NULL, 16) != (uintptr_t)word)))
        return false;
    test_proc(thread, "stat", text, sizeof text);
    at = strrchr(text, ')');
    return at && at[1] == ' ' && (at[2] == 'S' || (is_shown && at[2] == 't'));
}

/* Until it does: false when it does not within the bound. */
static inline bool test_sleeps(pid_t thread, const volatile void *word)
{
    int64_t deadline = clock_deadline(TEST_BOUND);

    while (!test_is_asleep(thread, word)) {
        if (clock_now() > deadline)
            return false;
        sched_yield();
    }
    return true;
}

/* Until the word has this value: false when it has not within the bound. */
static inline bool test_becomes(const _Atomic uint32_t *word, uint32_t value)
{
    int64_t deadline = clock_deadline(TEST_BOUND);

    while (atomic_load(word) != value) {
        if (clock_now() > deadline)
            return false;
        sched_yield();
    }
    return true;
}

/* --- what is drawn: splitmix64, from IPCLAB_TEST_SEED or the clock --- */

static uint64_t test_seed;

static inline uint64_t test_mix(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline void test_take_seed(void)
{
    const char *given = getenv("IPCLAB_TEST_SEED");

    test_seed = given ? strtoull(given, NULL, 10) : (uint64_t)clock_now();
    print_message("seed %llu\n", (unsigned long long)test_seed);
}

#endif
