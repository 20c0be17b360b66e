/* SPDX-License-Identifier: MIT */
/*
 * waits_find.h - what one thread waits for.  Private to waits.c.
 */
#ifndef IPCLAB_WAITS_FIND_H
#define IPCLAB_WAITS_FIND_H

#include "waits.h"

/* From w->task: kind, texts, wants and who could bring them. */
void waiter_understand(struct graph *g, struct waiter *w);

/* waits_fd.c: what a descriptor of the waiter must become ready for. */
void want_descriptor(struct graph *g, struct waiter *w, int fd, bool room);

/* waits_futex.c: that w->task waits in futex(2). */
void want_futex(struct graph *g, struct waiter *w);

/* waits_lock.c: that w->task waits in shared memory, for a lock of sync/.
 * False: nothing is known of one. */
bool want_lock(struct graph *g, struct waiter *w, struct want *want);

/* waits_several.c: that it waits for several descriptors at once. */
void want_poll(struct graph *g, struct waiter *w);
void want_select(struct graph *g, struct waiter *w);
void want_epoll(struct graph *g, struct waiter *w, int epoll);

/* waits_names.c: our number for the process or thread that `process` calls by
 * this number; 0 when there is none. */
pid_t number_here(pid_t process, pid_t number);

/* Add a want, or a waker of one; a want that cannot be added is NULL. */
struct want *want_add(struct graph *g, struct waiter *w, enum wait_kind kind,
                      int fd);
void waker_add(struct graph *g, struct want *want, pid_t process, pid_t thread,
               int fd);

/* printf into one of the texts. */
void say_what(struct waiter *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void say_how(struct waiter *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
