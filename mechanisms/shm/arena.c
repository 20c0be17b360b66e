/* SPDX-License-Identifier: MIT */
/*
 * arena.c - the arenas that this process has mapped.
 *
 * File-scope state and its fork story: the list is linked by single stores, so
 * that a fork at any moment copies a whole one; a child finds in it what it has
 * inherited, and never unmaps that.  The lock is made new.
 */
#include "shm/arena.h"

#include "common/hooks.h"
#include "common/io.h"
#include "shm/reserve.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>

static struct arena *arenas;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void forget(void *unused)
{
    (void)unused;
    lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
}

__attribute__((constructor)) static void watch(void)
{
    static struct after_fork hook = {.run = forget};

    after_fork_register(&hook);
}

/* The lock is held.  A fork may copy the list between any two of our stores. */
static void list_in(struct arena *a)
{
    a->next = arenas;
    atomic_signal_fence(memory_order_seq_cst);
    arenas = a;
}

static void list_out(const struct arena *a)
{
    struct arena **at = &arenas;

    while (*at != a)
        at = &(*at)->next;
    *at = a->next;
    atomic_signal_fence(memory_order_seq_cst);
}

static struct arena *find_file(const struct stat *file)
{
    struct arena *a = arenas;

    while (a && (a->device != file->st_dev || a->file != file->st_ino))
        a = a->next;
    return a;
}

/* Of that region, which is the arena's from now on; without one it is closed.
 * An arena that is mapped here already has one user more. */
static int take_region(struct region *r, struct arena **a)
{
    struct arena *new = malloc(sizeof *new);
    struct stat file;
    int error = new ? 0 : -ENOMEM;

    if (!error && fstat(r->fd, &file) < 0)
        error = -errno;
    if (error) {
        free(new);
        region_close(r);
        return error;
    }
    pthread_mutex_lock(&lock);
    *a = find_file(&file);
    if (*a) {
        (*a)->users++;
    } else {
        *new = (struct arena){.region = *r,
                              .device = file.st_dev,
                              .file = file.st_ino,
                              .users = 1,
                              .generation = fork_generation()};
        list_in(new);
        *a = new;
    }
    pthread_mutex_unlock(&lock);
    if (*a != new) {
        free(new);
        region_close(r);
    }
    return 0;
}

int arena_open(struct arena **a, size_t size)
{
    struct region r;
    int error = region_open(&r, size);

    return error ? error : take_region(&r, a);
}

int arena_unpack(struct arena **a, struct parcel *parcel)
{
    struct region r;
    int error = region_unpack(&r, parcel);

    return error ? error : take_region(&r, a);
}

void arena_release(struct arena *a)
{
    bool last;

    if (a->generation != fork_generation())
        return;
    pthread_mutex_lock(&lock);
    last = --a->users == 0;
    if (last)
        list_out(a);
    pthread_mutex_unlock(&lock);
    if (last) {
        region_close(&a->region);
        free(a);
    }
}

int arena_reserve(struct arena *a, size_t end)
{
    return end > a->used ? reserve(a->region.fd, a->used, end) : 0;
}

int arena_pack(const struct arena *a, struct parcel *parcel)
{
    return region_pack(&a->region, parcel);
}

struct arena *arena_at(const void *address)
{
    struct arena *a;

    pthread_mutex_lock(&lock);
    for (a = arenas; a; a = a->next)
        if ((uintptr_t)address - (uintptr_t)a->region.base < a->region.size)
            break;
    pthread_mutex_unlock(&lock);
    return a;
}
