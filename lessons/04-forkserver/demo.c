/* SPDX-License-Identifier: MIT */
/*
 * demo.c - lesson 04: a child of the fork server is a copy, but not of you.
 *
 * `demo` asks a child of each start method the same questions; `demo METHOD`
 * asks one alone.
 */
#include "common/hooks.h"
#include "common/io.h"
#include "start/forkserver.h"
#include "start/start.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int counter = 41;
static pid_t loaded_by;

/* region: load */
/* What takes long, and is the same for every child: it runs in the server. */
static void load(void)
{
    loaded_by = getpid();
}
PRELOAD(load)
/* end: load */

/* What a child found. */
struct found {
    int counter;
    pid_t parent, starter, loaded_by;
    char mood[8];
};

static int look(struct parcel *arguments)
{
    struct found found = {counter, getppid(), process_parent(), loaded_by, ""};
    const char *mood = getenv("MOOD");
    int answer = -1;

    snprintf(found.mood, sizeof found.mood, "%s", mood ? mood : "none");
    parcel_take_fd(arguments, &answer);
    return write_full(answer, &found, sizeof found) ? 1 : 7;
}
TARGET(look)

/* A child by this method: what it found, and its exit code or -errno. */
static int ask(enum start_method method, struct found *found)
{
    struct parcel arguments;
    struct process p;
    int answer[2], code = -1, error = fd_pipe(answer);

    parcel_init(&arguments);
    if (!error)
        error = parcel_give_fd(&arguments, &answer[1]);
    process_init(&p, "look", &arguments);
    p.method = method;
    if (!error)
        error = process_start(&p);
    if (!error && read_full(answer[0], found, sizeof *found) != sizeof *found)
        error = -EPIPE; /* it ended without an answer */
    if (p.pid && process_join(&p, NO_TIMEOUT) == 0)
        process_exitcode(&p, &code);
    process_close(&p);
    parcel_free(&arguments);
    fd_close(&answer[0]);
    return error ? error : code;
}

static const char *name_of(pid_t pid)
{
    if (pid == getpid())
        return "the starter";
    return pid == forkserver_pid() ? "the server" : "nobody";
}

/* region: prepare */
/* The server begins here; what is done after that is not done in it. */
static int prepare(void)
{
    static const char *const names[] = {"load", NULL};
    int error = forkserver_set_preload(names);

    setenv("MOOD", "old", 1);
    if (!error)
        error = forkserver_ensure_running();
    setenv("MOOD", "new", 1);
    counter++;
    return error;
}
/* end: prepare */

static void show(enum start_method method)
{
    struct found f = {0};
    int code = ask(method, &f);

    printf("%-12s%-9d%-14s%-14s%-14s%-6s%d\n", start_method_names[method],
           f.counter, name_of(f.parent), name_of(f.starter),
           name_of(f.loaded_by), f.mood, code);
}

int main(int argc, char **argv)
{
    int error;

    mechanisms_init(argc, argv); /* the server goes no further */
    error = prepare();
    printf("%-12s%-9s%-14s%-14s%-14s%-6s%s\n", "child", "counter", "its parent",
           "asked for by", "load() run by", "MOOD", "exit code");
    for (int i = 0; !error && start_method_names[i]; i++)
        if (argc < 2 || strcmp(argv[1], start_method_names[i]) == 0)
            show((enum start_method)i);
    return error ? 1 : 0;
}
