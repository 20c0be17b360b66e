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

#include "common/auth.h"

/*
 * Whose child it is.  One that the fork server forked is not ours to wait for:
 * its sentinel is a pipe in which the server writes how it ended.
 */
struct child {
    pid_t pid;
    int sentinel; /* ready when the child has ended */
    bool served;  /* a child of the fork server */
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

/* Send it a signal, unless it has ended: 0 or -errno. */
int child_signal(struct child *c, int number);

/*
 * The methods: each fills in pid and sentinel.  0 or -errno; when that is not 0
 * and pid is, the child runs and could not be told what.  forkserver_start may
 * be missing from an image that has no libcrypto.
 */
int fork_start(struct process *p, struct child *c);
int spawn_start(struct process *p, struct child *c);
int forkserver_start(struct process *p, struct child *c) __attribute__((weak));

/* What an image is that was run as one of those: first thing in main. */
_Noreturn void spawn_main(char **argv);
_Noreturn void tracker_main(char **argv);
_Noreturn void forkserver_main(char **argv) __attribute__((weak));

/* The exit code of a child whose image does not know its target. */
enum { CHILD_UNKNOWN = 127 };

/* Give a child that is not started yet its identity and its name. */
void name_child(struct process *p);

/* May this process have children? */
bool self_is_daemon(void);

/* How this process was started; fork, in a MainProcess. */
enum start_method self_method(void);

/* In a new child: what it was told, not what it makes up. */
void self_take_authkey(const unsigned char key[AUTH_KEY]);
void self_take_parent_fd(int pidfd);

/* Flush stdout and stderr, if they hold anything. */
void flush_standard_streams(void);

/* In a new child of parent: become the process p, run its target, end. */
_Noreturn void child_main(const struct process *p, pid_t parent);

#endif
