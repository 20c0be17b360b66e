/* SPDX-License-Identifier: MIT */
/*
 * test_users.h - what the tests of claims and of killed users share: a ring of
 * four, and children that use it at one end or the other.
 */
#ifndef IPCLAB_TEST_USERS_H
#define IPCLAB_TEST_USERS_H

#include "ring/test_rings.h"

#include <pthread.h>

static const enum ring_end each_end[] = {RING_PUT, RING_GET};

/* What a child does, at which end, and what it tells its parent. */
struct scene {
    struct ring ring;
    enum ring_end end;
    uint64_t number;
    _Atomic uint32_t ready;
};

static inline struct scene *scene_open(void **state, enum ring_end end)
{
    struct scene *s = test_memory(sizeof *s);

    test_open_ring(&s->ring, 4, 0, wait_in(state));
    s->end = end;
    return s;
}

/* As many as are said have been killed at its end, and nobody at the other. */
static inline void scene_close(struct scene *s, uint64_t killed)
{
    while (!ring_empty(&s->ring)) {
        uint64_t item;

        assert_int_equal(ring_get(&s->ring, &item, sizeof item, 0),
                         sizeof item);
    }
    expect_good(&s->ring);
    assert_int_equal(ring_killed(&s->ring, s->end), killed);
    assert_int_equal(ring_killed(&s->ring, (enum ring_end)(1 - s->end)), 0);
    ring_close(&s->ring);
    munmap(s, sizeof *s);
}

/* Put number 1, or get some: 0 or -errno. */
static inline int use(struct scene *s, int64_t timeout)
{
    uint64_t item = 1;
    ssize_t got;

    if (s->end == RING_PUT)
        return put_number(&s->ring, item, timeout);
    got = ring_get(&s->ring, &item, sizeof item, timeout);
    return got < 0 ? (int)got : 0;
}

/* End the wait of one who uses it. */
static inline int use_other_end(const struct scene *s)
{
    struct scene other = {.ring = s->ring, .end = each_end[1 - s->end]};

    return use(&other, 0);
}

/* Two can get, two can put. */
static inline void half_fill(struct scene *s)
{
    assert_int_equal(put_number(&s->ring, 1, 0), 0);
    assert_int_equal(put_number(&s->ring, 1, 0), 0);
}

static inline int uses_it(void *argument)
{
    return use(argument, NO_TIMEOUT) ? test_line(__LINE__) : 0;
}

static inline int is_kept_out(void *argument)
{
    struct scene *s = argument;

    if (use(s, 0) != -ETIMEDOUT || use(s, -1) != -ETIMEDOUT ||
        use(s, SECOND / 1000) != -ETIMEDOUT)
        return test_line(__LINE__);
    if (ring_claim(&s->ring, s->end, 0) != -ETIMEDOUT ||
        ring_claim(&s->ring, s->end, SECOND / 1000) != -ETIMEDOUT)
        return test_line(__LINE__);
    return ring_release(&s->ring, s->end) == -EPERM ? 0 : test_line(__LINE__);
}

#endif
