/* SPDX-License-Identifier: MIT */
/*
 * zeromq.h - ZeroMQ over ipc://, with the two kinds of sockets that SENDS and
 * RECEIVES name.
 *
 * Each process has a context of its own, made when nobody is forked any more:
 * no context lives on in a child.  The forked side binds, to an abstract
 * address, which leaves no file behind; the other connects.  The capacity is
 * half at the sender, half at the receiver (the high-water marks); what the
 * socket between them holds comes on top.
 */
#ifndef IPCLAB_PEERS_ZEROMQ_H
#define IPCLAB_PEERS_ZEROMQ_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>
#include <unistd.h>
#include <zmq.h>

struct way {
    char address[64];
    pid_t opener;
    size_t capacity;
    void *context, *socket;
};

#include "peers/channel.h"

static int way_open(struct way *w, size_t bytes, size_t capacity)
{
    static unsigned number;

    (void)bytes;
    *w = (struct way){.opener = getpid(), .capacity = capacity};
    snprintf(w->address, sizeof w->address, "ipc://@ipclab-%d-%u", w->opener,
             number++);
    return 0;
}

static int set(void *socket, int option, size_t value)
{
    int number = (int)value;

    return zmq_setsockopt(socket, option, &number, sizeof number);
}

static int way_begin(struct way *w, bool sends)
{
    const int kinds[] = {RECEIVES, SENDS};

    w->context = zmq_ctx_new();
    if (!w->context)
        return -errno;
    w->socket = zmq_socket(w->context, kinds[sends]);
    if (!w->socket || set(w->socket, ZMQ_LINGER, 0) < 0 ||
        set(w->socket, ZMQ_SNDHWM, (w->capacity + 1) / 2) < 0 ||
        set(w->socket, ZMQ_RCVHWM, (w->capacity + 1) / 2) < 0)
        return -errno;
    if (getpid() == w->opener ? zmq_connect(w->socket, w->address) < 0
                              : zmq_bind(w->socket, w->address) < 0)
        return -errno;
    return 0;
}

static int way_send(struct way *w, const void *message, size_t bytes)
{
    while (zmq_send(w->socket, message, bytes, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return 0;
}

static ssize_t way_receive(struct way *w, void *message, size_t bytes)
{
    int got;

    while ((got = zmq_recv(w->socket, message, bytes, 0)) < 0)
        if (errno != EINTR)
            return -errno;
    return got;
}

static void way_close(struct way *w)
{
    if (w->socket)
        zmq_close(w->socket);
    if (w->context)
        zmq_ctx_term(w->context);
}

#endif
