/* SPDX-License-Identifier: MIT */
/*
 * store.c - where samples are kept until the run has ended.
 *
 * File-scope state: one chunk being filled.  Its fork story is MADV_DONTFORK:
 * a child has no such mapping, and never calls these.
 */
#include "store.h"

#include <string.h>
#include <sys/mman.h>

enum { CHUNK = 16 << 20 };

static unsigned char *chunk;
static size_t used = CHUNK;

static void *room(size_t bytes)
{
    size_t size = bytes > CHUNK ? bytes : CHUNK;
    void *at;

    if (bytes > CHUNK || used > CHUNK - bytes) {
        at = mmap(NULL, size, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (at == MAP_FAILED)
            return NULL;
        madvise(at, size, MADV_DONTFORK);
        if (size > CHUNK)
            return at;
        chunk = at;
        used = 0;
    }
    at = chunk + used;
    used += (bytes + 7) & ~(size_t)7;
    return at;
}

int64_t *store_keep(const int64_t *values, size_t n)
{
    int64_t *copy = room(n * sizeof *copy);

    if (copy && n)
        memcpy(copy, values, n * sizeof *copy);
    return copy;
}

double *store_doubles(size_t n)
{
    return room(n * sizeof(double));
}
