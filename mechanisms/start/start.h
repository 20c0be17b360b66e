/* SPDX-License-Identifier: MIT */
/*
 * start.h - Process: a child that runs one function of this program.
 *
 * Targets are found by name, since an address means nothing in another image,
 * and get their arguments in a parcel (CPython Lib/multiprocessing/process.py,
 * popen_fork.py).
 *
 *     #include "common/hooks.h"
 *     #include "start/start.h"
 *
 *     static int child(struct parcel *arguments)
 *     {
 *         uint64_t code = 1;
 *         parcel_take_u64(arguments, &code);
 *         return (int)code;
 *     }
 *     TARGET(child)
 *
 *     int main(int argc, char **argv)
 *     {
 *         struct parcel  arguments;
 *         struct process p;
 *         int            code = -1;
 *
 *         mechanisms_init(argc, argv);
 *         parcel_init(&arguments);
 *         parcel_put_u64(&arguments, 7);
 *         process_init(&p, "child", &arguments); // Process(target=child, ...)
 *         if (process_start(&p) == 0 && process_join(&p, NO_TIMEOUT) == 0)
 *             process_exitcode(&p, &code);
 *         process_close(&p);
 *         parcel_free(&arguments);
 *         return code == 7 ? 0 : 1;
 *     }
 *
 * A child that ended stays a zombie until its parent looks: join, is_alive,
 * exitcode, the next start and active_children do.  At exit(3) a program ends
 * its daemons and joins its other children, as Python does.
 *
 * A Process belongs to one thread at a time, and to the process that made it.
 */
#ifndef IPCLAB_START_H
#define IPCLAB_START_H

#include "common/clock.h"
#include "common/parcel.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * fork: a copy of this process, of which only the calling thread runs.
 * spawn: a fresh image of the program, which has what is in the parcel and
 *     nothing else; the cost does not depend on this process's size.
 * forkserver: a fork of a server that was a fresh image itself and has done
 *     nothing since (start/forkserver.h).
 */
enum start_method { START_FORK, START_SPAWN, START_FORKSERVER };

/* "fork", "spawn", "forkserver"; NULL-ended */
extern const char *const start_method_names[];

/*
 * The program that a fresh image is of: spawned children, the fork server (and
 * so its children) and the resource tracker.  NULL, as at first: this one.  It
 * must know the targets, and be of the same build; until it calls
 * mechanisms_init every signal is blocked in it.  The string stays the
 * caller's.  0 or -errno: it cannot be run (CPython set_executable).
 */
int process_set_executable(const char *path);

/*
 * What a child runs.  Its result is the exit code, 0 to 255; anything negative
 * is an error that nobody caught: 1.  When it returns, the child runs its exit
 * sequence (common/hooks.h), flushes stdout and stderr, and leaves by _exit.
 * A thread that must outlive the target is joined by a finalizer.
 */
struct target {
    const char *name;
    int (*run)(struct parcel *arguments);
};

/* The target of that name, or NULL. */
const struct target *target_find(const char *name);

/*
 * Make a function known by its own name.  The linker gathers all of them in one
 * place, so nothing is registered at run time, and a child finds them however
 * it was started.
 */
#define TARGET(function)                                                       \
    static const struct target target_##function = {#function, function};      \
    static const struct target *const known_##function                         \
        __attribute__((section("ipclab_targets"), used)) = &target_##function;

/*
 * What tells that a child has ended.  A pipe's read end is CPython's: nobody
 * writes, and its end of file says that every process that holds the other end
 * is gone, so a grandchild keeps it silent.  A pidfd is that one process.  The
 * fork server's is a pipe as well, but one that the server alone writes to: it
 * is ready when that one process has ended, or the server has.
 */
enum sentinel_kind { SENTINEL_PIPE, SENTINEL_PIDFD };

struct child;

