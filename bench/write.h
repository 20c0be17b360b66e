/* SPDX-License-Identifier: MIT */
/*
 * write.h - a run as files: run.json, run.tsv, hist.tsv and machine.txt.
 *
 * run.json and run.tsv hold the same numbers under the same names; gnuplot and
 * awk cannot read JSON.  Times are ns: three decimals per operation.  What is
 * not known is null in one and nan in the other.
 */
#ifndef IPCLAB_WRITE_H
#define IPCLAB_WRITE_H

#include "result.h"

#include <stdio.h>

/*
 * Write all of them into the folder dir, whose parent is there.  An earlier
 * run in it is replaced as a whole, its plots/ and report.* too: they would
 * belong to other numbers.  At no moment is a part of a run in place, and
 * after a failure everything is as it was.
 *
 * 0, or -errno and why is one line: a folder that holds anything else
 * (-ENOTEMPTY), a full disk, no permission.
 */
int write_results(const char *dir, const struct run *run, char *why,
                  size_t size);

/*
 * Could they be written?  To be asked before minutes are spent.  The same. What
 * a killed run left beside dir is removed.
 */
int write_check(const char *dir, char *why, size_t size);

/* Each file's writer.  0 or -errno; the stream stays the caller's. */
int write_json(FILE *out, const struct run *run);
int write_tsv(FILE *out, const struct run *run);
int write_hist(FILE *out, const struct run *run);
int write_machine(FILE *out, const struct run *run);

/* What a number is rounded to in both, so that they agree: per operation. */
double write_rounded(double value);

#endif
