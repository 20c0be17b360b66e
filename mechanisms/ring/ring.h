/* SPDX-License-Identifier: MIT */
/*
 * ring.h - what a queue can be when the pipe is given up: a ring of bytes in
 * shared memory, and two locks.
 *
 *     #include "common/hooks.h"
 *     #include "ring/ring.h"
 *
 *     int main(int argc, char **argv)
 *     {
 *         struct ring ring;
 *         char text[16];
 *
 *         mechanisms_init(argc, argv);
 *         if (ring_open(&ring, 1000, 0, RING_BLOCK) < 0)
 *             return 1;
 *         ring_put(&ring, "helloworld", 10, NO_TIMEOUT);
 *         if (ring_get(&ring, text, sizeof text, SECOND) != 10)
 *             return 1;
 *         ring_close(&ring);
 *         return 0;
 *     }
 *
 * Python has none.  It keeps a Queue's promises: many processes and threads may
 * put and get, each item is got once, those of one producer in their order.
 * There is no feeder: put copies the item into the ring, where it is safe from
 * the end of its producer, and waits while there is no room.  Nobody is woken
 * who does not sleep: a stream makes no system calls.
 *
 * What is given up with the pipe:
 *
 * - its size is fixed: no item is longer than the ring;
 * - nobody is told that the others are gone: there is no end of file;
 * - it cannot be waited for together with descriptors;
 * - whoever has it may write anywhere in it: it is for those who trust each
 *   other.
 *
 * A killed user.  Both locks are robust (sync.h), and each end publishes what
 * it has done by one store: an item is there as a whole or not at all, and who
 * slept is woken even when the one who would have done it is dead.  So whoever
 * is killed, and wherever, the others go on; that it happened is counted.
 *
 * A fork.  The child shares the ring, and has claimed nothing.
 *
 * Not for signal handlers.
 */
#ifndef IPCLAB_RING_H
#define IPCLAB_RING_H

#include "common/clock.h"
#include "common/parcel.h"
#include "common/region.h"
#include "sync/sync.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct ring_state; /* what is shared; state.h */

struct ring {
    struct ring_state *state; /* NULL: closed */
    unsigned char *bytes;     /* of the items, mapped twice in a row */
    struct lock locks[2];     /* by enum ring_end */
    bool alone;               /* one processor: to spin would be of no use */
    struct region region;
};

/* What somebody does who must wait. */
enum ring_wait {
    RING_BLOCK,           /* sleep: futex(2) */
    RING_SPIN,            /* look again, with the processor all for itself */
    RING_SPIN_THEN_BLOCK, /* the one for 20 us, then the other */
};

enum ring_end { RING_PUT, RING_GET };

enum { RING_BYTES = 1 << 20 }; /* by default */

/*
 * At most maxsize items, 0 for as many as fit, in at most `bytes` bytes, 0 for
 * RING_BYTES; each takes 8 more than its length, rounded up to 8.  How its
 * users wait is the same for all.  0 or -errno; -EINVAL: less than 8 bytes or
 * more than 2^31, more than 2^32 - 1 items, or no such wait.
 */
int ring_open(struct ring *r, size_t maxsize, size_t bytes,
              enum ring_wait wait);

/* In this process alone.  A claim of this thread counts as its death: release
 * it first.  Harmless when closed. */
void ring_close(struct ring *r);

/*
 * Copy size bytes.  0.  -ETIMEDOUT: there was no room for timeout ns, or others
 * were putting; with 0 or less there is none now (queue.Full).  -EMSGSIZE: it
 * is longer than the ring.  -ENOTSUP: as of lock_acquire.
 */
int ring_put(struct ring *r, const void *item, size_t size, int64_t timeout);

/*
 * Take an item, into size bytes of the caller's or, with ring_get_new, into
 * memory that the caller frees.  Its length.
 * -ETIMEDOUT: none came, or others were getting (queue.Empty).
 * -EMSGSIZE: it is longer than size, and stays the next one.
 * -EBADMSG: somebody has written what is no item.  -ENOMEM.  -ENOTSUP.
 */
ssize_t ring_get(struct ring *r, void *buffer, size_t size, int64_t timeout);
ssize_t ring_get_new(struct ring *r, void **item, int64_t timeout);

/* By the time anybody looks each may have changed.  Full is of its items; of
 * its bytes only a put knows whether they are enough. */
size_t ring_qsize(const struct ring *r);
bool ring_empty(const struct ring *r);
bool ring_full(const struct ring *r);

/*
 * Be the only one at that end: until it is released, the calling thread puts,
 * or gets, without taking the lock, and all others wait for it.  With one at
 * each end it is a ring of a single producer and a single consumer.  Whoever is
 * killed with a claim leaves it to the next.  0 or as lock_acquire; of release
 * -EPERM: it is not the caller's.
 */
int ring_claim(struct ring *r, enum ring_end end, int64_t timeout);
int ring_release(struct ring *r, enum ring_end end);

/* How often somebody was found to have been killed at that end while putting or
 * getting, waiting for it, or with a claim. */
uint64_t ring_killed(const struct ring *r, enum ring_end end);

int ring_pack(const struct ring *r, struct parcel *parcel);
int ring_unpack(struct ring *r, struct parcel *parcel);

#endif
