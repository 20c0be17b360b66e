/* SPDX-License-Identifier: MIT */
/*
 * floor_alone.c - floors that one process has to itself.
 */
#include "mechanism.h"
#include "registry.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef FLOOR_CPUID
#include <cpuid.h>
#endif

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

/* A shared counter that nobody else touches, on a line of its own. */
struct counter {
    _Alignas(256) _Atomic uint64_t value;
};

static int counter_open(struct trial *t)
{
    t->state = aligned_alloc(_Alignof(struct counter), sizeof(struct counter));
    if (!t->state)
        return -ENOMEM;
    atomic_init(&((struct counter *)t->state)->value, t->sequence);
    return 0;
}

static void counter_close(struct trial *t)
{
    free(t->state);
    t->state = NULL;
}

static int add_op(struct trial *t, unsigned n)
{
    struct counter *c = t->state;
    uint64_t differ = 0;

    for (; n; n--)
        differ |=
            atomic_fetch_add_explicit(&c->value, 1, memory_order_seq_cst) ^
            t->sequence++;
    return differ ? -EILSEQ : 0;
}

#ifdef FLOOR_CPUID
/* On a virtual machine it traps to the hypervisor, hundreds of times slower. */
static int cpuid_op(struct trial *t, unsigned n)
{
    unsigned a, b, c, d;

    (void)t;
    for (; n; n--) {
        __cpuid(0, a, b, c, d); /* its maker's name, never all zeros */
        if (!(b | c | d))
            return -EILSEQ;
    }
    return 0;
}
#endif

/* Pages that are touched once, in turn; then they are given back for others. */
enum { FRESH_PAGES = 512 };

struct fresh {
    unsigned char *base;
    size_t page, next; /* bytes of one; the first that is untouched */
};

/* Small pages: a huge one would be one fault for all of them. */
static int fresh_map(struct fresh *f)
{
    f->next = 0;
    f->base = mmap(NULL, FRESH_PAGES * f->page, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (f->base == MAP_FAILED)
        return -ENOMEM;
    /* -EINVAL: a kernel that has no huge pages. */
    if (madvise(f->base, FRESH_PAGES * f->page, MADV_NOHUGEPAGE) < 0 &&
        errno != EINVAL)
        return -errno;
    return 0;
}

static void fresh_unmap(struct fresh *f)
{
    if (f->base != MAP_FAILED)
        munmap(f->base, FRESH_PAGES * f->page);
    f->base = MAP_FAILED;
}

static int fault_open(struct trial *t)
{
    struct fresh *f = calloc(1, sizeof *f);

    t->state = f;
    if (!f)
        return -ENOMEM;
    f->page = (size_t)sysconf(_SC_PAGESIZE);
    return fresh_map(f);
}

static void fault_close(struct trial *t)
{
    if (t->state)
        fresh_unmap(t->state);
    free(t->state);
    t->state = NULL;
}

/* Mapping and unmapping lie between the samples, not in them. */
static int fault_op(struct trial *t, unsigned n)
{
    struct fresh *f = t->state;

    for (; n; n--) {
        volatile unsigned char *page;
        int64_t begin;
        int error;

        if (f->next == FRESH_PAGES) {
            fresh_unmap(f);
            error = fresh_map(f);
            if (error)
                return error;
        }
        page = f->base + f->next++ * f->page;
        begin = clock_now();
        *page = 1;
        trial_sample(t, clock_now() - begin);
    }
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
    {.name = "atomic-add",
     .unit = "atomic_fetch_add",
     .open = counter_open,
     .op = add_op,
     .close = counter_close},
#ifdef FLOOR_CPUID
    {.name = "cpuid",
     .unit = "CPUID",
     .guess = 7000,
     .open = nothing_open,
     .op = cpuid_op,
     .close = nothing_close},
#endif
    {.name = "page-fault",
     .unit = "first touch of a page",
     .own = true,
     .guess = 3000,
     .open = fault_open,
     .op = fault_op,
     .close = fault_close},
    {.name = "memcpy",
     .unit = "copy",
     .sized = true,
     .open = copy_open,
     .op = copy_op,
     .close = copy_close},
    {.name = NULL},
};
