/* SPDX-License-Identifier: MIT */
/* options.h - the command line of `ipclab bench`. */
#ifndef IPCLAB_OPTIONS_H
#define IPCLAB_OPTIONS_H

#include "plan.h"

struct options {
    struct request request;
    const char *names[64]; /* what request.names points to */
    size_t name_count;
    const char *output; /* a folder for the results, or NULL */
    bool keep_awake, no_reference;
    bool programs; /* a whole run: hyperfine's pair belongs to it */
};

/*
 * 0, or the exit status after a message.  The strings stay argv's; what it
 * allocates lives as long as the process.
 */
int options_parse(struct options *o, int argc, char **argv);

#endif
