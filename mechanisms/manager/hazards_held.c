/* SPDX-License-Identifier: MIT */
/*
 * hazards_held.c - a client that has a lock is killed.
 *
 * The lock is in the server, and says "taken".  The server sees a connection
 * end; that its client had a lock, CPython's does not know, and ours does not
 * mind unless it is told to (server.h, release).  Whoever asks for the lock
 * waits for an answer.
 */
#include "manager/hazards.h"

#include <poll.h>

enum { CURE_TIMEOUT = 1, CURE_RELEASE, CURE_SHARED };

static struct proxy held;
static struct lock shared;
static int may[2][2], done[2];

/* Both have a connection before anything else is done. */
static int connect_first(void)
{
    int error = proxy_do(&held, "__repr__", "");

    return error ? error : say(done[1]);
}

/* region: killed-client-holding-lock */
/* The holder: in the middle of something, when it is killed. */
static _Noreturn void hold(int cure)
{
    int error = connect_first();

    fd_close(&may[0][1]);
    if (!error)
        error = hear(may[0][0]);
    if (!error)
        error = cure == CURE_SHARED ? lock_acquire(&shared, NO_TIMEOUT)
                                    : proxy_do(&held, "acquire", "");
    if (!error)
        say(done[1]);
    hear(may[0][0]);
    _exit(1);
}

static int take(void)
{
    return proxy_do(&held, "acquire", "");
}
/* end: killed-client-holding-lock */

/* region: killed-client-holding-lock-cures */
/* acquire(True, 0.1), and where that is in vain, look who has it: a Lock may
 * be released by anybody. */
static int take_or_look(int holder)
{
    struct pollfd ended = {holder, POLLIN, 0};
    int64_t taken = 0;
    int error;

    for (;;) {
        error = proxy_int(&held, &taken, "acquire", "bd", true, 0.1);
        if (error || taken)
            return error;
        if (poll(&ended, 1, 0) == 1)
            error = proxy_do(&held, "release", "");
        if (error)
            return error;
    }
}

/* Beside the manager: a lock whose word says who has it (sync/, LOCK_ROBUST).
 */
static int take_shared(void)
{
    int error = lock_acquire(&shared, NO_TIMEOUT);

    return error == -EOWNERDEAD ? 0 : error;
}
/* end: killed-client-holding-lock-cures */

/* The next one. */
static _Noreturn void take_next(int holder, int cure)
{
    int error = connect_first();

    fd_close(&may[1][1]);
    if (!error)
        error = hear(may[1][0]);
    if (!error)
        error = cure == CURE_TIMEOUT  ? take_or_look(holder)
                : cure == CURE_SHARED ? take_shared()
                                      : take();
    if (!error)
        error = cure == CURE_SHARED ? lock_release(&shared)
                                    : proxy_do(&held, "release", "");
    proxy_close(&held);
    _exit(error ? 1 : 0);
}

/* --- the scenario --- */

/* Both, and a descriptor of the first, whose end can be seen by it. */
static int start_both(pid_t pids[2], int *holder, int cure)
{
    int error = 0;

    pids[0] = fork();
    if (pids[0] == 0)
        hold(cure);
    *holder = pids[0] < 0 ? -1 : open_process(pids[0]);
    pids[1] = *holder < 0 ? -1 : fork();
    if (pids[1] == 0)
        take_next(*holder, cure);
    if (pids[1] < 0)
        error = -ECHILD;
    for (int k = 0; k < 2 && !error; k++)
        error = hear(done[0]);
    return error;
}

/* The first takes the lock, and is killed. */
static int take_and_die(struct witness *w, pid_t first)
{
    int error;

    witness_show(w, 1); /* it is free */
    error = say(may[0][1]);
    if (!error)
        error = hear(done[0]);
    witness_show(w, 2); /* it is taken */
    if (!error)
        error = kill_and_keep(first);
    witness_show(w, 3); /* who took it is dead */
    return error;
}

static int take_both(struct witness *w, const struct manager *m, int cure)
{
    pid_t pids[2] = {-1, -1};
    int holder = -1, error = start_both(pids, &holder, cure), status;

    witness_victim(w, pids[1]);
    witness_holder(w, pids[0]);
    witness_object(w, m, &held);
    if (!error)
        error = take_and_die(w, pids[0]);
    witness_ready(w);
    if (!error)
        error = say(may[1][1]);
    if (error)
        return error;
    status = wait_for(pids[1]);
    fd_close(&holder);
    if (wait_for(pids[0]) != -ECANCELED || status != 0)
        return -ECHILD;
    witness_got(w, 1);
    return 0;
}

int killed_client_holding_lock(struct witness *w, int cure)
{
    const struct manager_options options = {.release = cure == CURE_RELEASE};
    struct manager m;
    int error = fd_pipe(done), ended;

    witness_expect(w, 1);
    for (int k = 0; k < 2 && !error; k++)
        error = fd_pipe(may[k]);
    if (!error)
        error = lock_open(&shared, LOCK_ROBUST);
    if (!error)
        error = begin_manager(&m, &options);
    if (error)
        return error;
    error = manager_create(&m, &held, "Lock", "");
    if (!error)
        error = take_both(w, &m, cure);
    proxy_close(&held);
    lock_close(&shared);
    ended = end_manager(&m);
    return error ? error : ended;
}
