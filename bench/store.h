/* SPDX-License-Identifier: MIT */
/*
 * store.h - where samples are kept until the run has ended.
 *
 * They may grow to a hundred megabytes, and every trial is forked from this
 * process: so they lie in a mapping that a fork does not copy, or the cost of
 * a fork would rise from round to round.
 */
#ifndef IPCLAB_STORE_H
#define IPCLAB_STORE_H

#include <stddef.h>
#include <stdint.h>

/* A copy of n values, kept until the process ends; NULL: no memory. */
int64_t *store_keep(const int64_t *values, size_t n);

/* Room for n numbers, in the same place. */
double *store_doubles(size_t n);

#endif
