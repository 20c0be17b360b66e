/* SPDX-License-Identifier: MIT */
/*
 * hazards_empty.c - a consumer that believes empty().
 *
 * qsize() counts what was put, empty() looks into the pipe, and between the two
 * is the feeder, which may have to wait: for the processor, for the encoder,
 * or, as here, for the writers' lock.
 */
#include "queue/hazards.h"

#include "queue/parts.h"

#include <pthread.h>
#include <sched.h>

enum { PLAIN, FAST, KINDS, CURE_LAST_ITEM = 1, CURE_COUNT };

static const unsigned ways[KINDS] = {QUEUE_PLAIN, QUEUE_FAST};
static struct queue queues[KINDS];

/* What the consumer was told of each, while somebody else sent. */
static struct {
    uint64_t writing; /* where the writers' lock is */
    int64_t qsize, empty, came;
} told[KINDS];

/* Another process sends just now: it has the writers' lock.  0 or -errno. */
static int somebody_sends(struct queue *q)
{
    return lock_acquire(&q->side->writing, NO_TIMEOUT);
}

/* Until the feeder waits for that lock: -ETIMEDOUT after 5 s. */
static int wait_for_feeder(const struct queue *q)
{
    int64_t deadline = clock_deadline(5 * SECOND);

    while (!lock_is_wanted(&q->side->writing)) {
        if (clock_now() > deadline)
            return -ETIMEDOUT;
        sched_yield();
    }
    return 0;
}

/* region: empty-lies */
/* while not q.empty(): handle(q.get()) */
static int64_t get_while_not_empty(struct queue *q)
{
    int64_t item, count = 0;

    while (queue_empty(q) == 0 &&
           queue_get(q, &item, sizeof item, 0) == sizeof item)
        count++;
    return count;
}
/* end: empty-lies */

/* region: empty-lies-cures */
/* Whoever puts says which is the last; or both know how many there are. */
static int64_t get_all(struct queue *q, int cure)
{
    int64_t item, count = 0;

    while (queue_get(q, &item, sizeof item, NO_TIMEOUT) == sizeof item) {
        count += item != 0;
        if (item == 0 || (cure == CURE_COUNT && count == 1))
            break;
    }
    return count;
}
/* end: empty-lies-cures */

/* An item, and where it is a cure one that says that it was the last. */
static int put_items(struct queue *q, int cure)
{
    const int64_t item = 1, last = 0;
    int error = queue_put(q, &item, sizeof item, NO_TIMEOUT);

    if (!error && cure == CURE_LAST_ITEM)
        error = queue_put(q, &last, sizeof last, NO_TIMEOUT);
    return error;
}

/* Each queue has an item, which its feeder cannot send yet. */
static int set_the_stage(int cure)
{
    int error = 0;

    for (int k = 0; k < KINDS && !error; k++) {
        error = queue_open_as(&queues[k], 0, ways[k]);
        if (!error)
            error = somebody_sends(&queues[k]);
        if (!error)
            error = put_items(&queues[k], cure);
        if (!error)
            error = wait_for_feeder(&queues[k]);
    }
    return error;
}

static int64_t consume(int cure)
{
    int64_t count = 0;

    for (int k = 0; k < KINDS; k++)
        count +=
            cure ? get_all(&queues[k], cure) : get_while_not_empty(&queues[k]);
    return count;
}

/* A cure's consumer: the number of its cure, and then what it got. */
static void *consume_in_thread(void *number)
{
    int64_t *n = number;

    *n = consume((int)*n);
    return NULL;
}

/* The three do not agree. */
static void ask(int kind)
{
    struct queue *q = &queues[kind];
    int64_t item;

    told[kind].writing = (uint64_t)(uintptr_t)&q->side->writing.state->word;
    told[kind].qsize = queue_qsize(q);
    told[kind].empty = queue_empty(q);
    told[kind].came = queue_get(q, &item, sizeof item, 0) == sizeof item;
}

/* The other process is done; what was put arrives now.  A cure's consumer is
 * asleep by then: one that had believed empty() would have gone. */
static int let_feeders_go(int cure)
{
    int error = 0;

    for (int k = 0; k < KINDS && !error; k++) {
        if (cure)
            error = wait_for_sleeper(&queues[k].side->reading);
        if (!error)
            error = lock_release(&queues[k].side->writing);
    }
    return error;
}

static int end(void)
{
    int error = 0;

    for (int k = 0; k < KINDS; k++) {
        queue_close(&queues[k]);
        error = error ? error : queue_join_thread(&queues[k], SECOND);
        queue_free(&queues[k]);
    }
    return error;
}

static int go_wrong(struct witness *w, int64_t *count)
{
    int error;

    *count = consume(0);
    ask(PLAIN);
    ask(FAST);
    witness_show(w, 1); /* put, and not in the pipes */
    error = let_feeders_go(0);
    witness_show(w, 2); /* and now they are */
    return error;
}

/* The same, to a consumer who does not ask. */
static int go_right(int cure, int64_t *count)
{
    pthread_t consumer;
    int error;

    *count = cure;
    error = -pthread_create(&consumer, NULL, consume_in_thread, count);
    if (!error)
        error = let_feeders_go(cure);
    if (!error)
        error = -pthread_join(consumer, NULL);
    return error;
}

int empty_lies(struct witness *w, int cure)
{
    static int64_t count; /* the consumer's, even if it is left behind */
    int error = set_the_stage(cure);

    witness_expect(w, KINDS); /* items */
    if (error)
        return error;
    witness_victim(w, getpid());
    witness_memory(w, "told", told);
    witness_fd(w, "told", queues[PLAIN].side->reader.fd);
    witness_child_fd(w, queues[FAST].side->reader.fd);
    error = cure ? go_right(cure, &count) : go_wrong(w, &count);
    if (!error)
        error = end();
    if (error)
        return error;
    witness_got(w, count);
    return 0;
}
