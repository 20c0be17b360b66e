/* SPDX-License-Identifier: MIT */
/*
 * progress.h - one line on stderr that says how far a run is.
 *
 * Only on a terminal; it is rewritten in place, and gone at the end.
 */
#ifndef IPCLAB_PROGRESS_H
#define IPCLAB_PROGRESS_H

/* done of 1; left in s; what is being measured now. */
void progress_show(double done, double left, const char *what);

/* Wipe the line, so that something else can be printed. */
void progress_clear(void);

#endif
