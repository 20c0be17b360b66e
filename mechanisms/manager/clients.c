/* SPDX-License-Identifier: MIT */
/*
 * clients.c - which process has what: so that a killed one leaves nothing.
 *
 * CPython counts the references to an object and knows nothing of who has them:
 * those of a process that was killed stay for ever.  Over AF_UNIX the kernel
 * says which process made a connection; each has a count of its own here, and a
 * pidfd that tells its end.  Over TCP a client is a connection: what it holds
 * is known when that ends, but references, which are told over connections of
 * their own, are nobody's.
 */
#include "manager/serving.h"

#include "common/io.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* Linux 6.5 */
#endif

/* --- which process --- */

/* Has that ended whose end this tells: a process's pidfd, the server's stop? */
static bool has_ended(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, 0) > 0;
}

/* Who is at the other end. */
struct peer {
    pid_t process; /* 0: not known */
    int pidfd;     /* -1: it has ended, or cannot be watched */
    bool ended;
    bool unclear; /* for want of a descriptor, or memory */
};

static struct peer peer_of(int fd)
{
    struct peer peer = {.pidfd = -1};
    struct ucred who = {0};
    socklen_t size = sizeof who, fd_size = sizeof peer.pidfd;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0 ||
        who.pid <= 0)
        return peer;
    peer.process = who.pid;
    /* (Only where the kernel cannot say it: the number may be another's.) */
    if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &peer.pidfd, &fd_size) < 0 &&
        errno == ENOPROTOOPT)
        peer.pidfd = (int)syscall(SYS_pidfd_open, who.pid, 0);
    /* (-EINVAL: so Linux 6.5 says it.) */
    peer.ended = peer.pidfd < 0 && (errno == ESRCH || errno == EINVAL);
    peer.unclear = peer.pidfd < 0 &&
                   (errno == EMFILE || errno == ENFILE || errno == ENOMEM);
    return peer;
}

/* --- the server's lock is held --- */

static struct client *find(struct server *s, pid_t process)
{
    for (struct client *c = s->clients; c; c = c->next)
        if (c->process == process && !c->dead) {
            if (!has_ended(c->pidfd))
                return c;
            c->dead = true; /* the number is another's now */
        }
    return NULL;
}

/* It takes the pidfd.  One that cannot be watched is as over TCP. */
static struct client *make(struct server *s, struct peer *peer)
{
    struct epoll_event end = {.events = EPOLLIN, .data.fd = peer->pidfd};
    struct client *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->has = datum_dict();
    if (datum_error(&c->has)) {
        free(c);
        return NULL;
    }
    c->pidfd = -1;
    if (peer->pidfd >= 0 &&
        epoll_ctl(s->watch, EPOLL_CTL_ADD, peer->pidfd, &end) == 0) {
        c->process = peer->process;
        c->pidfd = peer->pidfd;
        peer->pidfd = -1;
    } else {
        c->process = peer->ended ? peer->process : 0;
        c->dead = true; /* with its connection */
    }
    c->next = s->clients;
    s->clients = c;
    return c;
}

struct client *client_of(struct server *s, int fd)
{
    struct peer peer = peer_of(fd);
    struct client *c = NULL;

    if (peer.unclear)
        return NULL;
    pthread_mutex_lock(&s->lock);
    if (peer.pidfd >= 0)
        c = find(s, peer.process);
    if (!c)
        c = make(s, &peer);
    if (c)
        c->sessions++;
    pthread_mutex_unlock(&s->lock);
    fd_close(&peer.pidfd);
    return c;
}

/* --- references --- */

static int64_t count_of(const struct client *c, const struct object *o,
                        int64_t *index)
{
    const struct datum number = datum_int((int64_t)o->number);

    *index = table_find(c->has.table, &number);
    return *index < 0 ? 0 : c->has.table->entries[*index].value.integer;
}

static int set_count(struct client *c, const struct object *o, int64_t n,
                     int64_t index)
{
    if (n == 0) {
        table_delete(c->has.table, index);
        return 0;
    }
    return table_set(c->has.table, datum_int((int64_t)o->number), datum_int(n));
}

/* Is it known which process this is, so that its references can be taken back?
 */
static bool is_known(const struct client *c)
{
    return c->process > 0;
}

int client_incref(struct client *c, struct object *o)
{
    struct server *s = o->server;
    int64_t index, n;
    int error = 0;

    pthread_mutex_lock(&s->lock);
    if (is_known(c)) {
        n = count_of(c, o, &index);
        error = set_count(c, o, n + 1, index);
    }
    if (!error && o->clients++ == 0)
        object_pin(o);
    pthread_mutex_unlock(&s->lock);
    return error;
}

/* Who gives a reference back: the client, or the process, if one is named.
 * NULL: that has ended, and what it had is taken back, or will be. */
static struct client *giver(struct server *s, struct client *client,
                            pid_t process)
{
    if (!process || !is_known(client))
        return client;
    for (struct client *c = s->clients; c; c = c->next)
        if (c->process == process && !c->dead)
            return c;
    return NULL;
}

/* Of that one, or else of any: a reference that was handed on may be given back
 * by who did not take it. */
