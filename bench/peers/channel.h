/* SPDX-License-Identifier: MIT */
/*
 * channel.h - the workloads of every peer, around its own way to send.
 *
 * A peer's file defines `struct way`, one direction of messages, and how to
 * open, use and close it (way_open and so on, below); then it includes this,
 * which makes the two workloads of it: messages there and back by two ways, and
 * a stream by one.  The loops, and what is written and checked, are those of
 * our own mechanisms (traffic.h); nothing is called indirectly.
 *
 * The other side is forked, when the ways are there: it has them as they are.
 */
#ifndef IPCLAB_PEERS_CHANNEL_H
#define IPCLAB_PEERS_CHANNEL_H

#include "peers/peer.h"
#include "traffic.h"

#include <stdlib.h>

/* --- what the peer gives; each int is 0 or -errno --- */

/* Before anybody is forked: for messages of up to `bytes` bytes, `capacity` of
 * them between the two. */
static int way_open(struct way *w, size_t bytes, size_t capacity);

/* After it, in the process that will send, or receive. */
static int way_begin(struct way *w, bool sends);

static int way_send(struct way *w, const void *message, size_t bytes);
static ssize_t way_receive(struct way *w, void *message, size_t bytes);

/* In each process. */
static void way_close(struct way *w);

/* --- a side --- */

enum { THERE, BACK, WAYS };

struct sides {
    struct way way[WAYS];
    unsigned ways; /* of a stream: BACK alone */
    bool begun;
    bool far; /* the forked one */
    unsigned char *payload;
};

/* Of the process that has opened them; the other one has it by fork. */
static struct sides *opened;

static void channel_close(struct trial *t)
{
    struct sides *s = t->state;

    if (!s)
        return;
    for (unsigned i = WAYS - s->ways; i < WAYS; i++)
        way_close(&s->way[i]);
    free(s->payload);
    free(s);
    opened = NULL;
    t->state = NULL;
}

static int channel_open(struct trial *t, unsigned ways)
{
    struct sides *s = calloc(1, sizeof *s);
    size_t capacity = peer_capacity(t);
    int error = 0;

    if (!s)
        return -ENOMEM;
    t->state = opened = s;
    s->payload = traffic_payload(t);
    if (!s->payload)
        return -ENOMEM;
    for (; s->ways < ways && !error; s->ways++)
        error = way_open(&s->way[WAYS - 1 - s->ways], t->bytes, capacity);
    return error;
}

/* Once in each process, before the first message. */
static int begin(struct sides *s)
{
    int error = 0;

    if (s->begun)
        return 0;
    s->begun = true;
    if (s->ways == WAYS)
        error = way_begin(&s->way[THERE], !s->far);
    return error ? error : way_begin(&s->way[BACK], s->far);
}

static int channel_pack(struct trial *t, int role, struct parcel *parcel)
{
    (void)t;
    (void)role;
    (void)parcel;
    return 0;
}

static int channel_join(struct trial *t, int role, struct parcel *parcel)
{
    (void)role;
    (void)parcel;
    t->state = opened;
    opened->far = true;
    return begin(opened);
}

static int send_one(struct trial *t, uint64_t sequence)
{
    struct sides *s = t->state;

    payload_write(s->payload, t->bytes, t->line, sequence);
    return way_send(&s->way[s->far ? BACK : THERE], s->payload, t->bytes);
}

static int receive_one(struct trial *t, uint64_t sequence)
{
    struct sides *s = t->state;
    ssize_t got =
        way_receive(&s->way[s->far ? THERE : BACK], s->payload, t->bytes);

    if (got < 0)
        return (int)got;
    if ((size_t)got != t->bytes)
        return -EILSEQ;
    return payload_check(s->payload, t->bytes, t->line, sequence);
}

/* --- the workloads --- */

static int roundtrip_open(struct trial *t)
{
    return channel_open(t, WAYS);
}

static int roundtrip_op(struct trial *t, unsigned n)
{
    int error = begin(t->state);

    return error ? error : traffic_ask(t, n, send_one, receive_one);
}

static int roundtrip_serve(struct trial *t, int role, unsigned n)
{
    (void)role;
    return traffic_answer(t, n, send_one, receive_one);
}

static int stream_open(struct trial *t)
{
    return channel_open(t, 1);
}

static int stream_op(struct trial *t, unsigned n)
{
    int error = begin(t->state);

    return error ? error : traffic_consume(t, n, receive_one);
}

static int stream_serve(struct trial *t, int role, unsigned n)
{
    (void)role;
    return traffic_produce(t, n, send_one);
}

#define CHANNEL                                                                \
    .pack = channel_pack, .join = channel_join, .close = channel_close

const struct workload peer_workloads[] = {
    {.name = "roundtrip",
     CHANNEL,
     .open = roundtrip_open,
     .op = roundtrip_op,
     .serve = roundtrip_serve},
    {.name = "stream",
     CHANNEL,
     .open = stream_open,
     .op = stream_op,
     .serve = stream_serve},
    {.name = NULL},
};

#endif
