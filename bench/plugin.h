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

#include <stddef.h>

/* Join to the mechanisms those that are built.  Once, before any is looked for.
 */
void plugins_join(void);

/* The i-th that is not there, and what would help; NULL: there is none. */
const char *plugin_missing(size_t i, char *line, size_t size);

#endif