struct process {
    const char *target;       /* its name; the string stays the caller's */
    struct parcel *arguments; /* the caller's to free, after start; or NULL */
    char name[64];            /* "Process-1"; may be changed before start */
    bool daemon;              /* end it at exit, and let it have no children */
    enum start_method method; /* at first: as this process was started */
    enum sentinel_kind sentinel_kind; /* of the fork server: it is neither */
    pid_t pid;                        /* 0 before start */

    struct child *child; /* private from here on */
    const struct target *found;
    char identity[48]; /* "1", and of its second child "1:2" */
    unsigned generation;
    bool closed;
};

/* Prepare; nothing runs yet.  Change the public fields until start. */
void process_init(struct process *p, const char *target,
                  struct parcel *arguments);

/*
 * Start it.  stdout and stderr are flushed first, so that the child does not
 * print the parent's lines again.  What was given in the parcel is closed here.
 *
 * 0.  -EINVAL: started before, or closed.  -ENOENT: no such target.  -EPERM: a
 * daemon may have no children.  -ECHILD: made by another process.  The fork
 * server says -ENOENT, too, when its image has no such target.
 * -ELOOP: a fresh image is wanted by a program that has not called
 *     mechanisms_init, which would run its main, and come here, without end
 *     (Python: "before the current process has finished its bootstrapping").
 * -ENOTSUP: this image was built without the fork server.
 * -E2BIG: more descriptors than a message to the fork server holds.
 * -ECONNRESET: the fork server died of it; whether the child runs is not known.
 * -ETIMEDOUT: it did not begin within a minute, and will not.
 * -errno: what fork, exec or the fork server met with.
 *
 * A child that dies before it has its arguments was started, and its exit code
 * says how it died: 127 is that of an image that does not know the target.
 */
int process_start(struct process *p);

/*
 * Wait until it ended: 0, or -ETIMEDOUT after timeout ns (0 or less does not
 * wait).  With a timeout it waits on the sentinel.  -EINVAL: not started, or
 * closed.  -ECHILD: not this process's child.
 */
int process_join(struct process *p, int64_t timeout);

/* 1, or 0: not started or ended.  -EINVAL: closed.  -ECHILD as above. */
int process_is_alive(struct process *p);

/*
 * *code is what the target returned, or -N when signal N ended it.  -EAGAIN:
 * it has not ended (None).  255: its status was lost, because somebody else
 * reaped it, or because the fork server died.  -EINVAL, -ECHILD as above.
 */
int process_exitcode(struct process *p, int *code);

/*
 * SIGTERM / SIGKILL.  Neither lets the child run its finalizers.  0 even when
 * it had ended already.  -EINVAL, -ECHILD as above.
 */
int process_terminate(struct process *p);
int process_kill(struct process *p);

/*
 * A descriptor, readable when the process has ended; the Process closes it.
 * -EINVAL: not started, or closed.  -ECHILD as above.
 */
int process_sentinel(const struct process *p);

/*
 * Give everything back.  Every other call is -EINVAL from now on; a second
 * close is harmless.  -EBUSY: it still runs.
 */
int process_close(struct process *p);

/*
 * Reap what has ended; the number of children that live, and the pids of the
 * first n of them.
 */
size_t process_active_children(pid_t *pids, size_t n);

/* The name of this process: "MainProcess" where it was not started by us. */
const char *process_current_name(void);

/*
 * The process that started this one; 0 in a MainProcess, and after a fork(2)
 * that was not ours.
 */
pid_t process_parent(void);

/* 1 while the parent lives, else 0.  -ESRCH in a MainProcess; -EMFILE. */
int process_parent_is_alive(void);

/* Wait for its end: 0, -ETIMEDOUT, -ESRCH, or -EMFILE: no descriptor left. */
int process_parent_join(int64_t timeout);

/*
 * A descriptor that is readable once the parent has ended, as the sentinel of
 * Python's parent_process(); this process keeps it.  -ESRCH: it has ended, or
 * this is a MainProcess; -EMFILE.
 */
int process_parent_sentinel(void);

/*
 * 32 bytes, random in a MainProcess, and the same in all processes that come
 * from it: the key by which they know each other (process.authkey).
 */
const unsigned char *process_authkey(void);

#endif
