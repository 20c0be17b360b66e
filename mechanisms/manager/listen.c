/* SPDX-License-Identifier: MIT */
/*
 * listen.c - a server's beginning and end, and how clients come in.
 */
#include "manager/serving.h"

#include "common/auth.h"
#include "common/io.h"
#include "common/tracker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATIENCE (10 * SECOND)
#define MESSAGE  ((size_t)1 << 30)

enum { CONNECTIONS = 1024, EVENTS = 32 };

static const char *const kind_names[KINDS] = {"#RETURN", "#ERROR", "#TRACEBACK",
                                              "#PROXY", "#UNSERIALIZABLE"};

/* --- its name --- */

/* A name in a new folder of our own; a killed server's goes with the tracker.
 */
static int name_itself(struct server *s, char *name, size_t size)
{
    const char *tmp = getenv("TMPDIR");
    uint64_t number;
    int error = auth_random(&number, sizeof number);

    if (error)
        return error;
    snprintf(s->folder, sizeof s->folder, "%.80s/ipclab-%016llx",
             tmp && *tmp ? tmp : "/tmp", (unsigned long long)number);
    snprintf(name, size, "%s/socket", s->folder);
    error = tracker_register("socket", name);
    if (!error && mkdir(s->folder, 0700) < 0) {
        error = -errno;
        tracker_unregister("socket", name);
    }
    if (error)
        s->folder[0] = '\0';
    return error;
}

static void remove_folder(struct server *s)
{
    char name[sizeof s->folder + 8];

    if (!s->folder[0])
        return;
    snprintf(name, sizeof name, "%s/socket", s->folder);
    rmdir(s->folder);
    tracker_unregister("socket", name);
    s->folder[0] = '\0';
}

/* --- its parts --- */

static int watch(struct server *s, int fd)
{
    struct epoll_event what = {.events = EPOLLIN, .data.fd = fd};

    return epoll_ctl(s->watch, EPOLL_CTL_ADD, fd, &what) < 0 ? -errno : 0;
}

static int take_options(struct server *s, const struct server_options *options)
{
    unsigned char *key;

    s->options = *options;
    if (!s->options.patience)
        s->options.patience = PATIENCE;
    if (!s->options.connections)
        s->options.connections = CONNECTIONS;
    if (!s->options.message)
        s->options.message = MESSAGE;
    key = malloc(options->key_length ? options->key_length : 1);
    s->options.key = key;
    if (!key)
        return -ENOMEM;
    if (options->key_length)
        memcpy(key, options->key, options->key_length);
    for (size_t i = 0; i < KINDS; i++) {
        s->kinds[i] = datum_str(kind_names[i]);
        if (s->kinds[i].kind == DATUM_NOTHING)
            return -ENOMEM;
    }
    return 0;
}

static int open_listener(struct server *s)
{
    char name[LISTENER_ADDRESS + 8];
    const char *address = s->options.address;
    int error = address ? 0 : name_itself(s, name, sizeof name);

    if (!error)
        error = listener_open(&s->listener, address ? address : name,
                              LISTENER_BACKLOG);
    if (error)
        return error;
    s->place = datum_address(s->listener.address);
    if (s->place.kind == DATUM_NOTHING)
        return -ENOMEM;
    s->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    s->watch = epoll_create1(EPOLL_CLOEXEC);
    if (s->stop < 0 || s->watch < 0)
        return -errno;
    error = watch(s, s->stop);
    if (!error && s->options.until)
        error = watch(s, s->options.until);
    return error ? error : watch(s, s->listener.fd);
}

int server_open(struct server **server, const struct server_options *options)
{
    struct server *s = calloc(1, sizeof *s);
    pthread_condattr_t monotonic;
    int error;

    *server = NULL;
    if (!s)
        return -ENOMEM;
    s->stop = s->watch = s->listener.fd = -1;
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->session_ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    error = take_options(s, options);
    if (!error)
        error = open_listener(s);
    if (error)
        server_close(s);
    else
        *server = s;
    return error;
}

void server_close(struct server *s)
{
    listener_close(&s->listener);
    remove_folder(s);
    clients_close(s);
    objects_close(s);
    fd_close(&s->stop);
    fd_close(&s->watch);
    datum_drop(&s->place);
    for (size_t i = 0; i < KINDS; i++)
        datum_drop(&s->kinds[i]);
    free((void *)s->options.key);
    pthread_cond_destroy(&s->session_ended);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

const char *server_address(const struct server *s)
{
    return s->listener.address;
}

uint64_t server_answered(const struct server *s)
{
    return atomic_load_explicit(&s->answered, memory_order_relaxed);
}

void server_stop(struct server *s)
{
    const uint64_t one = 1;

    /* An eventfd that is full is readable, too. */
    if (write(s->stop, &one, sizeof one) < 0)
        return;
}

/* --- letting in --- */

/* Without descriptors or threads for another, the client is told by the end of
 * its connection; where even that takes a descriptor that is not there, it
 * waits until one is. */
static int let_in(struct server *s)
{
    struct connection c;
    unsigned sessions;
    int error = listener_accept(&s->listener, &c, 0);

    if (error == -ETIMEDOUT)
        return 0;
    if (error)
        return error;
    pthread_mutex_lock(&s->lock);
    sessions = s->session_count;
    pthread_mutex_unlock(&s->lock);
    if (sessions < s->options.connections)
        session_start(s, &c);
    connection_close(&c); /* unless a session has taken it */
    return 0;
}

/* With no descriptor left the listener stays readable: wait for the end of a
 * session, which gives one back, and not for ever. */
static void wait_for_room(struct server *s)
{
    const int64_t until = clock_deadline(SECOND / 50);
    const struct timespec at = {(time_t)(until / SECOND),
                                (long)(until % SECOND)};

    pthread_mutex_lock(&s->lock);
    pthread_cond_timedwait(&s->session_ended, &s->lock, &at);
    pthread_mutex_unlock(&s->lock);
}

int server_serve(struct server *s)
{
    bool stops = false;
    int error = 0;

    while (!stops && !error) {
        struct epoll_event events[EVENTS];
        int n = epoll_wait(s->watch, events, EVENTS, -1);

        if (n < 0 && errno != EINTR)
            error = -errno;
        for (int i = 0; i < n; i++) {
            const int fd = events[i].data.fd;

            if (fd == s->stop || (fd == s->options.until && fd))
                stops = true;
            else if (fd != s->listener.fd)
                clients_look(s, fd);
            else if (let_in(s) < 0)
                wait_for_room(s);
        }
    }
    listener_close(&s->listener);
    server_stop(s); /* whoever waits, waits for that, too */
    sessions_end(s);
    clients_close(s);
    objects_close(s);
    return error;
}
