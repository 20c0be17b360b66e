/* SPDX-License-Identifier: MIT */
/*
 * witness.h - what a scenario tells the supervisor that watches it.
 *
 * It lies in memory that both share.  A witness says where to look and never
 * what is there: which process should be stuck, on which word or descriptor,
 * and who is said to hold it.  The supervisor looks for itself, with the
 * kernel's eyes, and believes nothing that it does not find.
 *
 *     witness_expect(w, 2);               // the work: two entries
 *     witness_mutex(w, "journal", &lock); // the child will wait for this,
 *     witness_victim(w, child);
 *     witness_holder(w, getpid());        // and we have the thread that has it
 *     witness_ready(w);                   // the stage is set
 *     ...
 *     witness_got(w, entries);            // a cure comes here, a hang does not
 *
 * What does not hang is looked at in stages.  At each the scenario waits until
 * the supervisor has looked, so that it can count before and after:
 *
 *     witness_show(w, 1);  // before
 *     ...
 *     witness_show(w, 2);  // after
 *
 * A child of a fresh image is handed the witness in its parcel, and tells of
 * itself what nobody else can know: where things are in its own memory.
 */
#ifndef IPCLAB_WITNESS_H
#define IPCLAB_WITNESS_H

#include "common/clock.h"
#include "common/region.h"

#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* How long a gate stays closed at the most: nobody waits for ever for a judge
 * that cannot look. */
#define GATE_LONGEST (5 * SECOND)

struct witness {
    pid_t victim;        /* who goes wrong */
    pid_t holder;        /* who is said to hold what the victim waits for */
    pid_t child;         /* whose end it waits for */
    pid_t server;        /* a manager's, of which the victim is a client */
    char ident[24];      /* by which that knows the object that matters */
    char name[32];       /* what the program calls that */
    uint64_t word;       /* where it is in the victim's memory; 0: nowhere */
    uint64_t child_word; /* and in the child's: of the same in its own image, or
                            of another */
    int fd;              /* or the victim's descriptor; 0: none */
    int child_fd;        /* or the child's */
    int memory;          /* the region that this lies in */
    int file;            /* a memfd that the supervisor made, and reads */
    int port;            /* TCP, on 127.0.0.1 */
    int64_t count;       /* how many there should be of what is looked for */
    int64_t expected, got; /* the work to be done, and what was done */
    _Atomic bool finished; /* got was handed in */
    _Atomic bool ready;
    bool judged;       /* somebody looks at the stages */
    _Atomic int shown; /* the stage that is shown */
    _Atomic int seen;  /* the last whose gate is open; a futex word */
};

/* Of one who adds 1 to a number that others add to: in its own memory, what it
 * read, what it wrote then, and how many more it has added since. */
struct witness_turn {
    int64_t read, wrote, added;
};

/* Of one who asks a server that others ask too: in its own memory, what for,
 * and what it was given as the answer. */
struct witness_answer {
    char asked[32], got[32];
};

static inline void witness_victim(struct witness *w, pid_t process)
{
    w->victim = process;
}

static inline void witness_holder(struct witness *w, pid_t process)
{
    w->holder = process;
}

/* The victim waits for the end of this child of its. */
static inline void witness_child(struct witness *w, pid_t process)
{
    w->child = process;
}

/* The matter is an object of a manager, which the supervisor can ask for. */
static inline void witness_server(struct witness *w, pid_t process,
                                  const char *ident)
{
    w->server = process;
    snprintf(w->ident, sizeof w->ident, "%s", ident);
}

/* The victim will wait for this mutex; its lock word is its first member. */
static inline void witness_mutex(struct witness *w, const char *name,
                                 const pthread_mutex_t *mutex)
{
    snprintf(w->name, sizeof w->name, "%s", name);
    w->word = (uint64_t)(uintptr_t)&mutex->__data.__lock;
}

/* What matters lies here in the victim's memory, and in its children's. */
static inline void witness_memory(struct witness *w, const char *name,
                                  const volatile void *address)
{
    snprintf(w->name, sizeof w->name, "%s", name);
    w->word = (uint64_t)(uintptr_t)address;
}

/* The victim is concerned with this descriptor of its own. */
static inline void witness_fd(struct witness *w, const char *name, int fd)
{
    snprintf(w->name, sizeof w->name, "%s", name);
    w->fd = fd;
}

/*
 * The matter is a name in /dev/shm that is this run's alone, as its TMPDIR is:
 * the supervisor removes whatever there begins like that folder, however the
 * run ends.  w->name is the name.
 */
static inline void witness_segment(struct witness *w, const char *what)
{
    const char *folder = getenv("TMPDIR");
    const char *slash = folder ? strrchr(folder, '/') : NULL;

    snprintf(w->name, sizeof w->name, "%s-%s", slash ? slash + 1 : "ipclab",
             what);
}

/* In a child of a fresh image: what it has of that, in a memory and a table of
 * its own.  Or what a child waits for beside the victim. */
static inline void witness_child_memory(struct witness *w,
                                        const volatile void *address)
{
    w->child_word = (uint64_t)(uintptr_t)address;
}

static inline void witness_child_fd(struct witness *w, int fd)
{
    w->child_fd = fd;
}

/* Hand the witness to a child: 0 or -errno. */
static inline int witness_pack(struct witness *w, struct parcel *parcel)
{
    struct region whole = {w, sizeof *w, w->memory};

    return region_pack(&whole, parcel);
}

/* In that child: the same witness, or NULL. */
static inline struct witness *witness_unpack(struct parcel *parcel)
{
    struct region whole;

    return region_unpack(&whole, parcel) == 0 ? whole.base : NULL;
}

/* How many children, bytes, ... the supervisor should find. */
static inline void witness_count(struct witness *w, int64_t count)
{
    w->count = count;
}

/* How much a right run yields; said before it begins, the same by each cure. */
static inline void witness_expect(struct witness *w, int64_t expected)
{
    w->expected = expected;
}

/* What this run yielded. */
static inline void witness_got(struct witness *w, int64_t got)
{
    w->got = got;
    atomic_store_explicit(&w->finished, true, memory_order_release);
}

/* The stage is set: whoever is going to be stuck will now stay so. */
static inline void witness_ready(struct witness *w)
{
    atomic_store_explicit(&w->ready, true, memory_order_release);
}

/*
 * Show a stage, 1 and upwards, and wait at its gate until the supervisor has
 * looked at it.  Any process of the scenario may, one at a time.  Without a
 * judge, as in a cure, the gate is open.
 */
static inline void witness_show(struct witness *w, int stage)
{
    int64_t deadline = clock_deadline(GATE_LONGEST);
    struct timespec left;
    int seen;

    atomic_store_explicit(&w->shown, stage, memory_order_release);
    while (w->judged && clock_now() < deadline &&
           (seen = atomic_load_explicit(&w->seen, memory_order_acquire)) <
               stage)
        syscall(SYS_futex, &w->seen, FUTEX_WAIT, seen,
                clock_left(deadline, &left), NULL, 0);
}

/* The supervisor opens the gate of a stage. */
static inline void witness_open(struct witness *w, int stage)
{
    atomic_store_explicit(&w->seen, stage, memory_order_release);
    syscall(SYS_futex, &w->seen, FUTEX_WAKE, 1, NULL, NULL, 0);
}

#endif
