/* SPDX-License-Identifier: MIT */
/*
 * waits.h - who waits for whom: the wait-for graph of a process tree.
 *
 * Each thread that sleeps in a system call waits for something: data in a
 * pipe, room in it, a child's end, a futex word.  Who could bring that about
 * the kernel tells: whoever holds the other end, the child, whoever has that
 * memory.  One of them is enough, so a thread is stuck when every one who
 * could wake it is stuck, too.  What is left when all who can still run, and
 * all whom those can wake, are taken away is a deadlock.
 *
 *     struct graph g;
 *     int error = graph_read(&g, pid);       // two looks, 0.11 s apart
 *     graph_print(&g, stdout, 80);
 *     graph_free(&g);
 *
 * It never guesses.  A wait that has a timeout is no deadlock.  A lock that
 * has no owner (a semaphore, a lock of Python's) could be given back by every
 * thread that has its memory, so all of these must be stuck; a lock of sync/'s
 * says who took it, and that one is named.  Where the kernel
 * does not let us look, a thread is called hidden, and is never called stuck.
 */
#ifndef IPCLAB_WAITS_H
#define IPCLAB_WAITS_H

#include "ends.h"
#include "evidence.h"

#include <stdbool.h>
#include <stdio.h>

enum wait_kind {
    WAIT_NOT,     /* it runs, or has run between the two looks */
    WAIT_DATA,    /* in a pipe or socket */
    WAIT_ROOM,    /* the same, to write */
    WAIT_CLIENT,  /* accept(2) */
    WAIT_FUTEX,   /* a lock, a semaphore, a condition */
    WAIT_THREAD,  /* of its own, to end */
    WAIT_PROCESS, /* to end: wait4(2) and its kin */
    WAIT_SEVERAL, /* poll(2), select(2), epoll(7) */
    WAIT_FILE,    /* flock(2), fcntl(2) */
    WAIT_TIME,
    WAIT_SIGNAL,
    WAIT_STOPPED, /* by a signal, or by a debugger */
    WAIT_OTHER,   /* a call that we do not know */
    WAIT_HIDDEN   /* the kernel does not show it to us */
};

/* Who could wake it: a thread, or any thread of a process. */
struct waker {
    pid_t process;
    pid_t thread; /* 0: any but the one that waits */
    int fd;       /* what it holds, or -1 */
};

/* One thing that would end a wait; poll waits for several. */
struct want {
    enum wait_kind kind;
    uint64_t word[3]; /* of a shared futex: device, inode, byte; else 0 */
    int fd;           /* the waiter's own, or -1 */
    uint64_t object;  /* a pipe's or socket's number, or 0 */
    char what[128];   /* "room in pipe 91544" */
    char who[48];     /* what its wakers are: "readers of pipe 91544" */
    char note[200];   /* what else is known, or "" */
    bool outside;     /* something that is no process here can bring it */
    bool owner;       /* one that alone can: an owner, a child, a thread */
    struct waker *waker;
    size_t wakers;
    struct waker taker; /* of a lock that others could release, too; or {0} */
};

struct waiter { /* a thread */
    struct task task;
    char name[20]; /* as the program called it */
    enum wait_kind kind;
    bool timed; /* the wait ends by itself */
    bool stuck; /* nobody can wake it */
    struct want *want;
    size_t wants;
    char what[160]; /* "waits for child 18878 to exit" */
    char how[64];   /* "wait4" */
};

struct member { /* a process */
    pid_t pid, parent;
    bool asked;  /* of the tree that was asked for; else only a waker */
    bool zombie; /* it has ended, and nobody has asked how */
    bool hidden; /* it does not show us its calls */
    char command[256];
    size_t first, threads; /* in waiter[] */
};

struct graph {
    pid_t root;
    struct member *member;
    size_t members;
    struct waiter *waiter;
    size_t waiters;
    struct ends ends;
    int error;                       /* -ENOMEM, once memory has run out */
    unsigned stuck, running, hidden; /* threads of the tree */
};

/*
 * The graph of a process, of all that descend from it, and of whoever else
 * could wake one of those.  0, -ESRCH: there is no such process; or -errno.
 */
int graph_read(struct graph *g, pid_t root);

void graph_free(struct graph *g);

enum { CYCLE_MOST = 32 };

struct cycle {
    size_t count;
    size_t waiter[CYCLE_MOST]; /* each waits for the next, the last for the
                                  first */
    size_t want[CYCLE_MOST];   /* for which of its wants */
};

/*
 * Cycles of threads that are stuck: the shortest through each, each once.  How
 * many there are, of which the first `most` are in list.
 */
size_t graph_cycles(const struct graph *g, struct cycle *list, size_t most);

/* What to do about a cycle, or about a thread that is stuck without one, in a
 * sentence; "" where we know nothing better than the graph itself. */
const char *cycle_advice(const struct graph *g, const struct cycle *c,
                         char *text, size_t size);

const struct member *graph_member(const struct graph *g, pid_t process);

void graph_print(const struct graph *g, FILE *out, int columns);
int graph_print_json(const struct graph *g, FILE *out); /* 0 or -ENOMEM */
void graph_print_dot(const struct graph *g, FILE *out);

#endif
