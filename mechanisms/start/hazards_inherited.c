/* SPDX-License-Identifier: MIT */
/*
 * hazards_inherited.c - a fork copies descriptors, and each of them stands for
 * the same open file, pipe or socket as before.
 *
 * An end of a pipe is copied open, without anybody who would close it; a file's
 * offset is one for both.  A port is in hazards_port.c.
 */
#include "start/hazards.h"

#include <fcntl.h>
#include <stdio.h>

/* --- inherited-write-end --- */

enum { RESULTS = 3 };
enum { CURE_CLOSE = 1, CURE_GIVE, CURE_SPAWN, CURE_SERVED };

/* What worker A writes into, and what worker B waits for. */
static int results[2], tasks[2];

/* Worker A: three results, and home. */
static _Noreturn void produce(void)
{
    for (int i = 0; i < RESULTS; i++)
        write_full(results[1], "r", 1);
    _exit(0);
}

/* region: inherited-write-end */
/* Worker B: has nothing to do with the results.  It only inherited them. */
static _Noreturn void wait_for_tasks(int cure)
{
    char task;

    fd_close(&tasks[1]);
    if (cure == CURE_CLOSE)
        fd_close(&results[1]);
    while (read_some(tasks[0], &task, 1) > 0)
        ; /* nothing comes before the results are in */
    _exit(0);
}

/* The parent: every result there is, until nobody can write any more. */
static int64_t collect(void)
{
    int64_t count = 0;
    char result;

    while (read_some(results[0], &result, 1) > 0)
        count++;
    return count;
}
/* end: inherited-write-end */

/* Both as forks: each has all that is open here. */
static int collect_from_forks(struct witness *w, int cure)
{
    pid_t a, b;

    /* region: inherited-write-end-fork */
    a = fork();
    if (a == 0)
        produce();
    if (cure == CURE_GIVE) /* A has its end now: let nobody else inherit it */
        fd_close(&results[1]);
    b = fork();
    if (b == 0)
        wait_for_tasks(cure);
    fd_close(&results[1]);
    /* end: inherited-write-end-fork */
    if (a < 0 || b < 0 || wait_for(a) != 0)
        return -ECHILD;
    witness_fd(w, "results", results[0]);
    witness_victim(w, getpid());
    witness_holder(w, b);
    witness_ready(w);

    witness_got(w, collect());
    fd_close(&tasks[1]); /* B may go */
    return wait_for(b);
}

/* region: inherited-write-end-fresh */
/* Worker A, that was handed its end, and worker B, that was handed another. */
static int produce_there(struct parcel *arguments)
{
    int error = parcel_take_fd(arguments, &results[1]);

    return error ? error : write_full(results[1], "rrr", RESULTS);
}
TARGET(produce_there)

static int wait_there(struct parcel *arguments)
{
    char task;
    int error = parcel_take_fd(arguments, &tasks[0]);

    return error ? error : (int)read_some(tasks[0], &task, 1);
}
TARGET(wait_there)
/* end: inherited-write-end-fresh */

/* Start it with that descriptor, and nothing else of ours. */
static int start_with(struct process *p, const char *target, int fd,
                      enum start_method method)
{
    struct parcel arguments;
    int error;

    parcel_init(&arguments);
    process_init(p, target, &arguments);
    p->method = method;
    error = parcel_put_fd(&arguments, fd);
    if (!error)
        error = process_start(p);
    parcel_free(&arguments);
    return error;
}

static int join_well(struct process *p)
{
    int code = -1, error = process_join(p, NO_TIMEOUT);

    if (!error)
        error = process_exitcode(p, &code);
    process_close(p);
    return error ? error : code == 0 ? 0 : -ECHILD;
}

static int collect_from_fresh(struct witness *w, enum start_method method)
{
    struct process a, b;
    int error = start_with(&a, "produce_there", results[1], method);

    if (!error)
        error = start_with(&b, "wait_there", tasks[0], method);
    fd_close(&results[1]);
    if (!error)
        error = join_well(&a);
    if (error)
        return error;
    witness_got(w, collect());
    fd_close(&tasks[1]); /* B may go */
    error = join_well(&b);
    return error ? error : leave_nobody();
}

int inherited_write_end(struct witness *w, int cure)
{
    int error = fd_pipe(results);

    witness_expect(w, RESULTS);
    if (!error)
        error = fd_pipe(tasks);
    if (error)
        return error;
    if (cure == CURE_SPAWN || cure == CURE_SERVED)
        return collect_from_fresh(w, cure == CURE_SPAWN ? START_SPAWN
                                                        : START_FORKSERVER);
    return collect_from_forks(w, cure);
}

/* --- fork-shared-offset --- */

enum { LINES = 6, LINE = 7, CHILDS_LINES = 3, CURE_REOPEN = 1, CURE_PREAD };

/* Six lines, to be read from the first. */
static int write_lines(int file)
{
    char line[LINE + 1];

    for (int k = 0; k < LINES; k++) {
        snprintf(line, sizeof line, "line %d\n", k % 10);
        if (pwrite(file, line, LINE, (off_t)k * LINE) != LINE)
            return -EIO;
    }
    return 0;
}

/* region: fork-shared-offset */
/* Read up to `most` lines, from where the descriptor stands. */
static int read_lines(int file, int most)
{
    char line[LINE];
    int count = 0;

    while (count < most && read_full(file, line, LINE) == LINE)
        count++;
    return count;
}

/* The child: wants to see how the file begins. */
static int peek(int file, int cure)
{
    char path[32], line[LINE];
    int count = 0;

    if (cure == CURE_REOPEN) { /* a descriptor with an offset of its own */
        snprintf(path, sizeof path, "/proc/self/fd/%d", file);
        file = open(path, O_RDONLY | O_CLOEXEC);
    }
    if (cure == CURE_PREAD) { /* says where to read, and moves nothing */
        while (count < CHILDS_LINES &&
               pread(file, line, LINE, (off_t)count * LINE) == LINE)
            count++;
        return count;
    }
    return read_lines(file, CHILDS_LINES);
}
/* end: fork-shared-offset */

int fork_shared_offset(struct witness *w, int cure)
{
    int error = write_lines(w->file), count;
    pid_t child;

    if (error)
        return error;
    witness_expect(w, LINES);
    witness_victim(w, getpid());
    witness_fd(w, "lines", w->file);
    child = fork();
    if (child == 0) {
        witness_show(w, 1);
        count = peek(w->file, cure);
        witness_show(w, 2);
        _exit(count);
    }
    if (child < 0)
        return -errno;
    if (wait_for(child) != CHILDS_LINES)
        return -ECHILD;
    witness_got(w, read_lines(w->file, LINES));
    return 0;
}
