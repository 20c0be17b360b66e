/* SPDX-License-Identifier: MIT */
/*
 * supervisor.h - run something that may hang, crash, fork for ever or hide,
 * look at it while it lives, and leave nothing of it.
 *
 *     caller ---- fork ----> guard ---- fork ----> the program ----> ...
 *        |                     |  adopts whatever loses its parent;
 *        +---- life line ------+  watches, judges, ends the whole tree
 *
 * The guard is a process of its own so that the tree ends even when the caller
 * is killed: the life line, a socket pair, is then at its end.  The program
 * has a session of its own, /dev/null as its stdin and a TMPDIR that goes away
 * with it; it dies with the guard (PR_SET_PDEATHSIG), and should somebody
 * shoot the guard, the caller ends what is left.
 *
 * When the program itself ends, or its time is over, or a limit is reached,
 * or the judge has seen enough: everything that descends from it is stopped,
 * killed and reaped, in whatever group or session it hides.
 */
#ifndef IPCLAB_SUPERVISOR_H
#define IPCLAB_SUPERVISOR_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* 0 is no limit; time is always limited. */
struct limits {
    int64_t time;       /* ns */
    unsigned processes; /* in the whole tree, zombies too */
    uint64_t memory;    /* resident bytes of the whole tree */
    uint64_t file;      /* bytes that any one file may grow to */
};

struct watch {
    char *const *argv;          /* a program to execute, or NULL: */
    int (*run)(void *argument); /* a function; 0, or -errno: exit status */
    /*
     * Asked in the guard, every few ms while the program runs, with the root
     * of its tree: "have you seen enough?"  NULL never has.
     */
    bool (*judge)(void *argument, pid_t root);
    /*
     * Called in the guard when the program itself is about to end, of whatever,
     * and still has its memory, its descriptors and its last system call.  The
     * last signal that it got is with it, all zeroes: it got none.  NULL: not
     * asked for.  Not called where ptrace(2) is denied.
     */
    void (*dying)(void *argument, pid_t program, const siginfo_t *signal);
    void *argument; /* of all three; what they share lies in shared memory */
    void *hidden;   /* pages that the program shall not have, or NULL */
    size_t hidden_size;
    struct limits limits;
    int output; /* becomes stdout and stderr; -1: they are the caller's */
};

enum ending {
    ENDED,           /* by itself: status */
    SEEN_ENOUGH,     /* the judge said so */
    OUT_OF_TIME,     /* watchdog */
    TOO_MANY,        /* processes */
    TOO_LARGE,       /* memory */
    FILE_TOO_LARGE,  /* SIGXFSZ ended the program */
    INTERRUPTED,     /* the caller got SIGINT, SIGTERM or SIGHUP: status */
    GUARD_WAS_KILLED /* by whoever it watched, probably */
};

struct ended {
    enum ending how;
    pid_t program;     /* its pid */
    int status;        /* as waitpid(2)'s; INTERRUPTED: the signal */
    int64_t took;      /* ns from start to that end */
    unsigned left;     /* living processes that had to be killed */
    unsigned segments; /* names in /dev/shm that nobody has open */
    unsigned files;    /* left in TMPDIR, or in /dev/shm by names that begin
                          with that folder's; and removed */
    bool stuck;        /* something could not be killed within 10 s */
};

/*
 * Run it to its end.  0, or -errno when it could not be started at all.  While
 * it runs SIGINT, SIGTERM and SIGHUP of this process end the tree.
 */
int supervise(const struct watch *watch, struct ended *ended);

#endif
