/* SPDX-License-Identifier: MIT */
/*
 * inherit.h - what a child gets under each start method, measured by a child.
 *
 * A parent measures itself, starts the fork server, changes everything that it
 * can change of itself, measures itself again, and starts a child by each
 * method, which measures itself in the same way.  So what a child has can be
 * told apart: it is the parent's as that is now, or the fork server's (which is
 * the parent's as it was then), or neither.
 *
 *     inherit_run                in a process of its own, which is thrown away
 *       facts_measure                    -> before
 *       forkserver_ensure_running
 *       inherit_change
 *       facts_measure                    -> now
 *       process_start, three times       -> child[], by inherit_child
 *     inherit_cell               compare: a word for each row and method
 *     inherit_print, inherit_print_json
 */
#ifndef IPCLAB_INHERIT_H
#define IPCLAB_INHERIT_H

#include "common/region.h"
#include "start/start.h"

#include <sched.h>
#include <stdint.h>
#include <stdio.h>

enum {
    METHODS = START_FORKSERVER + 1,
    FACT_FDS = 64,
    FACT_KIND = 16,
    FACT_TEXT = 64,
    FACT_KEY = 32,
    PROBES = 12, /* descriptors that the parent opens to be looked for */
    THREADS = 3  /* beside the one that starts the children */
};

/* What stands in a word of memory: who wrote it last.  A page that nobody
 * touched says 0. */
enum writer { BY_NOBODY, BY_LINKER, BY_SERVER, BY_PARENT };

/* What a signal does. */
enum disposition { IS_DEFAULT, IS_IGNORED, IS_HANDLED };

/* A descriptor, and which file it is of. */
struct fact_fd {
    int fd;
    uint64_t device, inode;
    char kind[FACT_KIND]; /* "pipe", "socket", "file", "pidfd" */
};

/* What a process finds out about itself.  -1: it cannot be found out. */
struct facts {
    uint32_t global, heap, thread; /* enum writer; heap: BY_NOBODY is no word */
    int lock_taken;                /* by trylock, in its own image */
    int64_t resident;              /* KiB */
    int64_t threads;
    int fds; /* how many there are, of which the first FACT_FDS: */
    struct fact_fd fd[FACT_FDS];
    char early[FACT_TEXT], late[FACT_TEXT]; /* of the environment; "": unset */
    char directory[256];
    uint64_t mask;        /* of signals; bit N - 1 is signal N */
    int handler, ignored; /* enum disposition of SIGUSR1 and of SIGUSR2 */
    int nice;
    uint64_t descriptors; /* the soft limit on them */
    unsigned umask;
    cpu_set_t affinity;
    pid_t pid, getppid, parent, group, session; /* parent: process_parent() */
    char name[FACT_TEXT];
    unsigned char authkey[FACT_KEY];
};

/* What the child of one method found, and what the parent saw of it. */
struct inherited {
    struct facts facts;
    int begun;            /* 0, or -errno: the child was not started */
    int told;             /* 1: it has measured everything */
    int code;             /* its exit code */
    char name[FACT_TEXT]; /* that the parent gave it */
    int accepts;          /* 1; 0: it has not the listener; or -errno */
    int keeps;            /* 1: it keeps the port when the parent closes it */
    int has_file;         /* 1: the parent's file is there */
    int offset, handed;   /* by how much the parent's own offsets moved when
                             the child moved its: of a file, and of one that
                             was in the parcel */
    int input;            /* bytes at its stdin; or -errno */
    unsigned probes;      /* of PROBES, under the parent's numbers */
    unsigned more;        /* that are not of what the parent opened for this */
    char kinds[FACT_FDS][FACT_KIND]; /* of those */
};

/* Lies in a region that parent and children share. */
struct inheritance {
    struct facts before, now; /* of the parent */
    struct inherited child[METHODS];
    struct fact_fd file; /* that the parent has open */
    int listener, port;  /* the parent's number of it; -1: */
    int no_listener;     /* why there is none, -errno */
    pid_t server;        /* the fork server */
    bool done;           /* the parent came to its end; else -errno, and */
    int error;           /* what it could not do: */
    char doing[FACT_TEXT];
    unsigned left; /* processes that had to be ended at the end */
    int signal;    /* that interrupted it, or 0 */
};

/*
 * Do all of it.  The caller stays as it is: the parent is a process of its own,
 * under the supervisor (supervisor.h), and so bounded, and ended with all its
 * children by a signal that interrupts this one.  0; -EINTR: `signal` says
 * which; -ETIME: it hung; -ECHILD: somebody ended the parent; both after what
 * `doing` says; or another -errno and what could not be done in `doing`.
 */
int inherit_run(struct inheritance *i);

/* --- in the parent --- */

/* What this process has.  Only a number that /proc must tell may be missing. */
void facts_measure(struct facts *f);

/*
 * Set what is to be seen: before the fork server starts; and then, otherwise
 * than that, whatever can be.  0 or -errno.  Nothing is ever set back: a nice
 * value, for one, cannot be.
 */
int inherit_prepare(void);
int inherit_change(void);

/*
 * Words in this image: a global, one on the heap and one of the calling thread.
 * 0 or -ENOMEM.  And a lock, which a new thread takes and keeps.  0 or -errno.
 */
int inherit_write_words(enum writer writer);
int inherit_hold_lock(void);

/* --- the rows --- */

enum { CELL_TEXT = 32 };

/* What is asked: of which child, and beside whom. */
struct asked {
    const struct inheritance *all;
    const struct inherited *child;
    const struct facts *facts; /* the child's */
    enum start_method method;
};

/* A word or two, of which 15 letters are shown; `why` is NULL, or why it could
 * not be measured. */
struct inherit_cell {
    char text[CELL_TEXT];
    const char *why;
};

struct inherit_row {
    const char *name; /* for people */
    const char *key;  /* for programs */
    const char *head; /* begins a group of rows, or NULL */
    void (*compare)(const struct asked *a, struct inherit_cell *cell);
    size_t at, size; /* without compare: these bytes of the facts are */
};

/* Ends with a row that has no name. */
extern const struct inherit_row inherit_rows[];

/* What row says of method; a child that told nothing has no facts. */
struct inherit_cell inherit_compare(const struct inheritance *i,
                                    const struct inherit_row *row,
                                    enum start_method method);

/* A table of 80 columns, the same on every run: no pid, no address. */
void inherit_print(FILE *out, const struct inheritance *i);

/* The facts themselves, and the cells.  0 or -errno. */
int inherit_print_json(FILE *out, const struct inheritance *i);

#endif
