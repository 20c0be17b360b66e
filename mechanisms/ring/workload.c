/* SPDX-License-Identifier: MIT */
/*
 * workload.c - how the bench exercises a ring: there and back, in a stream, and
 * between many.
 *
 * A round trip has a ring for each direction, a stream one, from the peer to
 * the timed side.
 */
#include "queue/workload.h"
#include "ring/ring.h"
#include "traffic.h"

#include <stdlib.h>

/* Not in a worker, which shows none. */
extern const struct hazard ring_hazards[] __attribute__((weak));

struct sides {
    struct ring in, out; /* of a stream the peer has no in, we no out */
    unsigned char *payload;
};

static void sides_close(struct trial *t)
{
    struct sides *s = t->state;

    if (!s)
        return;
    ring_close(&s->in);
    ring_close(&s->out);
    free(s->payload);
    free(s);
    t->state = NULL;
}

/* Room for a payload, touched, and two rings that are closed. */
static struct sides *sides_new(struct trial *t)
{
    struct sides *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    t->state = s;
    s->payload = traffic_payload(t);
    if (s->payload)
        return s;
    sides_close(t);
    return NULL;
}

static int sides_open(struct trial *t, bool both, enum ring_wait wait)
{
    struct sides *s = sides_new(t);
    int error;

    if (!s)
        return -ENOMEM;
    error = ring_open_for(&s->in, t, t->bytes, wait);
    return error || !both ? error : ring_open_for(&s->out, t, t->bytes, wait);
}

static int sides_join(struct trial *t, struct parcel *parcel, bool both)
{
    struct sides *s = sides_new(t);
    int error;

    if (!s)
        return -ENOMEM;
    error = ring_unpack(&s->out, parcel);
    return error || !both ? error : ring_unpack(&s->in, parcel);
}

/* Where it is asked for, have the ends for good: once, by who uses them. */
static int claim(struct trial *t)
{
    struct sides *s = t->state;
    int error = 0;

    if (!trial_setting(t, "claim", 0) || t->sequence)
        return 0;
    if (s->in.state)
        error = ring_claim(&s->in, RING_GET, 0);
    if (!error && s->out.state)
        error = ring_claim(&s->out, RING_PUT, 0);
    return error;
}

static int put_item(struct trial *t, uint64_t sequence)
{
    struct sides *s = t->state;

    payload_write(s->payload, t->bytes, t->line, sequence);
    return ring_put(&s->out, s->payload, t->bytes, NO_TIMEOUT);
}

static int get_item(struct trial *t, uint64_t sequence)
{
    struct sides *s = t->state;
    ssize_t got = ring_get(&s->in, s->payload, t->bytes, NO_TIMEOUT);

    if (got < 0)
        return (int)got;
    if ((size_t)got != t->bytes)
        return -EILSEQ;
    return payload_check(s->payload, t->bytes, t->line, sequence);
}

/* --- there and back --- */

static enum ring_wait wait_of(const struct trial *t)
{
    return (enum ring_wait)trial_setting(t, "wait", RING_BLOCK);
}

static int roundtrip_open(struct trial *t)
{
    return sides_open(t, true, wait_of(t));
}

static int roundtrip_open_spinning(struct trial *t)
{
    return sides_open(t, true, RING_SPIN);
}

static int roundtrip_pack(struct trial *t, int role, struct parcel *parcel)
{
    const struct sides *s = t->state;
    int error = ring_pack(&s->in, parcel);

    (void)role;
    return error ? error : ring_pack(&s->out, parcel);
}

static int roundtrip_join(struct trial *t, int role, struct parcel *parcel)
{
    (void)role;
    return sides_join(t, parcel, true);
}

static int roundtrip_op(struct trial *t, unsigned n)
{
    int error = claim(t);

    return error ? error : traffic_ask(t, n, put_item, get_item);
}

static int roundtrip_serve(struct trial *t, int role, unsigned n)
{
    int error = claim(t);

    (void)role;
    return error ? error : traffic_answer(t, n, put_item, get_item);
}

