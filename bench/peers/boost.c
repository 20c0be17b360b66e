/* SPDX-License-Identifier: MIT */
/* boost.c - Boost.Interprocess message_queue; boost.cc holds what is C++. */
#include "peers/boost.h"

struct way {
    void *queue;
};

#include "peers/channel.h"

static int way_open(struct way *w, size_t bytes, size_t capacity)
{
    return boost_open(&w->queue, bytes, capacity);
}

static int way_begin(struct way *w, bool sends)
{
    (void)w;
    (void)sends;
    return 0;
}

static int way_send(struct way *w, const void *message, size_t bytes)
{
    return boost_send(w->queue, message, bytes);
}

static ssize_t way_receive(struct way *w, void *message, size_t bytes)
{
    return boost_receive(w->queue, message, bytes);
}

static void way_close(struct way *w)
{
    boost_close(w->queue);
}
