/* SPDX-License-Identifier: MIT */
/*
 * cmd.h - the verbs.  Each gets its own name in argv[0] and returns the exit
 * status.
 */
#ifndef IPCLAB_CMD_H
#define IPCLAB_CMD_H

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_SKIPPED = 77 };

int cmd_list(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_hazard(int argc, char **argv);
int cmd_supervise(int argc, char **argv);
int cmd_waits(int argc, char **argv);
int cmd_machine(int argc, char **argv);

#endif
