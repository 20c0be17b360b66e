/* SPDX-License-Identifier: MIT */
/*
 * hazards_memory.c - a producer that is faster than its consumer.
 *
 * put never waits for a reader, since the buffer is memory, and memory is what
 * it takes.  Only a queue with a maxsize says that it is full.
 */
#include "queue/hazards.h"

#include "queue/parts.h"

#include <pthread.h>
#include <sys/resource.h>

enum { ITEM = 1 << 16, ITEMS = 1024, CURE_BOUND = 1, CURE_REFUSE };

static struct queue queue;

/* Gets, and checks what it got. */
static void *consume(void *count)
{
    static unsigned char item[ITEM];

    for (int i = 0; i < ITEMS; i++)
        if (queue_get(&queue, item, sizeof item, 5 * SECOND) == ITEM &&
            item[0] == (unsigned char)i)
            ++*(int64_t *)count;
    return NULL;
}

/* region: unbounded-buffer */
static int produce(int cure)
{
    static unsigned char item[ITEM];
    int error = 0;

    for (int i = 0; i < ITEMS && !error; i++) {
        memset(item, i, sizeof item);
        do /* a cure does not wait in put: it may do something else instead */
            error = queue_put(&queue, item, sizeof item,
                              cure == CURE_REFUSE ? SECOND / 1000 : NO_TIMEOUT);
        while (cure == CURE_REFUSE && error == -ETIMEDOUT);
    }
    return error;
}
/* end: unbounded-buffer */

/* KiB of memory that this process has had at most. */
static long most_memory(void)
{
    struct rusage usage;

    return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : -1;
}

/* A cure has room for few items: it must not have taken memory for all. */
static int check_memory(long before)
{
    long after = most_memory();

    if (before < 0 || after - before > (long)ITEMS * ITEM / 1024 / 8)
        return -ENOMEM;
    return 0;
}

int unbounded_buffer(struct witness *w, int cure)
{
    int error = queue_open(&queue, cure ? 8 : 0);
    int64_t count = 0;
    long before = most_memory();
    pthread_t consumer;

    witness_expect(w, ITEMS);
    witness_victim(w, getpid());
    witness_count(w, (int64_t)ITEMS * ITEM);
    if (error)
        return error;
    witness_fd(w, "items", queue.side->reader.fd);
    if (!cure) {
        witness_show(w, 1); /* before */
        error = produce(cure);
        witness_show(w, 2); /* after: nobody has got anything */
    }
    if (!error)
        error = -pthread_create(&consumer, NULL, consume, &count);
    if (error)
        return error;
    if (cure)
        error = produce(cure);
    pthread_join(consumer, NULL);
    queue_close(&queue);
    if (!error)
        error = queue_join_thread(&queue, SECOND);
    queue_free(&queue);
    if (!error && cure)
        error = check_memory(before);
    if (error)
        return error;
    witness_got(w, count);
    return 0;
}
