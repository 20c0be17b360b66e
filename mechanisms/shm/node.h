/* SPDX-License-Identifier: MIT */
/* node.h - a piece of an arena, in use or free; private to shm/. */
#ifndef IPCLAB_NODE_H
#define IPCLAB_NODE_H

#include <stdbool.h>
#include <stddef.h>

struct heap_node {
    struct arena *arena;
    size_t start, stop; /* in the arena */
    bool used;
    struct heap_node *before, *after; /* neighbours in the arena, or NULL */
    struct heap_node *above, *below;  /* in its stack, while it is free */
};

#endif
