/* SPDX-License-Identifier: MIT */
/*
 * hazards_pages.c - fork copies memory when it is written, a page at a time.
 *
 * A child that only reads its parent's memory costs nothing; but who counts
 * references in each object writes to each page, and reading is writing then.
 */
#include "start/hazards.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
    OBJECTS_BYTES = 64 << 20,
    CURE_SHARED = 1, /* one memory for both */
    CURE_APART,      /* the counts are not among the data */
};

static unsigned char *objects; /* one a page, its count of references first */
static int64_t *counts;        /* CURE_APART: the counts, side by side */
static size_t page, object_count;

static int64_t *references(size_t k)
{
    return counts ? &counts[k] : (int64_t *)(void *)(objects + k * page);
}

/* 64 MiB of objects, each of them there, with one reference. */
static int make_objects(int cure)
{
    /* region: cow-is-not-free-cures */
    int kind = cure == CURE_SHARED ? MAP_SHARED : MAP_PRIVATE;

    page = (size_t)sysconf(_SC_PAGESIZE);
    object_count = OBJECTS_BYTES / page;
    objects = mmap(NULL, OBJECTS_BYTES, PROT_READ | PROT_WRITE,
                   kind | MAP_ANONYMOUS, -1, 0);
    if (objects == MAP_FAILED)
        return -errno;
    if (cure == CURE_APART) {
        counts = calloc(object_count, sizeof *counts);
        if (!counts)
            return -ENOMEM;
    }
    /* end: cow-is-not-free-cures */
    /* Huge pages are copied in pieces too, but not all at once. */
    madvise(objects, OBJECTS_BYTES, MADV_NOHUGEPAGE);
    for (size_t k = 0; k < object_count; k++) {
        objects[k * page + sizeof(int64_t)] = 'x';
        *references(k) = 1;
    }
    return 0;
}

/* KiB of this process that it wrote and that nobody else maps; -1: unknown. */
static long own_pages(void)
{
    FILE *file = fopen("/proc/self/smaps_rollup", "re");
    char line[128];
    long kib = -1;

    while (file && kib < 0 && fgets(line, sizeof line, file))
        if (sscanf(line, "Private_Dirty: %ld", &kib) != 1)
            kib = -1;
    if (file)
        fclose(file);
    return kib;
}

/* region: cow-is-not-free */
/* The child: takes a reference to each object, looks at it, lets it go. */
static int64_t look_at_all(void)
{
    int64_t seen = 0;

    for (size_t k = 0; k < object_count; k++) {
        ++*references(k);
        seen += objects[k * page + sizeof(int64_t)] == 'x';
        --*references(k);
    }
    return seen;
}
/* end: cow-is-not-free */

/* It must have looked at all; a cure must have copied next to nothing. */
static _Noreturn void child_main(struct witness *w, int cure, int results)
{
    long before = own_pages(), after;
    int64_t seen;

    witness_victim(w, getpid());
    witness_show(w, 1);
    seen = look_at_all();
    witness_show(w, 2);
    after = own_pages();
    if (cure && (before < 0 || after - before > OBJECTS_BYTES / 1024 / 16))
        seen = -ENOMEM;
    _exit(write_full(results, &seen, sizeof seen) == 0 ? 0 : 1);
}

int cow_is_not_free(struct witness *w, int cure)
{
    int results[2], error = fd_pipe(results);
    int64_t seen = 0;
    pid_t child;

    if (!error)
        error = make_objects(cure);
    if (error)
        return error;
    witness_expect(w, (int64_t)object_count);
    witness_count(w, OBJECTS_BYTES);
    witness_memory(w, "objects", objects);

    child = fork();
    if (child == 0)
        child_main(w, cure, results[1]);
    if (child < 0)
        return -errno;
    if (wait_for(child) != 0 ||
        read_full(results[0], &seen, sizeof seen) != sizeof seen)
        return -ECHILD;
    witness_got(w, seen);
    return 0;
}
