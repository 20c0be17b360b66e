/* SPDX-License-Identifier: MIT */
/* cmd.c - what the verbs share. */
#include "cmd.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>

int cmd_understand(const struct argp *argp, int argc, char **argv,
                   unsigned flags, void *into)
{
    error_t error;

    argp_err_exit_status = EXIT_USAGE;
    error = argp_parse(argp, argc, argv, flags, NULL, into);
    if (error != ENOMEM) /* of all else the parser has said what it is */
        return error ? EXIT_USAGE : 0;
    fprintf(stderr, "ipclab: out of memory\n");
    return EXIT_FAILED;
}
