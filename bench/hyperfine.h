/* SPDX-License-Identifier: MIT */
/*
 * hyperfine.h - whole programs, C beside CPython, timed by hyperfine.
 *
 * The one figure that holds everything: exec, loading, set-up, the work and
 * the exit.  hyperfine runs the pair; what it exports joins the results.
 */
#ifndef IPCLAB_HYPERFINE_H
#define IPCLAB_HYPERFINE_H

#include "result.h"

#include <signal.h>

/*
 * Append the pairs, one of each start method, to run->programs.  Without
 * hyperfine, python (NULL or "") or the programs, one line on stderr says what
 * is missing, and nothing else changes.
 */
void hyperfine_join(struct run *run, const volatile sig_atomic_t *stop,
                    const char *python);

/* Read what hyperfine exported of a pair that does what `name` says: 0, or
 * -EBADMSG.  Exposed for its test. */
int hyperfine_read(struct run *run, const char *name, const char *json);

#endif
