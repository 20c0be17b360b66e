/* SPDX-License-Identifier: MIT */
/*
 * draft.h - the folders beside DIR in which a run is on its way there.
 *
 * DIR.tmp.PID is being written, DIR.old.PID was DIR a moment ago.  Their writer
 * holds a lock (flock(2)) on them, which ends with it however it ends: what
 * nobody holds is a dead writer's.  A pid alone would not tell, since pids come
 * again, and other containers and machines have their own.
 */
#ifndef IPCLAB_DRAFT_H
#define IPCLAB_DRAFT_H

#include <stdbool.h>

/* Make the folder and hold it: a descriptor, to be closed, or -errno. */
int draft_make(const char *path);

/* Hold a folder that is there: a descriptor, to be closed, or -errno. */
int draft_hold(const char *path);

/*
 * Remove what dead writers left beside dir.  One that died when dir was moved
 * aside and its own not yet there gets dir back.  What is held stays, and so
 * does every folder that is_run does not know.
 */
void draft_sweep(const char *dir, bool (*is_run)(const char *path));

/* Remove a folder and all below it: 0 or -1. */
int draft_remove(const char *path);

#endif
