/* SPDX-License-Identifier: MIT */
/*
 * exercise.c - lesson 03: a map over spawned processes.
 *
 * spawn_map.h says what is promised.  The child is of the same program, and
 * finds run_job by its name; what it is to do stands in the parcel.
 */
#include "spawn_map.h"

#include "common/io.h"
#include "start/start.h"

#include <errno.h>

/* In the child: take what was packed, do it, and write the answer. */
static int run_job(struct parcel *arguments)
{
    (void)arguments;
    return 1;
}
TARGET(run_job)

int spawn_map(const char *job, const int64_t *tasks, struct answer *answers,
              size_t n, size_t most)
{
    (void)job;
    (void)tasks;
    (void)answers;
    (void)n;
    (void)most;
    /*
     * 1. Start one: what belongs in its parcel?  By what name does the child
     *    know the job, and whose are the two ends of its pipe afterwards?
     * 2. Wait for whichever of several ends first: process_sentinel and
     *    poll(2).  Which kind of sentinel is silent as long as a process lives
     *    that the job left behind?
     * 3. If a start fails, children run already.
     */
    return -ENOSYS;
}
