/* SPDX-License-Identifier: MIT */
/*
 * hazards.h - the scenarios of queue/, one file a cause.  Private to queue/;
 * hazards.c has their table.
 */
#ifndef IPCLAB_QUEUE_HAZARDS_H
#define IPCLAB_QUEUE_HAZARDS_H

#include "mechanism.h"

#include "queue/queue.h"
#include "start/hazards.h"

struct lock;

int join_before_drain(struct witness *w, int cure);    /* hazards_drain.c */
int killed_idle_reader(struct witness *w, int cure);   /* hazards_killed.c */
int killed_feeder(struct witness *w, int cure);        /* hazards_feeder.c */
int fork_dead_feeder(struct witness *w, int cure);     /* hazards_fork.c */
int fork_duplicate_items(struct witness *w, int cure); /* hazards_fork.c */
int spawn_rebuilt_queue(struct witness *w, int cure);  /* hazards_rebuilt.c */

/* Wait until somebody has the lock, and sleeps with it in hand: 0, or
 * -ETIMEDOUT after 5 s.  hazards_killed.c */
int wait_for_sleeper(const struct lock *l);

/* Kill a child, and join it: 0, or -ECHILD if it had ended before. */
int kill_and_join(pid_t child);

#endif
