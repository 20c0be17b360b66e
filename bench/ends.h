/* SPDX-License-Identifier: MIT */
/*
 * ends.h - who holds which end of what: every pipe, FIFO, socket and eventfd
 * that any process of the machine has open, in one list.
 *
 * A pipe that has no name passes by inheritance and over sockets, so that
 * nothing short of a look at all processes tells who else has it.
 */
#ifndef IPCLAB_ENDS_H
#define IPCLAB_ENDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum end_kind {
    END_OTHER, /* a file, /dev/null: nobody waits for it */
    END_PIPE,
    END_SOCKET,
    END_EVENT,    /* eventfd(2) */
    END_EPOLL,    /* epoll(7): its own set says more */
    END_PROCESS,  /* pidfd_open(2): number is the process */
    END_TERMINAL, /* and other devices */
    END_OUTSIDE /* a timer, a signalfd: who makes it ready has no descriptor */
};

struct end {
    pid_t process;
    int fd;
    enum end_kind kind;
    uint64_t device, number; /* the same two: the same pipe, socket, eventfd */
    bool reads, writes;
};

struct ends {
    struct end *end;
    size_t count, room;
    unsigned hidden; /* processes that do not show us their descriptors */
};

/* What a descriptor of a process is.  0 or -errno. */
int end_look(pid_t process, int fd, struct end *e);

/* All that can be waited for, of every process.  0 or -errno. */
int ends_read(struct ends *list);

void ends_free(struct ends *list);

#endif
