/* SPDX-License-Identifier: MIT */
/*
 * ballast.h - what makes a parent heavy: memory and open descriptors.
 *
 * A fork copies the parent's page tables and descriptor table, so its cost
 * depends on these; the workloads and the floors carry the same.
 */
#ifndef IPCLAB_BALLAST_H
#define IPCLAB_BALLAST_H

#include "mechanism.h"

struct ballast {
    void *memory; /* NULL: none */
    size_t resident;
    int *fds;
    size_t fd_count;
};

/* The settings resident, huge and descriptors; ends with a NULL name. */
extern const struct setting ballast_grid[];

/*
 * Take on what the trial's settings say; every page is touched.  0, or
 * -EOPNOTSUPP: the kernel gave no huge pages, or -errno; and then, too,
 * ballast_drop gives back what was taken.
 */
int ballast_take(struct ballast *b, const struct trial *t);
void ballast_drop(struct ballast *b);

#endif
