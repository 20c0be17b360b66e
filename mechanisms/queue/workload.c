/* SPDX-License-Identifier: MIT */
/*
 * workload.c - how the bench exercises queues: there and back, and in a stream.
 *
 * The same loops for every kind (workload_kinds.c).  A round trip has a queue
 * for each direction, a stream one, from the peer to the timed side.
 */
#include "queue/workload.h"
#include "traffic.h"

#include <stdlib.h>

/* Not in a worker, which shows none. */
extern const struct hazard queue_hazards[] __attribute__((weak));

struct sides {
    const struct queue_kind *kind;
    union any_queue in, out; /* of a stream the peer has no in, we no out */
    unsigned char *payload;
};

static void sides_close(struct trial *t)
{
    struct sides *s = t->state;

    if (!s)
        return;
    s->kind->close(&s->in);
    s->kind->close(&s->out);
    free(s->payload);
    free(s);
    t->state = NULL;
}

/* Room for a payload, touched, and two queues that are closed. */
static struct sides *sides_new(struct trial *t, const struct queue_kind *kind)
{
    struct sides *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->kind = kind;
    t->state = s;
    s->payload = traffic_payload(t);
    if (s->payload)
        return s;
    sides_close(t);
    return NULL;
}

static int sides_open(struct trial *t, enum kind kind, bool both)
{
    struct sides *s = sides_new(t, &queue_kinds[kind]);
    int error;

    if (!s)
        return -ENOMEM;
    error = s->kind->open(&s->in, t);
    return error || !both ? error : s->kind->open(&s->out, t);
}

static int sides_pack(struct trial *t, struct parcel *parcel, bool both)
{
    struct sides *s = t->state;
    int error = queue_kind_pack(s->kind, parcel);

    if (!error)
        error = s->kind->pack(&s->in, parcel);
    return error || !both ? error : s->kind->pack(&s->out, parcel);
}

static int sides_join(struct trial *t, struct parcel *parcel, bool both)
{
    const struct queue_kind *kind;
    struct sides *s;
    int error = queue_kind_unpack(&kind, parcel);

    if (error)
        return error;
    s = sides_new(t, kind);
    if (!s)
        return -ENOMEM;
    error = s->kind->unpack(&s->out, parcel);
    return error || !both ? error : s->kind->unpack(&s->in, parcel);
}

static int put_item(struct trial *t, uint64_t sequence)
{
    struct sides *s = t->state;

    payload_write(s->payload, t->bytes, t->line, sequence);
    return s->kind->put(&s->out, s->payload, t->bytes);
}

static int get_item(struct trial *t, uint64_t sequence)
{
    struct sides *s = t->state;
    ssize_t got = s->kind->get(&s->in, s->payload, t->bytes);

    if (got < 0)
        return (int)got;
    if ((size_t)got != t->bytes)
        return -EILSEQ;
    return payload_check(s->payload, t->bytes, t->line, sequence);
}

/* --- there and back --- */

static int roundtrip_pack(struct trial *t, int role, struct parcel *parcel)
{
    (void)role;
    return sides_pack(t, parcel, true);
}

static int roundtrip_join(struct trial *t, int role, struct parcel *parcel)
{
    (void)role;
    return sides_join(t, parcel, true);
}

static int roundtrip_op(struct trial *t, unsigned n)
{
    return traffic_ask(t, n, put_item, get_item);
}

static int roundtrip_serve(struct trial *t, int role, unsigned n)
{
    (void)role;
    return traffic_answer(t, n, put_item, get_item);
}

/* --- in a stream --- */

static int stream_pack(struct trial *t, int role, struct parcel *parcel)
{
    (void)role;
    return sides_pack(t, parcel, false);
}

static int stream_join(struct trial *t, int role, struct parcel *parcel)
{
    (void)role;
    return sides_join(t, parcel, false);
}

static int stream_op(struct trial *t, unsigned n)
{
    return traffic_consume(t, n, get_item);
}

static int stream_serve(struct trial *t, int role, unsigned n)
{
    (void)role;
    return traffic_produce(t, n, put_item);
}

/* --- who has which --- */

#define OPENS(name, kind)                                                      \
    static int name##_roundtrip(struct trial *t)                               \
    {                                                                          \
        return sides_open(t, kind, true);                                      \
    }                                                                          \
    static int name##_stream(struct trial *t)                                  \
    {                                                                          \
        return sides_open(t, kind, false);                                     \
    }                                                                          \
    static int name##_fan(struct trial *t)                                     \
    {                                                                          \
        return fan_open(t, kind);                                              \
    }

