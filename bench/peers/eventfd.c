/* SPDX-License-Identifier: MIT */
/*
 * eventfd.c - slots in shared memory, and two eventfds that count: the messages
 * there, and the free slots.  What one would write first, for one sender and
 * one receiver: two system calls a message on each side, whoever waits.
 */
#include "common/io.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

struct way {
    int there, room; /* eventfds */
    unsigned char *slots;
    size_t stride, capacity, next; /* bytes; slots; this side's next slot */
};

#include "peers/channel.h"

enum { APART = 64 };

static int way_open(struct way *w, size_t bytes, size_t capacity)
{
    *w = (struct way){.stride = (bytes / APART + 1) * APART,
                      .capacity = capacity};
    w->there = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
    w->room = eventfd((unsigned)capacity, EFD_CLOEXEC | EFD_SEMAPHORE);
    if (w->there < 0 || w->room < 0)
        return -errno;
    w->slots = mmap(NULL, w->stride * capacity, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (w->slots != MAP_FAILED)
        return 0;
    w->slots = NULL;
    return -errno;
}

static int way_begin(struct way *w, bool sends)
{
    (void)w;
    (void)sends;
    return 0;
}

/* One less; waits while it is 0. */
static int take(int fd)
{
    uint64_t one;
    ssize_t got = read_some(fd, &one, sizeof one);

    return got == sizeof one ? 0 : got < 0 ? (int)got : -EIO;
}

static int give(int fd)
{
    uint64_t one = 1;

    return write_full(fd, &one, sizeof one);
}

static unsigned char *next_slot(struct way *w)
{
    unsigned char *slot = w->slots + w->next * w->stride;

    w->next = w->next + 1 == w->capacity ? 0 : w->next + 1;
    return slot;
}

static int way_send(struct way *w, const void *message, size_t bytes)
{
    int error = take(w->room);

    if (error)
        return error;
    memcpy(next_slot(w), message, bytes);
    return give(w->there);
}

static ssize_t way_receive(struct way *w, void *message, size_t bytes)
{
    int error = take(w->there);

    if (error)
        return error;
    memcpy(message, next_slot(w), bytes);
    error = give(w->room);
    return error ? error : (ssize_t)bytes;
}

static void way_close(struct way *w)
{
    if (w->slots)
        munmap(w->slots, w->stride * w->capacity);
    fd_close(&w->there);
    fd_close(&w->room);
}
