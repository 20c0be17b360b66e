/* SPDX-License-Identifier: MIT */
/*
 * child.h - what the start methods share behind start.h.
 *
 * Private to start/.  The parent's record of a child does not lie in the
 * caller's struct process, because the exit sequence needs it when that may be
 * gone.
 */
#ifndef IPCLAB_CHILD_H
#define IPCLAB_CHILD_H

#include "start/start.h"

struct child {
    pid_t pid;
    int sentinel; /* ready when the child has ended */
    int alive;    /* held open as proof that its parent lives, or -1 */
    bool daemon;
    bool ended;
    int code; /* once ended */
    struct child *next;
};

/* A new record, not yet in the list; NULL: no memory. */
struct child *child_new(void);

/* Into the list, when it runs; out of it, giving back what it holds. */
void child_add(struct child *c);
void child_release(struct child *c);

/* Has its end been noted?  The same, after looking. */
bool child_is_noted(const struct child *c);
bool child_has_ended(struct child *c);

/* Wait for it without end, and reap it. */
void child_reap_blocking(struct child *c);

/* Reap all that have ended. */
void children_reap(void);

/* poll(2) one descriptor: 1, 0 at the deadline, or -errno. */
int poll_until(int fd, int64_t deadline);

/* The fork method: fills in pid and sentinel.  0 or -errno. */
int fork_start(struct process *p, struct child *c);

/* Give a child that is not started yet its identity and its name. */
void name_child(struct process *p);

/* May this process have children? */
bool self_is_daemon(void);

/* Flush stdout and stderr, if they hold anything. */
void flush_standard_streams(void);

/* In a new child of parent: become the process p, run its target, end. */
_Noreturn void child_main(const struct process *p, pid_t parent);

#endif
