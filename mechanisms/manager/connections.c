/* SPDX-License-Identifier: MIT */
/*
 * connections.c - places, lines and holds: who has which connection.
 *
 * File-scope state and its fork story: three lists and a lock, which is held
 * only to edit them, never while anything is sent.  It is taken before a fork,
 * so that the child sees whole lists.  The child closes its copy of every line,
 * since two processes that use one would get each other's replies, and its
 * holds are of another generation: they have no reference until they take one.
 * (A request to the server itself has a connection that is in no list: the
 * server ends it with its answer, whoever has a copy.)
 */
#include "manager/connections.h"

#include "common/hooks.h"
#include "common/io.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct place *places; /* those that have not ended */
static struct line *lines;
static struct hold *holds;
static pthread_key_t ended;     /* runs leave_lines at a thread's end */
static _Thread_local char self; /* its address says which thread this is */

/* --- places; the lock is held --- */

static bool is_place(const struct place *p, const struct manager_place *at)
{
    return p->at.key_length == at->key_length &&
           strcmp(p->at.address, at->address) == 0 &&
           memcmp(p->at.key, at->key, at->key_length) == 0;
}

static struct place *place_get(const struct manager_place *at)
{
    struct place *p = places;

    while (p && !is_place(p, at))
        p = p->next;
    if (!p) {
        p = malloc(sizeof *p);
        if (!p)
            return NULL;
        *p = (struct place){.at = *at, .next = places};
        places = p;
    }
    p->users++;
    return p;
}

static void place_unlink(const struct place *p)
{
    for (struct place **at = &places; *at; at = &(*at)->next)
        if (*at == p) {
            *at = p->next;
            return;
        }
}

static void place_put(struct place *p)
{
    if (--p->users)
        return;
    place_unlink(p);
    explicit_bzero(&p->at.key, sizeof p->at.key);
    free(p);
}

void place_end(const struct manager_place *at)
{
    struct place *p;

    pthread_mutex_lock(&lock);
    for (p = places; p && !is_place(p, at); p = p->next)
        ;
    if (p) {
        p->ended = true;
        place_unlink(p);
    }
    pthread_mutex_unlock(&lock);
}

/* --- lines; the lock is held --- */

/* What another thread was changing when this process was forked is not to be
 * trusted, so it is left where it is. */
static void line_free(struct line *l)
{
    for (struct line **at = &lines; *at; at = &(*at)->next)
        if (*at == l) {
            *at = l->next;
            break;
        }
    if (!l->torn)
        wire_close(&l->wire);
    place_put(l->place);
    free(l);
}

static void line_leave(struct line *l)
{
    if (l && --l->users == 0)
        line_free(l);
}

/* This thread's line to that place, with one more user; NULL: no memory. */
static struct line *line_join(struct place *place)
{
    struct line *l = lines;

    while (l && (l->place != place || l->thread != &self))
        l = l->next;
    if (!l) {
        l = malloc(sizeof *l);
        if (!l)
            return NULL;
        *l = (struct line){.wire.connection.fd = -1,
                           .place = place,
                           .thread = &self,
                           .next = lines};
        place->users++;
        lines = l;
    }
    l->users++;
    return l;
}

/* The end of a thread: nobody else uses its connections, and a proxy that it
 * leaves to another thread finds that one's. */
static void leave_lines(void *thread)
{
    pthread_mutex_lock(&lock);
    for (struct line *l = lines; l; l = l->next)
        if (l->thread == thread) {
            wire_close(&l->wire);
            l->thread = NULL;
        }
    pthread_mutex_unlock(&lock);
}

struct line *hold_line(struct hold *h)
{
    struct line *l = h->line;

    if (l && l->thread == &self)
        return l;
    if (pthread_setspecific(ended, &self))
        return NULL;
    pthread_mutex_lock(&lock);
    l = line_join(h->place);
    if (l) {
        line_leave(h->line);
        h->line = l;
    }
    pthread_mutex_unlock(&lock);
    return l;
}