OPENS(fast, KIND_FAST)
OPENS(plain, KIND_PLAIN)
OPENS(simple, KIND_SIMPLE)
OPENS(joinable, KIND_JOINABLE)

#define ROUNDTRIP(open_it, settings)                                           \
    {                                                                          \
        .name = "roundtrip", .unit = "round trip", .floor = "pipe-pingpong",   \
        .grid = (settings), .peers = 1, .sized = true, .open = (open_it),      \
        .pack = roundtrip_pack, .join = roundtrip_join, .op = roundtrip_op,    \
        .serve = roundtrip_serve, .close = sides_close                         \
    }

#define STREAM(open_it, settings)                                              \
    {                                                                          \
        .name = "stream", .unit = "message", .floor = "pipe-stream",           \
        .grid = (settings), .peers = 1, .sized = true, .one_way = true,        \
        .open = (open_it), .pack = stream_pack, .join = stream_join,           \
        .op = stream_op, .serve = stream_serve, .close = sides_close           \
    }

#define FAN(open_it)                                                           \
    {                                                                          \
        .name = "fan", .unit = "item of 64 B", .grid = fans, .peers = 1,       \
        .crowd = everybody, .together = true, .guess = 1000,                   \
        .open = (open_it), .pack = fan_pack, .join = fan_join, .op = fan_op,   \
        .check = fan_check, .close = fan_close                                 \
    }

#define CAPACITY                                                               \
    {                                                                          \
        "capacity", 0, "1,10,100,1000,10000",                                  \
            "maxsize: items between put and get; 0: no limit"                  \
    }
#define STEPS                                                                  \
    {                                                                          \
        "steps", 0, "1,3,7,8",                                                 \
            "batch 1, read-ahead 2, direct put 4; robust 8; 0: 7"              \
    }

static const struct setting capacity[] = {CAPACITY, {.name = NULL}};
static const struct setting steps[] = {STEPS, {.name = NULL}};
static const struct setting both[] = {CAPACITY, STEPS, {.name = NULL}};

static const struct setting fans[] = {
    {"producers", 2, "1,2,4,8", "processes that put"},
    {"consumers", 2, "1,2,4,8", "processes that get"},
    {.name = NULL},
};
static const char *const everybody[] = {"producers", "consumers", NULL};

static const struct workload fast_workloads[] = {
    ROUNDTRIP(fast_roundtrip, steps),
    STREAM(fast_stream, both),
    FAN(fast_fan),
    {.name = "fairness",
     .unit = "lone item past a flood",
     .peers = 2,
     .own = true,
     .guess = 300000,
     .open = fairness_open,
     .pack = fairness_pack,
     .join = fairness_join,
     .op = fairness_op,
     .serve = fairness_serve,
     .close = fairness_close},
    {.name = NULL},
};

static const struct workload plain_workloads[] = {
    ROUNDTRIP(plain_roundtrip, NULL),
    STREAM(plain_stream, capacity),
    FAN(plain_fan),
    {.name = NULL},
};

static const struct workload simple_workloads[] = {
    ROUNDTRIP(simple_roundtrip, NULL),
    STREAM(simple_stream, NULL),
    FAN(simple_fan),
    {.name = NULL},
};

static const struct workload joinable_workloads[] = {
    ROUNDTRIP(joinable_roundtrip, NULL),
    STREAM(joinable_stream, capacity),
    FAN(joinable_fan),
    {.name = NULL},
};

const struct mechanism queue_mechanism = {
    .name = "queue",
    .python = "multiprocessing.Queue",
    .summary = "a pipe, two locks and a thread that feeds, in few system calls",
    .workloads = fast_workloads,
    .hazards = queue_hazards,
};

const struct mechanism queue_plain_mechanism = {
    .name = "queue-plain",
    .variant_of = "queue",
    .python = "multiprocessing.Queue",
    .summary = "the same as CPython does it: item by item",
    .workloads = plain_workloads,
};

const struct mechanism simple_queue_mechanism = {
    .name = "simple-queue",
    .variant_of = "queue",
    .python = "multiprocessing.SimpleQueue",
    .summary = "a pipe and two locks: put sends, and may wait",
    .workloads = simple_workloads,
};

const struct mechanism joinable_queue_mechanism = {
    .name = "joinable-queue",
    .variant_of = "queue",
    .python = "multiprocessing.JoinableQueue",
    .summary = "a queue that knows how many items are not done with",
    .workloads = joinable_workloads,
};
