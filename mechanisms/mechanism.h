/* SPDX-License-Identifier: MIT */
/*
 * mechanism.h - what a mechanism shows the bench.
 *
 * A mechanism is one `const struct mechanism`, named in list.h.  It offers
 * workloads, which the bench times, and hazards, which the supervisor watches
 * and judges.  Neither the bench nor the supervisor knows anything else of it.
 *
 * A workload has one timed side and any number of peers.  The life of one
 * measurement, in the order of the calls:
 *
 *     timed side                      each peer (started through start/)
 *     open(t)
 *     pack(t, role, parcel) --------> join(t, role, parcel)
 *     op(t, n)              <~~~~~~~> serve(t, role, n)       many times
 *     close(t)                        close(t)
 *
 * Every int returned is 0 or -errno.  op and serve loop n times inside, so
 * that a timed batch holds no indirect call; before each pair the bench tells
 * the peer n over a control socket, so no workload needs a message that means
 * "stop", and nobody waits for an end in the channel that is measured.
 *
 * Where they all do the same (contention, fan-in, fan-out), the workload is
 * `together`: there is no serve, and op runs in every participant at once, from
 * one barrier.  Its n is that of all together, of which each does its share
 * (trial_share); what is timed is from the first start to the last end.
 *
 * Whoever produces writes one word into every cache line of the payload,
 * whoever consumes reads and checks it (payload_write, payload_check): work
 * that nobody does is not measured, and a wrong word fails the run.
 */
#ifndef IPCLAB_MECHANISM_H
#define IPCLAB_MECHANISM_H

#include "common/clock.h"
#include "common/parcel.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Something a workload can be swept over; its grid ends with a NULL name. */
struct setting {
    const char *name;    /* "resident", "huge" */
    int64_t value;       /* the default in a grid, the choice in a trial */
    const char *values;  /* in a grid: what FULL sweeps, "0,64M,256M" */
    const char *summary; /* in a grid: one line for `ipclab list` */
};

/* As values: 1, 2 and so on, to twice as many as the run has processors. */
#define CROWDS "1,2 .. 2 x processors"

/*
 * One message in LATENCY_EVERY has its time of sending stamped beside it.  A
 * slot is used again after 4 million messages, and says how often it was: of
 * LATENCY_TURNS, in its low bits.
 */
enum { LATENCY_EVERY = 64, LATENCY_SLOTS = 65536, LATENCY_TURNS = 64 };

/* One measurement in progress; the bench owns it, each side has its own. */
struct trial {
    size_t bytes;                   /* payload of one operation, or 0 */
    size_t line;                    /* bytes of a cache line */
    int number;                     /* 0: the timed side; a peer: role + 1 */
    int participants;               /* the timed side and its peers */
    uint64_t sequence;              /* of the next message on this side */
    const struct setting *settings; /* name and value, NULL-name ended */
    void *state;                    /* set by open or join, freed by close */

    /* Provided by the bench; call through trial_sample and friends. */
    void (*sample)(struct trial *t, int64_t ns);
    void (*latency)(struct trial *t, int64_t ns);
    _Atomic int64_t *sent; /* LATENCY_SLOTS stamps shared by both sides */
};

/* The value of a setting; fallback where the workload's grid lacks it. */
static inline int64_t trial_setting(const struct trial *t, const char *name,
                                    int64_t fallback)
{
    const struct setting *s = t->settings;

    for (; s && s->name; s++)
        if (strcmp(s->name, name) == 0)
            return s->value;
    return fallback;
}

/* Of messages of that length, how many may be under way between two: 64 MiB of
 * them, but two at least.  A plan asks for no greater capacity. */
static inline int64_t capacity_most(size_t bytes)
{
    const size_t most = (size_t)64 << 20;

    return bytes < most / 2 ? (int64_t)(most / (bytes + 1)) : 2;
}

/* Of n things that `of` do together, how many are the one's of that number. */
static inline unsigned trial_share(unsigned n, int number, int of)
{
    unsigned parts = of > 1 ? (unsigned)of : 1;

    return n / parts + ((unsigned)number < n % parts);
}

/* Hand in the duration of one operation that is not the whole of op. */
static inline void trial_sample(struct trial *t, int64_t ns)
{
    t->sample(t, ns);
}

/* The slot of a message of a stream, if it has one. */
static inline _Atomic int64_t *trial_slot(const struct trial *t,
                                          uint64_t sequence, int64_t *turn)
{
    *turn = (int64_t)(sequence / LATENCY_EVERY / LATENCY_SLOTS % LATENCY_TURNS);
    return sequence % LATENCY_EVERY
               ? NULL
               : &t->sent[sequence / LATENCY_EVERY % LATENCY_SLOTS];
}

/* The producer is about to send this message of a stream. */
static inline void trial_sending(struct trial *t, uint64_t sequence)
{
    int64_t turn;
    _Atomic int64_t *slot = trial_slot(t, sequence, &turn);

    if (slot)
        *slot = clock_now() * LATENCY_TURNS + turn;
}

/*
 * The consumer has this message of a stream, checked.  A producer that is so
 * far ahead that it has used the slot again has left no time for this one.
 */
static inline void trial_received(struct trial *t, uint64_t sequence)
{
    int64_t turn, stamp;
    _Atomic int64_t *slot = trial_slot(t, sequence, &turn);

    if (!slot)
        return;
    stamp = *slot;
    if (stamp % LATENCY_TURNS == turn)
        t->latency(t, clock_now() - stamp / LATENCY_TURNS);
}

/* The word that message `sequence` has at `offset`: every bit depends on both.
 */