static void take_one(struct server *s, struct client *from, struct object *o)
{
    int64_t index, n;

    n = count_of(from, o, &index);
    for (struct client *c = s->clients; !n && c; c = c->next) {
        from = c;
        n = count_of(c, o, &index);
    }
    if (n)
        set_count(from, o, n - 1, index);
}

int client_decref(struct client *client, pid_t process, struct object *o)
{
    struct server *s = o->server;
    struct client *from;
    bool had, last;

    pthread_mutex_lock(&s->lock);
    had = o->clients > 0;
    from = giver(s, client, process);
    if (had && from)
        take_one(s, from, o);
    last = had && from && --o->clients == 0;
    pthread_mutex_unlock(&s->lock);
    if (last)
        object_unpin(o);
    return had || !from ? 0 : -ENOENT;
}

/* --- the end of one --- */

/* An object that it held, pinned; or NULL.  Objects say who holds them under
 * their own locks: a look without it is looked at again with it. */
static struct object *held_by(struct server *s, const struct client *c)
{
    struct object *found = NULL;

    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; c->holds && i < s->slot_count && !found; i++)
        for (struct object *o = s->slots[i]; o && !found; o = o->next)
            if (atomic_load(&o->holder) == c) {
                object_pin(o);
                found = o;
            }
    pthread_mutex_unlock(&s->lock);
    return found;
}

/* Is it gone by itself?  With the server all connections end, and who had them
 * lives on. */
static bool is_gone(const struct server *s, const struct client *c)
{
    return c->pidfd >= 0 ? has_ended(c->pidfd) : !has_ended(s->stop);
}

static void report(struct server *s, const struct client *c,
                   const struct object *o, bool released)
{
    char line[160], ident[IDENT], who[40] = "a client";

    if (!s->options.report || !is_gone(s, c))
        return;
    object_ident(o, ident);
    if (c->process)
        snprintf(who, sizeof who, "process %d", (int)c->process);
    snprintf(line, sizeof line, "%s ended with %s %s%s", who, o->type->name,
             ident, released ? ": released" : "");
    s->options.report(s->options.argument, line);
}

static void let_go(struct server *s, struct client *c)
{
    struct object *o;

    while ((o = held_by(s, c)) != NULL) {
        bool release = s->options.release;

        pthread_mutex_lock(o->lock);
        if (atomic_load(&o->holder) == c) {
            report(s, c, o, release && o->abandon);
            call_held(o);
            if (release && o->abandon)
                o->abandon(o->state);
        }
        pthread_mutex_unlock(o->lock);
        object_unpin(o);
    }
}

/* Its references are given back, one object after the other. */
static void give_back(struct server *s, struct client *c)
{
    for (;;) {
        struct object *o = NULL;
        bool last = false;
        int64_t at;

        pthread_mutex_lock(&s->lock);
        at = table_next(c->has.table, 0);
        if (at >= 0) {
            const struct entry *e = &c->has.table->entries[at];

            o = object_numbered(s, (uint64_t)e->key.integer);
            if (o) {
                o->clients -= (uint64_t)e->value.integer;
                last = o->clients == 0;
            }
            table_delete(c->has.table, at);
        }
        pthread_mutex_unlock(&s->lock);
        if (at < 0)
            return;
        if (last)
            object_unpin(o);
    }
}

static void bury(struct server *s, struct client *c)
{
    let_go(s, c);
    give_back(s, c);
    datum_drop(&c->has);
    if (c->pidfd >= 0) {
        epoll_ctl(s->watch, EPOLL_CTL_DEL, c->pidfd, NULL);
        fd_close(&c->pidfd);
    }
    free(c);
}

/* Take those out that are dead and have no session any more; the sessions of
 * the dead end by themselves. */
static struct client *take_dead(struct server *s)
{
    struct client **link = &s->clients, *dead = NULL;

    pthread_mutex_lock(&s->lock);
    while (*link && !((*link)->dead && (*link)->sessions == 0))
        link = &(*link)->next;
    if (*link) {
        dead = *link;
        *link = dead->next;
    }
    pthread_mutex_unlock(&s->lock);
    return dead;
}

static void bury_dead(struct server *s)
{
    struct client *c;

    while ((c = take_dead(s)) != NULL)
        bury(s, c);
}

void client_left(struct server *s, struct client *c)
{
    pthread_mutex_lock(&s->lock);
    c->sessions--;
    pthread_mutex_unlock(&s->lock);
    bury_dead(s);
}

void clients_look(struct server *s, int pidfd)
{
    pthread_mutex_lock(&s->lock);
    /* (It may be another's by now, of one that lives.) */
    for (struct client *c = s->clients; c; c = c->next)
        if (c->pidfd == pidfd && has_ended(pidfd)) {
            c->dead = true;
            epoll_ctl(s->watch, EPOLL_CTL_DEL, pidfd, NULL);
        }
    pthread_mutex_unlock(&s->lock);
    bury_dead(s);
}

void clients_close(struct server *s)
{
    pthread_mutex_lock(&s->lock);
    for (struct client *c = s->clients; c; c = c->next)
        c->dead = true;
    pthread_mutex_unlock(&s->lock);
    bury_dead(s);
}
