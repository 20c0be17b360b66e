/* SPDX-License-Identifier: MIT */
/*
 * batch.h - items that were put and not sent yet; private to queue/.
 *
 * In batches that a pipe of the usual size holds, so that one is one write, and
 * no item is moved when there are more than were thought of.  A batch that was
 * sent is filled again: memory fresh from the kernel would cost a fault for
 * each page, which is more than all else that a put does.
 */
#ifndef IPCLAB_QUEUE_BATCH_H
#define IPCLAB_QUEUE_BATCH_H

#include "common/frame.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

enum { BATCH = 64 << 10 };

/* Spare batches, in bytes: as many are kept while items come and go; and when
 * none have come for a while. */
enum { SPARE_BUSY = 16 << 20, SPARE_IDLE = 1 << 20 };

/* Items, each behind its header as it goes through the pipe. */
struct batch {
    struct batch *next;
    size_t used, capacity, items;
    unsigned char bytes[];
};

/* The oldest batch first. */
struct batches {
    struct batch *first, *last, *spare;
    size_t spared;  /* bytes of the spare ones */
    size_t waiting; /* batches from first to last */
};

/* The item whose header is at `at`; where the next one begins. */
static inline size_t batch_item(const struct batch *b, size_t at,
                                const unsigned char **item, size_t *size)
{
    uint64_t n = 0;
    int header = frame_header(b->bytes + at, b->used - at, &n);

    *item = b->bytes + at + header;
    *size = (size_t)n;
    return at + (size_t)header + (size_t)n;
}

/* An empty batch behind the last, for at least so many bytes: or NULL. */
static inline struct batch *batches_grow(struct batches *all, size_t least)
{
    size_t capacity = least > BATCH ? least : BATCH;
    struct batch **at = &all->spare, *b;

    while (*at && (*at)->capacity < capacity)
        at = &(*at)->next;
    b = *at;
    if (b) {
        *at = b->next;
        all->spared -= b->capacity;
    } else {
        b = malloc(sizeof *b + capacity);
        if (!b)
            return NULL;
        b->capacity = capacity;
    }
    b->next = NULL;
    b->used = b->items = 0;
    if (all->last)
        all->last->next = b;
    else
        all->first = b;
    all->last = b;
    all->waiting++;
    return b;
}

/* Add an item: 0 or -ENOMEM. */
static inline int batches_add(struct batches *all, const void *item,
                              size_t size)
{
    struct batch *b = all->last;

    if (size > SIZE_MAX / 2)
        return -ENOMEM;
    if (!b || b->used + size + LONG_HEADER > BATCH)
        b = batches_grow(all, size + LONG_HEADER);
    if (!b)
        return -ENOMEM;
    b->used += frame_put_header(b->bytes + b->used, size);
    if (size)
        memcpy(b->bytes + b->used, item, size);
    b->used += size;
    b->items++;
    return 0;
}

/* The oldest batch, or NULL; it is the caller's, until it is spare. */
static inline struct batch *batches_take(struct batches *all)
{
    struct batch *b = all->first;

    if (!b)
        return NULL;
    all->first = b->next;
    if (!all->first)
        all->last = NULL;
    all->waiting--;
    return b;
}

/*
 * Just now 16 more wait, a MiB at least.  A scheduler lets a thread that never
 * sleeps go on for milliseconds, and what it puts meanwhile is not in the cache
 * any more when the feeder has its turn: so the feeder should have it now.
 */
static inline bool batches_are_many(const struct batches *all)
{
    return all->last && all->last->items == 1 && all->waiting % 16 == 0;
}

/* What is in it was sent, or is not wanted. */
static inline void batches_spare(struct batches *all, struct batch *b)
{
    if (all->spared + b->capacity > SPARE_BUSY) {
        free(b);
        return;
    }
    b->next = all->spare;
    all->spare = b;
    all->spared += b->capacity;
}

/* Give spare ones back until at most so many bytes are left. */
static inline void batches_trim(struct batches *all, size_t most)
{
    while (all->spared > most) {
        struct batch *b = all->spare;

        all->spare = b->next;
        all->spared -= b->capacity;
        free(b);
    }
}

static inline void batches_free(struct batches *all)
{
    for (struct batch *b = batches_take(all); b; b = batches_take(all))
        free(b);
    batches_trim(all, 0);
}

#endif
