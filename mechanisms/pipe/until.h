/* SPDX-License-Identifier: MIT */
/*
 * until.h - waiting for a descriptor until a deadline.
 *
 * Private to pipe/.
 */
#ifndef IPCLAB_UNTIL_H
#define IPCLAB_UNTIL_H

#include "common/clock.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>

/* 0 when one of the events is there, -ETIMEDOUT, or -errno. */
static inline int wait_until(int fd, short events, int64_t deadline)
{
    struct pollfd one = {fd, events, 0};
    struct timespec left;
    int found;

    do
        found = ppoll(&one, 1, clock_left(deadline, &left), NULL);
    while (found < 0 && errno == EINTR);
    return found < 0 ? -errno : found ? 0 : -ETIMEDOUT;
}

#endif
