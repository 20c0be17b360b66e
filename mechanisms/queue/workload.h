/* SPDX-License-Identifier: MIT */
/*
 * workload.h - what the workloads of queue/ share: four queues as one.
 *
 * A kind is a queue as the bench knows it: something is put, and got, and
 * whoever got it is done with it.  One loop of a workload serves all kinds.
 */
#ifndef IPCLAB_QUEUE_WORKLOAD_H
#define IPCLAB_QUEUE_WORKLOAD_H

#include "mechanism.h"
#include "queue/queue.h"

/* Whichever it is; zeroed, it is closed. */
union any_queue {
    struct queue queue;
    struct simple_queue simple;
    struct joinable_queue joinable;
};

enum kind { KIND_FAST, KIND_PLAIN, KIND_SIMPLE, KIND_JOINABLE };

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

#endif
