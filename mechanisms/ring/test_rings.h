/* SPDX-License-Identifier: MIT */
/*
 * test_rings.h - what the tests of ring/ share: a test is run with every way of
 * waiting, and items can be told from each other.
 */
#ifndef IPCLAB_TEST_RINGS_H
#define IPCLAB_TEST_RINGS_H

#include "start/test_children.h"

#include "pipe/test_ends.h"
#include "ring/ring.h"
#include "ring/state.h"
#include "sync/test_sharing.h"

/* The same test for one way of waiting, which is in its name and its state. */
#define TEST_WAIT(f, wait)                                                     \
    {                                                                          \
#f "/" #wait, f, census_begin, children_end, (void *)(uintptr_t)(wait) \
    }

#define TEST_WAITS(f)                                                          \
    TEST_WAIT(f, RING_BLOCK), TEST_WAIT(f, RING_SPIN),                         \
        TEST_WAIT(f, RING_SPIN_THEN_BLOCK)

#define TEST(f) cmocka_unit_test_setup_teardown(f, census_begin, children_end)

static inline enum ring_wait wait_in(void **state)
{
    return (enum ring_wait)(uintptr_t)*state;
}

static inline void test_open_ring(struct ring *r, size_t maxsize, size_t bytes,
                                  enum ring_wait wait)
{
    assert_int_equal(ring_open(r, maxsize, bytes, wait), 0);
}

/* Put item `number` of that size: what ring_put says. */
static inline int put_item(struct ring *r, uint64_t number, size_t size,
                           int64_t timeout)
{
    unsigned char *item = malloc(size + 1);
    int error = -ENOMEM;

    if (item) {
        test_fill(item, size, number);
        error = ring_put(r, item, size, timeout);
    }
    free(item);
    return error;
}

/* Get item `number`, which has that size, to the byte: 0, or a line. */
static inline int get_item(struct ring *r, uint64_t number, size_t size,
                           int64_t timeout)
{
    void *item;
    ssize_t got = ring_get_new(r, &item, timeout);
    int line = got == (ssize_t)size && test_is(item, size, number)
                   ? 0
                   : test_line(__LINE__);

    free(item);
    return line;
}

/* The same with an item that is its number, and without memory for it. */
static inline int put_number(struct ring *r, uint64_t number, int64_t timeout)
{
    return ring_put(r, &number, sizeof number, timeout);
}

static inline int get_number(struct ring *r, uint64_t number, int64_t timeout)
{
    uint64_t item = 0;

    return ring_get(r, &item, sizeof item, timeout) == sizeof item &&
                   item == number
               ? 0
               : test_line(__LINE__);
}

/* Nothing is in it, and it is a ring like any other. */
static inline void expect_good(struct ring *r)
{
    char item;

    assert_int_equal(ring_qsize(r), 0);
    assert_true(ring_empty(r));
    assert_int_equal(ring_get(r, &item, 1, 0), -ETIMEDOUT);
    for (uint64_t i = 0; i < 3; i++) {
        assert_int_equal(put_number(r, i, 0), 0);
        assert_int_equal(ring_qsize(r), 1);
        assert_int_equal(get_number(r, i, 0), 0);
    }
    assert_true(ring_empty(r));
}

static inline _Atomic uint32_t *lock_word(struct ring *r, enum ring_end end)
{
    return &r->state->ends[end].lock.word;
}

/* Where who waits at that end sleeps. */
static inline _Atomic uint32_t *gate_word(struct ring *r, enum ring_end end)
{
    return &r->state->ends[1 - end].gate.word;
}

/* Until this thread has that end, and of a ring that sleeps, sleeps: false when
 * it does not within the bound. */
static inline bool test_waits(struct ring *r, enum ring_end end, pid_t thread)
{
    int64_t deadline = clock_deadline(TEST_BOUND);

    if (r->state->wait != RING_SPIN)
        return test_sleeps(thread, gate_word(r, end));
    while (lock_owner(&r->locks[end]) != thread)
        if (clock_now() > deadline)
            return false;
        else
            sched_yield();
    return true;
}

/* A child that has what it waits for ends by itself, though its wait has no
 * end: whether it has, within the bound. */
static inline bool test_has_ended(pid_t pid)
{
    int64_t deadline = clock_deadline(TEST_BOUND);
    siginfo_t info = {.si_pid = 0};

    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | WNOHANG) == 0 &&
           info.si_pid == 0) {
        if (clock_now() > deadline)
            return false;
        sched_yield();
    }
    return true;
}

/* And it must have found nothing wrong. */
static inline void test_ends(pid_t pid)
{
    if (!test_has_ended(pid)) {
        test_kill(pid);
        fail_msg("it waits for ever");
    }
    test_expect(pid);
}

#endif
