/* SPDX-License-Identifier: MIT */
/* hazards_sources.h - what killed readers and killed feeders have in common;
 * private to hazards_killed.c and hazards_feeder.c. */
#ifndef IPCLAB_QUEUE_HAZARDS_SOURCES_H
#define IPCLAB_QUEUE_HAZARDS_SOURCES_H

#include "mechanism.h"

#include "queue/hazards.h"
#include "sync/sync.h"

/*
 * How one process hands items to several, or they to one: by a queue of ours,
 * by a pipe with a lock of its own, or by a pipe for each.  hazards_killed.c
 */
enum source { PLAIN, FAST, ROBUST, LOCKED, PIPES };

struct sources {
    struct queue queues[ROBUST + 1];
    struct lock lock;
    int items[2][2]; /* pipes */
};

/* Open what it needs: 0 or -errno. */
int open_source(enum source source, struct sources *s);

#endif
