/* SPDX-License-Identifier: MIT */
/* workload.c - how the bench exercises queues. */
#include "mechanism.h"
#include "queue/queue.h"

#include <stdlib.h>

/* Not in a worker, which shows none. */
extern const struct hazard queue_hazards[] __attribute__((weak));

struct sides {
    struct queue in, out;
    unsigned char *payload;
};

static void sides_close(struct trial *t)
{
    struct sides *s = t->state;

    if (!s)
        return;
    queue_free(&s->in);
    queue_free(&s->out);
    free(s->payload);
    free(s);
    t->state = NULL;
}

static struct sides *sides_new(struct trial *t)
{
    struct sides *s = calloc(1, sizeof *s);

    t->state = s;
    if (!s)
        return NULL;
    s->payload = malloc(t->bytes ? t->bytes : 1);
    if (!s->payload) {
        sides_close(t);
        return NULL;
    }
    memset(s->payload, 0, t->bytes);
    return s;
}

static int sides_open(struct trial *t)
{
    struct sides *s = sides_new(t);
    int error;

    if (!s)
        return -ENOMEM;
    error = queue_open(&s->in, 0);
    return error ? error : queue_open(&s->out, 0);
}

static int sides_pack(struct trial *t, int role, struct parcel *parcel)
{
    struct sides *s = t->state;
    int error = queue_pack(&s->out, parcel);

    (void)role;
    return error ? error : queue_pack(&s->in, parcel);
}

static int sides_join(struct trial *t, int role, struct parcel *parcel)
{
    struct sides *s = sides_new(t);
    int error;

    (void)role;
    if (!s)
        return -ENOMEM;
    error = queue_unpack(&s->in, parcel);
    return error ? error : queue_unpack(&s->out, parcel);
}

static int put_item(struct trial *t, uint64_t sequence)
{
    struct sides *s = t->state;

    payload_write(s->payload, t->bytes, t->line, sequence);
    return queue_put(&s->out, s->payload, t->bytes, NO_TIMEOUT);
}

static int get_item(struct trial *t, uint64_t sequence)
{
    struct sides *s = t->state;
    ssize_t got = queue_get(&s->in, s->payload, t->bytes, NO_TIMEOUT);

    if (got < 0)
        return (int)got;
    if ((size_t)got != t->bytes)
        return -EILSEQ;
    return payload_check(s->payload, t->bytes, t->line, sequence);
}

static int roundtrip_op(struct trial *t, unsigned n)
{
    int error = 0;

    for (; n && !error; n--, t->sequence += 2) {
        error = put_item(t, t->sequence);
        if (!error)
            error = get_item(t, t->sequence + 1);
    }
    return error;
}

static int roundtrip_serve(struct trial *t, int role, unsigned n)
{
    int error = 0;

    (void)role;
    for (; n && !error; n--, t->sequence += 2) {
        error = get_item(t, t->sequence);
        if (!error)
            error = put_item(t, t->sequence + 1);
    }
    return error;
}

static int stream_op(struct trial *t, unsigned n)
{
    int error = 0;

    for (; n && !error; n--, t->sequence++) {
        error = get_item(t, t->sequence);
        trial_received(t, t->sequence);
    }
    return error;
}

static int stream_serve(struct trial *t, int role, unsigned n)
{
    int error = 0;

    (void)role;
    for (; n && !error; n--, t->sequence++) {
        trial_sending(t, t->sequence);
        error = put_item(t, t->sequence);
    }
    return error;
}

static const struct workload workloads[] = {
    {.name = "roundtrip",
     .unit = "round trip",
     .floor = "pipe-pingpong",
     .peers = 1,
     .sized = true,
     .open = sides_open,
     .pack = sides_pack,
     .join = sides_join,
     .op = roundtrip_op,
     .serve = roundtrip_serve,
     .close = sides_close},
    {.name = "stream",
     .unit = "message",
     .floor = "pipe-stream",
     .peers = 1,
     .sized = true,
     .one_way = true,
     .open = sides_open,
     .pack = sides_pack,
     .join = sides_join,
     .op = stream_op,
     .serve = stream_serve,
     .close = sides_close},
    {.name = NULL},
};

const struct mechanism queue_mechanism = {
    .name = "queue",
    .python = "multiprocessing.Queue",
    .summary = "a pipe, two locks and a thread that feeds",
    .workloads = workloads,
    .hazards = queue_hazards,
};
