/* SPDX-License-Identifier: MIT */
/* workload.c - how the bench exercises a Manager: not yet. */
#include "mechanism.h"

/* Not in a worker, which shows none. */
extern const struct hazard manager_hazards[] __attribute__((weak));

static const struct workload workloads[] = {{.name = NULL}};

extern const struct mechanism manager_mechanism;

const struct mechanism manager_mechanism = {
    .name = "manager",
    .python = "multiprocessing.Manager",
    .summary = "objects in a server process, used through proxies",
    .workloads = workloads,
    .hazards = manager_hazards,
};
