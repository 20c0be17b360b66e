/* SPDX-License-Identifier: MIT */
/*
 * tracker.h - the resource tracker's client: what has a name in the file
 * system is noted with a process that outlives us all.
 *
 * A process that is killed runs no finalizer, and what it had named stays.  So
 * each name is told to the tracker, a small process of its own, over a pipe
 * that all processes of the program share; when the last of them has ended, the
 * pipe ends, and the tracker removes what is left, with a word on stderr
 * (CPython Lib/multiprocessing/resource_tracker.py, whose lines these are).
 *
 *     tracker_register("shared_memory", "/psm_12345678");
 *     ...
 *     shm_unlink("/psm_12345678");
 *     tracker_unregister("shared_memory", "/psm_12345678");
 *
 * The types: "semaphore", "shared_memory", "segment" (FILE/NAME: shared memory
 * by that name, which is removed while it is the file of that number), "socket"
 * (a path, in a folder of its own that goes with it), and "noop", of which
 * nothing is removed.  A name belongs to who made it: nobody registers what he
 * only opened.
 *
 * Calls may come from any thread.  The tracker is started by the first, or by
 * the first child that has a fresh image; start/ brings the program.
 */
#ifndef IPCLAB_TRACKER_H
#define IPCLAB_TRACKER_H

#include <stdint.h>
#include <sys/types.h>

/* The longest line, its newline included: so much is written at once, whole,
 * however many write. */
enum { TRACKER_LINE = 512 };

/*
 * 0.  -EMSGSIZE: type and name are too long for a line.  -EINVAL: a newline in
 * them, or a ':' in the type.  -ENOSYS: start/ is not linked in.  -ELOOP: the
 * program did not call mechanisms_init, and would be run again and again.
 * -errno: it could not be started.
 */
int tracker_register(const char *type, const char *name);
int tracker_unregister(const char *type, const char *name);

/*
 * Have it run; a dead one is replaced, and what it knew is lost.  The
 * descriptor by which it is told, to be handed to a fresh image and not to be
 * closed; or -errno as above.
 */
int tracker_ensure_running(void);

/* Of this process's tracker: its pid, 0 where another process started it, and
 * how many have died under us. */
pid_t tracker_pid(void);
unsigned tracker_deaths(void);

/*
 * Let go of it, and wait for its end when it is our child: 0; -ETIMEDOUT: some
 * process still holds it.  A test's, and of whoever wants to leave nothing.
 */
int tracker_stop(int64_t timeout);

/* For start/: what a child was handed; and how one is started, which leaves
 * the pid of a process that reads from reader. */
void tracker_adopt(int fd);
void tracker_launcher(int (*launch)(int reader, pid_t *pid));

#endif
