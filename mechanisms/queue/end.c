/* SPDX-License-Identifier: MIT */
/*
 * end.c - how a process is done with a queue: it closes it, waits for its
 * feeder, forgets it; or it is a fork, and begins anew.
 *
 * File-scope state and its fork story: the list of freed sides, whose lock is
 * made new in a child.  None of them has a feeder there.
 */
#include "queue/parts.h"

/* The first and the last that a feeder does; between them it has the mutex but
 * while it sends. */
void queue_side_begins(struct queue_side *s)
{
    pthread_mutex_lock(&s->mutex);
    if (s->way->begins)
        s->way->begins(s);
    pthread_cond_broadcast(&s->changed);
}

void queue_side_ends(struct queue_side *s)
{
    if (s->way->ends)
        s->way->ends(s);
    connection_close(&s->reader);
    connection_close(&s->writer);
    s->ended = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->mutex);
}

/* The pipe is closed by the feeder, when it has sent all. */
static void close_side(struct queue_side *s)
{
    pthread_mutex_lock(&s->mutex);
    if (!s->closed && !s->feeding) {
        connection_close(&s->reader);
        connection_close(&s->writer);
    }
    s->closed = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->mutex);
}

/* A wait for ever has no timeout, however long: `ipclab waits` would say of it
 * that it ends by itself. */
static int wait_for_change(struct queue_side *s, int64_t deadline)
{
    struct timespec at = {(time_t)(deadline / SECOND),
                          (long)(deadline % SECOND)};

    if (deadline == NO_TIMEOUT)
        return -pthread_cond_wait(&s->changed, &s->mutex);
    return -pthread_cond_timedwait(&s->changed, &s->mutex, &at);
}

void queue_side_rests(struct queue_side *s)
{
    static const int64_t a_while = SECOND / 10;
    bool rich = s->buffer.spared > SPARE_IDLE;

    if (wait_for_change(s, rich ? clock_deadline(a_while) : NO_TIMEOUT) ==
        -ETIMEDOUT)
        batches_trim(&s->buffer, SPARE_IDLE);
}

/* Wait until the feeder has sent all, and have it back. */
static int finish(struct queue_side *s, int64_t timeout)
{
    int64_t deadline = clock_deadline(timeout);
    bool joins;
    int error = 0;

    pthread_mutex_lock(&s->mutex);
    while (s->feeding && !s->ended && !error)
        error = wait_for_change(s, deadline);
    joins = s->feeding && s->ended;
    if (joins)
        s->feeding = false;
    pthread_mutex_unlock(&s->mutex);
    if (joins) {
        pthread_join(s->feeder, NULL);
        finalizer_cancel(&s->push);
        finalizer_cancel(&s->join);
        return 0;
    }
    return error;
}

/* region: exit */
/* The exit sequence: first every queue is told to finish, then, when the
 * children were joined, it is waited for. */
static void push_at_exit(void *side)
{
    close_side(side);
}

static void join_at_exit(void *side)
{
    finish(side, NO_TIMEOUT);
}

void queue_side_watch_exit(struct queue_side *s)
{
    s->push =
        (struct finalizer){.run = push_at_exit, .argument = s, .priority = 10};
    s->join =
        (struct finalizer){.run = join_at_exit, .argument = s, .priority = -5};
    finalizer_register(&s->push);
    if (!s->cancelled)
        finalizer_register(&s->join);
}
/* end: exit */

void queue_close(struct queue *q)
{
    if (q->side)
        close_side(q->side);
}

int queue_join_thread(struct queue *q, int64_t timeout)
{
    if (!q->side || !q->side->closed)
        return q->side ? -EBUSY : -EBADF;
    return finish(q->side, timeout);
}

void queue_cancel_join_thread(struct queue *q)
{
    if (!q->side)
        return;
    q->side->cancelled = true;
    finalizer_cancel(&q->side->join);
}

/* --- a fork, and what was freed --- */

/* region: after-fork */
/* The child has no feeder, and what its parent put is the parent's to send.
 * Its buffers are not given back: a thread may just have been moving them. */
static void forget(void *side)
{
    struct queue_side *s = side;

    queue_side_begin(s);
    s->buffer = (struct batches){0};
    s->sending = NULL;
    if (s->way->forget)
        s->way->forget(s);
    s->feeding = s->idle = s->ended = s->cancelled = false;
    s->closed = s->reader.fd < 0;
    s->reader.known = false; /* what another thread was in the middle of */
    s->reader.start = s->reader.end = 0;
    s->reader.generation = fork_generation();
}
/* end: after-fork */

void queue_side_begin(struct queue_side *s)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&s->mutex, NULL);
    pthread_cond_init(&s->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (s->after_fork.run)
        return;
    s->after_fork = (struct after_fork){.run = forget, .argument = s};
    after_fork_register(&s->after_fork);
}

/* Sides that were freed while their feeder had something left. */
static pthread_mutex_t freed_lock = PTHREAD_MUTEX_INITIALIZER;
static struct queue_side *freed;

static void forget_lock(void *unused)
{
    (void)unused;
    freed_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
}

__attribute__((constructor)) static void watch_forks(void)
{
    static struct after_fork hook = {.run = forget_lock};

    after_fork_register(&hook);
}

/* Give back what belongs to those whose feeder has ended since. */
static void reap(void)
{
    pthread_mutex_lock(&freed_lock);
    for (struct queue_side **at = &freed; *at;) {
        struct queue_side *s = *at;

        if (finish(s, 0) == -ETIMEDOUT) {
            at = &s->next;
            continue;
        }
        *at = s->next;
        queue_side_destroy(s);
    }
    pthread_mutex_unlock(&freed_lock);
}

void queue_free(struct queue *q)
{
    struct queue_side *s = q->side;

    q->side = NULL;
    if (s) {
        close_side(s);
        pthread_mutex_lock(&freed_lock);
        s->next = freed;
        freed = s;
        pthread_mutex_unlock(&freed_lock);
    }
    reap();
}
