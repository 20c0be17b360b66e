/* SPDX-License-Identifier: MIT */
/*
 * cmd_waits.c - `ipclab waits PID`: who waits for whom in a tree of processes,
 * of whatever language.
 */
#include "cmd.h"
#include "human.h"
#include "waits.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum form { TEXT, JSON, DOT };

struct request {
    pid_t pid;
    enum form form;
};

static error_t take_pid(struct request *q, const char *text)
{
    char *end;
    long pid;

    errno = 0;
    pid = strtol(text, &end, 10);
    if (errno || end == text || *end || pid < 1 || pid > 1 << 22) {
        fprintf(stderr, "ipclab: '%s' is no process id\n", text);
        return EINVAL;
    }
    if (q->pid) {
        fprintf(stderr, "ipclab: one process id, and not two: its children are "
                        "shown, too\n");
        return EINVAL;
    }
    q->pid = (pid_t)pid;
    return 0;
}

static error_t take(int key, char *text, struct argp_state *state)
{
    struct request *q = state->input;

    switch (key) {
    case 'j':
        q->form = JSON;
        return 0;
    case 'd':
        q->form = DOT;
        return 0;
    case ARGP_KEY_ARG:
        return take_pid(q, text);
    case ARGP_KEY_NO_ARGS:
        fprintf(stderr, "ipclab: waits wants the id of a process\n");
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int cmd_waits(int argc, char **argv)
{
    static const struct argp_option known[] = {
        {"json", 'j', NULL, 0, "for programs", 0},
        {"dot", 'd', NULL, 0, "for dot(1)", 0},
        {0}};
    static const struct argp argp = {
        .options = known,
        .parser = take,
        .args_doc = "PID",
        .doc = "Show what every thread of a process, and of all that descend "
               "from it, waits for, who could wake it, and who waits in a "
               "circle.  It only looks: nothing is stopped or changed."};
    struct request q = {.pid = 0};
    struct graph g;
    int error;

    error = cmd_understand(&argp, argc, argv, 0, &q);
    if (error)
        return error;
    error = graph_read(&g, q.pid);
    if (error) {
        fprintf(stderr, "ipclab: process %d: %s\n", q.pid,
                error == -ESRCH ? "there is none" : strerror(-error));
        return EXIT_FAILED;
    }
    if (q.form == JSON)
        error = graph_print_json(&g, stdout);
    else if (q.form == DOT)
        graph_print_dot(&g, stdout);
    else
        graph_print(&g, stdout, (int)human_columns(STDOUT_FILENO));
    graph_free(&g);
    return error ? EXIT_FAILED : 0;
}
