/* SPDX-License-Identifier: MIT */
/* timed.c - the timed side of a trial: starts the peers, measures, ends them.
 */
#include "trial.h"

#include "common/io.h"

#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const int64_t peer_patience = 10 * SECOND;

struct peers {
    struct process process[PEERS_MOST];
    int controls[PEERS_MOST];
    int count;
};

/* For the handler of SIGCHLD alone. */
static struct findings *watched;

/*
 * A peer that ends while this side still works will never answer, and whether
 * its end can be seen in the measured channel depends on who else holds it.
 * So the first such death ends the trial, from wherever this side is blocked.
 */
static void peer_died(int number)
{
    siginfo_t info = {0};

    (void)number;
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
        info.si_pid == 0)
        return;
    /* One that has no pid yet died while it was being started. */
    for (int i = 0; i < PEERS_MOST && !watched->dead_peer; i++)
        if (watched->peer_pids[i] == info.si_pid || !watched->peer_pids[i])
            watched->dead_peer = i + 1;
    watched->dead_status =
        info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
    _exit(1);
}

static void watch_peers(struct findings *f)
{
    struct sigaction action = {.sa_handler = peer_died, .sa_flags = SA_RESTART};

    watched = f;
    sigaction(SIGCHLD, &action, NULL);
}

static void stop_watching(void)
{
    signal(SIGCHLD, SIG_DFL);
}

/* Start the peer of one role and leave its control socket in *control. */
static int start_peer(struct side *s, int role, struct process *p, int *control)
{
    struct parcel parcel;
    int ends[2], error;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    parcel_init(&parcel);
    error = spec_pack(&s->spec, &parcel);
    if (!error)
        error = region_pack(&s->shared, &parcel);
    if (!error)
        error = parcel_put_u64(&parcel, (uint64_t)role);
    if (!error)
        error = parcel_give_fd(&parcel, &ends[1]);
    if (!error)
        error = s->spec.workload->pack(&s->trial, role, &parcel);
    if (!error) {
        process_init(p, "bench_peer", &parcel);
        p->method = s->spec.start;
        error = process_start(p);
    }
    fd_close(&ends[1]);
    parcel_free(&parcel);
    *control = ends[0];
    if (!error)
        s->findings->peer_pids[role] = p->pid;
    return error;
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

    if (s->spec.workload->peers)
        watch_peers(s->findings);
    for (; peers->count < s->spec.workload->peers && !error; peers->count++)
        error = start_peer(s, peers->count, &peers->process[peers->count],
                           &peers->controls[peers->count]);
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
    int error = side_begin(&s, parcel, true);

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
