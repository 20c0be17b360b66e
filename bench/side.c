/* SPDX-License-Identifier: MIT */
/* side.c - what the timed side and the peers of a trial have in common. */
#include "trial.h"

#include "registry.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

static int spec_pack(const struct trial_spec *spec, struct parcel *parcel)
{
    unsigned count = 0;
    int error = parcel_put_text(parcel, spec->mechanism);

    if (!error)
        error = parcel_put_text(parcel, spec->workload->name);
    while (spec->settings[count].name)
        count++;
    if (!error)
        error = parcel_put_u64(parcel, count);
    for (unsigned i = 0; i < count && !error; i++) {
        error = parcel_put_text(parcel, spec->settings[i].name);
        if (!error)
            error = parcel_put_u64(parcel, (uint64_t)spec->settings[i].value);
    }
    return error ? error : parcel_put(parcel, spec, sizeof *spec);
}

/* The names in it stay the parcel's. */
static int spec_unpack(struct trial_spec *spec, struct parcel *parcel)
{
    struct setting settings[SETTINGS_MAX + 1] = {{.name = NULL}};
    const char *mechanism, *workload;
    uint64_t count = 0, value = 0;
    int error = parcel_take_text(parcel, &mechanism);

    if (!error)
        error = parcel_take_text(parcel, &workload);
    if (!error)
        error = parcel_take_u64(parcel, &count);
    if (!error && count > SETTINGS_MAX)
        error = -EBADMSG;
    for (unsigned i = 0; !error && i < count; i++) {
        error = parcel_take_text(parcel, &settings[i].name);
        if (!error)
            error = parcel_take_u64(parcel, &value);
        settings[i].value = (int64_t)value;
    }
    if (!error)
        error = parcel_take(parcel, spec, sizeof *spec);
    if (error)
        return error;
    spec->mechanism = mechanism;
    spec->workload = workload_find(mechanism, workload);
    memcpy(spec->settings, settings, sizeof settings);
    return spec->workload ? 0 : -ENOENT;
}

static void keep_sample(struct trial *t, int64_t ns)
{
    struct findings *f = ((struct side *)t)->findings;

    if (f->samples < SAMPLES_MOST)
        f->sample[f->samples++] = ns;
}

static void keep_latency(struct trial *t, int64_t ns)
{
    struct findings *f = ((struct side *)t)->findings;

    if (f->latencies < LATENCIES_MOST)
        f->latency[f->latencies++] = ns;
}

int side_pack(const struct trial_spec *spec, const struct region *shared,
              int number, struct parcel *parcel)
{
    int error = spec_pack(spec, parcel);

    if (!error)
        error = region_pack(shared, parcel);
    return error ? error : parcel_put_u64(parcel, (uint64_t)number);
}

static int side_unpack(struct side *s, struct parcel *parcel)
{
    int error = spec_unpack(&s->spec, parcel);
    int64_t peers = 0;
    uint64_t number = 0;

    if (!error)
        error = region_unpack(&s->shared, parcel);
    if (!error)
        error = parcel_take_u64(parcel, &number);
    if (error)
        return error;
    s->findings = s->shared.base;
    peers = workload_peers(s->spec.workload, s->spec.settings);
    if (peers < 0 || peers > PEERS_MOST)
        return -EINVAL;
    s->peers = (int)peers;
    s->trial.number = (int)number;
    return number > (uint64_t)peers ? -EBADMSG : 0;
}

/* The timed side's, its first peer's, those of further ones; and so on. */
static int cpu_of(const struct trial_spec *spec, int number)
{
    int i = number % (2 + spec->more_cpu_count);

    return i == 0   ? spec->timed_cpu
           : i == 1 ? spec->peer_cpu
                    : spec->more_cpus[i - 2];
}

/* Each on one; but a crowd's server, which has a thread for each of them, may
 * use all that they have. */
static int place(const struct trial_spec *spec, int number)
{
    const bool served = spec->workload->served, all = served && number == 1;
    const int first = all ? 0 : number - (served && number > 1);
    const int count = all ? 2 + spec->more_cpu_count : 1;
    cpu_set_t set;

    if (spec->timed_cpu < 0)
        return 0;
    CPU_ZERO(&set);
    for (int i = first; i < first + count; i++) {
        if (cpu_of(spec, i) >= CPU_SETSIZE)
            return -EINVAL;
        CPU_SET((size_t)cpu_of(spec, i), &set);
    }
    return sched_setaffinity(0, sizeof set, &set) < 0 ? -errno : 0;
}

int side_watch(int fd, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    int flags = fcntl(fd, F_GETFL);

    if (sigaction(SIGIO, &action, NULL) < 0 || flags < 0 ||
        fcntl(fd, F_SETOWN, getpid()) < 0 ||
        fcntl(fd, F_SETFL, flags | O_ASYNC) < 0)
        return -errno;
    return 0;
}

int side_begin(struct side *s, struct parcel *parcel)
{
    int error;

    /* ipclab notes a signal and ends in good order; nobody here would look. */
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a served peer: with its server */
    if (process_parent_is_alive() != 1)
        _exit(1); /* it ended before the line above */
    *s = (struct side){.shared = {.fd = -1}};
    error = side_unpack(s, parcel);
    if (error)
        return error;
    s->trial = (struct trial){.bytes = s->spec.bytes,
                              .line = s->spec.line,
                              .number = s->trial.number,
                              .participants = s->peers + 1,
                              .settings = s->spec.settings,
                              .sample = keep_sample,
                              .latency = keep_latency,
                              .sent = s->findings->sent};
    return place(&s->spec, s->trial.number);
}
