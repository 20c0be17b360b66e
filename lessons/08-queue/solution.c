/* SPDX-License-Identifier: MIT */
/*
 * solution.c - lesson 08: a feeder with two priorities.
 *
 * The feeder waits until there is something; then until it has the lock, which
 * may be long; and only then it chooses.  It takes one message, since whatever
 * it has taken no urgent one can overtake.
 */
#include "outbox.h"

#include "common/hooks.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct message {
    struct message *next;
    size_t size;
    unsigned char bytes[];
};

/* Each in its turn; last is where the next one is hung in. */
struct line {
    struct message *first, **last;
};

struct outbox {
    struct connection *writer;
    struct lock *writing;
    struct after_fork after_fork;
    /* The mutex guards the rest. */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct line ordinary, urgent;
    int in_a_row; /* urgent ones sent since the last that was not */
    struct message *sending;
    pthread_t feeder;
    bool feeding, closed;
    int error;
};

/* --- lines; whatever is half done in a fork can be walked from the first ---
 */

static void append(struct line *line, struct message *m)
{
    *line->last = m;
    line->last = &m->next;
}

static struct message *take_first(struct line *line)
{
    struct message *m = line->first;

    line->first = m->next;
    if (!line->first)
        line->last = &line->first;
    return m;
}

static void clear(struct line *line)
{
    while (line->first) {
        struct message *m = line->first;

        line->first = m->next;
        free(m);
    }
    line->last = &line->first;
}

/* --- the feeder --- */

static bool is_empty(const struct outbox *box)
{
    return !box->ordinary.first && !box->urgent.first;
}

/* With the lock `writing` in hand: which one is sent now? */
static void choose(struct outbox *box)
{
    pthread_mutex_lock(&box->mutex);
    if (box->urgent.first &&
        (box->in_a_row < URGENT_IN_A_ROW || !box->ordinary.first)) {
        box->sending = take_first(&box->urgent);
        if (box->in_a_row < URGENT_IN_A_ROW)
            box->in_a_row++;
    } else {
        box->sending = take_first(&box->ordinary);
        box->in_a_row = 0;
    }
    pthread_mutex_unlock(&box->mutex);
}

static int send_one(struct outbox *box)
{
    int error = lock_acquire(box->writing, NO_TIMEOUT);

    if (error)
        return error;
    choose(box);
    error =
        connection_send(box->writer, box->sending->bytes, box->sending->size);
    lock_release(box->writing);
    return error;
}

static void *feed(void *argument)
{
    struct outbox *box = argument;

    pthread_mutex_lock(&box->mutex);
    while (!box->closed || !is_empty(box)) {
        int error;

        if (is_empty(box)) {
            pthread_cond_wait(&box->changed, &box->mutex);
            continue;
        }
        pthread_mutex_unlock(&box->mutex);
        error = send_one(box);
        pthread_mutex_lock(&box->mutex);
        free(box->sending);
        box->sending = NULL;
        if (error) {
            box->error = error;
            clear(&box->ordinary);
            clear(&box->urgent);
        }
    }
    connection_close(box->writer);
    pthread_mutex_unlock(&box->mutex);
    return NULL;
}

/* Signals are for other threads. */
static int start_feeder(struct outbox *box)
{
    sigset_t all, before;
    int error;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = -pthread_create(&box->feeder, NULL, feed, box);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    box->feeding = error == 0;
    return error;
}

/* --- what is called --- */

static void begin(struct outbox *box)
{
    pthread_mutex_init(&box->mutex, NULL);
    pthread_cond_init(&box->changed, NULL);
    clear(&box->ordinary);
    clear(&box->urgent);
}

/* In a forked child: it takes no lock, and makes all new. */
static void forget(void *argument)
{
    struct outbox *box = argument;

    begin(box);
    free(box->sending);
    box->sending = NULL;
    box->in_a_row = 0;
    box->feeding = false;
}

int outbox_open(struct outbox **box, struct connection *writer,
                struct lock *writing)
{
    struct outbox *b = calloc(1, sizeof *b);

    *box = b;
    if (!b)
        return -ENOMEM;
    b->writer = writer;
    b->writing = writing;
    begin(b);
    b->after_fork = (struct after_fork){.run = forget, .argument = b};
    after_fork_register(&b->after_fork);
    return 0;
}

int outbox_put(struct outbox *box, const void *message, size_t size,
               bool urgent)
{
    struct message *m = malloc(sizeof *m + size);
    int error;

    if (!m)
        return -ENOMEM;
    *m = (struct message){.size = size};
    if (size)
        memcpy(m->bytes, message, size);
    pthread_mutex_lock(&box->mutex);
    error = box->closed ? -EBADF : box->error;
    if (!error && !box->feeding)
        error = start_feeder(box);
    if (!error) {
        append(urgent ? &box->urgent : &box->ordinary, m);
        pthread_cond_signal(&box->changed);
    }
    pthread_mutex_unlock(&box->mutex);
    if (error)
        free(m);
    return error;
}

void outbox_close(struct outbox *box)
{
    pthread_mutex_lock(&box->mutex);
    if (!box->closed && !box->feeding)
        connection_close(box->writer);
    box->closed = true;
    pthread_cond_signal(&box->changed);
    pthread_mutex_unlock(&box->mutex);
}

void outbox_join(struct outbox *box)
{
    if (box->feeding)
        pthread_join(box->feeder, NULL);
    box->feeding = false;
}

void outbox_free(struct outbox *box)
{
    after_fork_cancel(&box->after_fork);
    pthread_mutex_destroy(&box->mutex);
    pthread_cond_destroy(&box->changed);
    free(box);
}
