/* SPDX-License-Identifier: MIT */
/*
 * exchange.h - two processes send to each other at the same time, any amount.
 *
 * Who sends all of a message before it receives waits for room that the other
 * makes only by receiving; the other does the same, and neither comes to it.
 * Here a side receives whenever it cannot send:
 *
 *     char theirs[1 << 20];
 *
 *     exchange(in, out, ours, sizeof ours, theirs, sizeof theirs);
 *
 * in and out are the read end of one pipe and the write end of another, or
 * twice the same socket of a pair.  Nobody else reads in or writes out
 * meanwhile; but other processes may have both open.
 */
#ifndef IPCLAB_EXCHANGE_H
#define IPCLAB_EXCHANGE_H

#include <stddef.h>

/*
 * Send n bytes to out, and receive m bytes from in; either may be 0, and its
 * memory NULL then.  Bytes alone, no header: both sides know n and m.
 *
 * - It ends if the other side only goes on: if that exchanges too, or sends all
 *   and then receives, or receives all and then sends, in any pieces, by pipes
 *   and socket buffers of any size.
 * - It takes m bytes from in and not one more: what follows is the next call's.
 * - Where it can neither send nor receive it sleeps until it can do what is
 *   left to do.  It starts no thread and no process, and has no timeout.
 * - in and out may be blocking or not, each for itself.  It does not change
 *   that, not even for a moment: O_NONBLOCK belongs to the open file
 *   description, which every process shares that inherited the descriptor.
 *
 * 0.  -EPIPE: the other side has closed what is still needed, so that the rest
 * can never be sent or will never come, whatever the kernel calls that.  Of
 * what is not needed any more it does not matter who closes it.  SIGPIPE is
 * the caller's to ignore, as mechanisms_init does: a write to a pipe has no
 * flag that prevents it.
 * -errno: as read(2), write(2), poll(2); never -EINTR or -EAGAIN.
 */
int exchange(int in, int out, const void *outgoing, size_t n, void *incoming,
             size_t m);

#endif
