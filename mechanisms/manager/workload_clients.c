/* SPDX-License-Identifier: MIT */
/*
 * workload_clients.c - several clients of one server.
 *
 * How many calls a server answers, whose clients all read one list; and a queue
 * between two clients, which is four calls there and back.
 */
#include "manager/workload.h"

/* --- all call at once --- */

int clients_open(struct trial *t)
{
    return bench_open(t, ONE_LIST);
}

/* The server's share is to be there until all clients have done theirs. */
static int serve_all(struct trial *t, unsigned n, int clients)
{
    struct bench *b = t->state;
    int error = 0;

    b->owed += n;
    while (clients-- && !error)
        error = semaphore_acquire(&b->ended, NO_TIMEOUT);
    if (error)
        return error;
    return serving_answered(b->serving) < b->owed ? -EILSEQ : 0;
}

int clients_op(struct trial *t, unsigned n)
{
    struct bench *b = t->state;
    int clients = t->participants - 1, error;

    if (bench_is_server(t))
        return serve_all(t, n, clients);
    error = bench_begin(t);
    if (!error)
        error = bench_get(t, trial_share(n, bench_client(t), clients));
    return error ? error : semaphore_release(&b->ended);
}

/* --- a queue between two --- */

int queue_open_two(struct trial *t)
{
    return bench_open(t, TWO_QUEUES);
}

static int put(struct proxy *queue, uint64_t item)
{
    struct datum result;
    int error = proxy_call(queue, &result, "put", "i", (int64_t)item);

    return error ? error : bench_expect_none(&result);
}

static int get(struct proxy *queue, uint64_t item)
{
    struct datum result;
    int error = proxy_call(queue, &result, "get", "");

    return error ? error : bench_expect(&result, (int64_t)item);
}

/* The timed side puts into the first, its peer into the second. */
int queue_op(struct trial *t, unsigned n)
{
    struct proxy *queues = ((struct bench *)t->state)->proxies;
    int error = bench_begin(t);

    for (; n && !error; n--, t->sequence += 2) {
        error = put(&queues[0], t->sequence);
        error = error ? error : get(&queues[1], t->sequence + 1);
    }
    return error;
}

static int answer(struct trial *t, unsigned n)
{
    struct proxy *queues = ((struct bench *)t->state)->proxies;
    int error = bench_begin(t);

    for (; n && !error; n--, t->sequence += 2) {
        error = get(&queues[0], t->sequence);
        error = error ? error : put(&queues[1], t->sequence + 1);
    }
    return error;
}

int queue_serve(struct trial *t, int role, unsigned n)
{
    (void)role;
    return bench_is_server(t) ? bench_serve(t, n, 4) : answer(t, n);
}
