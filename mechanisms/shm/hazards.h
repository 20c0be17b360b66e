/* SPDX-License-Identifier: MIT */
/*
 * hazards.h - the scenarios of shm/, one file a cause.  Private to shm/;
 * hazards.c has their table.
 */
#ifndef IPCLAB_SHM_HAZARDS_H
#define IPCLAB_SHM_HAZARDS_H

#include "mechanism.h"

#include "shm/shm.h"
#include "start/hazards.h"

int lost_update(struct witness *w, int cure);              /* hazards_count.c */
int lost_update_despite_lock(struct witness *w, int cure); /* hazards_count.c */
int torn_read(struct witness *w, int cure);                /* hazards_words.c */
int leaked_segment(struct witness *w, int cure);           /* hazards_leak.c */
int tracker_unlinks_anothers(struct witness *w, int cure); /* hazards_visit.c */
int sigbus(struct witness *w, int cure);                   /* hazards_cut.c */

/* One byte through a pipe: "I have", and "you may".  0 or -errno; -EPIPE: the
 * other has gone. */
static inline int say(int to)
{
    return write_full(to, "", 1);
}

static inline int hear(int from)
{
    char byte;
    ssize_t n = read_some(from, &byte, 1);

    return n == 1 ? 0 : n < 0 ? (int)n : -EPIPE;
}

/* Until somebody else waits for the lock: 0, or -ETIMEDOUT after 5 s.
 * hazards_count.c */
int wait_until_wanted(const struct lock *l);

/* A process that is no child of ours: to be waited for by a descriptor of it.
 * It or -errno; and 0, or -ETIMEDOUT: 5 s later it lives.  A descriptor of -1
 * is of nobody.  hazards_leak.c */
int open_process(pid_t process);
int wait_until_gone(int *process);

#endif
