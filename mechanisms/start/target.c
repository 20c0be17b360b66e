/* SPDX-License-Identifier: MIT */
/*
 * target.c - functions by name.
 *
 * The list is complete before main begins and only read after, so it needs no
 * lock; every child, however started, has the same one.
 */
#include "start/start.h"

#include <string.h>

static struct target *targets;

void target_register(struct target *t)
{
    t->next = targets;
    targets = t;
}

const struct target *target_find(const char *name)
{
    const struct target *t = targets;

    while (t && strcmp(t->name, name) != 0)
        t = t->next;
    return t;
}
