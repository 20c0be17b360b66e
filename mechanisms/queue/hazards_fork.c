/* SPDX-License-Identifier: MIT */
/*
 * hazards_fork.c - a queue is forked, with its feeder.
 *
 * A fork copies the buffer and not the thread that empties it.  A child that
 * believes what it has copied waits for a feeder which is not there; one that
 * starts a feeder of its own sends what its parent sends as well.
 *
 * Our Queue forgets both in a child (queue/end.c), so the queue that goes wrong
 * is written here: one number an item, and no lock, since eight bytes go into a
 * pipe whole.
 */
#include "queue/hazards.h"

#include "common/hooks.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>

/* --- the naive queue --- */

enum { ROOM = 8 };

static int items[2]; /* a pipe */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static uint64_t buffer[ROOM];
static int64_t first, unsent;
static bool feeding;

/* region: naive-feeder */
static void *feed(void *unused)
{
    pthread_mutex_lock(&mutex);
    for (;;) {
        const uint64_t *item = &buffer[first % ROOM];

        if (unsent == 0) {
            pthread_cond_wait(&changed, &mutex);
            continue;
        }
        pthread_mutex_unlock(&mutex);
        write_full(items[1], item, sizeof *item);
        pthread_mutex_lock(&mutex);
        first++;
        unsent--;
        pthread_cond_broadcast(&changed);
    }
    return unused;
}
/* end: naive-feeder */

static int naive_put(uint64_t item)
{
    pthread_t feeder;
    int error = 0;

    pthread_mutex_lock(&mutex);
    if (!feeding)
        error = -pthread_create(&feeder, NULL, feed, NULL);
    feeding = !error;
    buffer[(first + unsent++) % ROOM] = item;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
    return error;
}

/* As join_thread: wait until all is sent. */
static void naive_flush(void)
{
    pthread_mutex_lock(&mutex);
    while (unsent)
        pthread_cond_wait(&changed, &mutex);
    pthread_mutex_unlock(&mutex);
}

/* What a child forgets.  The locks are new in each: another hazard. */
enum forgets { NOTHING, FEEDER, FEEDER_AND_BUFFER };

static enum forgets forgets;

/* region: naive-after-fork */
static void begin_anew(void *unused)
{
    (void)unused;
    pthread_mutex_init(&mutex, NULL);
    pthread_cond_init(&changed, NULL);
    if (forgets >= FEEDER)
        feeding = false; /* it starts one of its own */
    if (forgets == FEEDER_AND_BUFFER)
        unsent = 0; /* that is the parent's to send */
}
/* end: naive-after-fork */

static int naive_open(enum forgets what)
{
    static struct after_fork hook = {.run = begin_anew};

    forgets = what;
    after_fork_register(&hook);
    return fd_pipe(items);
}

/* --- fork-dead-feeder --- */

enum { CURE_QUEUE = 1, CURE_HOOK, CURE_SIMPLE };

static struct queue queue;
static struct simple_queue simple;

static int put_one(uint64_t item, int cure)
{
    if (cure == CURE_QUEUE)
        return queue_put(&queue, &item, sizeof item, NO_TIMEOUT);
    if (cure == CURE_SIMPLE) /* no buffer, no feeder: put sends it */
        return simple_queue_put(&simple, &item, sizeof item);
    return naive_put(item);
}

static bool get_one(uint64_t item, int cure)
{
    uint64_t got = 0;

    if (cure == CURE_QUEUE)
        queue_get(&queue, &got, sizeof got, NO_TIMEOUT);
    else if (cure == CURE_SIMPLE)
        simple_queue_get(&simple, &got, sizeof got);
    else
        read_full(items[0], &got, sizeof got);
    return got == item;
}

/* The child: puts an item, and does not end before it is sent. */
static _Noreturn void put_and_end(int cure)
{
    int error = put_one(2, cure);

    if (cure == CURE_QUEUE) {
        queue_close(&queue);
        queue_join_thread(&queue, NO_TIMEOUT);
    } else if (cure != CURE_SIMPLE) {
        naive_flush();
    }
    _exit(error ? 1 : 0);
}

static int open_one(int cure)
{
    if (cure == CURE_QUEUE)
        return queue_open(&queue, 0);
    if (cure == CURE_SIMPLE)
        return simple_queue_open(&simple);
    return naive_open(cure == CURE_HOOK ? FEEDER_AND_BUFFER : NOTHING);
}

