/* SPDX-License-Identifier: MIT */
/*
 * floor_lock.c - floors: what the C library has for the same, in memory that
 * processes share: a pthread_mutex of the same kind, and a sem_t.
 *
 * Not what nothing can beat, as other floors are: what anybody who writes C
 * would take instead.  The pairs and what is done while it is held are those of
 * sync/workload.c.  Peers are forked, since no two C libraries agree on these.
 */
#include "floor_lock.h"
#include "registry.h"

#include <stdlib.h>

static int taken_open(struct trial *t)
{
    size_t count = t->participants > 1 ? (size_t)t->participants : 1;
    struct region *r = calloc(1, sizeof *r);

    t->state = r;
    return r ? region_open(r, count * sizeof(struct taken)) : -ENOMEM;
}

int taken_pack(struct trial *t, int role, struct parcel *parcel)
{
    (void)role;
    return region_pack(t->state, parcel);
}

int taken_join(struct trial *t, int role, struct parcel *parcel)
{
    struct region *r = calloc(1, sizeof *r);

    (void)role;
    t->state = r;
    return r ? region_unpack(r, parcel) : -ENOMEM;
}

static int taken_check(struct trial *t, uint64_t done)
{
    return guarded_check(&taken_of(t)->guarded, done);
}

void taken_close(struct trial *t)
{
    if (t->state)
        region_close(t->state);
    free(t->state);
    t->state = NULL;
}

/* --- pthread_mutex --- */

static int mutex_open(struct trial *t, int type, int robust)
{
    pthread_mutexattr_t kind;
    int error = taken_open(t);

    if (error)
        return error;
    error = pthread_mutexattr_init(&kind);
    if (error)
        return -error;
    error = pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
    if (!error)
        error = pthread_mutexattr_settype(&kind, type);
    if (!error)
        error = pthread_mutexattr_setrobust(&kind, robust);
    for (int i = 0; !error && (!i || i < t->participants); i++)
        error = pthread_mutex_init(&taken_of(t)[i].mutex, &kind);
    pthread_mutexattr_destroy(&kind);
    return -error;
}

int taken_open_plain(struct trial *t)
{
    return mutex_open(t, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED);
}

int taken_open_recursive(struct trial *t)
{
    return mutex_open(t, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED);
}

int taken_open_robust(struct trial *t)
{
    return mutex_open(t, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST);
}

static int mutex_pair_op(struct trial *t, unsigned n)
{
    pthread_mutex_t *mutex = &taken_of(t)->mutex;
    int error = 0;

    for (; n && !error; n--) {
        error = pthread_mutex_lock(mutex);
        if (!error)
            error = pthread_mutex_unlock(mutex);
    }
    return -error;
}

static int mutex_contended_op(struct trial *t, unsigned n)
{
    struct taken *taken = taken_of(t);
    int error = 0;

    n = trial_share(n, t->number, t->participants);
    for (; n && !error; n--) {
        error = -pthread_mutex_lock(&taken->mutex);
        if (!error)
            error = guarded_add(&taken->guarded);
        if (!error)
            error = -pthread_mutex_unlock(&taken->mutex);
    }
    return error;
}

/* --- sem_t --- */

static int sem_open_one(struct trial *t)
{
    int error = taken_open(t);

    if (error)
        return error;
    return sem_init(&taken_of(t)->semaphore, 1, 1) < 0 ? -errno : 0;
}

/* sem_wait ends at a signal, as pthread_mutex_lock does not. */
static int take(sem_t *semaphore)
{
    while (sem_wait(semaphore) < 0)
        if (errno != EINTR)
            return -errno;
    return 0;
}

static int give(sem_t *semaphore)
{
    return sem_post(semaphore) < 0 ? -errno : 0;
}

static int sem_pair_op(struct trial *t, unsigned n)
{
    sem_t *semaphore = &taken_of(t)->semaphore;
    int error = 0;

    for (; n && !error; n--) {
        error = take(semaphore);
        if (!error)
            error = give(semaphore);
    }
    return error;
}

static int sem_contended_op(struct trial *t, unsigned n)
{
    struct taken *taken = taken_of(t);
    int error = 0;

    n = trial_share(n, t->number, t->participants);
    for (; n && !error; n--) {
        error = take(&taken->semaphore);
        if (!error)
            error = guarded_add(&taken->guarded);
        if (!error)
            error = give(&taken->semaphore);
    }
    return error;
}

/* --- the table --- */

static const struct setting processes_grid[] = {
    {"processes", 2, CROWDS, "how many take part"}, {.name = NULL}};
static const char *const processes_crowd[] = {"processes", NULL};

#define PAIR(open_it, op_it)                                                   \
    .unit = "acquire and release", .open = (open_it), .op = (op_it),           \
    .close = taken_close

#define CONTENDED(open_it, op_it)                                              \
    .unit = "acquire, count, release", .peers = 1, .crowd = processes_crowd,   \
    .grid = processes_grid, .together = true, .guess = 200, .open = (open_it), \
    .pack = taken_pack, .join = taken_join, .op = (op_it),                     \
    .check = taken_check, .close = taken_close

const struct workload lock_floors[] = {
    {.name = "mutex-pair", PAIR(taken_open_plain, mutex_pair_op)},
    {.name = "mutex-pair-recursive", PAIR(taken_open_recursive, mutex_pair_op)},
    {.name = "mutex-pair-robust", PAIR(taken_open_robust, mutex_pair_op)},
    {.name = "sem-pair", PAIR(sem_open_one, sem_pair_op)},
    {.name = "mutex-contended",
     CONTENDED(taken_open_plain, mutex_contended_op)},
    {.name = "mutex-contended-robust",
     CONTENDED(taken_open_robust, mutex_contended_op)},
    {.name = "sem-contended", CONTENDED(sem_open_one, sem_contended_op)},
    {.name = NULL},
};
