/* SPDX-License-Identifier: MIT */
/*
 * region.h - anonymous shared memory with a descriptor.
 *
 * Because it has a descriptor (memfd_create(2)) it can be handed to any child,
 * however that was started, and because it has no name nothing is left behind
 * when everyone is killed.  It is sealed against shrinking and growing: no
 * holder can turn another's access into SIGBUS.  Each process maps it at an
 * address of its own, so what lies in it refers to itself by offset.
 *
 *     struct region r;
 *     region_open(&r, 4096);
 *     region_pack(&r, &parcel);      // the child: region_unpack(&r, parcel)
 *     region_close(&r);              // each process closes its own
 */
#ifndef IPCLAB_REGION_H
#define IPCLAB_REGION_H

#include "common/parcel.h"

#include <stddef.h>

struct region {
    void *base;  /* NULL when closed */
    size_t size; /* bytes, as asked for */
    int fd;
};

/* Make size zeroed bytes.  -EINVAL for 0, else -errno. */
int region_open(struct region *r, size_t size);

/* Unmap and close, in this process alone.  Harmless when closed. */
void region_close(struct region *r);

/* Hand it to a child / receive it there.  0 or -errno. */
int region_pack(const struct region *r, struct parcel *parcel);
int region_unpack(struct region *r, struct parcel *parcel);

#endif
