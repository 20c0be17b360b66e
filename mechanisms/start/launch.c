/* SPDX-License-Identifier: MIT */
/*
 * launch.c - a fork server is started: a fresh image, which has the socket that
 * it listens at, the pipe whose end is its own, and the key.
 */
#include "start/served.h"

#include "common/io.h"
#include "common/tracker.h"

#include <stdio.h>
#include <sys/socket.h>

/* Room for its arguments. */
struct command {
    char listener[24], alive[24], key[24], tracker[24], address[24];
    char preload[PRELOAD_TEXT];
};

static int run(struct served *at, const char *executable,
               const char *const *preload, int listener, int alive, int key)
{
    char what[] = IMAGE_FORKSERVER;
    struct command c;
    char *argv[] = {program_invocation_name,
                    what,
                    c.listener,
                    c.alive,
                    c.key,
                    c.tracker,
                    c.address,
                    c.preload,
                    NULL};
    int tracker = tracker_ensure_running();
    int keep[] = {listener, alive, key, at->address, tracker};
    size_t n;

    if (tracker < 0)
        return tracker;
    image_argument(c.listener, sizeof c.listener, "listener", listener);
    image_argument(c.alive, sizeof c.alive, "alive", alive);
    image_argument(c.key, sizeof c.key, "key", key);
    image_argument(c.tracker, sizeof c.tracker, "tracker", tracker);
    image_argument(c.address, sizeof c.address, "address", at->address);
    n = (size_t)snprintf(c.preload, sizeof c.preload, "preload=");
    for (const char *const *p = preload; p && *p; p++)
        n += (size_t)snprintf(c.preload + n, sizeof c.preload - n, "%s,", *p);
    return image_run(executable ? executable : image_path(), argv, keep,
                     sizeof keep / sizeof *keep, &at->pid, NULL);
}

int served_launch(struct served *at, const char *executable,
                  const char *const *preload)
{
    int listener = served_socket(), alive[2] = {-1, -1}, key[2] = {-1, -1};
    int error;

    if (listener < 0)
        return listener;
    error = at->address = served_bind(listener);
    if (error > 0)
        error = listen(listener, SOMAXCONN) < 0 ? -errno : 0;
    if (!error)
        error = fd_pipe(alive);
    if (!error)
        error = fd_pipe(key);
    if (!error)
        error = auth_random(at->key, AUTH_KEY);
    if (!error)
        error = write_full(key[1], at->key, AUTH_KEY);
    fd_close(&key[1]);
    if (!error)
        error = run(at, executable, preload, listener, alive[0], key[0]);
    fd_close(&listener);
    fd_close(&alive[0]);
    fd_close(&key[0]);
    at->alive = alive[1];
    if (error) {
        at->pid = 0;
        fd_close(&at->address);
        fd_close(&at->alive);
    }
    return error;
}
