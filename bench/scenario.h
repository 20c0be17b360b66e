/* SPDX-License-Identifier: MIT */
/*
 * scenario.h - run one scenario of a hazard under the supervisor: the run that
 * goes wrong (cure 0), or one of its cures.
 */
#ifndef IPCLAB_SCENARIO_H
#define IPCLAB_SCENARIO_H

#include "mechanism.h"
#include "supervisor.h"
#include "verdict.h"
#include "witness.h"

#include <stdio.h>

/* What was seen. */
struct observation {
    struct ended ended;
    struct witness witness; /* as it was left */
    struct verdict verdict; /* of cure 0 */
    int output;             /* what it printed: scenario_show; ours to close */
};

/* 10 s at the most, and modest in everything else. */
extern const struct limits scenario_limits;

/*
 * Run it to its end.  0, or -errno when it could not be run; then there is
 * nothing to close.
 */
int scenario_observe(const struct hazard *hazard, int cure,
                     const struct limits *limits, struct observation *o);

/*
 * The sanitizer of this build, "address", "thread" or "memory", or NULL.  With
 * one hazards are not run: it changes what goes wrong.
 */
const char *scenario_sanitizer(void);

/* Copy what it printed, "  | " before each line, 16 KiB at the most. */
void scenario_show(const struct observation *o, FILE *out);

#endif
