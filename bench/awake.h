/* SPDX-License-Identifier: MIT */
/*
 * awake.h - what it costs to wake a processor, and how not to pay it.
 *
 * A processor with nothing to do halts.  On a virtual machine its wake-up is
 * the hypervisor's work, and dwarfs the mechanism that is measured.
 */
#ifndef IPCLAB_AWAKE_H
#define IPCLAB_AWAKE_H

#include <stddef.h>

/*
 * The median time in ns from a write on one core to the return of the blocked
 * read(2) on another, idle one.  NAN when it cannot be measured (one core).
 */
double wake_cost_ns(int from_cpu, int to_cpu);

/*
 * Keep processors out of their deep sleep until the descriptor is closed, by
 * holding /dev/cpu_dma_latency at 0.  The descriptor, or -errno and why in one
 * line; only root may.
 */
int keep_awake(char *why, size_t size);

#endif
