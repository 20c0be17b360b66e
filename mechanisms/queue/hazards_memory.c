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
#include <sched.h>
#include <sys/resource.h>

enum { ITEM = 1 << 16, ITEMS = 1024, CURE_BOUND = 1, CURE_REFUSE };

static struct queue queue;
static _Atomic bool refused; /* a put said that there is no place */
static _Atomic bool all_put; /* or none will be put any more */

/* The slowest of consumers: it begins when the producer can put no more. */
struct consumer {
    int cure;
    int64_t count; /* of what it got */
};

static bool is_held_up(int cure)
{
    return atomic_load(&all_put) ||
           (cure == CURE_REFUSE ? atomic_load(&refused) : queue_full(&queue));
}

/* Gets, and checks what it got. */
static void *consume(void *argument)
{
    static unsigned char item[ITEM];
    struct consumer *c = argument;
    int64_t deadline = clock_deadline(5 * SECOND);

    while (!is_held_up(c->cure) && clock_now() < deadline)
        sched_yield();
    while (c->count < ITEMS &&
           queue_get(&queue, item, sizeof item, 5 * SECOND) == ITEM &&
           item[0] == (unsigned char)c->count)
        c->count++;
    return NULL;
}

/* region: unbounded-buffer */
static int produce(int cure)
{
    static unsigned char item[ITEM];
    int error = 0;

    for (int i = 0; i < ITEMS && !error; i++) {
        memset(item, i, sizeof item);
        do { /* a cure does not wait in put: it may do something else instead */
            error = queue_put(&queue, item, sizeof item,
                              cure == CURE_REFUSE ? SECOND / 1000 : NO_TIMEOUT);
            if (error == -ETIMEDOUT)
                atomic_store(&refused, true);
        } while (error == -ETIMEDOUT);
    }
    atomic_store(&all_put, true);
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

static int go_wrong(struct witness *w, struct consumer *c)
{
    int error;

    witness_show(w, 1); /* before */
    error = produce(0);
    witness_show(w, 2); /* after: nobody has got anything */
    consume(c);
    return error;
}

static int go_right(struct consumer *c)
{
    long before = most_memory();
    pthread_t consumer;
    int error = -pthread_create(&consumer, NULL, consume, c);

    if (error)
        return error;
    error = produce(c->cure);
    pthread_join(consumer, NULL);
    return error ? error : check_memory(before);
}

int unbounded_buffer(struct witness *w, int cure)
{
    struct consumer consumer = {.cure = cure};
    int error = queue_open(&queue, cure ? 8 : 0);

    witness_expect(w, ITEMS);
    witness_victim(w, getpid());
    witness_count(w, (int64_t)ITEMS * ITEM);
    if (error)
        return error;
    witness_fd(w, "items", queue.side->reader.fd);
    error = cure ? go_right(&consumer) : go_wrong(w, &consumer);
    queue_close(&queue);
    if (!error)
        error = queue_join_thread(&queue, SECOND);
    queue_free(&queue);
    if (error)
        return error;
    witness_got(w, consumer.count);
    return 0;
}