/* --- in a stream --- */

static int stream_open(struct trial *t)
{
    return sides_open(t, false, wait_of(t));
}

static int stream_open_spinning(struct trial *t)
{
    return sides_open(t, false, RING_SPIN);
}

static int stream_pack(struct trial *t, int role, struct parcel *parcel)
{
    const struct sides *s = t->state;

    (void)role;
    return ring_pack(&s->in, parcel);
}

static int stream_join(struct trial *t, int role, struct parcel *parcel)
{
    (void)role;
    return sides_join(t, parcel, false);
}

static int stream_op(struct trial *t, unsigned n)
{
    int error = claim(t);

    return error ? error : traffic_consume(t, n, get_item);
}

static int stream_serve(struct trial *t, int role, unsigned n)
{
    int error = claim(t);

    (void)role;
    return error ? error : traffic_produce(t, n, put_item);
}

static int ring_fan_open(struct trial *t)
{
    return fan_open(t, KIND_RING);
}

/* --- the table --- */

#define CAPACITY                                                               \
    {                                                                          \
        "capacity", 0, "1,10,100,1000,10000",                                  \
            "maxsize: items between put and get; 0: 1 MiB of them"             \
    }
#define CLAIM                                                                  \
    {                                                                          \
        "claim", 0, "1",                                                       \
            "1: one producer and one consumer, which take no locks"            \
    }
#define WAIT                                                                   \
    {                                                                          \
        "wait", 0, "2", "0: block, 2: spin for 20 us, then block"              \
    }

static const struct setting asking[] = {CLAIM, WAIT, {.name = NULL}};
static const struct setting asking_spinning[] = {CLAIM, {.name = NULL}};
static const struct setting streaming[] = {
    CAPACITY, CLAIM, WAIT, {.name = NULL}};
static const struct setting streaming_spinning[] = {
    CAPACITY, CLAIM, {.name = NULL}};
static const struct setting fans[] = {
    {"producers", 2, "1,2,4,8", "processes that put"},
    {"consumers", 2, "1,2,4,8", "processes that get"},
    {.name = NULL},
};
static const char *const everybody[] = {"producers", "consumers", NULL};

#define ASKS                                                                   \
    .unit = "round trip", .peers = 1, .sized = true, .pack = roundtrip_pack,   \
    .join = roundtrip_join, .op = roundtrip_op, .serve = roundtrip_serve,      \
    .close = sides_close
#define STREAMS                                                                \
    .unit = "message", .peers = 1, .sized = true, .one_way = true,             \
    .pack = stream_pack, .join = stream_join, .op = stream_op,                 \
    .serve = stream_serve, .close = sides_close

static const struct workload workloads[] = {
    {.name = "roundtrip",
     ASKS,
     .floor = "futex-pingpong",
     .grid = asking,
     .open = roundtrip_open},
    {.name = "roundtrip-spin",
     ASKS,
     .floor = "line-pingpong",
     .grid = asking_spinning,
     .spins = true,
     .variant = true,
     .guess = 1000,
     .open = roundtrip_open_spinning},
    {.name = "stream", STREAMS, .grid = streaming, .open = stream_open},
    {.name = "stream-spin",
     STREAMS,
     .grid = streaming_spinning,
     .spins = true,
     .variant = true,
     .open = stream_open_spinning},
    {.name = "fan",
     .unit = "item of 64 B",
     .grid = fans,
     .peers = 1,
     .crowd = everybody,
     .together = true,
     .guess = 1000,
     .open = ring_fan_open,
     .pack = fan_pack,
     .join = fan_join,
     .op = fan_op,
     .check = fan_check,
     .close = fan_close},
    {.name = NULL},
};

const struct mechanism ring_mechanism = {
    .name = "ring",
    .python = "Python has none",
    .summary = "a queue without the pipe: items in shared memory, two locks",
    .workloads = workloads,
    .hazards = ring_hazards,
};
