/* SPDX-License-Identifier: MIT */
/*
 * floor_alone.c - floors that one process has to itself.
 */
#include "mechanism.h"
#include "registry.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* memcpy between two shared mappings, faulted in before. */
struct copy {
    unsigned char *from, *to;
};

static void copy_close(struct trial *t)
{
    struct copy *c = t->state;

    if (!c)
        return;
    if (c->from != MAP_FAILED)
        munmap(c->from, t->bytes);
    if (c->to != MAP_FAILED)
        munmap(c->to, t->bytes);
    free(c);
    t->state = NULL;
}

static int copy_open(struct trial *t)
{
    const int flags = MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE;
    struct copy *c = calloc(1, sizeof *c);

    if (!c)
        return -ENOMEM;
    t->state = c;
    c->from = mmap(NULL, t->bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    c->to = mmap(NULL, t->bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    return c->from == MAP_FAILED || c->to == MAP_FAILED ? -ENOMEM : 0;
}

static int copy_op(struct trial *t, unsigned n)
{
    struct copy *c = t->state;
    int error = 0;

    for (; n && !error; n--, t->sequence++) {
        payload_write(c->from, t->bytes, t->line, t->sequence);
        memcpy(c->to, c->from, t->bytes);
        error = payload_check(c->to, t->bytes, t->line, t->sequence);
    }
    return error;
}

static int nothing_open(struct trial *t)
{
    t->state = NULL;
    return 0;
}

static void nothing_close(struct trial *t)
{
    t->state = NULL;
}

static int clock_op(struct trial *t, unsigned n)
{
    int64_t last = 0;

    (void)t;
    for (; n; n--) {
        int64_t now = clock_now();

        if (now < last)
            return -EILSEQ; /* the clock went backwards */
        last = now;
    }
    return 0;
}

/* The cheapest call that the C library does not answer by itself. */
static int syscall_op(struct trial *t, unsigned n)
{
    pid_t self = getpid();

    (void)t;
    for (; n; n--)
        if (syscall(SYS_getppid) == self)
            return -EILSEQ;
    return 0;
}

const struct workload alone_floors[] = {
    {.name = "clock",
     .unit = "clock_gettime",
     .open = nothing_open,
     .op = clock_op,
     .close = nothing_close},
    {.name = "syscall",
     .unit = "getppid",
     .open = nothing_open,
     .op = syscall_op,
     .close = nothing_close},
    {.name = "memcpy",
     .unit = "copy",
     .sized = true,
     .open = copy_open,
     .op = copy_op,
     .close = copy_close},
    {.name = NULL},
};
