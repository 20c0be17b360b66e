/* SPDX-License-Identifier: MIT */
/*
 * types.c - what there is to host: CPython's types, and the user's own.
 *
 * File-scope state and its fork story: what was registered is there before a
 * server is started, and a child has it as its parent had.
 */
#include "manager/hosted.h"
#include "manager/manager.h"

#include <errno.h>
#include <string.h>

enum { ADDED_MOST = 32 };

static const struct hosted_type *const known[] = {&list_type,
                                                  &dict_type,
                                                  &set_type,
                                                  &namespace_type,
                                                  &value_type,
                                                  &array_type,
                                                  &queue_type,
                                                  &joinable_queue_type,
                                                  &event_type,
                                                  &lock_type,
                                                  &rlock_type,
                                                  &semaphore_type,
                                                  &bounded_semaphore_type,
                                                  &condition_type,
                                                  &barrier_type,
                                                  &iterator_type,
                                                  NULL};

static const struct hosted_type *added[ADDED_MOST + 1];

static const struct hosted_type *find(const struct hosted_type *const *types,
                                      const char *name)
{
    while (*types && strcmp((*types)->name, name) != 0)
        types++;
    return *types;
}

const struct hosted_type *hosted_find(const char *name)
{
    const struct hosted_type *type = find(known, name);

    return type ? type : find(added, name);
}

int manager_register(const struct hosted_type *type)
{
    size_t n = 0;

    if (hosted_find(type->name))
        return -EEXIST;
    while (n < ADDED_MOST && added[n])
        n++;
    if (n == ADDED_MOST)
        return -ENOSPC;
    added[n] = type;
    return 0;
}
