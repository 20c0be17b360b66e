/* SPDX-License-Identifier: MIT */
/*
 * hazards_poison.c - an item that cannot be encoded.
 *
 * put takes a place, and the feeder encodes, much later.  An item that fails
 * there was put, and is nowhere: if nobody gives its place back, the queue is
 * full of nothing.  (CPython's feeder did so until bpo-30414 and bpo-33078.)
 *
 * Our Queue gives it back (queue.c, drop), so the one that goes wrong is
 * written here: a place, a buffer, a feeder and a pipe.
 */
#include "queue/hazards.h"

#include "sync/sync.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { CURE_QUEUE = 1, CURE_GIVE_BACK, CURE_ENCODE_FIRST };
enum { POISON = -1, GOOD = 7, TEXT = 32 };

/* A number as text; there is none for one below 0.  Its length, or -EINVAL. */
static ssize_t encode_number(int64_t number, char text[TEXT])
{
    return number < 0 ? -EINVAL
                      : snprintf(text, TEXT, "%lld\n", (long long)number);
}

/* --- the naive queue, of one place --- */

static int items[2]; /* a pipe */
static struct semaphore_state room_state;
static struct semaphore room;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int64_t buffer, unsent;
static bool gives_back;
static struct witness *watched; /* the run that goes wrong: who looks at it */

/* region: poison-item */
static void *feed(void *unused)
{
    for (;;) {
        char text[TEXT];
        ssize_t n;

        pthread_mutex_lock(&mutex);
        while (!unsent)
            pthread_cond_wait(&changed, &mutex);
        if (watched)
            witness_show(watched, 1); /* it is put, and not yet encoded */
        n = encode_number(buffer, text);
        unsent = 0;
        pthread_mutex_unlock(&mutex);
        if (n > 0)
            write_full(items[1], text, (size_t)n);
        else if (gives_back) /* a cure: it had a place */
            semaphore_release(&room);
    }
    return unused;
}
/* end: poison-item */

static int naive_open(void)
{
    pthread_t feeder;
    int error = fd_pipe(items);

    semaphore_init(&room, &room_state, 1, 1);
    return error ? error : -pthread_create(&feeder, NULL, feed, NULL);
}

static int naive_put(int64_t number, int cure)
{
    char text[TEXT];
    int error = 0;

    if (cure == CURE_ENCODE_FIRST && encode_number(number, text) < 0)
        return -EINVAL; /* its caller knows, before anything is taken */
    error = semaphore_acquire(&room, NO_TIMEOUT);
    if (error)
        return error;
    pthread_mutex_lock(&mutex);
    buffer = number;
    unsent = 1;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&mutex);
    return 0;
}

static int64_t naive_get(void)
{
    char text[TEXT] = "";

    if (read_some(items[0], text, sizeof text - 1) <= 0)
        return -EIO;
    semaphore_release(&room);
    return atoll(text);
}

/* --- ours --- */

static ssize_t encode(void *unused, const void *item, size_t size,
                      void **message)
{
    int64_t number;
    char *text = malloc(TEXT);

    (void)unused;
    *message = text;
    if (!text || size != sizeof number)
        return text ? -EINVAL : -ENOMEM;
    memcpy(&number, item, sizeof number);
    return encode_number(number, text);
}

static int failures; /* the feeder's, until it has ended */

/* Whoever put the poison is told, much later. */
static void note_failure(void *unused, const void *item, size_t size, int error)
{
    const int64_t poison = POISON;

    (void)unused;
    failures += error == -EINVAL && size == sizeof poison &&
                memcmp(item, &poison, sizeof poison) == 0;
}

/* Both are put into a queue of one place: what is got, or -errno. */
static int64_t put_into_ours(void)
{
    const struct queue_encoder encoder = {.encode = encode,
                                          .failed = note_failure};
    const int64_t poison = POISON, good = GOOD;
    char text[TEXT] = "";
    struct queue queue;
    int error;
    ssize_t n = queue_open(&queue, 1);

    if (n)
        return n;
    queue_set_encoder(&queue, &encoder);
    n = queue_put(&queue, &poison, sizeof poison, NO_TIMEOUT);
    if (!n)
        n = queue_put(&queue, &good, sizeof good, NO_TIMEOUT);
    if (!n)
        n = queue_get(&queue, text, sizeof text - 1, NO_TIMEOUT);
    queue_close(&queue);
    error = queue_join_thread(&queue, SECOND);
    if (n >= 0 && (error || failures != 1))
        n = error ? error : -EPROTO;
    queue_free(&queue);
    return n < 0 ? n : atoll(text);
}

static int64_t put_naively(struct witness *w, int cure)
{
    int error = naive_open();

    gives_back = cure == CURE_GIVE_BACK;
    watched = cure ? NULL : w;
    if (error)
        return error;
    witness_victim(w, getpid());
    witness_memory(w, "room", &room_state.value);
    witness_child_memory(w, &unsent);
    witness_fd(w, "room", items[0]);
    error = naive_put(POISON, cure);
    if (cure == CURE_ENCODE_FIRST)
        error = error == -EINVAL ? 0 : -EPROTO;
    witness_ready(w);
    if (!error)
        error = naive_put(GOOD, cure);
    return error ? error : naive_get();
}

int poison_item(struct witness *w, int cure)
{
    int64_t got;

    witness_expect(w, GOOD);
    got = cure == CURE_QUEUE ? put_into_ours() : put_naively(w, cure);
    if (got < 0)
        return (int)got;
    witness_got(w, got);
    return 0;
}
