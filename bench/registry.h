/* SPDX-License-Identifier: MIT */
/*
 * registry.h - what there is to run: mechanisms and floors.
 *
 * A floor is a workload of the pseudo-mechanism "floor": the same payload
 * moved by bare system calls, with the same touching and checking.
 */
#ifndef IPCLAB_REGISTRY_H
#define IPCLAB_REGISTRY_H

#include "mechanism.h"

/* In the order of list.h, NULL-ended. */
extern const struct mechanism *mechanisms[];

#if defined __x86_64__ || defined __i386__
#define FLOOR_CPUID /* an instruction that a hypervisor must answer */
#endif

/* The floors, one array a file, each NULL-name ended. */
extern const struct workload alone_floors[], word_floors[], channel_floors[],
    fork_floors[], spawn_floors[], lock_floors[], increment_floors[];
extern const struct workload *const floors[]; /* those, NULL-ended */

/* Floors that this processor cannot have: a line each, NULL-ended. */
extern const char *const floors_absent[];

/* A mechanism by its name, or NULL; "floor" is none. */
const struct mechanism *mechanism_find(const char *name);

/* A workload by two names, "floor" among the first; NULL: there is none. */
const struct workload *workload_find(const char *mechanism, const char *name);

/* One more mechanism, behind those of list.h; before any is looked for. */
void registry_join(const struct mechanism *m);

/* One more mechanism, which list.h does not have: a test's.  NULL: none. */
void registry_add(const struct mechanism *m);

#endif
