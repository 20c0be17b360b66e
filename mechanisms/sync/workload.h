/* SPDX-License-Identifier: MIT */
/* workload.h - the workloads of sync/, of which workload.c makes mechanisms. */
#ifndef IPCLAB_SYNC_WORKLOAD_H
#define IPCLAB_SYNC_WORKLOAD_H

#include "mechanism.h"
#include "sync/sync.h"

/* Of how many processes together; of a contention and of a barrier. */
extern const struct setting processes_grid[];
extern const char *const processes_crowd[];

extern const struct workload lock_workloads[], semaphore_workloads[];

/* What two or more processes do in turns: workload_turns.c. */
extern const struct workload condition_workloads[], event_workloads[],
    barrier_workloads[];

#endif
