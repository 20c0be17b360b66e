/* SPDX-License-Identifier: MIT */
/*
 * lease.h - a lock that nobody has for ever.
 *
 * A lock that is held by a process that was killed is never free again; a
 * robust one is, but not if its owner is stopped, or hangs.  A lease is over
 * after a while, whatever became of its owner: then another may have it.
 *
 *     uint64_t token;
 *
 *     if (lease_acquire(l, SECOND, &token) == 0) {
 *         if (fence_pass(&account, token) == 0)
 *             ...                               // write to the account
 *         lease_release(l, token);
 *     }
 *
 * The price: who was overtaken does not know, and may go on writing.  So what
 * is written to has a fence.  It lets pass whoever has the highest token that
 * it has seen, and nobody who comes with a lower one.
 *
 * Both lie in zeroed memory that processes share, and refer to nothing outside
 * it.  What is in them is yours to say.  Times are of clock.h, in ns.
 */
#ifndef IPCLAB_LEASE_H
#define IPCLAB_LEASE_H

#include <stdint.h>

enum { LEASE_BYTES = 192 };

struct lease {
    int64_t duration; /* of a lease, in ns */
    _Alignas(64) unsigned char yours[LEASE_BYTES];
};

struct fence {
    _Alignas(8) unsigned char yours[8];
};

/*
 * Make it, free; leases are for so long.  Once, before anybody else has it.
 * 0 or -errno.
 */
int lease_init(struct lease *l, int64_t duration);

/*
 * Take the lease, when it is free or when its time is over.  Its time begins
 * while this is called.  *token is larger than every token that this lease has
 * given before.
 *
 * 0.  -ETIMEDOUT: another had it, and its time was not over, for timeout ns;
 * with 0 and less this does not wait.  Who waits sleeps, and wakes when it is
 * released, when its time is over, or at the end of the timeout.
 *
 * No process is needed to go on for another to have it: a process that was
 * killed or stopped, at whatever instruction of these calls, holds the others
 * up until the time of a lease is over, and no longer.
 */
int lease_acquire(struct lease *l, int64_t timeout, uint64_t *token);

/*
 * Begin its time anew.  *token may become larger, as if it were acquired.  Even
 * when its time is over, as long as nobody has taken it.
 *
 * 0.  -ESTALE: the caller has it no more: another has taken it since, or it was
 * released.  Then nothing is changed.
 */
int lease_renew(struct lease *l, uint64_t *token);

/* Give it back.  0 or -ESTALE, as of lease_renew. */
int lease_release(struct lease *l, uint64_t token);

/*
 * May who has this token write?  0: yes, it is as high as every token that has
 * passed.  -ESTALE: a higher one has passed.  It never waits, and however many
 * call it at once no token passes after a higher one has.
 */
int fence_pass(struct fence *f, uint64_t token);

#endif
