/* SPDX-License-Identifier: MIT */
/*
 * hazards_drain.c - who joins before it drains.
 *
 * A process that has put ends when its feeder has sent all, and a pipe holds
 * 64 KiB.  Who waits for its end before it gets waits for itself.
 */
#include "queue/hazards.h"

#include "common/hooks.h"
#include "common/region.h"

#include <pthread.h>
#include <stdlib.h>

enum { LARGE = 1 << 20, CURE_GET_FIRST = 1, CURE_THREAD, CURE_REGION };

static struct queue queue;
static struct region region;

/* --- the child: a large result --- */

static int put_result(int cure)
{
    static char result[LARGE];

    if (cure != CURE_REGION)
        return queue_put(&queue, result, sizeof result, NO_TIMEOUT);
    /* The result lies where both have it, and what is put is where that is. */
    memset(region.base, 0, LARGE);
    return queue_put(&queue, &(uint64_t){LARGE}, sizeof(uint64_t), NO_TIMEOUT);
}

/* As a program of Python's leaves: its exit sequence joins the feeder. */
static _Noreturn void put_and_leave(int cure)
{
    int error = put_result(cure);

    exit_sequence();
    _exit(error ? 1 : 0);
}

/* --- the parent --- */

/* The bytes of the result, or -errno. */
static int64_t get_result(int cure)
{
    void *item;
    ssize_t n = queue_get_new(&queue, &item, NO_TIMEOUT);
    int64_t bytes = n;

    if (n == sizeof(uint64_t) && cure == CURE_REGION)
        memcpy(&bytes, item, sizeof bytes);
    free(item);
    return bytes;
}

static void *get_in_a_thread(void *bytes)
{
    *(int64_t *)bytes = get_result(CURE_THREAD);
    return NULL;
}

/* region: join-before-drain */
/* p.join(), and then q.get(): the bytes that came, or -errno. */
static int64_t join_then_get(pid_t child, int cure)
{
    int status = wait_for(child);

    return status == 0 ? get_result(cure) : -ECHILD;
}
/* end: join-before-drain */

/* region: join-before-drain-cures */
static int64_t get_then_join(pid_t child)
{
    int64_t bytes = get_result(CURE_GET_FIRST);

    return wait_for(child) == 0 ? bytes : -ECHILD;
}

static int64_t join_while_a_thread_gets(pid_t child)
{
    int64_t bytes = 0;
    pthread_t thread;
    int error = -pthread_create(&thread, NULL, get_in_a_thread, &bytes), status;

    if (error)
        return error;
    status = wait_for(child);
    pthread_join(thread, NULL);
    return status == 0 ? bytes : -ECHILD;
}
/* end: join-before-drain-cures */

static int64_t join_and_get(pid_t child, int cure)
{
    switch (cure) {
    case CURE_GET_FIRST:
        return get_then_join(child);
    case CURE_THREAD:
        return join_while_a_thread_gets(child);
    default:
        return join_then_get(child, cure);
    }
}

int join_before_drain(struct witness *w, int cure)
{
    int error = queue_open(&queue, 0);
    int64_t bytes;
    pid_t child;

    witness_expect(w, LARGE);
    if (!error)
        error = region_open(&region, LARGE);
    if (error)
        return error;
    child = fork();
    if (child == 0)
        put_and_leave(cure);
    if (child < 0)
        return -ECHILD;
    witness_victim(w, getpid());
    witness_holder(w, child);
    witness_ready(w);

    bytes = join_and_get(child, cure);
    queue_free(&queue);
    region_close(&region);
    if (bytes < 0)
        return (int)bytes;
    witness_got(w, bytes);
    return 0;
}
