/* SPDX-License-Identifier: MIT */
/*
 * trial.h - one measurement in fresh processes: a row's share of one round.
 *
 *     main ---- start ----> timed side ---- start ----> peers
 *      |                        |  control sockets        |
 *      +------ findings (memory that all of them share) --+
 *
 * The timed side is a process of its own, so that each round has fresh
 * processes and a crash is a row that failed and not a run that ended.
 */
#ifndef IPCLAB_TRIAL_H
#define IPCLAB_TRIAL_H

#include "common/region.h"
#include "counters.h"
#include "result.h"
#include "start/start.h"

#include <signal.h>

enum { SAMPLES_MOST = 8192, LATENCIES_MOST = 65536 };

/* What to measure. */
struct trial_spec {
    const char *mechanism;
    const struct workload *workload;
    size_t bytes;
    size_t line; /* of the cache; trial_run knows it */
    struct setting settings[SETTINGS_MAX + 1];
    enum start_method start;
    int timed_cpu, peer_cpu;       /* -1: wherever the scheduler likes */
    int more_cpus[PEERS_MOST - 1]; /* of further peers, then all in turn */
    int more_cpu_count;
    int64_t clock_cost;   /* ns that one look at the clock takes */
    int64_t warm, window; /* ns: at least, and about */
    int64_t patience;     /* ns after which it is given up */
};

enum stage { OPENING, STARTING, WARMING, TIMING, CLOSING, DONE };

/* What came out; each side writes its own part. */
struct findings {
    _Atomic int stage; /* how far the timed side got */
    int error;         /* of the timed side, 0 or -errno */
    pid_t peer_pids[PEERS_MOST];
    int peer_errors[PEERS_MOST];
    int dead_peer, dead_status; /* a peer that ended early: role + 1 */

    _Atomic unsigned windows; /* begun since its start, the warm-up's too */
    unsigned batch;           /* operations a sample */
    uint32_t samples, latencies;
    int64_t operations, elapsed; /* of the timed window */
    struct usage timed, peers;
    struct disturbance disturbance;

    /* Together: where all begin, and when each began and ended. */
    _Atomic uint32_t arrived, gate;
    struct span {
        int64_t begin, end;
    } spans[PEERS_MOST + 1];

    int64_t sample[SAMPLES_MOST]; /* ns a batch */
    int64_t latency[LATENCIES_MOST];
    _Atomic int64_t sent[LATENCY_SLOTS];
};

/*
 * Run one trial; findings lie in `shared`, a region of sizeof(struct findings).
 * Waits for its end, at most spec->patience, and leaves no process behind.
 * 0; -EINTR when *stop became true; else -errno, and why says what happened.
 */
int trial_run(const struct trial_spec *spec, const struct region *shared,
              const volatile sig_atomic_t *stop, char *why, size_t size);

/* Shared by the timed side and the peers. */
struct side {
    struct trial trial;
    struct trial_spec spec;
    struct findings *findings;
    struct region shared;
    int peers;
    uint64_t done; /* operations since open, of all together */
};

/*
 * Hand a side what it is to do, the findings, and which one it is (0: the timed
 * side, a peer: role + 1); become one: unpack that, be placed, die with the
 * parent.  0 or -errno.
 */
int side_pack(const struct trial_spec *spec, const struct region *shared,
              int number, struct parcel *parcel);
int side_begin(struct side *s, struct parcel *parcel);

/*
 * Have SIGIO when this pipe's read end speaks, from wherever this process is
 * blocked.  What it said before is not told: look once.  0 or -errno.
 */
int side_watch(int fd, void (*handler)(int));

/* What a peer answers after each window. */
struct peer_report {
    int error;
    struct usage usage;
};

/*
 * together.c: begin with all others and do this one's share of n operations.
 * What it cost this one alone, without the wait for the others, is in *usage.
 */
int together_op(struct side *s, unsigned n, struct usage *usage);

/* When all have reported: ns from the first start to the last end. */
int64_t together_elapsed(const struct side *s);

/* measure.c: warm up, choose a batch, and time the window.  0 or -errno. */
int measure(struct side *s, const int *controls);

#endif
