/* SPDX-License-Identifier: MIT */
/*
 * registry.c - what there is to run: mechanisms and floors.
 *
 * File-scope state and its fork story: what is joined or added is so before
 * anything is started, and a child has it as its parent had.
 */
#include "registry.h"

/*
 * A worker, which is kept small, has no manager, and nobody looks for it there:
 * what is not linked is NULL, and stands last in list.h, where that is the end.
 */
#define MECHANISM(folder, name)                                                \
    extern const struct mechanism name##_mechanism __attribute__((weak));
#include "list.h"
#undef MECHANISM

enum {
    LISTED =
        sizeof(char[]){
/* one for each */
#define MECHANISM(folder, name) 1,
#include "list.h"
#undef MECHANISM
        },
    JOINED_MOST = 16
};

const struct mechanism *mechanisms[LISTED + JOINED_MOST + 1] = {
#define MECHANISM(folder, name) &name##_mechanism,
#include "list.h"
#undef MECHANISM
};

void registry_join(const struct mechanism *m)
{
    size_t n = LISTED;

    while (n < LISTED + JOINED_MOST && mechanisms[n] && mechanisms[n] != m)
        n++;
    if (n < LISTED + JOINED_MOST)
        mechanisms[n] = m;
}

const struct workload *const floors[] = {
    alone_floors,   word_floors, lock_floors,  increment_floors,
    channel_floors, fork_floors, spawn_floors, NULL};

const char *const floors_absent[] = {
#ifndef FLOOR_CPUID
    "floor/cpuid: only x86 has the instruction",
#endif
    NULL,
};

static const struct mechanism *added;

void registry_add(const struct mechanism *m)
{
    added = m;
}

const struct mechanism *mechanism_find(const char *name)
{
    if (added && strcmp(added->name, name) == 0)
        return added;
    for (const struct mechanism *const *m = mechanisms; *m; m++)
        if (strcmp((*m)->name, name) == 0)
            return *m;
    return NULL;
}

static const struct workload *find(const struct workload *w, const char *name)
{
    for (; w->name; w++)
        if (strcmp(w->name, name) == 0)
            return w;
    return NULL;
}

const struct workload *workload_find(const char *mechanism, const char *name)
{
    const struct mechanism *m = mechanism_find(mechanism);
    const struct workload *found = NULL;

    if (m)
        return find(m->workloads, name);
    if (strcmp(mechanism, "floor") != 0)
        return NULL;
    for (const struct workload *const *group = floors; *group && !found;
         group++)
        found = find(*group, name);
    return found;
}
