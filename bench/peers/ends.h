/* SPDX-License-Identifier: MIT */
/* ends.h - a way of two descriptors, for messages that are all of one length:
 * who includes it opens them. */
#ifndef IPCLAB_PEERS_ENDS_H
#define IPCLAB_PEERS_ENDS_H

#include "common/io.h"

struct way {
    int ends[2];
};

#include "peers/channel.h"

/* Whoever sends keeps the second, whoever receives the first. */
static int way_begin(struct way *w, bool sends)
{
    fd_close(&w->ends[!sends]);
    return 0;
}

static int way_send(struct way *w, const void *message, size_t bytes)
{
    return write_full(w->ends[1], message, bytes);
}

static ssize_t way_receive(struct way *w, void *message, size_t bytes)
{
    return read_full(w->ends[0], message, bytes);
}

static void way_close(struct way *w)
{
    fd_close(&w->ends[0]);
    fd_close(&w->ends[1]);
}

#endif
