/* SPDX-License-Identifier: MIT */
/*
 * cmd.h - the verbs.  Each gets its own name in argv[0] and returns the exit
 * status.
 */
#ifndef IPCLAB_CMD_H
#define IPCLAB_CMD_H

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_SKIPPED = 77 };

struct argp;

/*
 * Read a command line: 0, or an exit status and the line that says why is
 * printed.  argp_parse(3) by itself is silent where there is no memory.
 */
int cmd_understand(const struct argp *argp, int argc, char **argv,
                   unsigned flags, void *into);

int cmd_list(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_hazard(int argc, char **argv);
int cmd_supervise(int argc, char **argv);
int cmd_waits(int argc, char **argv);
int cmd_inherit(int argc, char **argv);
int cmd_machine(int argc, char **argv);
int cmd_manager(int argc, char **argv);

#endif
