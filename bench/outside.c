/* SPDX-License-Identifier: MIT */
/* outside.c - a workload that another program measures. */
#include "outside.h"

#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* One line of what it prints; false: not one that we know. */
static bool read_line(struct findings *f, const char *line, const char *who,
                      char *why, size_t size, bool *ended)
{
    struct usage *u = &f->timed;
    int64_t ns;

    if (sscanf(line, "sample %" SCNd64, &ns) == 1) {
        if (f->samples < SAMPLES_MOST)
            f->sample[f->samples++] = ns;
    } else if (sscanf(line, "latency %" SCNd64, &ns) == 1) {
        if (f->latencies < LATENCIES_MOST)
            f->latency[f->latencies++] = ns;
    } else if (sscanf(line, "batch %u", &f->batch) == 1 ||
               sscanf(line, "elapsed %" SCNd64, &f->elapsed) == 1 ||
               strncmp(line, "python ", 7) == 0) {
        return true;
    } else if (strncmp(line, "error ", 6) == 0) {
        snprintf(why, size, "%s: %s", who, line + 6);
    } else if (strcmp(line, "end") == 0) {
        *ended = true;
    } else {
        return sscanf(line,
                      "counters %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64
                      " %" SCNd64 " %" SCNd64,
                      &u->cpu_ns, &u->voluntary, &u->involuntary,
                      &u->minor_faults, &u->io_calls, &f->operations) == 6;
    }
    return true;
}

static int read_findings(struct findings *f, char *text, const char *who,
                         char *why, size_t size)
{
    bool ended = false;
    char *save = NULL;

    for (char *line = strtok_r(text, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save))
        if (!read_line(f, line, who, why, size, &ended)) {
            snprintf(why, size, "%s: cannot read '%.60s'", who, line);
            return -EBADMSG;
        }
    if (!ended || !f->samples || !f->batch) {
        if (!why[0])
            snprintf(why, size, "%s: no result", who);
        return -EBADMSG;
    }
    if (f->elapsed == 0)
        for (uint32_t i = 0; i < f->samples; i++)
            f->elapsed += f->sample[i];
    f->stage = DONE;
    return 0;
}

/* "0,1", or "-,-" for wherever the scheduler likes; of further peers, too. */
static void write_cpus(const struct trial_spec *spec, char *text, size_t size)
{
    size_t n;

    if (spec->timed_cpu < 0) {
        snprintf(text, size, "-,-");
        return;
    }
    n = (size_t)snprintf(text, size, "%d,%d", spec->timed_cpu, spec->peer_cpu);
    for (int i = 0; i < spec->more_cpu_count && n < size; i++)
        n += (size_t)snprintf(text + n, size - n, ",%d", spec->more_cpus[i]);
}

int outside_run(const struct outside *o, const struct trial_spec *spec,
                struct findings *f, const volatile sig_atomic_t *stop,
                char *why, size_t size)
{
    char name[80], bytes[24], cpus[128], warm[24], window[24], most[16];
    char sets[SETTINGS_MAX][64];
    const char *argv[16 + 2 * SETTINGS_MAX] = {
        o->program[0], o->program[1], o->program[2], name,     "--bytes",
        bytes,         "--cpus",      cpus,          "--warm", warm,
        "--window",    window,        "--most",      most};
    size_t length, n = 14;
    int error, code;
    char *text;

    why[0] = '\0';
    memset(f, 0, offsetof(struct findings, sample));
    snprintf(name, sizeof name, "%s/%s", spec->mechanism, spec->workload->name);
    snprintf(bytes, sizeof bytes, "%zu", spec->bytes);
    write_cpus(spec, cpus, sizeof cpus);
    snprintf(warm, sizeof warm, "%.3f", (double)spec->warm / 1e9);
    snprintf(window, sizeof window, "%.3f", (double)spec->window / 1e9);
    snprintf(most, sizeof most, "%d", SAMPLES_MOST);
    for (size_t i = 0; spec->settings[i].name; i++) {
        snprintf(sets[i], sizeof sets[i], "%s=%" PRId64, spec->settings[i].name,
                 spec->settings[i].value);
        argv[n++] = "--set";
        argv[n++] = sets[i];
    }
    argv[n] = NULL;
    code = command_run(argv, spec->patience, stop, &text, &length, &error);
    if (error == -ETIMEDOUT)
        snprintf(why, size, "%s: no end after %lld s: killed", o->who,
                 (long long)(spec->patience / SECOND));
    else if (error && error != -EINTR)
        snprintf(why, size, "%s: cannot run %s", o->who, o->program[0]);
    if (!error)
        error = read_findings(f, text ? text : (char[]){""}, o->who, why, size);
    if (!error && code) {
        snprintf(why, size, "%s: ended with %d", o->who, code);
        error = -ECHILD;
    }
    free(text);
    return error;
}
