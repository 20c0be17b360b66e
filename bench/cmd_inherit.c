/* SPDX-License-Identifier: MIT */
/*
 * cmd_inherit.c - `ipclab inherit`: what a child gets under each start method,
 * measured by a child.
 */
#include "cmd.h"
#include "inherit.h"

#include <argp.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

static error_t take(int key, char *text, struct argp_state *state)
{
    bool *json = state->input;

    switch (key) {
    case 'j':
        *json = true;
        return 0;
    case ARGP_KEY_ARG:
        fprintf(stderr,
                "ipclab: inherit takes no '%s': it shows every start "
                "method\n",
                text);
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* What kept it from being done, and the exit status. */
static int explain(const struct inheritance *i, int error)
{
    if (i->signal)
        return 128 + i->signal;
    if (error == -ETIME || error == -ECHILD)
        fprintf(stderr, "ipclab: the parent %s (the last it did: %s)\n",
                error == -ETIME ? "hangs" : "was ended", i->doing);
    else
        fprintf(stderr, "ipclab: cannot %s: %s\n", i->doing, strerror(-error));
    return EXIT_FAILED;
}

/* A child that could not be looked at, or that would not go. */
static int check(const struct inheritance *i)
{
    int status = 0;

    for (int method = 0; method < METHODS; method++) {
        const struct inherited *c = &i->child[method];

        if (!c->begun && c->told && c->code == 0)
            continue;
        status = EXIT_FAILED;
        if (c->begun)
            fprintf(stderr, "ipclab: %s: cannot start a child: %s\n",
                    start_method_names[method], strerror(-c->begun));
        else
            fprintf(stderr, "ipclab: %s: the child ended with %d\n",
                    start_method_names[method], c->code);
    }
    if (i->left)
        fprintf(stderr, "ipclab: %u of its processes had to be ended\n",
                i->left);
    return i->left ? EXIT_FAILED : status;
}

int cmd_inherit(int argc, char **argv)
{
    static const struct argp_option known[] = {
        {"json", 'j', NULL, 0, "the facts, for programs", 0}, {0}};
    static const struct argp argp = {
        .options = known,
        .parser = take,
        .doc = "Start a child by fork, by spawn and by the fork server, and "
               "show what each has of its parent: memory, descriptors, "
               "threads, locks, environment, signals, limits.  Each child "
               "looks at itself.\vEverything is done in a process of its own, "
               "of which nothing is left; it takes a moment."};
    static struct inheritance i;
    bool json = false;
    int error;

    error = cmd_understand(&argp, argc, argv, 0, &json);
    if (error)
        return error;
    error = inherit_run(&i);
    if (error)
        return explain(&i, error);
    if (json)
        error = inherit_print_json(stdout, &i);
    else
        inherit_print(stdout, &i);
    return error ? EXIT_FAILED : check(&i);
}
