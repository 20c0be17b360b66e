/* SPDX-License-Identifier: MIT */
/*
 * floor_channel.c - floors: bytes over a bare pipe or socket pair.
 *
 * What is held against these moves the same payload between processes started
 * and placed in the same way, and touches and checks the same words; the floor
 * lacks only what the mechanism adds.
 */
#include "common/io.h"
#include "registry.h"
#include "traffic.h"

#include <stdlib.h>
#include <sys/socket.h>

/* Bytes over bare descriptors: in and out may be one socket. */
struct channel {
    int in, out;
    int peer_in, peer_out; /* -1 once given to the peer */
    unsigned char *payload;
};

static void channel_close(struct trial *t)
{
    struct channel *c = t->state;

    if (!c)
        return;
    if (c->in == c->out)
        c->in = -1;
    fd_close(&c->in);
    fd_close(&c->out);
    fd_close(&c->peer_in);
    fd_close(&c->peer_out);
    free(c->payload);
    free(c);
    t->state = NULL;
}

static struct channel *channel_new(struct trial *t)
{
    struct channel *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    *c = (struct channel){-1, -1, -1, -1, NULL};
    t->state = c;
    c->payload = traffic_payload(t);
    return c->payload ? c : NULL;
}

static int pipes_open(struct trial *t)
{
    struct channel *c = channel_new(t);
    int there[2], back[2], error;

    if (!c)
        return -ENOMEM;
    error = fd_pipe(there);
    if (error)
        return error;
    c->out = there[1];
    c->peer_in = there[0];
    error = fd_pipe(back);
    if (error)
        return error;
    c->in = back[0];
    c->peer_out = back[1];
    return 0;
}

static int socket_open(struct trial *t)
{
    struct channel *c = channel_new(t);
    int ends[2];

    if (!c)
        return -ENOMEM;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    c->in = c->out = ends[0];
    c->peer_in = ends[1];
    return 0;
}

static int channel_pack(struct trial *t, int role, struct parcel *parcel)
{
    struct channel *c = t->state;
    int error = parcel_put_u64(parcel, c->peer_out >= 0);

    (void)role;
    if (!error && c->peer_out >= 0)
        error = parcel_give_fd(parcel, &c->peer_out);
    return error ? error : parcel_give_fd(parcel, &c->peer_in);
}

static int channel_join(struct trial *t, int role, struct parcel *parcel)
{
    struct channel *c = channel_new(t);
    uint64_t two;
    int error;

    (void)role;
    if (!c)
        return -ENOMEM;
    error = parcel_take_u64(parcel, &two);
    if (!error && two)
        error = parcel_take_fd(parcel, &c->out);
    if (!error)
        error = parcel_take_fd(parcel, &c->in);
    if (!error && !two)
        c->out = c->in;
    return error;
}

static int put(struct trial *t, uint64_t sequence)
{
    struct channel *c = t->state;

    payload_write(c->payload, t->bytes, t->line, sequence);
    return write_full(c->out, c->payload, t->bytes);
}

static int get(struct trial *t, uint64_t sequence)
{
    struct channel *c = t->state;
    ssize_t got = read_full(c->in, c->payload, t->bytes);

    if (got != (ssize_t)t->bytes)
        return got < 0 ? (int)got : -EPIPE;
    return payload_check(c->payload, t->bytes, t->line, sequence);
}

static int pingpong_op(struct trial *t, unsigned n)
{
    return traffic_ask(t, n, put, get);
}

static int pingpong_serve(struct trial *t, int role, unsigned n)
{
    (void)role;
    return traffic_answer(t, n, put, get);
}

static int stream_op(struct trial *t, unsigned n)
{
    return traffic_consume(t, n, get);
}

static int stream_serve(struct trial *t, int role, unsigned n)
{
    (void)role;
    return traffic_produce(t, n, put);
}

#define CHANNEL(open_it)                                                       \
    .peers = 1, .sized = true, .open = (open_it), .pack = channel_pack,        \
    .join = channel_join, .close = channel_close

const struct workload channel_floors[] = {
    {.name = "pipe-pingpong",
     .unit = "round trip",
     CHANNEL(pipes_open),
     .op = pingpong_op,
     .serve = pingpong_serve},
    {.name = "unix-pingpong",
     .unit = "round trip",
     CHANNEL(socket_open),
     .op = pingpong_op,
     .serve = pingpong_serve},
    {.name = "pipe-stream",
     .unit = "message",
     CHANNEL(pipes_open),
     .one_way = true,
     .op = stream_op,
     .serve = stream_serve},
    {.name = "unix-stream",
     .unit = "message",
     CHANNEL(socket_open),
     .one_way = true,
     .op = stream_op,
     .serve = stream_serve},
    {.name = NULL},
};
