/* SPDX-License-Identifier: MIT */
/*
 * outside.h - a workload that another program measures.
 *
 * It is told what and how long on its command line, runs both sides in fresh
 * processes, and prints plain lines; they become what a trial of ours leaves:
 *
 *     sample NS        one, of each batch in the window
 *     batch N          operations a sample
 *     latency NS       one, of each message of a stream that had a stamp
 *     elapsed NS       the window, where it is not the sum of the samples
 *     counters CPU_NS VOLUNTARY INVOLUNTARY FAULTS IO_CALLS OPERATIONS
 *     error TEXT       why there is no result
 *     end              there are no more lines
 */
#ifndef IPCLAB_OUTSIDE_H
#define IPCLAB_OUTSIDE_H

#include "trial.h"

struct outside {
    const char *who;        /* for people: "CPython" */
    const char *program[3]; /* its path, and what comes before the rest */
};

/* As trial_run. */
int outside_run(const struct outside *o, const struct trial_spec *spec,
                struct findings *found, const volatile sig_atomic_t *stop,
                char *why, size_t size);

#endif
