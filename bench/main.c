/* SPDX-License-Identifier: MIT */
/* main.c - ipclab: one verb, one file. */
#include "cmd.h"

#include "common/hooks.h"
#include "human.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

static const struct verb {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} verbs[] = {
    {"list", cmd_list, "mechanisms, workloads, settings, hazards and floors"},
    {"bench", cmd_bench, "measure, and print a table"},
    {"hazard", cmd_hazard, "show how it goes wrong, prove it, and cure it"},
    {"supervise", cmd_supervise, "run any program under the supervisor"},
    {"machine", cmd_machine, "the machine card, with its warnings"},
    {NULL, NULL, NULL},
};

static void usage(FILE *out)
{
    fprintf(out, "usage: ipclab VERB [ARGUMENT]...\n\n");
    for (const struct verb *v = verbs; v->name; v++)
        fprintf(out, "  %-10s %s\n", v->name, v->summary);
    fprintf(out, "\nipclab VERB --help says more.\n");
}

int main(int argc, char **argv)
{
    const char *names[16] = {NULL};

    mechanisms_init(argc, argv);
    setlocale(LC_CTYPE, "");
    if (argc < 2) {
        usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        usage(stdout);
        return 0;
    }
    for (size_t i = 0; verbs[i].name; i++) {
        names[i] = verbs[i].name;
        if (strcmp(argv[1], verbs[i].name) == 0)
            return verbs[i].run(argc - 1, argv + 1);
    }
    fprintf(stderr, "ipclab: no verb '%s'; did you mean '%s'?\n", argv[1],
            nearest_name(argv[1], names));
    return EXIT_USAGE;
}
