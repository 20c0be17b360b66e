/* SPDX-License-Identifier: MIT */
/*
 * floor_spawn.c - floors: a start that copies no page table.
 *
 * vfork lends the parent's memory to the child until it ends or runs another
 * program; posix_spawn does the same and runs one.  Both stay flat however
 * much the parent holds, which posix-spawn shows: it has the ballast that the
 * mechanism's parent has.  And python3 with nothing to do: what a start by
 * CPython's spawn pays before multiprocessing begins.
 */
#include "floor.h"
#include "mechanism.h"
#include "registry.h"
#include "start/ballast.h"

#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
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

static void vfork_close(struct trial *t)
{
    (void)t;
}

/* What is spawned, and from how heavy a parent. */
struct spawner {
    struct ballast ballast;
    char path[PATH_MAX];
    char *argv[6];
};

static void spawner_close(struct trial *t)
{
    struct spawner *s = t->state;

    if (s)
        ballast_drop(&s->ballast);
    free(s);
    t->state = NULL;
}

static struct spawner *spawner_new(struct trial *t)
{
    struct spawner *s = t->state = calloc(1, sizeof *s);

    if (s)
        s->argv[0] = s->path;
    return s;
}

static int empty_open(struct trial *t)
{
    struct spawner *s = spawner_new(t);
    int error = s ? floor_program("empty", s->path, PATH_MAX) : -ENOMEM;

    return error ? error : ballast_take(&s->ballast, t);
}

const char *floor_python(void)
{
    static const char system_wide[] = "/usr/bin/python3";

    return access(system_wide, X_OK) == 0 ? system_wide : "python3";
}

static int python_open(struct trial *t)
{
    static char isolated[] = "-I", no_site[] = "-S", command[] = "-c",
                pass[] = "pass";
    struct spawner *s = spawner_new(t);

    if (!s)
        return -ENOMEM;
    strcpy(s->path, floor_python());
    s->argv[1] = isolated;
    s->argv[2] = no_site;
    s->argv[3] = command;
    s->argv[4] = pass;
    return 0;
}

static int spawn_op(struct trial *t, unsigned n)
{
    struct spawner *s = t->state;
    int error = 0;

    for (; n && !error; n--) {
        pid_t pid;

        error = -posix_spawnp(&pid, s->path, NULL, NULL, s->argv, environ);
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
     .close = vfork_close},
    {.name = "posix-spawn",
     .unit = "posix_spawn of an empty static program, waitpid",
     .grid = ballast_grid,
     .guess = 500000,
     .open = empty_open,
     .op = spawn_op,
     .close = spawner_close},
    {.name = "python",
     .unit = "posix_spawn of python3 -I -S -c pass, waitpid",
     .python = true,
     .guess = 12000000,
     .open = python_open,
     .op = spawn_op,
     .close = spawner_close},
    {.name = NULL},
};
