/* SPDX-License-Identifier: MIT */
/* group.h - end a process group. */
#ifndef IPCLAB_GROUP_H
#define IPCLAB_GROUP_H

#include <sys/types.h>

/*
 * Kill whoever is left of the group, and reap what became ours when its parent
 * died (we are the subreaper).  Returns when the group is empty, or after two
 * seconds: only the kernel can keep a killed process for that long.
 */
void group_end(pid_t group);

#endif
