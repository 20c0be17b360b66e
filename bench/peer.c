/* SPDX-License-Identifier: MIT */
/*
 * peer.c - the other side of a trial.
 *
 * Its loop is told how many operations to serve over a control socket, never
 * in the channel that is measured.  A count of 0 ends it.  What is done
 * together it does as the timed side does.
 */
#include "trial.h"

#include "common/io.h"

#include <poll.h>
#include <unistd.h>

/* A number of operations; false: there will be no more. */
static bool is_told(int control, uint32_t *n)
{
    return read_full(control, n, sizeof *n) == (ssize_t)sizeof *n && *n;
}

/*
 * What a window costs a peer is known when the timed side is through with it:
 * a queue's feeder sends long after its last put.  So it waits to be told.
 */
static int await_end(int control)
{
    uint32_t n;

    return is_told(control, &n) ? 0 : -ECANCELED;
}

static int serve_window(struct side *s, int role, uint32_t n, int control,
                        struct usage *usage)
{
    struct usage before = usage_now();
    int error;

    if (s->spec.workload->together)
        return together_op(s, n, usage);
    error = s->spec.workload->serve(&s->trial, role, n);
    if (!error)
        error = await_end(control);
    *usage = usage_since(before);
    if (usage->io_calls > 0)
        usage->io_calls--; /* to be told */
    return error;
}

/* Serve one window after another until the timed side has had enough. */
static int serve(struct side *s, int role, int control)
{
    struct peer_report report = {0};
    uint32_t n;

    /* The first report says "ready". */
    while (write_full(control, &report, sizeof report) == 0 &&
           is_told(control, &n)) {
        report.error = serve_window(s, role, n, control, &report.usage);
        if (report.error)
            return report.error == -ECANCELED ? 0 : report.error;
    }
    return 0;
}

/* The read end of a pipe whose other end the timed side alone holds. */
static int life_line = -1;

/* Nobody will want an answer: be gone. */
static void timed_side_died(int number)
{
    struct pollfd end = {life_line, 0, 0};

    (void)number;
    if (poll(&end, 1, 0) == 1)
        _exit(1);
}

/*
 * The parent of a peer that the fork server forked is the server, which lives
 * as long as the peer: its parent's death tells it nothing.  A channel that is
 * not a pipe may not either.  (A forked peer has a copy of the other end, and
 * its parent's death to tell it.)
 */
static int watch_timed_side(struct parcel *parcel)
{
    int error = parcel_take_fd(parcel, &life_line);

    if (!error)
        error = side_watch(life_line, timed_side_died);
    if (!error)
        timed_side_died(SIGIO);
    return error;
}

static int bench_peer(struct parcel *parcel)
{
    struct side s;
    int control = -1, error = side_begin(&s, parcel);
    int role = s.trial.number - 1;

    if (!error)
        error = parcel_take_fd(parcel, &control);
    if (!error)
        error = watch_timed_side(parcel);
    if (!error)
        error = s.spec.workload->join(&s.trial, role, parcel);
    if (!error)
        error = serve(&s, role, control);
    if (s.findings && role >= 0 && role < PEERS_MOST)
        s.findings->peer_errors[role] = error;
    if (s.findings)
        s.spec.workload->close(&s.trial);
    region_close(&s.shared);
    fd_close(&control);
    fd_close(&life_line);
    return error;
}
TARGET(bench_peer)
