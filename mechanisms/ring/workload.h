/* SPDX-License-Identifier: MIT */
/* workload.h - a ring of the size that a trial asks for. */
#ifndef IPCLAB_RING_WORKLOAD_H
#define IPCLAB_RING_WORKLOAD_H

#include "mechanism.h"
#include "ring/ring.h"

/*
 * For items of that many bytes: as many as the setting `capacity` says, or as
 * are in RING_BYTES, and always four.
 */
static inline int ring_open_for(struct ring *r, const struct trial *t,
                                size_t item, enum ring_wait wait)
{
    size_t maxsize = (size_t)trial_setting(t, "capacity", 0);
    size_t each = item + 2 * sizeof(uint64_t);
    size_t bytes = maxsize ? maxsize * each : RING_BYTES;

    return ring_open(r, maxsize, bytes > 4 * each ? bytes : 4 * each, wait);
}

#endif
