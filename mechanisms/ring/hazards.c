/* SPDX-License-Identifier: MIT */
/*
 * hazards.c - how a ring goes wrong, and the cures.
 *
 * A producer is killed in the middle of its put: half of the item is copied,
 * and it has the producers' lock.  In memory that others share nothing is
 * undone.  The half does no harm, since no place behind it was published; but
 * with a plain lock nobody will ever put again.
 */
#include "mechanism.h"

#include "ring/state.h"
#include "start/hazards.h"

#include <signal.h>
#include <sys/mman.h>

extern const struct hazard ring_hazards[];

enum { CURE_ROBUST = 1, CURE_RINGS };
enum { WHOLE = 4711 }; /* the next one's item */

/* The one ring, or with the second cure one for each producer. */
static struct ring rings[2];
static int halfway[2];

/* region: killed-ring-producer */
/* The copy has come to a page that is not there. */
static void stay(int signal)
{
    char byte = (char)signal;

    if (write(halfway[1], &byte, 1) != 1)
        _exit(1);
    for (;;)
        pause(); /* it is killed here */
}

/* Put an item of which only the first page can be read. */
static _Noreturn void put_halfway(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char *item = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (item == MAP_FAILED || mprotect(item + page, page, PROT_NONE) < 0)
        _exit(1);
    signal(SIGSEGV, stay);
    ring_put(&rings[0], item, 2 * page, NO_TIMEOUT);
    _exit(1);
}
/* end: killed-ring-producer */

static _Noreturn void put_whole(struct ring *r)
{
    uint64_t item = WHOLE;

    _exit(ring_put(r, &item, sizeof item, NO_TIMEOUT) ? 1 : 0);
}

/* A producer that is halfway when this returns; or -errno. */
static pid_t start_halfway(struct witness *w)
{
    _Atomic uint32_t *word = &rings[0].state->ends[RING_PUT].lock.word;
    pid_t producer = fork();
    char byte;

    if (producer == 0)
        put_halfway();
    if (producer < 0 || read_some(halfway[0], &byte, 1) != 1)
        return -ECHILD;
    witness_memory(w, "putting", word);
    witness_holder(w, producer);
    witness_show(w, 1); /* it lives, and its id is in the word */
    return producer;
}

static int prepare(int cure)
{
    struct lock unused;
    int error = fd_pipe(halfway);

    for (int i = 0; i < (cure == CURE_RINGS ? 2 : 1) && !error; i++)
        error = ring_open(&rings[i], 0, 0, RING_BLOCK);
    if (!error && cure != CURE_ROBUST) /* the naive one */
        lock_init(&unused, &rings[0].state->ends[RING_PUT].lock, LOCK_PLAIN);
    return error;
}

static int killed_ring_producer(struct witness *w, int cure)
{
    struct ring *r = &rings[cure == CURE_RINGS];
    int error = prepare(cure);
    pid_t producer, next;
    uint64_t item = 0;

    witness_expect(w, WHOLE);
    if (error)
        return error;
    producer = start_halfway(w);
    if (producer < 0 || kill(producer, SIGKILL) < 0 ||
        wait_for(producer) != -ECANCELED)
        return -ECHILD;
    next = fork();
    if (next == 0)
        put_whole(r);
    if (next < 0)
        return -errno;
    witness_victim(w, next);
    witness_ready(w);

    if (wait_for(next) != 0)
        return -ECHILD;
    if (ring_get(r, &item, sizeof item, 0) != sizeof item)
        return -EILSEQ; /* also if the half came first: it is longer */
    witness_got(w, (int64_t)item);
    ring_close(&rings[0]);
    ring_close(&rings[1]);
    return 0;
}

const struct hazard ring_hazards[] = {
    {.name = "killed-ring-producer",
     .summary = "a producer was killed within its put, and the lock in shared "
                "memory says for ever that it is taken",
     .lesson = "08",
     .question = "Items lie in a ring in shared memory; producers take turns, "
                 "by a lock.  One is\n"
                 "killed when it has copied half of its item.  Another puts an "
                 "item, which is got.\n"
                 "What will that do: a) finish b) hang c) crash d) finish, "
                 "with the half item?",
     .victim = "the next producer",
     .expect = HANGS,
     .evidence = "dead owner",
     .cures =
         (const char *const[]){
             "robust locks, the ring's own: it is written over",
             "a ring for each producer: no lock is shared", NULL},
     .run = killed_ring_producer},
    {.name = NULL},
};
