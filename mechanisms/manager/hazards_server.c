/* SPDX-License-Identifier: MIT */
/*
 * hazards_server.c - the server is killed.
 *
 * What it had was in its memory and nowhere else.  Nobody hangs: the kernel
 * closes its end of every connection, so whoever waits for an answer is told
 * at once, here by -EPIPE and in Python by EOFError or ConnectionResetError.
 * But each call after that fails too, for ever: a socket's name stays at which
 * nobody listens (-ECONNREFUSED; Python's proxy goes on with the connection
 * that it has: BrokenPipeError).  A program that takes no notice works on for
 * nothing.
 */
#include "manager/hazards.h"

#include <poll.h>

enum { CURE_RESTART = 1, CURE_FAIL };

enum { ITEMS = 6, KILLED_AFTER = 3 };

static struct manager m;
static struct proxy d, q;

/* In the client: what its calls returned, once the server was killed.  In
 * another that waited for an item: what its get did. */
static volatile int64_t answers[2], waited;
static int may[2], done[2];

/* --- a client that waits --- */

static _Noreturn void wait_for_item(void)
{
    struct datum result = {0};

    fd_close(&may[1]);
    waited = proxy_call(&q, &result, "get", ""); /* nobody puts one */
    datum_drop(&result);
    say(done[1]);
    hear(may[0]); /* the end: whoever looks may still do so */
    _exit(0);
}

static int start_waiter(struct witness *w)
{
    pid_t child = fork();

    if (child == 0)
        wait_for_item();
    if (child < 0)
        return -errno;
    witness_child(w, child);
    witness_child_memory(w, &waited);
    return child;
}

/* --- the work: d[i] = i for each --- */

static int begin(void)
{
    int error = begin_manager(&m, NULL);

    if (!error)
        error = manager_create(&m, &d, "dict", "");
    return error ? error : manager_create(&m, &q, "Queue", "");
}

static void end(void)
{
    proxy_close(&d);
    proxy_close(&q);
    manager_close(&m);
}

static int set(int64_t i)
{
    return proxy_do(&d, "__setitem__", "ii", i, i);
}

/* region: manager-killed */
/* The server is killed in the middle; the program takes no notice. */
static void work_on(struct witness *w)
{
    witness_memory(w, "answers", answers);
    answers[0] = set(KILLED_AFTER);
    answers[1] = set(KILLED_AFTER + 1);
    hear(done[0]);
    witness_show(w, 3);
    for (int64_t i = KILLED_AFTER + 2; i < ITEMS; i++)
        set(i);
}
/* end: manager-killed */

/* region: manager-killed-cures */
/* Before each step the sentinel is looked at, as of any child: if the server
 * has ended, another is started, and has all that was done made again. */
static int keep_alive(int64_t so_far)
{
    struct pollfd sentinel = {process_sentinel(&m.process), POLLIN, 0};
    int error;

    if (poll(&sentinel, 1, 0) == 0)
        return 0;
    end();
    error = begin();
    for (int64_t i = 0; i < so_far && !error; i++)
        error = set(i);
    return error;
}

static int work_and_look(void)
{
    int error = 0;

    for (int64_t i = KILLED_AFTER; i < ITEMS && !error; i++) {
        error = keep_alive(i);
        if (!error)
            error = set(i);
    }
    return error;
}

/* Or the first error ends the work, and who began it begins again. */
static int work_from(int64_t i)
{
    int error = 0;

    for (; i < ITEMS && !error; i++)
        error = set(i);
    return error;
}

static int work_again(void)
{
    int error = work_from(KILLED_AFTER);

    if (error != -EPIPE)
        return error ? error : -ECHILD;
    end();
    error = begin();
    return error ? error : work_from(0);
}
/* end: manager-killed-cures */

/* --- the scenario --- */

static int work_until_killed(struct witness *w)
{
    int error = 0;

    for (int64_t i = 0; i < KILLED_AFTER && !error; i++)
        error = set(i);
    witness_victim(w, getpid());
    witness_object(w, &m, &d);
    witness_show(w, 1); /* it has what was set, and one waits */
    if (!error)
        error = kill_and_keep(m.process.pid);
    witness_show(w, 2); /* it is dead */
    return error;
}

static int work(struct witness *w, int cure)
{
    pid_t waiter = start_waiter(w);
    int error = waiter < 0 ? waiter : work_until_killed(w);
    int64_t n = 0;

    if (!error && !cure)
        work_on(w);
    if (!error && cure)
        error = cure == CURE_RESTART ? work_and_look() : work_again();
    if (!error && cure)
        error = proxy_int(&d, &n, "__len__", "");
    say(may[1]); /* the server has it too: there would be no end */
    if (waiter > 0 && wait_for(waiter) != 0 && !error)
        error = -ECHILD;
    witness_got(w, n);
    return error;
}

int manager_killed(struct witness *w, int cure)
{
    int error = fd_pipe(may), ended;

    witness_expect(w, ITEMS);
    if (!error)
        error = fd_pipe(done);
    if (!error)
        error = begin();
    if (error)
        return error;
    error = work(w, cure);
    end();
    ended = leave_nobody();
    return error ? error : ended;
}
