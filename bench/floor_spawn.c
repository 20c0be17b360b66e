/* SPDX-License-Identifier: MIT */
/*
 * floor_spawn.c - floors: a start that copies no page table.
 *
 * vfork lends the parent's memory to the child until it ends or runs another
 * program; posix_spawn does the same and runs one.  Both stay flat however
 * much the parent holds.
 */
#include "floor.h"
#include "mechanism.h"
#include "registry.h"

#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int reap(pid_t pid)
{
    int status;

    if (waitpid(pid, &status, 0) != pid)
        return -errno;
    return status ? -ECHILD : 0;
}

static int vfork_open(struct trial *t)
{
    t->state = NULL;
    return 0;
}

/* In a function of its own: the child runs on this frame, and may spoil it. */
static int vfork_once(void)
{
    pid_t pid = vfork(); /* NOLINT: it is what is measured */

    if (pid == 0)
        _exit(0);
    return pid < 0 ? -errno : reap(pid);
}

static int vfork_op(struct trial *t, unsigned n)
{
    int error = 0;

    (void)t;
    for (; n && !error; n--)
        error = vfork_once();
    return error;
}

static void path_close(struct trial *t)
{
    free(t->state);
    t->state = NULL;
}

static int path_open(struct trial *t)
{
    t->state = malloc(PATH_MAX);
    return t->state ? floor_program("empty", t->state, PATH_MAX) : -ENOMEM;
}

static int spawn_op(struct trial *t, unsigned n)
{
    char *path = t->state, *argv[] = {path, NULL};
    int error = 0;

    for (; n && !error; n--) {
        pid_t pid;

        error = -posix_spawn(&pid, path, NULL, NULL, argv, environ);
        if (!error)
            error = reap(pid);
    }
    return error;
}

const struct workload spawn_floors[] = {
    {.name = "vfork",
     .unit = "vfork, _exit, waitpid",
     .guess = 100000,
     .open = vfork_open,
     .op = vfork_op,
     .close = path_close},
    {.name = "posix-spawn",
     .unit = "posix_spawn of an empty static program, waitpid",
     .guess = 800000,
     .open = path_open,
     .op = spawn_op,
     .close = path_close},
    {.name = NULL},
};