int fork_dead_feeder(struct witness *w, int cure)
{
    int error = open_one(cure);
    int64_t count = 0;
    pid_t child;

    witness_expect(w, 2);
    if (!error)
        error = put_one(1, cure); /* which starts the feeder */
    if (error)
        return error;
    count += get_one(1, cure);
    naive_flush(); /* it is got, and counted off */
    witness_holder(w, getpid());
    witness_memory(w, "unsent", &unsent);
    witness_fd(w, "unsent", items[0]);
    witness_show(w, 1); /* it has a feeder */

    child = fork();
    if (child == 0)
        put_and_end(cure);
    witness_victim(w, child);
    witness_ready(w);
    if (child < 0)
        return -ECHILD;
    count += get_one(2, cure);
    if (wait_for(child) != 0)
        return -ECHILD;
    queue_free(&queue);
    simple_queue_close(&simple);
    witness_got(w, count);
    return 0;
}

/* --- fork-duplicate-items --- */

enum { CURE_FLUSH = 3 }; /* after CURE_QUEUE and CURE_HOOK */

/* Nobody reads yet: the pipe is full, and items stay in the buffer. */
static ssize_t fill_pipe(void)
{
    char filler[4096] = {0};
    ssize_t n, all = 0;

    fcntl(items[1], F_SETFL, O_NONBLOCK);
    while ((n = write(items[1], filler, sizeof filler)) > 0)
        all += n;
    fcntl(items[1], F_SETFL, 0);
    return all;
}

static int drain_pipe(ssize_t filled)
{
    char filler[4096];

    for (; filled > 0; filled -= (ssize_t)sizeof filler)
        if (read_full(items[0], filler, sizeof filler) != sizeof filler)
            return -EIO;
    return 0;
}

/* How many items are in the pipe, when nobody sends any more. */
static int count_items(void)
{
    uint64_t item;
    int count = 0;

    fcntl(items[0], F_SETFL, O_NONBLOCK);
    while (read_full(items[0], &item, sizeof item) == sizeof item)
        count++;
    return count;
}

/* A child that puts an item into our Queue, or into the naive one. */
static pid_t fork_to_put(bool ours)
{
    pid_t child = fork();

    if (child == 0)
        put_and_end(ours ? CURE_QUEUE : 0);
    return child;
}

/* One item is put before the fork, and one by the child: how many come? */
static int send_naively(struct witness *w, int cure)
{
    int error = naive_open(cure == CURE_HOOK ? FEEDER_AND_BUFFER : FEEDER);
    ssize_t filled = error ? 0 : fill_pipe();
    pid_t child;

    if (!error)
        error = naive_put(1);
    if (!error && cure == CURE_FLUSH) { /* the buffer is empty at the fork */
        error = drain_pipe(filled);
        filled = 0;
        naive_flush();
    }
    child = error ? -1 : fork_to_put(false);
    if (child < 0)
        return error ? error : -ECHILD;
    witness_victim(w, getpid());
    witness_holder(w, child);
    witness_fd(w, "items", items[1]);
    witness_show(w, 1); /* both feeders wait for room */
    error = drain_pipe(filled);
    naive_flush();
    if (error || wait_for(child) != 0)
        return -ECHILD;
    witness_show(w, 2); /* both have sent what they had */
    return count_items();
}

/* The same with our Queue: the filler is items too, longer ones. */
static int send_by_queue(void)
{
    enum { FILLERS = 64 };
    char filler[4092] = {0};
    uint64_t item = 1;
    int error = queue_open(&queue, 0), count = 0;
    ssize_t n;
    pid_t child;

    for (int k = 0; k < FILLERS && !error; k++)
        error = queue_put(&queue, filler, sizeof filler, NO_TIMEOUT);
    if (!error)
        error = queue_put(&queue, &item, sizeof item, NO_TIMEOUT);
    child = error ? -1 : fork_to_put(true);
    if (child < 0)
        return error ? error : -ECHILD;
    for (int k = 0; k < FILLERS + 2; k++) {
        n = queue_get(&queue, filler, sizeof filler, SECOND);
        count += n == sizeof item;
    }
    if (wait_for(child) != 0 || queue_qsize(&queue) != 0 ||
        queue_empty(&queue) != 1)
        return -ECHILD;
    queue_close(&queue);
    error = queue_join_thread(&queue, SECOND);
    queue_free(&queue);
    return error ? error : count;
}

int fork_duplicate_items(struct witness *w, int cure)
{
    int got;

    witness_expect(w, 2);
    got = cure == CURE_QUEUE ? send_by_queue() : send_naively(w, cure);
    if (got < 0)
        return got;
    witness_got(w, got);
    return 0;
}
