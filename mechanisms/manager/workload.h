/* SPDX-License-Identifier: MIT */
/*
 * workload.h - what the workloads of manager/ share.
 *
 * The peer of role 0 is the server, in a process of its own; the timed side and
 * the further peers are its clients.  The server makes the objects before it
 * says that it is ready, and hands each client its proxies in memory that all
 * have; a client takes them with its first operation, when all are ready.
 */
#ifndef IPCLAB_MANAGER_WORKLOAD_H
#define IPCLAB_MANAGER_WORKLOAD_H

#include "common/region.h"
#include "manager/manager.h"
#include "mechanism.h"
#include "sync/sync.h"

enum { CLIENTS_MOST = 16, OBJECTS_MOST = 2, PARCEL_MOST = 4096, KEY = 32 };

/* What the objects are: all of one type. */
enum objects { NO_OBJECT, ONE_LIST, ONE_DICT, ONE_VALUE, TWO_QUEUES };

/* A list has the numbers from LIST_FIRST on, a Value the first of them. */
enum { LIST_LENGTH = 64, LIST_FIRST = 1000 };

/* In memory that all participants have. */
struct meeting {
    enum objects objects;
    char address[64];
    unsigned char key[KEY];
    /* For each client, its proxies. */
    struct handed {
        size_t length;
        unsigned char bytes[PARCEL_MOST];
    } handed[CLIENTS_MOST];
};

struct serving; /* workload_server.c */

struct bench {
    struct region region;
    struct meeting *meeting;
    struct semaphore ended;  /* together: clients that have done their share */
    struct serving *serving; /* role 0 alone: ours, */
    pid_t python;            /* or a python3 */
    uint64_t owed;           /* requests of the windows before this one */

    bool begun; /* a client has its proxies */
    struct manager manager;
    struct proxy proxies[OBJECTS_MOST];
    struct datum arguments; /* of payload/, used again */
};

/* Before any peer exists: where all meet.  What is packed for each, and taken
 * by each. */
int bench_open(struct trial *t, enum objects objects);
int bench_pack(struct trial *t, int role, struct parcel *parcel);
int bench_join(struct trial *t, int role, struct parcel *parcel);
void bench_close(struct trial *t);

/* What is taken by a peer whose server is not ours. */
int bench_meet(struct trial *t, struct parcel *parcel);

/* First thing in every op of a client. */
int bench_begin(struct trial *t);

/* Make the objects of a server that listens, and hand out their proxies. */
int bench_make(struct trial *t);

/*
 * The server: what the windows before this one asked for has been answered,
 * `each` requests an operation; or -EILSEQ.  Nothing else is to be done: its
 * threads serve, and the harness says when a window is over.
 */
int bench_serve(struct trial *t, unsigned n, unsigned each);

/* A result is that number, or None; it is dropped.  0 or -EILSEQ. */
int bench_expect(struct datum *result, int64_t expected);
int bench_expect_none(struct datum *result);

/* A client: numbers[i] of the list, n times, checked. */
int bench_get(struct trial *t, unsigned n);

/* Who is the server, and which of the clients is this one? */
static inline bool bench_is_server(const struct trial *t)
{
    return t->number == 1;
}

static inline int bench_client(const struct trial *t)
{
    return t->number == 0 ? 0 : t->number - 1;
}

/* --- workload_server.c --- */

/* Serve in threads of this process; its address is then in the meeting. */
int serving_begin(struct trial *t);
uint64_t serving_answered(const struct serving *s);
void serving_end(struct serving *s);

/* --- workload_clients.c --- */

int clients_open(struct trial *t);
int clients_op(struct trial *t, unsigned n);
int queue_open_two(struct trial *t);
int queue_op(struct trial *t, unsigned n);
int queue_serve(struct trial *t, int role, unsigned n);

/* --- workload_cpython.c --- */

int cpython_join(struct trial *t, int role, struct parcel *parcel);
int cpython_serve(struct trial *t, int role, unsigned n);
void cpython_close(struct trial *t);

#endif
