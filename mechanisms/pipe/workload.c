/* SPDX-License-Identifier: MIT */
/*
 * workload.c - how the bench exercises a Pipe.
 *
 * Simplex: two pipes, one for each direction; duplex: one socketpair.  Either
 * way a side has one Connection to receive from and one to send to, which may
 * be the same.
 */
#include "pipe/pipe.h"
#include "traffic.h"

#include <stdlib.h>

/* Not in a worker, which shows none. */
extern const struct hazard pipe_hazards[] __attribute__((weak));

struct sides {
    struct connection ends[4]; /* 0, 1: the timed side's; 2, 3: the peer's */
    struct connection *in, *out;
    unsigned char *payload;
};

static void sides_close(struct trial *t)
{
    struct sides *s = t->state;

    for (size_t i = 0; s && i < 4; i++)
        connection_close(&s->ends[i]);
    if (s)
        free(s->payload);
    free(s);
    t->state = NULL;
}

/* Room for a payload, touched, and four ends that are closed. */
static struct sides *sides_new(struct trial *t)
{
    struct sides *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    for (size_t i = 0; i < 4; i++)
        s->ends[i].fd = -1;
    t->state = s;
    s->payload = traffic_payload(t);
    if (s->payload)
        return s;
    sides_close(t);
    return NULL;
}

static int simplex_open(struct trial *t)
{
    struct sides *s = sides_new(t);
    int error;

    if (!s)
        return -ENOMEM;
    s->in = &s->ends[0];
    s->out = &s->ends[1];
    error = pipe_open(&s->ends[0], &s->ends[3]);
    return error ? error : pipe_open(&s->ends[2], &s->ends[1]);
}

static int simplex_pack(struct trial *t, int role, struct parcel *parcel)
{
    struct sides *s = t->state;
    int error = connection_give(&s->ends[2], parcel);

    (void)role;
    return error ? error : connection_give(&s->ends[3], parcel);
}

static int simplex_join(struct trial *t, int role, struct parcel *parcel)
{
    struct sides *s = sides_new(t);
    int error;

    (void)role;
    if (!s)
        return -ENOMEM;
    s->in = &s->ends[2];
    s->out = &s->ends[3];
    error = connection_unpack(s->in, parcel);
    return error ? error : connection_unpack(s->out, parcel);
}

static int duplex_open(struct trial *t)
{
    struct sides *s = sides_new(t);

    if (!s)
        return -ENOMEM;
    s->in = s->out = &s->ends[0];
    return pipe_open_duplex(&s->ends[0], &s->ends[2]);
}

static int duplex_pack(struct trial *t, int role, struct parcel *parcel)
{
    struct sides *s = t->state;

    (void)role;
    return connection_give(&s->ends[2], parcel);
}

static int duplex_join(struct trial *t, int role, struct parcel *parcel)
{
    struct sides *s = sides_new(t);

    (void)role;
    if (!s)
        return -ENOMEM;
    s->in = s->out = &s->ends[2];
    return connection_unpack(s->in, parcel);
}

static int send_message(struct trial *t, uint64_t sequence)
{
    struct sides *s = t->state;

    payload_write(s->payload, t->bytes, t->line, sequence);
    return connection_send(s->out, s->payload, t->bytes);
}

static int receive_message(struct trial *t, uint64_t sequence)
{
    struct sides *s = t->state;
    ssize_t got = connection_recv(s->in, s->payload, t->bytes);

    if (got < 0)
        return (int)got;
    if ((size_t)got != t->bytes)
        return -EILSEQ;
    return payload_check(s->payload, t->bytes, t->line, sequence);
}

static int roundtrip_op(struct trial *t, unsigned n)
{
    return traffic_ask(t, n, send_message, receive_message);
}

static int roundtrip_serve(struct trial *t, int role, unsigned n)
{
    (void)role;
    return traffic_answer(t, n, send_message, receive_message);
}

static int stream_op(struct trial *t, unsigned n)
{
    return traffic_consume(t, n, receive_message);
}

static int stream_serve(struct trial *t, int role, unsigned n)
{
    (void)role;
    return traffic_produce(t, n, send_message);
}

static const struct workload workloads[] = {
    {.name = "roundtrip",
     .unit = "round trip",
     .floor = "pipe-pingpong",
     .peers = 1,
     .sized = true,
     .open = simplex_open,
     .pack = simplex_pack,
     .join = simplex_join,
     .op = roundtrip_op,
     .serve = roundtrip_serve,
     .close = sides_close},
    {.name = "roundtrip-duplex",
     .unit = "round trip",
     .floor = "unix-pingpong",
     .variant = true,
     .peers = 1,
     .sized = true,
     .open = duplex_open,
     .pack = duplex_pack,
     .join = duplex_join,
     .op = roundtrip_op,
     .serve = roundtrip_serve,
     .close = sides_close},
    {.name = "stream",
     .unit = "message",
     .floor = "pipe-stream",
     .peers = 1,
     .sized = true,
     .one_way = true,
     .open = simplex_open,
     .pack = simplex_pack,
     .join = simplex_join,
     .op = stream_op,
     .serve = stream_serve,
     .close = sides_close},
    {.name = "stream-duplex",
     .unit = "message",
     .floor = "unix-stream",
     .variant = true,
     .peers = 1,
     .sized = true,
     .one_way = true,
     .open = duplex_open,
     .pack = duplex_pack,
     .join = duplex_join,
     .op = stream_op,
     .serve = stream_serve,
     .close = sides_close},
    {.name = NULL},
};

const struct mechanism pipe_mechanism = {
    .name = "pipe",
    .python = "multiprocessing.Pipe",
    .summary = "messages over a pipe or a socket pair",
    .workloads = workloads,
    .hazards = pipe_hazards,
};
