/* SPDX-License-Identifier: MIT */
/*
 * open_mpi.h - what the files of the program open-mpi share.
 *
 * Two processes, the ranks of MPI: 0 is the timed side, 1 its peer.  Every int
 * returned is 0 or -errno.
 */
#ifndef IPCLAB_OPEN_MPI_H
#define IPCLAB_OPEN_MPI_H

#include "counters.h"
#include "traffic.h"

/* What the command line asks for. */
struct job {
    bool stream;
    size_t bytes;         /* of a payload; MPI counts them in an int */
    int cpus[2];          /* of the ranks; -1: wherever the scheduler likes */
    int64_t warm, window; /* ns: at least, and about */
    unsigned most;        /* samples */
    int64_t capacity;     /* messages of a stream that may be under way */
};

/* What a window left. */
struct finding {
    unsigned samples, batch; /* batch: operations a sample */
    unsigned latencies;
    int64_t elapsed;
    int64_t *sample, *latency; /* job.most of them, LATENCY_SLOTS of them */
    struct usage usage;        /* of both ranks */
};

struct rank {
    struct trial trial; /* its state is this */
    struct job job;
    int number;
    bool stamped; /* both have the memory that trial.sent is */
    unsigned char *payload;
    int64_t room; /* messages that may be sent before the next credit */
    int64_t got;  /* messages received since the last one */
    struct finding found;
};

/* open_mpi_job.c: -EINVAL, and why says what is wrong, in words. */
int job_read(struct job *job, int argc, char **argv, char *why, size_t size);

/* open_mpi_channel.c.  The timed side: a window of that many samples, which
 * fills in rank->found; and have the peer end.  The peer: serve until then. */
int window(struct rank *r, unsigned samples, unsigned batch);
int dismiss(struct rank *r);
int serve(struct rank *r);
void keep_latency(struct trial *t, int64_t ns); /* for trial.latency */

/* open_mpi_measure.c: warm up, choose a batch, time a window, print it. */
int measure(struct rank *r);
void print_findings(const struct rank *r);

/* open_mpi_stamps.c, both ranks: have trial.sent. */
int stamps_open(struct rank *r);

#endif
