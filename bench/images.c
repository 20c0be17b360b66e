/* SPDX-License-Identifier: MIT */
/*
 * images.c - which programs the children of ipclab are of.
 *
 * File-scope state and its fork story: two paths, written once before anything
 * starts; a child has them as its parent had.
 */
#include "images.h"

#include "floor.h"
#include "start/forkserver.h"
#include "start/start.h"

#include <limits.h>

void images_use_small(void)
{
    static char worker[PATH_MAX], server[PATH_MAX];

    if (floor_program("worker", worker, sizeof worker) == 0)
        process_set_executable(worker);
    if (floor_program("forkserver", server, sizeof server) == 0)
        forkserver_set_executable(server);
}

void images_use_own(void)
{
    process_set_executable(NULL);
    forkserver_set_executable(NULL);
}
