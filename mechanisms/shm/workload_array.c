/* SPDX-License-Identifier: MIT */
/*
 * workload_array.c - how the bench exercises an Array: an element, a copy of
 * any size, and messages that are left in it, with an Event that says so.
 */
#include "shm/workload.h"

#include "traffic.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { ELEMENTS = 1024 };

/* A box holds one message: full when it is there, taken when it may be written
 * over. */
struct box {
    struct array array;
    struct event full, taken;
};

struct sharing {
    struct box boxes[2];    /* there, and back */
    unsigned char *source;  /* of a copy */
    unsigned char *payload; /* of a message, before and after */
};

static struct sharing *sharing_new(struct trial *t)
{
    struct sharing *s = calloc(1, sizeof *s);

    t->state = s;
    for (int i = 0; s && i < 2; i++)
        s->boxes[i].full.region.fd = s->boxes[i].taken.region.fd = -1;
    return s;
}

/* Of the kind that the floor copies from, touched. */
static unsigned char *source_new(const struct trial *t)
{
    void *source = mmap(NULL, t->bytes ? t->bytes : 1, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

    return source == MAP_FAILED ? NULL : source;
}

static void sharing_close(struct trial *t)
{
    struct sharing *s = t->state;

    if (!s)
        return;
    for (int i = 0; i < 2; i++) {
        array_close(&s->boxes[i].array);
        event_close(&s->boxes[i].full);
        event_close(&s->boxes[i].taken);
    }
    if (s->source)
        munmap(s->source, t->bytes ? t->bytes : 1);
    free(s->payload);
    free(s);
    t->state = NULL;
    heap_trim(heap_shared());
}

static struct array *array_of(const struct trial *t)
{
    return &((struct sharing *)t->state)->boxes[0].array;
}

/* --- an element --- */

static int element_open(struct trial *t)
{
    return sharing_new(t) ? array_open(array_of(t), 'q', ELEMENTS) : -ENOMEM;
}

/* a[i] = x, and a[i]: two turns. */
static int element_op(struct trial *t, unsigned n)
{
    struct array *a = array_of(t);
    int error = 0;

    for (; n && !error; n--, t->sequence++) {
        int64_t i = (int64_t)(t->sequence % ELEMENTS);
        int64_t x = (int64_t)t->sequence, y = ~x;

        error = array_set(a, i, &x);
        if (!error)
            error = array_get(a, i, &y);
        if (!error && x != y)
            error = -EILSEQ;
    }
    return error;
}

/* --- a copy --- */

static int copy_open(struct trial *t)
{
    struct sharing *s = sharing_new(t);

    if (!s)
        return -ENOMEM;
    s->source = source_new(t);
    return s->source ? array_open(array_of(t), 'B', t->bytes) : -ENOMEM;
}

static int copy_raw_open(struct trial *t)
{
    struct sharing *s = sharing_new(t);

    if (!s)
        return -ENOMEM;
    s->source = source_new(t);
    return s->source ? array_open_with(array_of(t), 'B', t->bytes, NULL)
                     : -ENOMEM;
}

static int copy_op(struct trial *t, unsigned n)
{
    struct sharing *s = t->state;
    struct array *a = array_of(t);
    int error = 0;

    for (; n && !error; n--, t->sequence++) {
        payload_write(s->source, t->bytes, t->line, t->sequence);
        error = array_write(a, 0, t->bytes, s->source);
        if (!error)
            error =
                payload_check(array_get_obj(a), t->bytes, t->line, t->sequence);
    }
    return error;
}

/* --- messages --- */

static int box_open(struct box *b, size_t bytes)
{
    int error = array_open(&b->array, 'B', bytes);

    if (!error)
        error = event_open(&b->full);
    if (!error)
        error = event_open(&b->taken);
    if (!error)
        event_set(&b->taken);
    return error;
}

static int boxes_open(struct trial *t)
{
    struct sharing *s = sharing_new(t);
    int error = s ? box_open(&s->boxes[0], t->bytes) : -ENOMEM;

    if (!error)
        error = box_open(&s->boxes[1], t->bytes);
    if (!error && !(s->payload = traffic_payload(t)))
        error = -ENOMEM;
    return error;
}

static int boxes_pack(struct trial *t, int role, struct parcel *parcel)
{
    struct sharing *s = t->state;
    int error = 0;

    (void)role;
    for (int i = 0; i < 2 && !error; i++) {
        error = array_pack(&s->boxes[i].array, parcel);
        if (!error)
            error = event_pack(&s->boxes[i].full, parcel);
        if (!error)
            error = event_pack(&s->boxes[i].taken, parcel);
    }
    return error;
}

static int boxes_join(struct trial *t, int role, struct parcel *parcel)
{
    struct sharing *s = sharing_new(t);
    int error = s ? 0 : -ENOMEM;

    (void)role;
    for (int i = 0; i < 2 && !error; i++) {
        error = array_unpack(&s->boxes[i].array, parcel);
        if (!error)
            error = event_unpack(&s->boxes[i].full, parcel);
        if (!error)
            error = event_unpack(&s->boxes[i].taken, parcel);
    }
    if (!error && !(s->payload = traffic_payload(t)))
        error = -ENOMEM;
    return error;
}

/* region: box */
/* arr[:] = message; full.set() */
static int box_fill(struct trial *t, struct box *b, uint64_t sequence)
{
    struct sharing *s = t->state;
    int error;

    payload_write(s->payload, t->bytes, t->line, sequence);
    error = array_write(&b->array, 0, t->bytes, s->payload);
    event_set(&b->full);
    return error;
}

/* full.wait(); full.clear(); message = arr[:] */
static int box_empty(struct trial *t, struct box *b, uint64_t sequence)
{
    struct sharing *s = t->state;
    int error = event_wait(&b->full, NO_TIMEOUT);

    if (error)
        return error;
    event_clear(&b->full);
    error = array_read(&b->array, 0, t->bytes, s->payload);
    return error ? error
                 : payload_check(s->payload, t->bytes, t->line, sequence);
}
/* end: box */

/* There and back: an answer says that what was asked has been taken. */
static int ask_send(struct trial *t, uint64_t sequence)
{
    return box_fill(t, &((struct sharing *)t->state)->boxes[0], sequence);
}

static int ask_receive(struct trial *t, uint64_t sequence)
{
    return box_empty(t, &((struct sharing *)t->state)->boxes[1], sequence);
}

static int answer_send(struct trial *t, uint64_t sequence)
{
    return box_fill(t, &((struct sharing *)t->state)->boxes[1], sequence);
}

static int answer_receive(struct trial *t, uint64_t sequence)
{
    return box_empty(t, &((struct sharing *)t->state)->boxes[0], sequence);
}

static int roundtrip_op(struct trial *t, unsigned n)
{
    return traffic_ask(t, n, ask_send, ask_receive);
}

static int roundtrip_serve(struct trial *t, int role, unsigned n)
{
    (void)role;
    return traffic_answer(t, n, answer_send, answer_receive);
}

/* One way: nobody writes over what was not taken. */
static int stream_send(struct trial *t, uint64_t sequence)
{
    struct box *b = &((struct sharing *)t->state)->boxes[0];
    int error = event_wait(&b->taken, NO_TIMEOUT);

    if (error)
        return error;
    event_clear(&b->taken);
    return box_fill(t, b, sequence);
}

static int stream_receive(struct trial *t, uint64_t sequence)
{
    struct box *b = &((struct sharing *)t->state)->boxes[0];
    int error = box_empty(t, b, sequence);

    event_set(&b->taken);
    return error;
}

static int stream_op(struct trial *t, unsigned n)
{
    return traffic_consume(t, n, stream_receive);
}

static int stream_serve(struct trial *t, int role, unsigned n)
{
    (void)role;
    return traffic_produce(t, n, stream_send);
}

#define BOXES                                                                  \
    .peers = 1, .sized = true, .floor = "futex-pingpong", .open = boxes_open,  \
    .pack = boxes_pack, .join = boxes_join, .close = sharing_close

const struct workload array_workloads[] = {
    {.name = "copy",
     .unit = "copy",
     .floor = "memcpy",
     .sized = true,
     .open = copy_open,
     .op = copy_op,
     .close = sharing_close},
    {.name = "copy-raw",
     .variant = true,
     .unit = "copy",
     .floor = "memcpy",
     .sized = true,
     .open = copy_raw_open,
     .op = copy_op,
     .close = sharing_close},
    {.name = "element",
     .unit = "set and get",
     .floor = "element",
     .open = element_open,
     .op = element_op,
     .close = sharing_close},
    {.name = "roundtrip",
     .unit = "round trip",
     .variant = true,
     BOXES,
     .op = roundtrip_op,
     .serve = roundtrip_serve},
    {.name = "stream",
     .unit = "message",
     .variant = true,
     .one_way = true,
     BOXES,
     .op = stream_op,
     .serve = stream_serve},
    {.name = NULL},
};
