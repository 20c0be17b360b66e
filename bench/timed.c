/* SPDX-License-Identifier: MIT */
/* timed.c - the timed side of a trial: starts the peers, measures, ends them.
 */
#include "trial.h"

#include "common/io.h"
#include "start/forkserver.h"

#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const int64_t peer_patience = 10 * SECOND;

struct peers {
    struct process process[PEERS_MOST];
    int controls[PEERS_MOST];
    int lives[PEERS_MOST]; /* each ends with this side */
    int count;
};

/* For the handler of SIGIO alone. */
static struct {
    struct findings *findings;
    enum start_method method;
    volatile sig_atomic_t count;
    int sentinels[PEERS_MOST];
} watched;

static bool has_spoken(int sentinel)
{
    struct pollfd end = {sentinel, POLLIN, 0};

    return poll(&end, 1, 0) == 1;
}

/*
 * How a peer ended whose sentinel has spoken.  A child of ours closes that a
 * moment before it is a zombie; of its own children the fork server writes it.
 */
static int status_of(int role)
{
    siginfo_t info = {0};
    int64_t code;

    if (watched.method == START_FORKSERVER)
        return read_some(watched.sentinels[role], &code, sizeof code) ==
                       sizeof code
                   ? (int)code
                   : 255; /* the server died before it */
    waitid(P_PID, (id_t)watched.findings->peer_pids[role], &info,
           WEXITED | WNOWAIT);
    return info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
}

/* region: peer-died */
/*
 * A peer that ends while this side still works will never answer, and whether
 * its end can be seen in the measured channel depends on who else holds it.
 * So the first such death ends the trial, from wherever this side is blocked.
 *
 * It is the sentinel that tells, and not SIGCHLD: a peer that the fork server
 * forked is no child of ours, and the server and the resource tracker are, but
 * no peers.
 */
static void peer_died(int number)
{
    (void)number;
    for (int i = 0; i < watched.count; i++)
        if (has_spoken(watched.sentinels[i])) {
            watched.findings->dead_status = status_of(i);
            watched.findings->dead_peer = i + 1;
            _exit(1);
        }
}
/* end: peer-died */

/* The next peer, which runs, and may have ended already. */
static int watch_peer(int sentinel)
{
    int error = side_watch(sentinel, peer_died);

    watched.sentinels[watched.count] = sentinel;
    watched.count++;
    if (has_spoken(sentinel))
        raise(SIGIO);
    return error;
}

static void stop_watching(void)
{
    signal(SIGIO, SIG_IGN);
}

/* Start the peer of one role; its control socket and its life line are left in
 * *control and *life. */
static int start_peer(struct side *s, int role, struct process *p, int *control,
                      int *life)
{
    struct parcel parcel;
    int ends[2], line[2] = {-1, -1}, error;

    *control = *life = -1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    parcel_init(&parcel);
    error = fd_pipe(line);
    if (!error)
        error = side_pack(&s->spec, &s->shared, role + 1, &parcel);
    if (!error)
        error = parcel_give_fd(&parcel, &ends[1]);
    if (!error)
        error = parcel_give_fd(&parcel, &line[0]);
    if (!error)
        error = s->spec.workload->pack(&s->trial, role, &parcel);
    if (!error) {
        process_init(p, "bench_peer", &parcel);
        p->method = s->spec.start;
        error = process_start(p);
    }
    fd_close(&ends[1]);
    fd_close(&line[0]);
    parcel_free(&parcel);
    *control = ends[0];
    *life = line[1];
    if (error)
        return error;
    s->findings->peer_pids[role] = p->pid;
    return watch_peer(process_sentinel(p));
}

/* Wait for the report by which a peer says that it is ready. */
static int await_ready(int control)
{
    struct pollfd watched_fd = {control, POLLIN, 0};
    struct peer_report report;
    int ready = poll(&watched_fd, 1, (int)(peer_patience / 1000000));

    if (ready <= 0)
        return ready < 0 ? -errno : -ETIMEDOUT;
    if (read_full(control, &report, sizeof report) != (ssize_t)sizeof report)
        return -EPIPE;
    return report.error;
}

static int start_peers(struct side *s, struct peers *peers)
{
    int error = 0;

    watched.findings = s->findings;
    watched.method = s->spec.start;
    for (; peers->count < s->peers && !error; peers->count++)
        error = start_peer(s, peers->count, &peers->process[peers->count],
                           &peers->controls[peers->count],
                           &peers->lives[peers->count]);
    for (int i = 0; i < peers->count && !error; i++)
        error = await_ready(peers->controls[i]);
    return error;
}

/*
 * Tell them to end, and join; kill who lingers.  Closing the control socket
 * would not tell a forked peer: it inherited this side's end of it.
 */
static void end_peers(struct peers *peers)
{
    const uint32_t none = 0;

    stop_watching();
    for (int i = 0; i < peers->count; i++) {
        send(peers->controls[i], &none, sizeof none, MSG_NOSIGNAL);
        fd_close(&peers->controls[i]);
    }
    for (int i = 0; i < peers->count; i++) {
        if (process_join(&peers->process[i], peer_patience) < 0) {
            process_kill(&peers->process[i]);
            process_join(&peers->process[i], NO_TIMEOUT);
        }
        process_close(&peers->process[i]);
        fd_close(&peers->lives[i]); /* not before: it would end it */
    }
}

/* How a peer ended, when the timed side failed because of it. */
static void note_death(struct side *s, struct peers *peers)
{
    for (int i = 0; i < peers->count; i++) {
        int code;

        process_join(&peers->process[i], SECOND);
        if (process_exitcode(&peers->process[i], &code) == 0 && code != 0) {
            s->findings->dead_peer = i + 1;
            s->findings->dead_status = code;
        }
    }
}

static int bench_timed(struct parcel *parcel)
{
    struct peers peers = {.count = 0};
    struct side s;
    int error;

    setpgid(0, 0);
    error = side_begin(&s, parcel);
    forkserver_stop(0); /* of ipclab's own; here it is to be a fresh one */
    if (!error)
        error = s.spec.workload->open(&s.trial);
    if (!error) {
        s.findings->stage = STARTING;
        error = start_peers(&s, &peers);
    }
    if (!error)
        error = measure(&s, peers.controls);
    if (!s.findings)
        return error;
    s.findings->error = error;
    stop_watching();
    if (error)
        note_death(&s, &peers);
    else
        s.findings->stage = CLOSING;
    end_peers(&peers);
    s.spec.workload->close(&s.trial);
    if (!error)
        s.findings->stage = DONE;
    region_close(&s.shared);
    return error;
}
TARGET(bench_timed)
