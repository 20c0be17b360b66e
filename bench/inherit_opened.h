/* SPDX-License-Identifier: MIT */
/*
 * inherit_opened.h - descriptors that the parent opens so that a child can be
 * asked for them.  Private to inherit.c.
 */
#ifndef IPCLAB_INHERIT_OPENED_H
#define IPCLAB_INHERIT_OPENED_H

#include "inherit.h"

enum { KNOWN = 16 };

struct opened {
    struct region shared;
    struct inheritance *i; /* in it */
    int probe[PROBES];
    int file, handed, client, channel;
    struct fact_fd known[KNOWN]; /* these, but for the probes */
    unsigned knows;
};

/* It is of this experiment, and none that a start brings. */
void opened_know(struct opened *o, int fd);

/* The probes, the file, and the one to be handed over.  0 or -errno. */
int opened_files(struct opened *o);

/* A listener with a client in its queue; without TCP there is none. */
void opened_listener(struct opened *o);

/* Close it here: 0, the port is free then; 1, it is not; or -errno. */
int opened_close_listener(struct opened *o);

/* Which of the child's descriptors are whose? */
void opened_sort(const struct opened *o, struct inherited *c);

#endif
