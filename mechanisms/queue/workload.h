/* SPDX-License-Identifier: MIT */
/*
 * workload.h - what the workloads of queue/ share: four queues, and the ring,
 * as one.
 *
 * A kind is a queue as the bench knows it: something is put, and got, and
 * whoever got it is done with it.  One loop of a workload serves all kinds.
 */
#ifndef IPCLAB_QUEUE_WORKLOAD_H
#define IPCLAB_QUEUE_WORKLOAD_H

#include "mechanism.h"
#include "queue/queue.h"
#include "ring/workload.h"

/* Whichever it is; zeroed, it is closed. */
union any_queue {
    struct queue queue;
    struct simple_queue simple;
    struct joinable_queue joinable;
    struct ring ring;
};

enum kind { KIND_FAST, KIND_PLAIN, KIND_SIMPLE, KIND_JOINABLE, KIND_RING };

struct queue_kind {
    /* With the settings `capacity` and `steps` where it knows them. */
    int (*open)(union any_queue *q, const struct trial *t);
    void (*close)(union any_queue *q);
    int (*put)(union any_queue *q, const void *item, size_t size);
    ssize_t (*get)(union any_queue *q, void *buffer, size_t size);
    int (*pack)(const union any_queue *q, struct parcel *parcel);
    int (*unpack)(union any_queue *q, struct parcel *parcel);
};

extern const struct queue_kind queue_kinds[]; /* by enum kind */

/* A peer is told which kind it is; -EBADMSG: there is no such. */
int queue_kind_pack(const struct queue_kind *kind, struct parcel *parcel);
int queue_kind_unpack(const struct queue_kind **kind, struct parcel *parcel);

/* What is put where several put: it says whose it is, and its number there. */
struct item {
    uint64_t from, number;
    unsigned char payload[48];
};

static inline void item_write(struct item *item, const struct trial *t,
                              unsigned from, uint64_t number)
{
    item->from = from;
    item->number = number;
    payload_write(item->payload, sizeof item->payload, t->line, number + from);
}

/*
 * What a get of such an item gave: 0, or its error, or -EILSEQ.  Whose it is
 * and its number are then known.
 */
static inline int item_check(const struct item *item, ssize_t got,
                             const struct trial *t, unsigned producers)
{
    if (got < 0)
        return (int)got;
    if (got != sizeof *item || item->from >= producers)
        return -EILSEQ;
    return payload_check(item->payload, sizeof item->payload, t->line,
                         item->number + item->from);
}

/* workload_fan.c: many producers, many consumers. */
int fan_open(struct trial *t, enum kind kind);
int fan_pack(struct trial *t, int role, struct parcel *parcel);
int fan_join(struct trial *t, int role, struct parcel *parcel);
int fan_op(struct trial *t, unsigned n);
int fan_check(struct trial *t, uint64_t done);
void fan_close(struct trial *t);

/* workload_fairness.c: a trickling producer beside a flooding one. */
int fairness_open(struct trial *t);
int fairness_pack(struct trial *t, int role, struct parcel *parcel);
int fairness_join(struct trial *t, int role, struct parcel *parcel);
int fairness_op(struct trial *t, unsigned n);
int fairness_serve(struct trial *t, int role, unsigned n);
void fairness_close(struct trial *t);

#endif
