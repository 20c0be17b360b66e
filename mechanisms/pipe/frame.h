/* SPDX-License-Identifier: MIT */
/*
 * frame.h - from which size on a message is handled how.
 *
 * Private to pipe/.
 */
#ifndef IPCLAB_FRAME_H
#define IPCLAB_FRAME_H

#include "common/frame.h"
#include "pipe/pipe.h"

/*
 * Up to here a message is copied behind its header and written at once: below
 * a page a second piece costs a write(2) more than the copy does, above it
 * the copy costs more.  The other side reads as much ahead.
 */
enum { SMALL = 4096, READ_AHEAD = SMALL + 64 };

/* Up to here a message fits an empty pipe and can be moved in one piece. */
enum { MIDDLE = 65536 };

/* How many bytes were read ahead and not yet taken. */
static inline size_t ahead(const struct connection *c)
{
    return c->end - c->start;
}

#endif