static inline uint64_t payload_word(uint64_t sequence, size_t offset)
{
    uint64_t word = (sequence + 1) * 0x9e3779b97f4a7c15u;

    return word ^ (word >> 29) ^ offset;
}

/* Write the word of each cache line of a payload; below 8 bytes its low ones.
 */
static inline void payload_write(void *payload, size_t bytes, size_t line,
                                 uint64_t sequence)
{
    unsigned char *at = (unsigned char *)payload;

    for (size_t offset = 0; offset < bytes; offset += line) {
        uint64_t word = payload_word(sequence, offset);
        size_t left = bytes - offset;

        memcpy(at + offset, &word, left < sizeof word ? left : sizeof word);
    }
}

/* 0 when every word is the one that payload_write left, else -EILSEQ. */
static inline int payload_check(const void *payload, size_t bytes, size_t line,
                                uint64_t sequence)
{
    const unsigned char *at = (const unsigned char *)payload;
    uint64_t differ = 0;

    for (size_t offset = 0; offset < bytes; offset += line) {
        uint64_t word = payload_word(sequence, offset);
        uint64_t have = word;
        size_t left = bytes - offset;

        memcpy(&have, at + offset, left < sizeof have ? left : sizeof have);
        differ |= have ^ word;
    }
    return differ ? -EILSEQ : 0;
}

/*
 * What is done while a lock is held, in memory that all share: a count in two
 * words that must agree.  No other order than the lock's: with two in it at
 * once a count is lost, or one finds the words different.
 */
struct guarded {
    _Alignas(256) volatile uint64_t count; /* on lines of its own */
    volatile uint64_t again;
};

static inline int guarded_add(struct guarded *g)
{
    uint64_t count = g->count;

    if (g->again != count)
        return -EILSEQ;
    g->count = count + 1;
    g->again = count + 1;
    return 0;
}

/* 0 when it was done that often, else -EILSEQ. */
static inline int guarded_check(const struct guarded *g, uint64_t done)
{
    return g->count == done && g->again == done ? 0 : -EILSEQ;
}

/* One way to exercise a mechanism. */
struct workload {
    const char *name;             /* "roundtrip", "stream", "joined" */
    const char *unit;             /* what one operation is: "round trip" */
    const char *floor;            /* the limit it is held against, or NULL */
    const struct setting *grid;   /* what it can be swept over, or NULL */
    int peers;                    /* 0: the timed side is alone */
    const char *const *crowd;     /* settings whose sum is the number of all
                                     participants, NULL-ended; or NULL: peers */
    bool served;                  /* beside the crowd there is a server: the
                                     peer of role 0 */
    bool sized;                   /* bytes means something */
    bool one_way;                 /* a stream: it reports latency as well */
    bool own;                     /* samples come from trial_sample alone */
    bool spins;                   /* its sides wait busily: never on one core */
    const int64_t *capacity_most; /* no greater capacity can be had here, and
                                     none is asked for; NULL, or of 0: any */
    const char *program;          /* what measures it, in place of the calls
                                     below (bench/); or NULL */
    bool variant;                 /* measured as that of a variant is */
    bool python;                  /* it needs a python3 */
    bool forked;                  /* its peers must be: they have what open made
                                     by that alone, and nothing is packed */
    bool together;                /* op runs in every participant, from one
                                     barrier: n operations of all together */
    int64_t guess;                /* ns of one operation, to plan with, or 0 */

    int (*open)(struct trial *t);
    int (*pack)(struct trial *t, int role, struct parcel *parcel);
    int (*join)(struct trial *t, int role, struct parcel *parcel);
    int (*op)(struct trial *t, unsigned n);
    int (*serve)(struct trial *t, int role, unsigned n);
    /* Together, or NULL: the timed side, when all have ended a window.  Is what
     * they did, `done` operations since open, right?  -EILSEQ: it is not. */
    int (*check)(struct trial *t, uint64_t done);
    void (*close)(struct trial *t);
};

/* How many peers a workload has with these settings. */
static inline int64_t workload_peers(const struct workload *w,
                                     const struct setting *settings)
{
    const struct trial t = {.settings = settings};
    int64_t participants = 0;

    if (!w->crowd)
        return w->peers;
    for (const char *const *name = w->crowd; *name; name++)
        participants += trial_setting(&t, *name, 0);
    return participants - 1 + w->served;
}

enum outcome { ENDS, HANGS, CRASHES, CORRUPTS, LOSES, LEAKS, COSTS };

struct witness; /* witness.h: what a scenario tells its supervisor */

/*
 * A way it goes wrong, and its cures; watched and judged from outside.
 *
 * run(w, 0) goes wrong as `expect` says, on every run; run(w, 1..n) are its
 * cures: they do the same work and must return 0, with the right result.
 * A scenario forces its schedule with pipes and barriers, never with sleeps.
 */
struct hazard {
    const char *name;     /* "fork-held-lock" */
    const char *summary;  /* one line: what goes wrong */
    const char *lesson;   /* "02" */
    const char *question; /* what a student is asked first, or NULL */
    const char *victim;   /* who goes wrong: "the child" */
    enum outcome expect;
    const char *evidence;     /* what the supervisor must find itself:
                                 "futex private", "read pipe", "signal" */
    const char *const *cures; /* one line each, NULL-ended */
    int (*run)(struct witness *w, int cure);
};

struct mechanism {
    const char *name;                 /* "pipe" */
    const char *variant_of;           /* the one that is measured at every size
                                         before this one is; or NULL */
    const char *python;               /* "multiprocessing.Pipe" */
    const char *summary;              /* one line */
    const struct workload *workloads; /* NULL-name ended */
    const struct hazard *hazards;     /* NULL-name ended, or NULL */
};

#endif
