/* SPDX-License-Identifier: MIT */
/*
 * reference.h - the same workloads on the real multiprocessing.
 *
 * bench/reference.py runs one workload in fresh processes and prints plain
 * lines; this starts it and reads them into what a trial of ours leaves.
 */
#ifndef IPCLAB_REFERENCE_H
#define IPCLAB_REFERENCE_H

#include "trial.h"

/* The interpreter and the script: found once, by reference_find. */
struct reference {
    char python[256], script[512];
    char version[32]; /* "3.11.2" */
    char **names;     /* workloads it has, NULL-ended */
    char *text;       /* what names points into */
};

/* 0, or -errno and why there will be no such column, in one line. */
int reference_find(struct reference *r, const volatile sig_atomic_t *stop,
                   char *why, size_t size);
void reference_free(struct reference *r);

/* As trial_run. */
int reference_run(const struct reference *r, const struct trial_spec *spec,
                  struct findings *found, const volatile sig_atomic_t *stop,
                  char *why, size_t size);

#endif
