/* SPDX-License-Identifier: MIT */
/*
 * parcel.h - what crosses to a child: bytes and descriptors.
 *
 * Python pickles a process's arguments; a parcel is that pickle.  The parent
 * packs, the child unpacks in the same order.  Every shareable thing has
 * X_pack and X_unpack, so that it can be handed to a child under any start
 * method.
 *
 *     struct parcel parcel;
 *     parcel_init(&parcel);
 *     parcel_put_u64(&parcel, 42);
 *     parcel_put_fd(&parcel, log);       // shared: the parent keeps its own
 *     parcel_give_fd(&parcel, &writer);  // moved: writer is -1 from now on
 *
 * A descriptor is named by its place in the parcel and never by its number,
 * which may differ in the child.  What a child takes is its own: it closes it,
 * whatever else it inherited.  A parcel owns what was given to it until the
 * child has started; parcel_free closes what is left.
 */
#ifndef IPCLAB_PARCEL_H
#define IPCLAB_PARCEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A parcel crosses a socket to a fork server in one message: unix(7). */
enum { PARCEL_FDS = 249 };

struct parcel_fd {
    int fd;
    bool given; /* the parcel's to close */
};

struct parcel {
    unsigned char *bytes;
    size_t length, capacity, taken;
    struct parcel_fd *fds;
    size_t fd_count, fds_taken;
};

void parcel_init(struct parcel *p);

/* Free the memory and close what was given and not taken. */
void parcel_free(struct parcel *p);

/* Append.  0 or -ENOMEM. */
int parcel_put(struct parcel *p, const void *data, size_t n);
int parcel_put_u64(struct parcel *p, uint64_t value);
int parcel_put_text(struct parcel *p, const char *text);

/*
 * Share a descriptor, which the parent keeps and closes, or move it: *fd
 * becomes -1, and start() closes the parent's copy, so that the child alone
 * decides when its end is closed.  0, -EBADF, -ENOMEM, or -E2BIG beyond
 * PARCEL_FDS.
 */
int parcel_put_fd(struct parcel *p, int fd);
int parcel_give_fd(struct parcel *p, int *fd);

/*
 * Take what was put, in the same order.  -ENODATA when nothing of that length
 * is left.  A text is the parcel's and lives as long as it.
 */
int parcel_take(struct parcel *p, void *data, size_t n);
int parcel_take_u64(struct parcel *p, uint64_t *value);
int parcel_take_text(struct parcel *p, const char **text);

/* A descriptor of the taker's own, CLOEXEC.  0, -ENODATA or -errno. */
int parcel_take_fd(struct parcel *p, int *fd);

/* For start/: close the parent's copies of what was given. */
void parcel_sent(struct parcel *p);

#endif
