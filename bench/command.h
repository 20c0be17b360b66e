/* SPDX-License-Identifier: MIT */
/*
 * command.h - run another program and read what it prints.
 */
#ifndef IPCLAB_COMMAND_H
#define IPCLAB_COMMAND_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Run argv[0], found along PATH, in a process group of its own; stdin is
 * empty, stderr is dropped, TMPDIR a folder that goes away with it.  Nothing
 * that it starts outlives it, or us, even when we are killed.  Collects stdout
 * into *text, NUL-ended, the caller's to free whatever happens.
 *
 * Returns its exit code, or -N when signal N ended it.  *error is 0, or why it
 * was not run or not left to end: -EINTR when *stop became true, -ETIMEDOUT
 * after patience ns, -ENOENT: no such program, -errno.
 */
int command_run(const char *const argv[], int64_t patience,
                const volatile sig_atomic_t *stop, char **text, size_t *length,
                int *error);

#endif
