/* SPDX-License-Identifier: MIT */
/* arena.h - the arenas that this process has mapped; private to shm/. */
#ifndef IPCLAB_ARENA_H
#define IPCLAB_ARENA_H

#include "common/region.h"

#include <stddef.h>
#include <sys/types.h>

struct arena {
    struct region region;
    dev_t device; /* which file it is */
    ino_t file;
    size_t used;         /* beyond that nobody has had anything */
    size_t users;        /* its heap, and every block that was unpacked */
    unsigned generation; /* of the process that mapped it */
    struct arena *next;

    struct heap_node *first; /* of the heap that made it: its pieces, */
    struct arena *sibling;   /* and another arena of it */
};

/* A new one, with one user.  0 or -errno. */
int arena_open(struct arena **a, size_t size);

/* One user less; the last unmaps it.  Of one that an ancestor mapped nothing
 * is done. */
void arena_release(struct arena *a);

/* Have memory for what lies before `end`, so that using it cannot fail: 0 or
 * -errno. */
int arena_reserve(struct arena *a, size_t end);

/* Pack it; and receive it, with one more user. */
int arena_pack(const struct arena *a, struct parcel *parcel);
int arena_unpack(struct arena **a, struct parcel *parcel);

/* The arena that has the address, or NULL. */
struct arena *arena_at(const void *address);

#endif
