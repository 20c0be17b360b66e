/* SPDX-License-Identifier: MIT */
/* workload.h - a ring of the size that a trial asks for. */
#ifndef IPCLAB_RING_WORKLOAD_H
#define IPCLAB_RING_WORKLOAD_H

#include "mechanism.h"
#include "ring/ring.h"

/* No ring of a trial is larger, but for one item. */
#define RING_MOST ((size_t)64 << 20)

/*
 * For items of that many bytes: as many as the setting `capacity` says, or as
 * are in RING_BYTES, and always one.
 */
static inline int ring_open_for(struct ring *r, const struct trial *t,
                                size_t item, enum ring_wait wait)
{
    size_t maxsize = (size_t)trial_setting(t, "capacity", 0);
    size_t each = item + 2 * sizeof(uint64_t), bytes = RING_BYTES;

    if (maxsize)
        bytes = maxsize < RING_MOST / each ? maxsize * each : RING_MOST;
    return ring_open(r, maxsize, bytes > 4 * each ? bytes : 4 * each, wait);
}

#endif
