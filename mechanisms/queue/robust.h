/* SPDX-License-Identifier: MIT */
/*
 * robust.h - what the users of a robust queue share; private to queue_robust.c
 * and packets.c.
 */
#ifndef IPCLAB_QUEUE_ROBUST_H
#define IPCLAB_QUEUE_ROBUST_H

#include "queue/parts.h"
#include "queue/slots.h"

#include <limits.h>
#include <sys/ioctl.h>

/* How often somebody who waits looks whether another has died, in ns. */
enum { LOOKS_EVERY = 50 * 1000 * 1000 };

/* What begins each packet. */
struct packet {
    uint32_t bytes; /* with this; 0: there is none */
    uint32_t slot;
    uint32_t first; /* the number of its first item, of this slot */
    uint32_t items; /* how many whole ones follow, each behind its header */
    uint64_t size; /* where that is 0: of the item that this is a part of ... */
    uint64_t offset; /* ... and where in it */
};

union packet_space {
    struct packet head;
    unsigned char bytes[PIPE_BUF];
};

struct robust {
    struct lock_state reading, writing, placing;
    _Atomic uint32_t full;    /* 1: somebody sleeps here until there is room */
    _Atomic uint64_t written; /* packets: a sign of life */
    struct slot slots[SLOTS];
    uint64_t cursor; /* readers': which item of the packet is next, and where */
    union packet_space packet; /* readers': the last that was read */
};

/* This process's own. */
struct own {
    struct slot *_Atomic slot; /* its feeder's, or NULL */
    uint32_t number;           /* of slot */
    uint32_t sent;             /* the number of the next item that goes out */
    bool refused;              /* there was no slot */
    struct lock life;          /* of slot */
    struct lock placing;
    union packet_space packet; /* the feeder's */
};

/* A robust lock whose owner died is as good as any: nothing needs a repair. */
static inline int robust_take(struct lock *l, int64_t timeout)
{
    int error = lock_acquire(l, timeout);

    return error == -EOWNERDEAD ? 0 : error;
}

/* Is something left of the packet that was read?  Of one that is used up its
 * slot's position is behind it. */
static inline bool packet_is_there(const struct robust *shared)
{
    const struct packet *p = &shared->packet.head;
    uint32_t items = p->items ? p->items : 1;

    return p->bytes && (int32_t)(slot_position(&shared->slots[p->slot]) -
                                 (p->first + items)) < 0;
}

static inline bool pipe_is_empty(const struct queue_side *s)
{
    int bytes = 1;

    return ioctl(s->reader.fd, FIONREAD, &bytes) == 0 && bytes == 0;
}

/* The readers are at this position of a slot now: got, or lost up to there. */
static inline void robust_moves(struct robust *shared, struct slot *slot,
                                uint32_t position, bool got)
{
    slot_moves(slot, position, got);
    room_tell(&shared->full);
}

/* packets.c: as in struct queue_way. */
int packets_send(struct queue_side *s, const struct batch *b, size_t *at);

/* With the readers' lock in hand: the next item's length; -EAGAIN: there is
 * none now; or -errno. */
ssize_t packets_next(struct queue_side *s, struct into *into);

#endif
