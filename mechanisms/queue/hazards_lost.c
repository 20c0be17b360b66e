/* SPDX-License-Identifier: MIT */
/*
 * hazards_lost.c - a process that leaves without its exit sequence.
 *
 * What was put is in a buffer of the process, and its feeder is a thread of it:
 * _exit(2), or a signal, ends both.  put had returned 0, and nobody is told;
 * the count of what was put and not got stays for ever.
 */
#include "queue/hazards.h"

#include "common/hooks.h"
#include "queue/parts.h"

#include <fcntl.h>

enum { PLAIN, FAST, KINDS, CURE_JOIN = 1, CURE_EXIT, CURE_SIMPLE };

/* An item is a page with its header: the pipe holds whole ones, and fewer than
 * there are. */
enum { ITEMS = 40, PAGE = 4096, ITEM = PAGE - HEADER, HOLDS = 16 * PAGE };

static const unsigned ways[KINDS] = {QUEUE_PLAIN, QUEUE_FAST};
static struct queue queues[KINDS];
static struct simple_queue simple[KINDS];
static int64_t put_count[KINDS]; /* what put said 0 to */

/* --- the child --- */

static int put_all(int kind, int cure)
{
    char item[ITEM] = {0};
    int error = 0;

    for (int i = 0; i < ITEMS && !error; i++) {
        error = cure == CURE_SIMPLE
                    ? simple_queue_put(&simple[kind], item, sizeof item)
                    : queue_put(&queues[kind], item, sizeof item, NO_TIMEOUT);
        put_count[kind] += !error;
    }
    return error;
}

/* region: lost-on-exit-cures */
/* What it does last. */
static _Noreturn void leave(int cure, int status)
{
    if (cure == CURE_JOIN)
        for (int k = 0; k < KINDS; k++) {
            queue_close(&queues[k]);
            queue_join_thread(&queues[k], NO_TIMEOUT);
        }
    if (cure == CURE_EXIT)
        exit_sequence(); /* as exit(3), or as a target returns */
    _exit(status);
}
/* end: lost-on-exit-cures */

static _Noreturn void put_and_leave(struct witness *w, int cure)
{
    int error = 0;

    for (int k = 0; k < KINDS && !error; k++)
        error = put_all(k, cure);
    for (int k = 0; k < KINDS && !error && !cure; k++)
        error = wait_for_sleeper(&queues[k].side->writing);
    if (!cure)
        witness_show(w, 1); /* all is put; the pipes are full */
    leave(cure, error ? 1 : 0);
}

/* --- the parent --- */

/* No more than that, whatever a page is here.  Of who has many pipes it holds
 * less, and may not be made larger. */
static int limit_pipe(int fd)
{
    return fcntl(fd, F_GETPIPE_SZ) > HOLDS && fcntl(fd, F_SETPIPE_SZ, HOLDS) < 0
               ? -errno
               : 0;
}

static int open_kind(int kind, int cure)
{
    int error = cure == CURE_SIMPLE
                    ? simple_queue_open(&simple[kind])
                    : queue_open_as(&queues[kind], 0, ways[kind]);

    if (error || cure == CURE_SIMPLE)
        return error;
    return limit_pipe(queues[kind].side->writer.fd);
}

static int get_one(int kind, int cure)
{
    char item[ITEM];
    ssize_t n =
        cure == CURE_SIMPLE
            ? simple_queue_get(&simple[kind], item, sizeof item)
            : queue_get(&queues[kind], item, sizeof item, cure ? SECOND : 0);

    return n == sizeof item;
}

/* What comes, at most as many as were put. */
static int64_t get_all(int cure)
{
    int64_t count = 0;

    for (int k = 0; k < KINDS; k++)
        for (int i = 0; i < ITEMS && get_one(k, cure); i++)
            count++;
    return count;
}

static void close_all(void)
{
    for (int k = 0; k < KINDS; k++) {
        queue_free(&queues[k]);
        simple_queue_close(&simple[k]);
    }
}

/* The child, until it can be seen how it ended. */
static int wait_for_zombie(pid_t child)
{
    siginfo_t ended;

    return waitid(P_PID, (id_t)child, &ended, WEXITED | WNOWAIT) < 0 ? -ECHILD
                                                                     : 0;
}

int lost_on_exit(struct witness *w, int cure)
{
    int error = 0;
    int64_t count;
    pid_t child;

    witness_expect(w, KINDS * ITEMS);
    for (int k = 0; k < KINDS && !error; k++)
        error = open_kind(k, cure);
    if (error)
        return error;
    witness_victim(w, getpid());
    witness_memory(w, "put", &put_count[PLAIN]);
    witness_child_memory(w, &put_count[FAST]);
    if (cure != CURE_SIMPLE) {
        witness_fd(w, "put", queues[PLAIN].side->reader.fd);
        witness_child_fd(w, queues[FAST].side->reader.fd);
    }
    witness_count(w, PAGE);
    child = fork();
    if (child == 0) {
        witness_child(w, getpid());
        put_and_leave(w, cure);
    }
    if (child < 0)
        return -ECHILD;
    if (!cure) {
        error = wait_for_zombie(child);
        witness_show(w, 2); /* it has left */
    }
    count = get_all(cure);
    if (wait_for(child) != 0 || error)
        return -ECHILD;
    close_all();
    witness_got(w, count);
    return 0;
}
