/* SPDX-License-Identifier: MIT */
/* workload.h - the workloads of shm/, by the file they are in. */
#ifndef IPCLAB_SHM_WORKLOAD_H
#define IPCLAB_SHM_WORKLOAD_H

#include "mechanism.h"

#include "shm/shm.h"

extern const struct workload value_workloads[];
extern const struct workload array_workloads[];

/* These stand in list.h. */
extern const struct mechanism value_mechanism;
extern const struct mechanism array_mechanism;

#endif
