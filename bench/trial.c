/* SPDX-License-Identifier: MIT */
/* trial.c - one measurement in fresh processes, seen from the main process. */
#include "trial.h"

#include "group.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

static const char *error_text(int error)
{
    const char *text = strerrordesc_np(-error);

    return text ? text : "unknown error";
}

/* What -EILSEQ means. */
static const char *wrong_text(const struct trial_spec *spec)
{
    return spec->workload->together ? "what all did together is wrong"
                                    : "a wrong word in the payload";
}

static void describe_peer(const struct trial_spec *spec,
                          const struct findings *f, char *why, size_t size)
{
    int role = f->dead_peer - 1, status = f->dead_status;

    if (f->peer_errors[role])
        snprintf(why, size, "peer %d: %s (%s)", role,
                 f->peer_errors[role] == -EILSEQ
                     ? wrong_text(spec)
                     : error_text(f->peer_errors[role]),
                 strerrorname_np(-f->peer_errors[role]));
    else if (status < 0)
        snprintf(why, size, "peer %d was killed by SIG%s", role,
                 sigabbrev_np(-status));
    else
        snprintf(why, size, "peer %d ended early, with %d", role, status);
}

static const char *const stages[] = {
    "opening", "starting the peers", "warming up", "timing", "closing", "done"};

/* Say why there is no figure. */
static void describe(const struct trial_spec *spec, const struct findings *f,
                     int code, char *why, size_t size)
{
    if (f->dead_peer)
        describe_peer(spec, f, why, size);
    else if (f->error == -EILSEQ)
        snprintf(why, size, "%s (EILSEQ)", wrong_text(spec));
    else if (f->error)
        snprintf(why, size, "%s: %s (%s)", stages[f->stage],
                 error_text(f->error), strerrorname_np(-f->error));
    else if (code < 0)
        snprintf(why, size, "the timed side was killed by SIG%s",
                 sigabbrev_np(-code));
    else
        snprintf(why, size, "the timed side ended early, with %d", code);
}

/* Wait for the timed side: 0, -EINTR when told to stop, or -ETIMEDOUT. */
static int watch(struct process *p, int64_t patience,
                 const volatile sig_atomic_t *stop)
{
    int64_t deadline = clock_deadline(patience);

    for (;;) {
        struct pollfd sentinel = {process_sentinel(p), POLLIN, 0};

        if (*stop)
            return -EINTR;
        /* A signal between the look and the wait costs a tenth of a second. */
        if (poll(&sentinel, 1, 100) > 0)
            return 0;
        if (clock_now() > deadline)
            return -ETIMEDOUT;
    }
}

static int start(struct process *p, const struct trial_spec *spec,
                 const struct region *shared)
{
    long line = sysconf(_SC_LEVEL1_DCACHE_LINESIZE);
    struct trial_spec whole = *spec;
    struct parcel parcel;
    int error;

    whole.line = line > 0 ? (size_t)line : 64;
    parcel_init(&parcel);
    error = side_pack(&whole, shared, 0, &parcel);
    process_init(p, "bench_timed", &parcel);
    p->sentinel_kind = SENTINEL_PIDFD; /* its peers would hold a pipe */
    if (!error)
        error = process_start(p);
    parcel_free(&parcel);
    return error;
}

int trial_run(const struct trial_spec *spec, const struct region *shared,
              const volatile sig_atomic_t *stop, char *why, size_t size)
{
    struct findings *f = shared->base;
    struct process p;
    int code = 0, error;

    memset(f, 0, offsetof(struct findings, sample));
    error = start(&p, spec, shared);
    if (error) {
        snprintf(why, size, "cannot start: %s", error_text(error));
        return error;
    }
    setpgid(p.pid, p.pid); /* it does the same: whoever is first */
    error = watch(&p, spec->patience, stop);
    if (error) {
        kill(-p.pid, SIGKILL);
        process_kill(&p);
    }
    process_join(&p, NO_TIMEOUT);
    process_exitcode(&p, &code);
    group_end(p.pid);
    process_close(&p);
    if (error == -ETIMEDOUT)
        snprintf(why, size, "no end after %lld s: killed while %s, window %u",
                 (long long)(spec->patience / SECOND), stages[f->stage],
                 f->windows);
    if (!error && f->stage != DONE) {
        describe(spec, f, code, why, size);
        /* Whether its end or its silence was noticed first is chance. */
        error = f->error && !f->dead_peer ? f->error : -ECHILD;
    }
    return error;
}
