/* SPDX-License-Identifier: MIT */
/*
 * clock.h - the one clock: CLOCK_MONOTONIC in integer nanoseconds.
 *
 * A timeout is a duration in ns, as in Python: NO_TIMEOUT waits for ever, 0 or
 * less does not wait.  A deadline is a time of this clock.
 */
#ifndef IPCLAB_CLOCK_H
#define IPCLAB_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NO_TIMEOUT INT64_MAX
#define SECOND     INT64_C(1000000000)

/* Now, in ns since some fixed time; the same in every process. */
static inline int64_t clock_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * SECOND + t.tv_nsec;
}

/* When a wait of timeout ns that begins now must end. */
static inline int64_t clock_deadline(int64_t timeout)
{
    int64_t now = clock_now();

    if (timeout <= 0)
        return now;
    return timeout > INT64_MAX - now ? NO_TIMEOUT : now + timeout;
}

/*
 * What is left until a deadline, as ppoll(2) wants it: t filled in, or NULL
 * for ever.
 */
static inline struct timespec *clock_left(int64_t deadline, struct timespec *t)
{
    int64_t left;

    if (deadline == NO_TIMEOUT)
        return NULL;
    left = deadline - clock_now();
    if (left < 0)
        left = 0;
    t->tv_sec = (time_t)(left / SECOND);
    t->tv_nsec = (long)(left % SECOND);
    return t;
}

#endif
