/* SPDX-License-Identifier: MIT */
/*
 * target.c - functions by name.
 *
 * The linker puts a pointer to each into one section, and says where that
 * begins and ends.  It is only read, so it needs no lock and no page of a child
 * is written for it.
 */
#include "start/start.h"

#include <string.h>

extern const struct target *const __start_ipclab_targets[]
    __attribute__((weak));
extern const struct target *const __stop_ipclab_targets[] __attribute__((weak));

const struct target *target_find(const char *name)
{
    const struct target *const *t = __start_ipclab_targets;

    while (t != __stop_ipclab_targets && strcmp((*t)->name, name) != 0)
        t++;
    return t == __stop_ipclab_targets ? NULL : *t;
}
