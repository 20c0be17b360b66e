/* SPDX-License-Identifier: MIT */
/*
 * cmd_supervise.c - `ipclab supervise`: run any program so that it cannot stay
 * for ever, fork without end, or leave anything running.
 *
 * The exit status is the program's own; 128 + N when signal N ended it; 124
 * when its time was over; 125 when it reached another limit.
 */
#include "cmd.h"
#include "supervisor.h"

#include "common/clock.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { EXIT_TIME = 124, EXIT_LIMIT = 125 };

struct request {
    struct limits limits;
    char **argv;
};

/* What a limit of bytes may be: a number, with K, M or G. */
static int take_bytes(const char *option, const char *text, uint64_t *bytes)
{
    char *end;
    const char *unit;

    errno = 0;
    *bytes = strtoull(text, &end, 10);
    unit = *end ? strchr("KMG", *end) : NULL;
    if (!errno && text[0] >= '0' && text[0] <= '9' && *bytes < 1 << 30) {
        if (!*end)
            return 0;
        if (unit && !end[1]) {
            *bytes <<= 10 * (1 + (unit - "KMG"));
            return 0;
        }
    }
    fprintf(stderr,
            "ipclab: --%s %s: a size is a number below 1G, or one with K, M or "
            "G\n",
            option, text);
    return EINVAL;
}

static int take_number(const char *option, const char *text, double most,
                       double *value)
{
    char *end;

    *value = strtod(text, &end);
    if (end != text && !*end && *value > 0 && *value <= most)
        return 0;
    fprintf(stderr, "ipclab: --%s %s: a number up to %.0f\n", option, text,
            most);
    return EINVAL;
}

static error_t take(int key, char *text, struct argp_state *state)
{
    struct request *q = state->input;
    error_t error;
    double number;

    switch (key) {
    case 's':
        error = take_number("seconds", text, 1e6, &number);
        if (!error)
            q->limits.time = (int64_t)(number * (double)SECOND);
        return error;
    case 'p':
        error = take_number("processes", text, 1e6, &number);
        if (!error)
            q->limits.processes = (unsigned)(number < 1 ? 1 : number);
        return error;
    case 'm':
        return take_bytes("memory", text, &q->limits.memory);
    case 'f':
        return take_bytes("file", text, &q->limits.file);
    case ARGP_KEY_ARG: /* the program: the rest is its own */
        q->argv = state->argv + state->next - 1;
        state->next = state->argc;
        return 0;
    case ARGP_KEY_NO_ARGS:
        fprintf(stderr, "ipclab: supervise what?  ipclab supervise [OPTION]... "
                        "-- PROGRAM [ARGUMENT]...\n");
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* "supervise: more than 64 processes; all 65 were ended", and the status. */
static int explain(const struct request *q, const struct ended *e)
{
    const struct limits *most = &q->limits;

    switch (e->how) {
    case OUT_OF_TIME:
        fprintf(stderr, "ipclab: %s: not done after %g s; ", q->argv[0],
                (double)most->time / (double)SECOND);
        break;
    case TOO_MANY:
        fprintf(stderr, "ipclab: %s: more than %u processes; ", q->argv[0],
                most->processes);
        break;
    case TOO_LARGE:
        fprintf(stderr, "ipclab: %s: more than %llu bytes of memory; ",
                q->argv[0], (unsigned long long)most->memory);
        break;
    case FILE_TOO_LARGE:
        fprintf(stderr, "ipclab: %s: a file of more than %llu bytes; ",
                q->argv[0], (unsigned long long)most->file);
        break;
    default:
        fprintf(stderr, "ipclab: %s: it killed the process that watched it; ",
                q->argv[0]);
    }
    fprintf(stderr, "%u process%s ended\n", e->left,
            e->left == 1 ? " was" : "es were");
    return e->how == OUT_OF_TIME ? EXIT_TIME : EXIT_LIMIT;
}

static int exit_status(const struct request *q, const struct ended *e)
{
    if (e->stuck)
        fprintf(stderr, "ipclab: %s: a process of it cannot be killed\n",
                q->argv[0]);
    if (e->how == INTERRUPTED)
        return 128 + e->status;
    if (e->how != ENDED)
        return explain(q, e);
    return WIFSIGNALED(e->status) ? 128 + WTERMSIG(e->status)
                                  : WEXITSTATUS(e->status);
}

int cmd_supervise(int argc, char **argv)
{
    static const struct argp_option known[] = {
        {"seconds", 's', "N", 0, "its time (60)", 0},
        {"processes", 'p', "N", 0, "at once, in the whole tree (256)", 0},
        {"memory", 'm', "SIZE", 0, "resident, in the whole tree (2G)", 0},
        {"file", 'f', "SIZE", 0, "of any one file that it writes (1G)", 0},
        {0}};
    static const struct argp argp = {
        .options = known,
        .parser = take,
        .args_doc = "-- PROGRAM [ARGUMENT]...",
        .doc = "Run a program within limits, and end everything that it "
               "started.\vThe exit status is the program's; 124: its time was "
               "over; 125: another limit was reached; 128 + N: signal N ended "
               "it."};
    struct request q = {.limits = {.time = 60 * SECOND,
                                   .processes = 256,
                                   .memory = UINT64_C(2) << 30,
                                   .file = UINT64_C(1) << 30}};
    struct watch watch = {.output = -1};
    struct ended ended;
    int error;

    error = cmd_understand(&argp, argc, argv, ARGP_IN_ORDER, &q);
    if (error)
        return error;
    watch.argv = q.argv;
    watch.limits = q.limits;
    error = supervise(&watch, &ended);
    if (error) {
        fprintf(stderr, "ipclab: %s cannot be run: %s\n", q.argv[0],
                strerror(-error));
        return EXIT_FAILED;
    }
    return exit_status(&q, &ended);
}