void line_set(struct line *l, const struct wire *w)
{
    pthread_mutex_lock(&lock);
    l->wire = *w;
    pthread_mutex_unlock(&lock);
}

void line_close(struct line *l)
{
    pthread_mutex_lock(&lock);
    wire_close(&l->wire);
    pthread_mutex_unlock(&lock);
}

/* --- holds --- */

static void hold_link(struct hold *h)
{
    h->next = holds;
    h->previous = &holds;
    if (holds)
        holds->previous = &h->next;
    holds = h;
}

static void hold_unlink(struct hold *h)
{
    *h->previous = h->next;
    if (h->next)
        h->next->previous = h->previous;
    h->next = NULL;
    h->previous = NULL;
}

/* The end of a process: what it has not given back. */
static void give_back_all(void *unused)
{
    struct hold *h;
    int error;

    (void)unused;
    for (;;) {
        struct manager_place at;
        struct datum ident;

        pthread_mutex_lock(&lock);
        for (h = holds; h; h = h->next)
            if (h->generation == fork_generation() && !h->given &&
                !h->place->ended)
                break;
        if (h) {
            h->given = true;
            at = h->place->at;
            ident = datum_share(&h->ident);
        }
        pthread_mutex_unlock(&lock);
        if (!h)
            return;
        error = request_count(&at, "decref", &ident);
        if (error && error != -EREMOTEIO)
            place_end(&at); /* the others' would fail as well, and late */
        datum_drop(&ident);
    }
}

/* Once in each process that has a reference. */
static void watch_end(void)
{
    static struct finalizer last = {.run = give_back_all, .priority = 10};
    static _Atomic(unsigned) watched; /* the generation that does, and 1 */
    unsigned now = fork_generation() + 1;

    if (atomic_exchange(&watched, now) != now)
        finalizer_register(&last);
}

struct hold *hold_new(const struct manager_place *at, const struct datum *ident)
{
    struct hold *h = calloc(1, sizeof *h);

    if (!h)
        return NULL;
    h->ident = datum_share(ident);
    h->generation = fork_generation();
    pthread_mutex_lock(&lock);
    h->place = place_get(at);
    if (h->place)
        hold_link(h);
    pthread_mutex_unlock(&lock);
    if (h->place && hold_line(h)) {
        watch_end();
        return h;
    }
    h->given = true; /* the caller still has the reference */
    hold_free(h);
    return NULL;
}

void hold_free(struct hold *h)
{
    struct manager_place at;
    bool mine;

    pthread_mutex_lock(&lock);
    mine = !h->given && h->generation == fork_generation() && !h->place->ended;
    h->given = true;
    if (h->place)
        at = h->place->at;
    if (h->previous)
        hold_unlink(h);
    line_leave(h->line);
    if (h->place)
        place_put(h->place);
    pthread_mutex_unlock(&lock);
    if (mine)
        request_count(&at, "decref", &h->ident);
    datum_drop(&h->ident);
    free(h);
}

int hold_renew(struct hold *h)
{
    int error = request_count(&h->place->at, "incref", &h->ident);

    if (error)
        return error;
    h->generation = fork_generation();
    watch_end();
    return 0;
}

/* --- a fork --- */

static void before_fork(void)
{
    pthread_mutex_lock(&lock);
}

static void after_fork_in_parent(void)
{
    pthread_mutex_unlock(&lock);
}

/* The thread that forked was in no call; what the others had in hand is torn.
 */
static void forget_lines(void *unused)
{
    (void)unused;
    lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    for (struct line *l = lines; l; l = l->next) {
        l->torn = l->torn || (l->thread && l->thread != &self);
        fd_close(&l->wire.connection.fd);
        if (!l->torn)
            wire_close(&l->wire);
        l->thread = NULL;
    }
    pthread_setspecific(ended, NULL);
}

__attribute__((constructor)) static void watch(void)
{
    static struct after_fork forget = {.run = forget_lines};

    pthread_key_create(&ended, leave_lines);
    pthread_atfork(before_fork, after_fork_in_parent, NULL);
    after_fork_register(&forget);
}
