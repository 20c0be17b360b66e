/* SPDX-License-Identifier: MIT */
/*
 * outbox.h - a feeder with two priorities.
 *
 * A Queue's feeder sends what was put in the order in which it was put.  Here
 * what is urgent goes first:
 *
 *     struct outbox *box;
 *
 *     outbox_open(&box, &writer, &writing);   // a pipe's end, and its lock
 *     outbox_put(box, report, sizeof report, false);
 *     outbox_put(box, "stop", 4, true);
 *     outbox_close(box);
 *     outbox_join(box);                       // until both are sent
 *     outbox_free(box);
 *
 * Who receives gets messages as from any Connection.  Other processes may have
 * the same pipe open, and send there with the same lock in hand.
 */
#ifndef IPCLAB_OUTBOX_H
#define IPCLAB_OUTBOX_H

#include "pipe/pipe.h"
#include "sync/sync.h"

enum { URGENT_IN_A_ROW = 8 };

struct outbox; /* yours */

/*
 * Make one that sends to writer, each message with the lock `writing` in hand,
 * and not longer.  Both are the caller's and outlive it; but writer is closed
 * when the outbox is closed and all is sent.  0 or -errno.
 */
int outbox_open(struct outbox **box, struct connection *writer,
                struct lock *writing);

/*
 * Have a copy of size bytes sent, by a thread that the first put starts, and
 * that takes no signals.  Never waits for the lock or for room in the pipe.
 *
 * Of those that are urgent, and of those that are not, each is sent in its
 * turn.  An urgent one goes before all others whose sending has not begun: it
 * begins when the lock was taken for it.  But after URGENT_IN_A_ROW urgent ones
 * the next is one that is not, if one waits.
 *
 * 0.  -EBADF: closed.  -EPIPE: nobody can receive it, as the sending of an
 * earlier one has shown; all that was put is given up.  -ENOMEM.  -EAGAIN: no
 * thread.
 */
int outbox_put(struct outbox *box, const void *message, size_t size,
               bool urgent);

/*
 * Nothing more will be put.  What was is sent, then writer is closed and the
 * thread ends; this does not wait for it, outbox_join does.
 */
void outbox_close(struct outbox *box);
void outbox_join(struct outbox *box);

/* Give its memory back.  It was closed and joined. */
void outbox_free(struct outbox *box);

/*
 * A fork.  The child's outbox is empty, open if its parent's was, and has no
 * thread: whatever the parent's threads were doing, the child may put, close
 * and join as if it were new.  What the parent put, the parent sends.
 */

#endif
