/* SPDX-License-Identifier: MIT */
/*
 * hazards.h - the scenarios of hazards_*.c, and what they share.
 *
 * Every run has a process of its own, so what stands at file scope in them is
 * new each time, and its story after a fork is the hazard itself.
 */
#ifndef IPCLAB_START_HAZARDS_H
#define IPCLAB_START_HAZARDS_H

#include "mechanism.h"

#include "common/io.h"
#include "start/start.h"
#include "witness.h"

#include <sys/wait.h>
#include <unistd.h>

int fork_held_lock(struct witness *w, int cure);
int fork_same_random(struct witness *w, int cure);
int cow_is_not_free(struct witness *w, int cure);
int fork_buffered_stdio(struct witness *w, int cure);
int fork_stdio_myth(struct witness *w, int cure);
int inherited_write_end(struct witness *w, int cure);
int fork_shared_offset(struct witness *w, int cure);
int inherited_port(struct witness *w, int cure);
int sentinel_held_by_grandchild(struct witness *w, int cure);
int zombies(struct witness *w, int cure);
int spawn_without_guard(struct witness *w, int cure);
int spawn_lost_globals(struct witness *w, int cure);
int spawn_rebuilt_pipe(struct witness *w, int cure);
int forkserver_killed(struct witness *w, int cure);
int preload_with_threads(struct witness *w, int cure);

/* Start a target, and wait for its end: its exit code, or -errno; -ECANCELED:
 * a signal ended it. */
int run_target(const char *target, struct parcel *arguments,
               enum start_method method);

/* p.start(), and p.join() when it can be seen how it ended (stage 2, for
 * "another pipe"): its exit code, or -errno. */
int start_and_be_seen(struct witness *w, const char *target,
                      struct parcel *arguments, enum start_method method);

/* End the fork server and the tracker, where this process started them, so that
 * no scenario is outlived by them: 0, or -ETIMEDOUT: somebody holds them. */
int leave_nobody(void);

/* The exit status of a child, or -errno; -ECANCELED: a signal ended it. */
static inline int wait_for(pid_t child)
{
    int status;

    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -ECANCELED;
}

#endif
