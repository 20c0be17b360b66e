/* SPDX-License-Identifier: MIT */
/*
 * floor_fork.c - floors: fork, _exit and waitpid, and nothing else.
 *
 * From this process, with the ballast that the mechanism's parent has, and
 * from a tiny static program, where a fork costs as little as it can.
 */
#include "common/io.h"
#include "floor.h"
#include "mechanism.h"
#include "registry.h"
#include "start/ballast.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int self_open(struct trial *t)
{
    struct ballast *b = calloc(1, sizeof *b);

    t->state = b;
    return b ? ballast_take(b, t) : -ENOMEM;
}

static void self_close(struct trial *t)
{
    if (t->state)
        ballast_drop(t->state);
    free(t->state);
    t->state = NULL;
}

static int self_op(struct trial *t, unsigned n)
{
    (void)t;
    for (; n; n--) {
        int status;
        pid_t pid = fork();

        if (pid == 0)
            _exit(0);
        if (pid < 0 || waitpid(pid, &status, 0) != pid)
            return -errno;
        if (status)
            return -ECHILD;
    }
    return 0;
}

/* The static program beside this one (tiny.c), and pipes to talk to it. */
struct tiny {
    pid_t pid;
    int requests, durations;
};

int floor_program(const char *name, char *path, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", path, size - 1);
    char *slash;

    if (n < 0)
        return -errno;
    path[n] = '\0';
    slash = strrchr(path, '/');
    if (!slash || (size_t)(slash - path) + strlen(name) + 2 > size)
        return -ENAMETOOLONG;
    strcpy(slash + 1, name);
    return access(path, X_OK) < 0 ? -errno : 0;
}

static void tiny_close(struct trial *t)
{
    struct tiny *tiny = t->state;

    if (!tiny)
        return;
    fd_close(&tiny->requests); /* the end of its input ends it */
    fd_close(&tiny->durations);
    if (tiny->pid > 0)
        waitpid(tiny->pid, NULL, 0);
    free(tiny);
    t->state = NULL;
}

static int tiny_open(struct trial *t)
{
    struct tiny *tiny = calloc(1, sizeof *tiny);
    int requests[2] = {-1, -1}, durations[2] = {-1, -1}, error;
    char path[PATH_MAX];

    if (!tiny)
        return -ENOMEM;
    *tiny = (struct tiny){0, -1, -1};
    t->state = tiny;
    error = floor_program("tiny", path, sizeof path);
    if (!error)
        error = fd_pipe(requests);
    if (!error)
        error = fd_pipe(durations);
    tiny->requests = requests[1];
    tiny->durations = durations[0];
    if (!error)
        tiny->pid = fork();
    if (!error && tiny->pid == 0) {
        dup2(requests[0], STDIN_FILENO);
        dup2(durations[1], STDOUT_FILENO);
        execl(path, path, (char *)NULL);
        _exit(127);
    }
    fd_close(&requests[0]);
    fd_close(&durations[1]);
    return error ? error : tiny->pid < 0 ? -EAGAIN : 0;
}

static int tiny_op(struct trial *t, unsigned n)
{
    struct tiny *tiny = t->state;
    uint32_t count = n;
    int64_t took;
    int error = write_full(tiny->requests, &count, sizeof count);

    for (; n && !error; n--) {
        ssize_t got = read_full(tiny->durations, &took, sizeof took);

        if (got != (ssize_t)sizeof took)
            error = got < 0 ? (int)got : -ECHILD;
        else
            trial_sample(t, took);
    }
    return error;
}

const struct workload fork_floors[] = {
    {.name = "fork-self",
     .unit = "fork, _exit, waitpid",
     .grid = ballast_grid,
     .open = self_open,
     .op = self_op,
     .close = self_close},
    {.name = "fork-tiny",
     .unit = "fork, _exit, waitpid",
     .own = true,
     .open = tiny_open,
     .op = tiny_op,
     .close = tiny_close},
    {.name = NULL},
};
