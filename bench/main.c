/* SPDX-License-Identifier: MIT */
/* main.c - ipclab: one verb, one file. */
#include "cmd.h"

#include "common/hooks.h"
#include "human.h"
#include "images.h"

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct verb {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} verbs[] = {
    {"list", cmd_list, "mechanisms, workloads, settings, hazards and floors"},
    {"bench", cmd_bench, "measure, and print a table"},
    {"hazard", cmd_hazard, "show how it goes wrong, prove it, and cure it"},
    {"waits", cmd_waits,
     "who waits for whom in a process tree, and why it hangs"},
    {"inherit", cmd_inherit, "what a child gets under each start method"},
    {"supervise", cmd_supervise, "run any program under the supervisor"},
    {"machine", cmd_machine, "the machine card, with its warnings"},
    {"manager", cmd_manager, "serve objects that unmodified Python uses"},
    {NULL, NULL, NULL},
};

static void usage(FILE *out)
{
    fprintf(out, "usage: ipclab VERB [ARGUMENT]...\n\n");
    for (const struct verb *v = verbs; v->name; v++)
        fprintf(out, "  %-10s %s\n", v->name, v->summary);
    fprintf(out, "\nipclab VERB --help says more.\n");
}

/*
 * Were one of the three closed, the next descriptor opened would take its
 * number, and the table would be printed into a pipe that is measured.
 */
static void open_standard_streams(void)
{
    int fd = open("/dev/null", O_RDWR);

    while (fd >= 0 && fd <= STDERR_FILENO)
        fd = dup(fd);
    if (fd >= 0)
        close(fd);
}

/* What could not be printed is not a success, but for a reader that left. */
static int finish(int status)
{
    errno = 0;
    if ((fflush(stdout) == 0 && !ferror(stdout)) || errno == EPIPE)
        return status;
    fprintf(stderr, "ipclab: cannot print: %s\n",
            strerror(errno ? errno : EIO));
    return status ? status : EXIT_FAILED;
}

static int run_verb(const struct verb *v, int argc, char **argv)
{
    char name[32];

    snprintf(name, sizeof name, "ipclab %s", v->name);
    argv[0] = name; /* argp's messages begin with it */
    argp_err_exit_status = EXIT_USAGE;
    return finish(v->run(argc, argv));
}

int main(int argc, char **argv)
{
    const char *names[16] = {NULL};

    open_standard_streams();
    signal(SIGXFSZ, SIG_IGN); /* a file too large is an error, and said so */
    mechanisms_init(argc, argv);
    images_use_small();
    setlocale(LC_CTYPE, "");
    if (argc < 2) {
        usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        usage(stdout);
        return finish(0);
    }
    for (size_t i = 0; verbs[i].name; i++) {
        names[i] = verbs[i].name;
        if (strcmp(argv[1], verbs[i].name) == 0)
            return run_verb(&verbs[i], argc - 1, argv + 1);
    }
    fprintf(stderr, "ipclab: no verb '%s'; did you mean '%s'?\n", argv[1],
            nearest_name(argv[1], names));
    return EXIT_USAGE;
}
