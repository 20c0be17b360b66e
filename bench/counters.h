/* SPDX-License-Identifier: MIT */
/*
 * counters.h - what a process spent between two moments.
 *
 * Each process counts itself around its own window (RUSAGE_SELF, never
 * RUSAGE_CHILDREN, which would hold the start-up of whatever it started).
 */
#ifndef IPCLAB_COUNTERS_H
#define IPCLAB_COUNTERS_H

#include <stdint.h>

struct usage {
    int64_t cpu_ns, voluntary, involuntary, minor_faults;
    int64_t io_calls; /* read(2), write(2) and their like; -1: not known */
};

/* What this process has used since it began. */
struct usage usage_now(void);

/* later - earlier, and sum + one more. */
struct usage usage_since(struct usage earlier);
void usage_add(struct usage *sum, struct usage more);

/* What disturbed us from outside. */
struct disturbance {
    int64_t stolen;     /* ns that the hypervisor gave to others, all CPUs */
    int64_t run_delay;  /* ns that this process was ready and did not run */
    int64_t migrations; /* how often this process changed its processor */
};

/* Since boot and since this process began; a part that cannot be read is 0. */
struct disturbance disturbance_now(void);

#endif
