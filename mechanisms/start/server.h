/* SPDX-License-Identifier: MIT */
/*
 * server.h - the fork server's state.
 *
 * Private to server.c, which waits, and serve.c, which forks.
 */
#ifndef IPCLAB_SERVER_H
#define IPCLAB_SERVER_H

#include "start/served.h"

/* Something the loop waits for. */
struct watched {
    int fd;
    void (*ready)(struct watched *w);
};

/* Who connected. */
struct visitor {
    struct watched watched;
    pid_t doorkeeper; /* 0: admitted */
    int pidfd;        /* of the client, once it has said hello */
    struct visitor *next;
};

/* A child that was forked for a client. */
struct worker {
    pid_t pid;
    int status;
    struct worker *next;
};

/* Of the process that is the server; a child of it drops all of it. */
extern struct server {
    struct watched listener, alive, signals;
    int poll, address;
    unsigned char key[AUTH_KEY];
    struct visitor *visitors;
    struct worker *workers;
    struct worker first; /* where there is one, nothing is allocated */
    bool first_used, leaving;
    /* The message that is served, and the descriptors that came with it. */
    int fds[FDS_MOST];
    _Alignas(struct preparation) char packet[PACKET];
} serving;

/* A message from one who was admitted is there, or he has gone. */
void take_message(struct watched *w);

/* Let a visitor go. */
void dismiss(struct visitor *v);

/* In a child: close what is the server's alone, or another client's than the
 * one of that pidfd. */
void drop_all_but(int pidfd);

/* It has ended, and its client has been told. */
void forget_worker(struct worker *w);

#endif
