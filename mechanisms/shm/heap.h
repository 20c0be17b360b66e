/* SPDX-License-Identifier: MIT */
/*
 * heap.h - the heap in shared memory: what Value and Array are made of.
 *
 * A heap hands out blocks of arenas.  An arena is a region: anonymous memory
 * with a descriptor, so that a block can be handed to any child as its arena's
 * descriptor and a place in it, and nothing is left when everybody is killed
 * (CPython Lib/multiprocessing/heap.py, Heap and Arena, whose arenas are files
 * in /dev/shm that have lost their name).
 *
 *     struct block b;
 *     heap_malloc(heap_shared(), 100, HEAP_ALIGNMENT, &b);
 *     memcpy(b.base, text, 100);      // every process that has the block
 *     block_pack(&b, &parcel);        // sees it; the child: block_unpack
 *     block_release(&b);              // free, or in the child: let go
 *
 * What is known of the blocks lies in the memory of the process that made
 * them, and nowhere else.  So it alone can free one, and while a child uses a
 * block its maker must not: the memory would be another's.  A forked child
 * begins with an empty heap; the blocks that it has inherited it can use, and
 * not free.
 *
 * The fit is the best: of the free blocks that are large enough the smallest,
 * and of those the one that was freed last.  What is left over stays free, and
 * free neighbours are one.
 *
 * Any thread may call.
 */
#ifndef IPCLAB_HEAP_H
#define IPCLAB_HEAP_H

#include "common/hooks.h"
#include "common/parcel.h"
#include "common/region.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    HEAP_ALIGNMENT = 8, /* of every block, and of its size */
    HEAP_APART = 128, /* no two processors pull at one cache line, or at a pair
                         that is fetched as one */
    HEAP_DOUBLE_UNTIL = 4 << 20, /* arenas are twice as large each time */
    HEAP_DISCARD_FROM = 4 << 20, /* an empty one of that size is given back */
};

struct arena;
struct heap_node;

struct block {
    void *base;  /* where this process has it; NULL: none */
    size_t size; /* bytes, as asked for */
    struct arena *arena;
    struct heap_node *node; /* private; NULL: it was unpacked */
    unsigned generation;    /* private: of the process that has it */
};

/* Free blocks of one length, the last freed first. */
struct heap_length {
    size_t length;
    struct heap_node *top;
};

struct heap {
    pthread_mutex_t mutex;
    struct heap_length *lengths; /* by length */
    size_t count, capacity;
    size_t nodes; /* pieces, free or not: no more lengths than that */
    struct arena *arenas;
    size_t next_arena; /* bytes */
    size_t discard;    /* an empty arena of that size is given back */
    struct after_fork hook;
};

/* An empty heap; and the end of one, with all that is in it. */
void heap_open(struct heap *h);
void heap_close(struct heap *h);

/* The one of this process, which Value and Array use. */
struct heap *heap_shared(void);

/*
 * A block of zeroes.  Its start is a multiple of alignment, which is a power of
 * two from HEAP_ALIGNMENT to a page; so is what it takes.  A size of 0 takes as
 * much as 1.  Its memory is there: using it cannot fail.
 * -EINVAL: such an alignment cannot be.  -ENOMEM: no such size is possible, or
 * the machine has not as much memory.  Or -errno: of memfd_create(2).
 */
int heap_malloc(struct heap *h, size_t size, size_t alignment, struct block *b);

/*
 * Free it; *b is none then.  0, also for none.  -EPERM: another process made
 * it, before a fork or before it was unpacked here (CPython: ValueError).
 */
int heap_free(struct heap *h, struct block *b);

/* Give back every arena in which nothing is. */
void heap_trim(struct heap *h);

/* Free it where this process made it, with heap_shared(); else let go of it.
 * Harmless twice. */
void block_release(struct block *b);

/*
 * Hand a block to a child, and receive it there: 0 or -errno.  A process has an
 * arena mapped once, however many blocks of it it is handed; a parcel carries
 * the descriptor with each.
 */
int block_pack(const struct block *b, struct parcel *parcel);
int block_unpack(struct block *b, struct parcel *parcel);

/* The block that begins at that address of an arena of this process, to be
 * packed: 0, or -EFAULT: it is in none.  Nothing to be released. */
int block_at(const void *address, size_t size, struct block *b);

#endif
