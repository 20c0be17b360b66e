/* SPDX-License-Identifier: MIT */
/*
 * futex.h - sleep until a word changes; futex(2) between processes.
 *
 * For sync/ and for what is built on it and lies in shared memory.
 */
#ifndef IPCLAB_FUTEX_H
#define IPCLAB_FUTEX_H

#include "common/clock.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Sleep while the word is `value`, until woken or the deadline.  0: woken, or
 * nobody knows why; -EAGAIN: it is not `value`; -ETIMEDOUT; -EINTR.
 */
static inline int futex_wait(_Atomic uint32_t *word, uint32_t value,
                             int64_t deadline)
{
    struct timespec at = {(time_t)(deadline / SECOND),
                          (long)(deadline % SECOND)};

    /* Unlike FUTEX_WAIT it takes a point of CLOCK_MONOTONIC. */
    if (syscall(SYS_futex, word, FUTEX_WAIT_BITSET, value,
                deadline == NO_TIMEOUT ? NULL : &at, NULL,
                FUTEX_BITSET_MATCH_ANY) == 0)
        return 0;
    return -errno;
}

/* Wake at most n who sleep on it; how many that were. */
static inline uint32_t futex_wake(_Atomic uint32_t *word, uint32_t n)
{
    long woken = syscall(SYS_futex, word, FUTEX_WAKE,
                         n > INT32_MAX ? INT32_MAX : n, NULL, NULL, 0);

    return woken > 0 ? (uint32_t)woken : 0;
}

#endif
