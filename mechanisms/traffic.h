/* SPDX-License-Identifier: MIT */
/*
 * traffic.h - messages there and back, and in a stream.
 *
 * The loops of every channel's workloads, and of the bare system calls that
 * they are held against: so both do the same by construction.  `send` writes
 * and sends the message of a sequence number, `receive` receives and checks it;
 * they are inlined with the loop, and are no indirect calls.
 */
#ifndef IPCLAB_TRAFFIC_H
#define IPCLAB_TRAFFIC_H

#include "mechanism.h"

#include <stdlib.h>

/* Room for a trial's payload, touched: the caller frees it.  Or NULL. */
static inline unsigned char *traffic_payload(const struct trial *t)
{
    unsigned char *payload = malloc(t->bytes ? t->bytes : 1);

    return payload ? memset(payload, 0, t->bytes) : NULL;
}

#define TRAFFIC static inline __attribute__((always_inline))

/* A request has an even number, its reply the odd one after it. */
TRAFFIC int traffic_ask(struct trial *t, unsigned n,
                        int (*send)(struct trial *t, uint64_t sequence),
                        int (*receive)(struct trial *t, uint64_t sequence))
{
    int error = 0;

    for (; n && !error; n--, t->sequence += 2) {
        error = send(t, t->sequence);
        if (!error)
            error = receive(t, t->sequence + 1);
    }
    return error;
}

TRAFFIC int traffic_answer(struct trial *t, unsigned n,
                           int (*send)(struct trial *t, uint64_t sequence),
                           int (*receive)(struct trial *t, uint64_t sequence))
{
    int error = 0;

    for (; n && !error; n--, t->sequence += 2) {
        error = receive(t, t->sequence);
        if (!error)
            error = send(t, t->sequence + 1);
    }
    return error;
}

TRAFFIC int traffic_consume(struct trial *t, unsigned n,
                            int (*receive)(struct trial *t, uint64_t sequence))
{
    int error = 0;

    for (; n && !error; n--, t->sequence++) {
        error = receive(t, t->sequence);
        trial_received(t, t->sequence);
    }
    return error;
}

TRAFFIC int traffic_produce(struct trial *t, unsigned n,
                            int (*send)(struct trial *t, uint64_t sequence))
{
    int error = 0;

    for (; n && !error; n--, t->sequence++) {
        trial_sending(t, t->sequence);
        error = send(t, t->sequence);
    }
    return error;
}

#undef TRAFFIC

#endif
