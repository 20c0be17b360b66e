/* SPDX-License-Identifier: MIT */
/* floor_lock.h - the C library's locks, and what is done under one. */
#ifndef IPCLAB_FLOOR_LOCK_H
#define IPCLAB_FLOOR_LOCK_H

#include "common/region.h"
#include "mechanism.h"

#include <pthread.h>
#include <semaphore.h>

/* In memory that all share; one for each participant, of which most floors use
 * the first. */
struct taken {
    _Alignas(256) pthread_mutex_t mutex; /* on lines of its own, */
    volatile uint64_t count;             /* with this, as in a Value */
    _Alignas(256) sem_t semaphore;
    struct guarded guarded;
};

static inline struct taken *taken_of(const struct trial *t)
{
    return ((struct region *)t->state)->base;
}

/* The life of such a floor; by the kind of its mutexes. */
int taken_open_plain(struct trial *t);
int taken_open_recursive(struct trial *t);
int taken_open_robust(struct trial *t);
int taken_pack(struct trial *t, int role, struct parcel *parcel);
int taken_join(struct trial *t, int role, struct parcel *parcel);
void taken_close(struct trial *t);

#endif
