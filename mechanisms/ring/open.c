/* SPDX-License-Identifier: MIT */
/*
 * open.c - a ring's memory: made, mapped, handed on, and closed.
 *
 * One region holds the state and, from the next page on, the ring, whose size
 * is a power of two.  Beside the region's own mapping the ring is mapped twice
 * in a row, so that an item that goes beyond its end can be copied as one.
 */
#include "ring/state.h"

#include <errno.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#define BYTES_MOST ((size_t)1 << 31)

static size_t state_size(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    return (sizeof(struct ring_state) + page - 1) / page * page;
}

static size_t power_of_two(size_t least)
{
    size_t size = (size_t)sysconf(_SC_PAGESIZE);

    while (size < least)
        size *= 2;
    return size;
}

/* Bytes of the ring, by the region: what is in it others can change. */
static size_t ring_size(const struct ring *r)
{
    return r->region.size - state_size();
}

/* Map the ring, behind the state, twice in a row. */
static int map_twice(struct ring *r)
{
    size_t size = ring_size(r);
    off_t from = (off_t)state_size();
    void *bytes = mmap(NULL, 2 * size, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    int error = 0;

    if (bytes == MAP_FAILED)
        return -errno;
    r->bytes = bytes;
    for (size_t i = 0; i < 2 && !error; i++)
        if (mmap(r->bytes + i * size, size, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_FIXED, r->region.fd, from) == MAP_FAILED)
            error = -errno;
    if (error) {
        munmap(bytes, 2 * size);
        r->bytes = NULL;
    }
    return error;
}

static int attach(struct ring *r)
{
    struct ring_state *s = r->region.base;
    cpu_set_t processors;
    int error = map_twice(r);

    if (error) {
        region_close(&r->region);
        return error;
    }
    r->state = s;
    for (int i = 0; i < 2; i++)
        lock_at(&r->locks[i], &s->ends[i].lock);
    r->alone = sched_getaffinity(0, sizeof processors, &processors) == 0 &&
               CPU_COUNT(&processors) == 1;
    return 0;
}

int ring_open(struct ring *r, size_t maxsize, size_t bytes, enum ring_wait wait)
{
    struct ring_state *s;
    struct lock unused;
    size_t size;
    int error;

    *r = (struct ring){.region = {.fd = -1}};
    if (bytes == 0)
        bytes = RING_BYTES;
    if (bytes < UNIT || bytes > BYTES_MOST || maxsize > UINT32_MAX ||
        wait > RING_SPIN_THEN_BLOCK)
        return -EINVAL;
    size = power_of_two(bytes);
    error = region_open(&r->region, state_size() + size);
    if (error)
        return error;
    s = r->region.base;
    s->size = size;
    s->units = (uint32_t)(bytes / UNIT);
    s->maxsize = maxsize ? (uint32_t)maxsize : UINT32_MAX;
    s->wait = wait;
    for (int i = 0; i < 2; i++)
        lock_init(&unused, &s->ends[i].lock, LOCK_ROBUST);
    return attach(r);
}

void ring_close(struct ring *r)
{
    if (!r->state)
        return;
    for (int i = 0; i < 2; i++)
        lock_close(&r->locks[i]);
    munmap(r->bytes, 2 * ring_size(r));
    region_close(&r->region);
    *r = (struct ring){.region = {.fd = -1}};
}

int ring_pack(const struct ring *r, struct parcel *parcel)
{
    return region_pack(&r->region, parcel);
}

/* Is it a ring that ring_open could have made? */
static bool is_ring(const struct region *region)
{
    const struct ring_state *s = region->base;

    return region->size > state_size() &&
           s->size == region->size - state_size() &&
           power_of_two(s->size) == s->size && s->units > 0 &&
           s->units <= s->size / UNIT && s->maxsize > 0 &&
           s->wait <= RING_SPIN_THEN_BLOCK;
}

int ring_unpack(struct ring *r, struct parcel *parcel)
{
    int error;

    *r = (struct ring){.region = {.fd = -1}};
    error = region_unpack(&r->region, parcel);
    if (error)
        return error;
    if (!is_ring(&r->region)) {
        region_close(&r->region);
        return -EBADMSG;
    }
    return attach(r);
}
