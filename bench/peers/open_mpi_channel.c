/* SPDX-License-Identifier: MIT */
/*
 * open_mpi_channel.c - what is measured, and the windows around it.
 *
 * Rank 0 tells its peer of each window by a message of another tag, and the
 * clock starts when that has answered: what is measured carries nothing but
 * payloads.
 *
 * MPI has no capacity that could be set: how many messages it takes from a
 * sender whose receiver is busy is the affair of its transport.  So a stream
 * counts credits: its consumer says whenever it has got another half of
 * `capacity`, and its producer has never more than that under way.
 */
#include "open_mpi.h"

#include <mpi.h>

enum { DATA, CREDIT, CONTROL }; /* tags */

/* What rank 0 tells: samples 0 end it.  The answers are empty. */
struct order {
    unsigned samples, batch;
};

/* Messages of which a credit speaks. */
static int64_t half(const struct rank *r)
{
    return (r->job.capacity + 1) / 2;
}

static int send_bytes(const struct rank *r, const void *bytes, size_t size,
                      int tag)
{
    return MPI_Send(bytes, (int)size, MPI_BYTE, !r->number, tag,
                    MPI_COMM_WORLD) == MPI_SUCCESS
               ? 0
               : -EIO;
}

/* Of exactly that size, or it is not what was sent. */
static int receive_bytes(const struct rank *r, void *bytes, size_t size,
                         int tag)
{
    MPI_Status status;
    int got;

    if (MPI_Recv(bytes, (int)size, MPI_BYTE, !r->number, tag, MPI_COMM_WORLD,
                 &status) != MPI_SUCCESS ||
        MPI_Get_count(&status, MPI_BYTE, &got) != MPI_SUCCESS)
        return -EIO;
    return got == (int)size ? 0 : -EILSEQ;
}

/* What is measured. */

static int put(struct trial *t, uint64_t sequence)
{
    struct rank *r = t->state;

    payload_write(r->payload, t->bytes, t->line, sequence);
    return send_bytes(r, r->payload, t->bytes, DATA);
}

static int get(struct trial *t, uint64_t sequence)
{
    struct rank *r = t->state;
    int error = receive_bytes(r, r->payload, t->bytes, DATA);

    return error ? error
                 : payload_check(r->payload, t->bytes, t->line, sequence);
}

static int put_within(struct trial *t, uint64_t sequence)
{
    struct rank *r = t->state;
    int error = 0;

    if (r->room == 0) {
        error = receive_bytes(r, NULL, 0, CREDIT);
        r->room = half(r);
    }
    r->room--;
    return error ? error : put(t, sequence);
}

static int get_within(struct trial *t, uint64_t sequence)
{
    struct rank *r = t->state;
    int error = get(t, sequence);

    if (!error && ++r->got == half(r)) {
        r->got = 0;
        error = send_bytes(r, NULL, 0, CREDIT);
    }
    return error;
}

static int operate(struct rank *r, unsigned n)
{
    return r->job.stream ? traffic_consume(&r->trial, n, get_within)
                         : traffic_ask(&r->trial, n, put, get);
}

static int answer(struct rank *r, unsigned n)
{
    return r->job.stream ? traffic_produce(&r->trial, n, put_within)
                         : traffic_answer(&r->trial, n, put, get);
}

void keep_latency(struct trial *t, int64_t ns)
{
    struct finding *f = &((struct rank *)t->state)->found;

    if (f->latencies < LATENCY_SLOTS)
        f->latency[f->latencies++] = ns;
}

/* A window, on both sides. */

/* The timed side's; each sample begins where the one before it ended. */
static int run_batches(struct rank *r)
{
    struct finding *f = &r->found;
    int64_t begin, last;
    int error = 0;

    f->latencies = 0;
    f->usage = usage_now();
    begin = last = clock_now();
    for (unsigned i = 0; i < f->samples && !error; i++) {
        int64_t now;

        error = operate(r, f->batch);
        now = clock_now();
        f->sample[i] = now - last;
        last = now;
    }
    f->elapsed = last - begin;
    f->usage = usage_since(f->usage);
    return error;
}

int window(struct rank *r, unsigned samples, unsigned batch)
{
    struct order order = {samples, batch};
    struct usage theirs = {0};
    int error = send_bytes(r, &order, sizeof order, CONTROL);

    r->found.samples = samples;
    r->found.batch = batch;
    if (!error)
        error = receive_bytes(r, NULL, 0, CONTROL); /* it is ready */
    if (!error)
        error = run_batches(r);
    if (!error)
        error = send_bytes(r, NULL, 0, CONTROL); /* it is over */
    if (!error)
        error = receive_bytes(r, &theirs, sizeof theirs, CONTROL);
    if (!error)
        usage_add(&r->found.usage, theirs);
    return error;
}

static int serve_window(struct rank *r, const struct order *order)
{
    struct usage before = usage_now();
    int error = send_bytes(r, NULL, 0, CONTROL);

    for (unsigned i = 0; i < order->samples && !error; i++)
        error = answer(r, order->batch);
    if (!error)
        error = receive_bytes(r, NULL, 0, CONTROL);
    before = usage_since(before);
    return error ? error : send_bytes(r, &before, sizeof before, CONTROL);
}

int serve(struct rank *r)
{
    struct order order;
    int error;

    do {
        error = receive_bytes(r, &order, sizeof order, CONTROL);
        if (!error && order.samples)
            error = serve_window(r, &order);
    } while (!error && order.samples);
    return error;
}

int dismiss(struct rank *r)
{
    const struct order end = {0, 0};

    return send_bytes(r, &end, sizeof end, CONTROL);
}
