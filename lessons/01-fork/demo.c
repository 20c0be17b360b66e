/* SPDX-License-Identifier: MIT */
/*
 * demo.c - lesson 01: a child is a copy.
 *
 * `demo` shows one child: it has its parent's memory as it was at the fork,
 * and what it changes there the parent never sees; what comes back is an exit
 * code.  `demo N` starts and joins N children, `demo N spawn` and `demo N
 * forkserver` by those methods (lessons 03 and 04), which is what the
 * whole-program figures time beside twin.py.
 */
#include "common/hooks.h"
#include "start/start.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int counter = 41;

/* region: child */
static int child(struct parcel *arguments)
{
    (void)arguments;
    counter++;
    printf("child   counter is %d, my parent is %s\n", counter,
           process_parent() == getppid() ? "the one who started me" : "gone");
    return counter;
}
TARGET(child)
/* end: child */

static int nothing(struct parcel *arguments)
{
    (void)arguments;
    return 0;
}
TARGET(nothing)

/* region: start */
/* Start one child, join it, and return its exit code; negative: an error. */
static int run(const char *target, enum start_method method)
{
    struct process p;
    int code = -1;
    int error;

    process_init(&p, target, NULL); /* p = Process(target=child) */
    p.method = method;              /* of get_context(method) */
    error = process_start(&p);      /* p.start() */
    if (!error)
        error = process_join(&p, NO_TIMEOUT); /* p.join() */
    if (!error)
        error = process_exitcode(&p, &code); /* p.exitcode */
    process_close(&p);
    return error ? error : code;
}
/* end: start */

/* The method of that name, or -1. */
static int method_named(const char *name)
{
    for (int i = 0; start_method_names[i]; i++)
        if (strcmp(start_method_names[i], name) == 0)
            return i;
    return -1;
}

int main(int argc, char **argv)
{
    int many = argc > 1 ? atoi(argv[1]) : 0;
    int method = argc > 2 ? method_named(argv[2]) : START_FORK;
    int code;

    mechanisms_init(argc, argv);
    if ((argc > 1 && many <= 0) || method < 0) {
        fprintf(stderr, "usage: demo [N [fork|spawn|forkserver]]\n");
        return 2;
    }
    for (int i = 0; i < many; i++)
        if (run("nothing", (enum start_method)method) != 0)
            return 1;
    if (many)
        return 0;
    printf("parent  counter is %d before\n", counter);
    code = run("child", START_FORK);
    printf("parent  counter is %d after, exit code %d\n", counter, code);
    return code == 42 ? 0 : 1;
}
