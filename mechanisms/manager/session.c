/* SPDX-License-Identifier: MIT */
/*
 * session.c - the thread of one connection: how it begins, waits and ends.
 *
 * A method that waits sleeps in ppoll(2) on three things at once: its being
 * woken, the end of its client, and that of the server.  So a client that dies
 * while it waits for a lock is not given it; CPython's thread would take the
 * lock for it and keep it for ever.
 */
#include "manager/serving.h"

#include "common/io.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STACK = 512 * 1024 };

/* --- its life --- */

static void enter(struct session *s)
{
    struct server *server = s->server;

    pthread_mutex_lock(&server->lock);
    s->thread = ++server->thread;
    s->next = server->sessions;
    s->link = &server->sessions;
    if (s->next)
        s->next->link = &s->next;
    server->sessions = s;
    server->session_count++;
    pthread_mutex_unlock(&server->lock);
}

/* Each thread joins the one that ended before it, and the server the last: when
 * sessions_end returns there is none, and a library that has something for each
 * thread (libcrypto) is not taken down under one.  Under the lock; is there one
 * to join? */
static bool end_thread(struct server *server, pthread_t *before)
{
    const bool is_not_first = server->has_ended;

    *before = server->ended;
    server->ended = pthread_self();
    server->has_ended = true;
    return is_not_first;
}

static void leave(struct session *s, bool has_thread)
{
    struct server *server = s->server;
    pthread_t before;
    bool join;

    datum_drop(&s->sent);
    if (s->client)
        client_left(server, s->client);
    pthread_mutex_lock(&server->lock);
    *s->link = s->next;
    if (s->next)
        s->next->link = s->link;
    server->session_count--;
    join = has_thread && end_thread(server, &before);
    /* Under the lock: from then on the server may be gone. */
    pthread_cond_broadcast(&server->session_ended);
    connection_close(&s->connection);
    pthread_mutex_unlock(&server->lock);
    fd_close(&s->woken);
    datum_drop(&s->name);
    buffer_free(&s->out);
    free(s->in);
    free(s);
    if (join)
        pthread_join(before, NULL);
}

static void *run(void *argument)
{
    struct session *s = argument;
    const struct server_options *o = &s->server->options;

    /* region: serve */
    if (authenticate_client(&s->connection, o->key, o->key_length,
                            o->patience) == 0) {
        s->client = client_of(s->server, s->connection.fd);
        if (s->client)
            server_answer(s);
    }
    /* end: serve */
    leave(s, true);
    return NULL;
}

int session_start(struct server *server, struct connection *c)
{
    struct session *s = calloc(1, sizeof *s);
    pthread_attr_t how;
    pthread_t thread;
    int error;

    if (!s)
        return -ENOMEM;
    s->server = server;
    s->connection = *c;
    c->fd = -1;
    s->woken = -1;
    s->name = datum_none();
    enter(s);
    pthread_attr_init(&how);
    pthread_attr_setstacksize(&how, STACK);
    error = pthread_create(&thread, &how, run, s);
    pthread_attr_destroy(&how);
    if (error)
        leave(s, false);
    return -error;
}

void sessions_end(struct server *server)
{
    bool join;

    pthread_mutex_lock(&server->lock);
    for (struct session *s = server->sessions; s; s = s->next)
        shutdown(s->connection.fd, SHUT_RDWR);
    while (server->session_count)
        pthread_cond_wait(&server->session_ended, &server->lock);
    join = server->has_ended;
    server->has_ended = false;
    pthread_mutex_unlock(&server->lock);
    if (join)
        pthread_join(server->ended, NULL);
}

/* --- waiting --- */

struct waiter {
    struct session *session;
    struct waiters *queue; /* NULL: it was woken */
    struct waiter *next, *previous;
};

static void take_out(struct waiters *queue, struct waiter *w)
{
    *(w->previous ? &w->previous->next : &queue->first) = w->next;
    *(w->next ? &w->next->previous : &queue->last) = w->previous;
    w->queue = NULL;
}

static void append(struct waiter *w, struct waiters *queue)
{
    w->queue = queue;
    w->previous = queue->last;
    *(queue->last ? &queue->last->next : &queue->first) = w;
    queue->last = w;
}

/* 1: woken; 0: the deadline; -ECANCELED: nobody is there to be answered, or
 * -errno. */
static int sleep_until(struct session *s, int64_t deadline)
{
    enum { WOKEN, CLIENT, STOP, ALL };
    /* region: three */
    struct pollfd watched[ALL] = {{.fd = s->woken, .events = POLLIN},
                                  {.fd = s->connection.fd, .events = POLLRDHUP},
                                  {.fd = s->server->stop, .events = POLLIN}};
    /* end: three */
    struct timespec left;
    int n;

    do
        n = ppoll(watched, ALL, clock_left(deadline, &left), NULL);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    if (watched[CLIENT].revents || watched[STOP].revents)
        return -ECANCELED;
    return n > 0;
}

int call_can_wait(struct call *call)
{
    struct session *s = call->session;

    if (s->woken < 0)
        s->woken = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return s->woken < 0 ? -errno : 0;
}

int call_wait(struct call *call, struct waiters *queue, int64_t deadline)
{
    struct session *s = call->session;
    struct waiter me = {.session = s};
    pthread_mutex_t *lock = call->object->lock;
    uint64_t count;
    int how = call_can_wait(call);

    if (how)
        return how;
    append(&me, queue);
    pthread_mutex_unlock(lock);
    how = sleep_until(s, deadline);
    pthread_mutex_lock(lock);
    if (me.queue) { /* nobody woke us */
        take_out(queue, &me);
        return how < 0 ? how : -ETIMEDOUT;
    }
    /* It was written under the lock, so it is there to be read. */
    if (read(s->woken, &count, sizeof count) < 0)
        how = how < 0 ? how : -errno;
    if (how < 0)
        call_wake(queue, 1);
    return how < 0 ? how : 0;
}

void call_wake(struct waiters *queue, size_t n)
{
    const uint64_t one = 1;

    while (n-- && queue->first) {
        struct waiter *w = queue->first;

        take_out(queue, w);
        /* It cannot be full: it is read before it is written again. */
        if (write(w->session->woken, &one, sizeof one) < 0)
            return;
    }
}

uint64_t call_thread(const struct call *call)
{
    return call->session->thread;
}

/* --- holding --- */

void call_holds(struct call *call, void (*abandon)(void *state))
{
    struct object *o = call->object;

    pthread_mutex_lock(&call->server->lock);
    atomic_store(&o->holder, call->session->client);
    call->session->client->holds++;
    pthread_mutex_unlock(&call->server->lock);
    o->abandon = abandon;
}

/* Whoever looks for what a client holds does it under the server's lock, too:
 * after that the client may be gone. */
void call_held(struct object *o)
{
    struct client *holder;

    pthread_mutex_lock(&o->server->lock);
    holder = atomic_exchange(&o->holder, NULL);
    if (holder)
        holder->holds--;
    pthread_mutex_unlock(&o->server->lock);
}
