/* SPDX-License-Identifier: MIT */
/*
 * table.h - a run on the terminal.
 *
 *     machine  AMD EPYC · 2 cores · Linux 6.18 · KVM (!) · clock 30 ns
 *     roundtrip, same core    size   median       95% CI      p99  × floor
 *       pipe                  64 B  7.21 µs  7.10 – 7.40  9.80 µs     1.06
 *       ! pipe 64 B: 2 of 7 rounds were disturbed
 *
 * Nothing is wider than the terminal: columns are dropped from the right, the
 * least telling first, and texts go on in the next line.
 */
#ifndef IPCLAB_TABLE_H
#define IPCLAB_TABLE_H

#include "result.h"

#include <stdio.h>

/*
 * As wide as `columns` allows.  Colour only on a terminal without NO_COLOR,
 * and "µ", "×", "–" only where the locale has them.
 */
void table_print(FILE *out, const struct run *run, unsigned columns);

/* What table_print finds out, said outright. */
struct look {
    unsigned columns;
    bool utf8, colour;
};

void table_draw(FILE *out, const struct run *run, const struct look *look);

#endif
