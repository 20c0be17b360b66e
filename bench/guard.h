/* SPDX-License-Identifier: MIT */
/*
 * guard.h - the process between the caller and what it watches.  Private to
 * supervisor.c, which says what it is for; command.c has use for its parts.
 */
#ifndef IPCLAB_GUARD_H
#define IPCLAB_GUARD_H

#include "supervisor.h"

#include <limits.h>
#include <signal.h>

/*
 * In memory that the caller and the guard share.  The guard makes the folder,
 * the program's TMPDIR: so each of the two knows of it, whoever of them is
 * killed, since mkdtemp(3) writes the name here before it makes anything.
 */
struct shared {
    struct ended ended;
    char folder[PATH_MAX];
};

/*
 * Be the guard: run watch to its end, write it into *shared, leave nothing,
 * and exit with 0 or errno.  life is at its end when the caller is; mask is the
 * signal mask that the program shall have.
 */
_Noreturn void guard_main(const struct watch *watch, struct shared *shared,
                          int life, const sigset_t *mask);

struct pids;

/*
 * Stop, kill and reap every descendant of this process but those in spare, and
 * theirs.  How many lived, or -EBUSY: some cannot be killed.
 */
int end_descendants(const struct pids *spare);

/* leavings.c: a census of /dev/shm, and a TMPDIR of one's own. */
struct names {
    char (*name)[256];
    size_t count, room;
};

void names_free(struct names *list);

/* The names in a folder; {0} where there is none. */
void names_in(const char *folder, struct names *list);

/*
 * How many names are in /dev/shm that are not in `before`, belong to us, and
 * that no living process has mapped or open.
 */
unsigned segments_since(const struct names *before);

/* What mkdtemp(3) shall make: in our own TMPDIR, where there is one. */
int folder_name(char *folder, size_t size);

/* Remove a folder and all below it; how many entries it had below it. */
unsigned folder_remove(const char *folder);

/* Remove what mkdtemp(3) has made of such a name, if anything, and what is
 * named after that: who was killed could not. */
void folder_forget(const char *folder);

/* Remove what /dev/shm has by names that begin with the folder's and a '-';
 * how many there were. */
unsigned segments_remove(const char *folder);

#endif
