/* SPDX-License-Identifier: MIT */
/*
 * forkserver.h - the fork server: a process that was exec'ed, has done nothing
 * since, and forks children for others.
 *
 * A child of it is as cheap as a fork and as clean as a spawned one: it is a
 * copy of the server and not of its starter, so what the starter has of memory,
 * threads, locks and descriptors is neither copied nor inherited (CPython
 * Lib/multiprocessing/forkserver.py; the default on Linux since Python 3.14).
 *
 *     const char *names[] = {"load_tables", NULL};
 *     forkserver_set_preload(names);  // runs once, in the server
 *     forkserver_ensure_running();    // or at the first start
 *     p.method = START_FORKSERVER;
 *     process_start(&p);
 *
 * A program has one, which ends with the last process that could ask it for
 * something: each holds the write end of a pipe whose end it waits for.  It is
 * reached through a socket that had a name, in a folder of mode 0700, only
 * until it was bound: a descriptor of it is handed on instead, so that nothing
 * is left whoever is killed.  Whoever connects must be the same user
 * (SO_PEERCRED) and prove that he has the key, which the server proves in turn
 * (common/auth.h); then the connection stays, and a start is one message.
 *
 * The server and not the starter is the child's parent: it waits for it, and
 * writes pid and exit code into a pipe that came with the request.  When it is
 * killed the children live on, how they end is lost (255), and the next start
 * brings a new server.
 */
#ifndef IPCLAB_FORKSERVER_H
#define IPCLAB_FORKSERVER_H

#include <stdint.h>
#include <sys/types.h>

/*
 * What the server has: its environment and limits are those of the process that
 * started it, at that time.  0, or -errno; -ELOOP as process_start says.
 */
int forkserver_ensure_running(void);

/*
 * What the server runs before it forks anybody, so that no child has to: the
 * names of functions made known by PRELOAD, NULL-ended; they stay the
 * caller's.  A function that starts a thread or leaves a lock taken gives every
 * child what fork gives it.  -ENOENT: no such function here; -E2BIG: more
 * than about 1000 bytes of names; -EBUSY: a server runs already.
 */
int forkserver_set_preload(const char *const *names);

struct preload {
    const char *name;
    void (*run)(void);
};

/* Make a `void function(void)` known by its own name, as TARGET does. */
#define PRELOAD(function)                                                      \
    static const struct preload preload_##function = {#function, function};    \
    static const struct preload *const known_preload_##function                \
        __attribute__((section("ipclab_preloads"), used)) =                    \
            &preload_##function;

/* The program that the server is of; NULL: as process_set_executable says. */
int forkserver_set_executable(const char *path);

/* The server, where this process started it, else 0. */
pid_t forkserver_pid(void);

/*
 * Let go of it.  Where this process started it, wait for its end: 0, or
 * -ETIMEDOUT when others, such as its children, still hold it.
 */
int forkserver_stop(int64_t timeout);

#endif
