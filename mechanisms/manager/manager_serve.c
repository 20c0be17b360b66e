/* SPDX-License-Identifier: MIT */
/*
 * manager_serve.c - the process that manager_start starts: a server, until it
 * is told to end or its parent has ended.
 *
 * Ctrl-C goes to a whole process group; the server ignores it, so that what its
 * clients do about it can still use it.
 *
 * File-scope state and its fork story: the server that a signal stops.  It is
 * set by the process that serves, which ends with it.
 */
#include "manager/connections.h"

#include "common/io.h"
#include "manager/server.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static _Atomic(struct server *) serving;

static void stop(int number)
{
    struct server *s = serving;

    (void)number;
    if (s)
        server_stop(s);
}

/* Say where it is, or why it is not; nobody else will write. */
static int say(int *hello, const struct server *s, int error)
{
    struct manager_hello it = {.error = error};
    int written;

    if (!error)
        snprintf(it.address, sizeof it.address, "%s", server_address(s));
    written = write_full(*hello, &it, sizeof it);
    fd_close(hello);
    return error ? error : written;
}

/* As long as whoever started it lives, whatever the way that ends. */
static int open_server(struct server **s, struct server_options *options)
{
    options->until = process_parent_sentinel();
    return options->until < 0 ? options->until : server_open(s, options);
}

static int serve(int *hello, struct server_options *options)
{
    const struct sigaction end = {.sa_handler = stop, .sa_flags = SA_RESTART};
    struct server *s = NULL;
    sigset_t mask;
    int error = open_server(&s, options);

    if (error)
        return say(hello, NULL, error);
    serving = s;
    sigaction(SIGTERM, &end, NULL);
    /* A forked one has the mask of who started it. */
    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    pthread_sigmask(SIG_UNBLOCK, &mask, NULL);
    error = say(hello, s, 0);
    if (!error)
        error = server_serve(s);
    serving = NULL;
    server_close(s);
    return error;
}

/* --- from one process to the other --- */

int manager_pack_server(struct parcel *parcel, int *hello,
                        const struct manager_options *options,
                        const struct manager_place *place)
{
    const char *address = options->address ? options->address : "";
    int error = parcel_give_fd(parcel, hello);

    if (!error)
        error = parcel_put_text(parcel, address);
    if (!error)
        error = parcel_put_u64(parcel, options->release);
    if (!error)
        error = parcel_put_u64(parcel, place->key_length);
    return error ? error : parcel_put(parcel, place->key, place->key_length);
}

static int take_options(struct parcel *parcel, struct server_options *options,
                        unsigned char key[MANAGER_KEY])
{
    const char *address;
    uint64_t release, length;
    int error = parcel_take_text(parcel, &address);

    if (!error)
        error = parcel_take_u64(parcel, &release);
    if (!error)
        error = parcel_take_u64(parcel, &length);
    if (!error && length > MANAGER_KEY)
        error = -EBADMSG;
    if (!error)
        error = parcel_take(parcel, key, length);
    if (error)
        return error;
    *options = (struct server_options){.address = *address ? address : NULL,
                                       .key = key,
                                       .key_length = length,
                                       .release = release};
    return 0;
}

static int manager_serve(struct parcel *parcel)
{
    unsigned char key[MANAGER_KEY];
    struct server_options options;
    int hello, error;

    signal(SIGINT, SIG_IGN);
    error = parcel_take_fd(parcel, &hello);
    if (error)
        return error;
    error = take_options(parcel, &options, key);
    if (error)
        return say(&hello, NULL, error);
    return serve(&hello, &options);
}
TARGET(manager_serve)
