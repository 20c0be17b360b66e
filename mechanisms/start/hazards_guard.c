/* SPDX-License-Identifier: MIT */
/*
 * hazards_guard.c - a fresh image begins at the top of main.
 *
 * A child that is spawned runs the whole program again, up to the line where it
 * finds out that it is a child.  Whatever stands before that line is done by
 * each child too; if it is "start two children", there is no end.
 *
 * Start/ has the cure built in, so the program that goes wrong is written here.
 * It is no file of its own: the image that is called by its name plays it, as
 * busybox does, before main begins, where nobody has called mechanisms_init.
 */
#include "start/hazards.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The program wants two workers.  The levels are ours: nothing else would end
 * it. */
enum { WORKERS = 2, LEVELS = 3, STORM = 2 + 4 + 8 };

enum { CURE_GUARD = 1, CURE_REFUSAL };

/* The two pipes that all of the program's processes have: 'b' when one has
 * begun and 'w' for its work; and the end, upon which they work. */
static int said[2], begin[2];

/* What a process of the program is told. */
struct told {
    int depth; /* 0: the program; its workers 1, if all went well */
    int said, begin;
};

/* A fresh image by the name of that program; its pid or -1. */
static pid_t run_image(const char *name, const struct told *t)
{
    char depth[12], in[12], out[12];
    char *argv[] = {(char *)name, depth, out, in, NULL};
    pid_t child = fork();

    if (child != 0)
        return child;
    snprintf(depth, sizeof depth, "%d", t->depth);
    snprintf(out, sizeof out, "%d", t->said);
    snprintf(in, sizeof in, "%d", t->begin);
    fcntl(t->said, F_SETFD, 0); /* what survives an exec keeps its number */
    fcntl(t->begin, F_SETFD, 0);
    execv("/proc/self/exe", argv);
    _exit(127);
}

/* Two of these are wanted. */
static void work(const struct told *t)
{
    write_full(t->said, "w", 1);
}

/* --- the naive program --- */

/* region: spawn-without-guard */
static pid_t start_worker(const struct told *self)
{
    struct told worker = *self;

    worker.depth++;
    return worker.depth > LEVELS ? 0 : run_image("unguarded", &worker);
}

/* What each of its images runs, from the top. */
static int unguarded_main(const struct told *self)
{
    pid_t workers[WORKERS];
    char byte;

    for (int k = 0; k < WORKERS; k++)
        workers[k] = start_worker(self);
    write_full(self->said, "b", 1);
    if (self->depth > 0) { /* "I am a worker": it finds out too late */
        read_some(self->begin, &byte, 1);
        work(self);
    }
    for (int k = 0; k < WORKERS; k++)
        if (workers[k] > 0)
            wait_for(workers[k]);
    return 0;
}
/* end: spawn-without-guard */

/* --- the same, with start/, and without mechanisms_init --- */

static int work_once(struct parcel *arguments)
{
    struct told self = {.begin = -1};
    int error = parcel_take_fd(arguments, &self.said);

    if (!error)
        work(&self);
    return error;
}
TARGET(work_once)

/* region: spawn-without-guard-refusal */
static int uninitialised_main(const struct told *self)
{
    struct process p;
    int error;

    process_init(&p, "work_once", NULL);
    p.method = START_SPAWN;
    error = process_start(&p);
    for (int k = 0; error == -ELOOP && k < WORKERS; k++)
        work(self); /* there is nobody else: it does the work itself */
    return error == -ELOOP ? 0 : 1;
}
/* end: spawn-without-guard-refusal */

/* Is this image called by one of the names?  argv is there before main. */
__attribute__((constructor)) static void play(int argc, char **argv)
{
    struct told self;

    if (argc != 4 || (strcmp(argv[0], "unguarded") != 0 &&
                      strcmp(argv[0], "uninitialised") != 0))
        return;
    self = (struct told){
        .depth = atoi(argv[1]), .said = atoi(argv[2]), .begin = atoi(argv[3])};
    _exit(argv[0][2] == 'g' ? unguarded_main(&self)
                            : uninitialised_main(&self));
}

/* --- the scenario --- */

/* Let all of them begin, and count what they work. */
static int64_t count_work(void)
{
    int64_t count = 0;
    char byte;

    fd_close(&said[1]);
    fd_close(&begin[0]);
    fd_close(&begin[1]);
    while (read_some(said[0], &byte, 1) == 1)
        count += byte == 'w';
    return count;
}

/* Start the naive program, and show what has become of it. */
static int run_unguarded(struct witness *w, int64_t *works)
{
    struct told first = {0, said[1], begin[0]};
    pid_t program = run_image("unguarded", &first);
    char begun[STORM + 1];

    fd_close(&said[1]);
    if (program < 0 ||
        read_full(said[0], begun, sizeof begun) != (ssize_t)sizeof begun)
        return -ECHILD;
    witness_victim(w, program);
    witness_count(w, WORKERS);
    witness_show(w, 1);
    *works = count_work();
    return wait_for(program);
}

/* region: spawn-without-guard-cure */
/* Our own main looks for `--multiprocessing-fork` first of all. */
static int run_guarded(int64_t *works)
{
    int code = 0;

    for (int k = 0; code == 0 && k < WORKERS; k++) {
        struct parcel arguments;

        parcel_init(&arguments);
        code = parcel_put_fd(&arguments, said[1]);
        if (code == 0)
            code = run_target("work_once", &arguments, START_SPAWN);
        parcel_free(&arguments);
    }
    *works = count_work();
    return code ? code : leave_nobody();
}
/* end: spawn-without-guard-cure */

static int run_uninitialised(int64_t *works)
{
    struct told first = {0, said[1], begin[0]};
    pid_t program = run_image("uninitialised", &first);

    *works = count_work();
    return program < 0 ? -ECHILD : wait_for(program);
}

int spawn_without_guard(struct witness *w, int cure)
{
    int64_t works = 0;
    int error = fd_pipe(said);

    witness_expect(w, WORKERS);
    if (!error)
        error = fd_pipe(begin);
    if (!error)
        error = cure == CURE_GUARD     ? run_guarded(&works)
                : cure == CURE_REFUSAL ? run_uninitialised(&works)
                                       : run_unguarded(w, &works);
    if (error)
        return error;
    witness_got(w, works);
    return 0;
}
