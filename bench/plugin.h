/* SPDX-License-Identifier: MIT */
/*
 * plugin.h - what a user would pick instead of a mechanism: ZeroMQ and others.
 *
 * Each is a mechanism of the bench's own, to be measured as the others are; how
 * it does its work is in a plug-in (bench/peers/), which is loaded by the timed
 * side of a trial and by nobody else.
 */
#ifndef IPCLAB_PLUGIN_H
#define IPCLAB_PLUGIN_H

#include "trial.h"

/* Join to the mechanisms those that are built.  Once, before any is looked for.
 * It may take a moment; *stop, when it is not 0, ends that (NULL: nothing). */
void plugins_join(const volatile sig_atomic_t *stop);

/* What measures this workload itself: as trial_run. */
int plugin_run(const struct trial_spec *spec, struct findings *found,
               const volatile sig_atomic_t *stop, char *why, size_t size);

/* The i-th that is not there, and what would help; NULL: there is none. */
const char *plugin_missing(size_t i, char *line, size_t size);

#endif
