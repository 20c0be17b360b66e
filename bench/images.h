/* SPDX-License-Identifier: MIT */
/* images.h - which programs the children of ipclab are of. */
#ifndef IPCLAB_IMAGES_H
#define IPCLAB_IMAGES_H

/*
 * The small ones beside this program: build/worker for spawned children,
 * build/forkserver for the server.  Where one is missing it is this program.
 */
void images_use_small(void);

/* This program: what stands in a hazard is in no worker. */
void images_use_own(void);

#endif
