/* SPDX-License-Identifier: MIT */
/* request.h - is what was asked for known?  Private to plan.c. */
#ifndef IPCLAB_REQUEST_H
#define IPCLAB_REQUEST_H

#include "plan.h"

/*
 * Is every name and every setting known?  0, or -ENOENT and one line with the
 * nearest that is.
 */
int request_check(const struct request *q, char *why, size_t size);

/* Was this workload asked for?  Without names all are, but no floor. */
bool request_names(const struct request *q, const char *mechanism,
                   const struct workload *w);

#endif
