/* SPDX-License-Identifier: MIT */
/* shared.h - a state in a region of its own; private to sync/. */
#ifndef IPCLAB_SHARED_H
#define IPCLAB_SHARED_H

#include "common/region.h"

#include <errno.h>

/* Receive a region that holds at least size bytes; its base, or NULL. */
static inline int state_unpack(struct region *r, struct parcel *parcel,
                               size_t size)
{
    int error = region_unpack(r, parcel);

    if (error || r->size >= size)
        return error;
    region_close(r);
    return -EBADMSG;
}

#endif
