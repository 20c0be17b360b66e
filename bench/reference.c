/* SPDX-License-Identifier: MIT */
/* reference.c - the same workloads on the real multiprocessing. */
#include "reference.h"

#include "command.h"
#include "floor.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const int64_t find_patience = 20 * SECOND;

/* Beside the sources: ../bench from build/, or bench/ from where we stand. */
static int find_script(char *script, size_t size)
{
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    char *slash;

    if (n > 0) {
        exe[n] = '\0';
        slash = strrchr(exe, '/');
        if (slash)
            *slash = '\0';
        snprintf(script, size, "%.480s/../bench/reference.py", exe);
        if (access(script, R_OK) == 0)
            return 0;
    }
    snprintf(script, size, "bench/reference.py");
    return access(script, R_OK) == 0 ? 0 : -ENOENT;
}

/* Split what --list printed: "python VERSION" and a name on each line. */
static int read_list(struct reference *r, char *text)
{
    size_t lines = 2, n = 0;
    char *save = NULL;

    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    r->text = text;
    r->names = calloc(lines, sizeof *r->names);
    if (!r->names)
        return -ENOMEM;
    for (char *line = strtok_r(text, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save))
        if (strncmp(line, "python ", 7) == 0)
            snprintf(r->version, sizeof r->version, "%.31s", line + 7);
        else
            r->names[n++] = line;
    return n && r->version[0] ? 0 : -EBADMSG;
}

int reference_find(struct reference *r, const volatile sig_atomic_t *stop,
                   char *why, size_t size)
{
    int error, code;
    size_t length;
    char *text;

    *r = (struct reference){.names = NULL};
    error = find_script(r->script, sizeof r->script);
    if (error) {
        snprintf(why, size,
                 "no reference column: bench/reference.py is not "
                 "beside the build");
        return error;
    }
    snprintf(r->python, sizeof r->python, "%s", floor_python());
    code = command_run(
        (const char *[]){r->python, "-I", r->script, "--list", NULL},
        find_patience, stop, &text, &length, &error);
    if (!error && code == 0 && text)
        error = read_list(r, text);
    else
        free(text);
    if (error || code) {
        snprintf(why, size,
                 error == -ENOENT ? "no reference column: python3 is not "
                                    "installed (scripts/setup installs it)"
                                  : "no reference column: bench/reference.py "
                                    "does not run");
        reference_free(r);
        return error ? error : -EBADMSG;
    }
    return 0;
}

void reference_free(struct reference *r)
{
    free(r->names);
    free(r->text);
    r->names = NULL;
    r->text = NULL;
}

/* One line of what it prints; false: not one that we know. */
static bool read_line(struct findings *f, const char *line, char *why,
                      size_t size, bool *ended)
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
        snprintf(why, size, "CPython: %s", line + 6);
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

static int read_findings(struct findings *f, char *text, char *why, size_t size)
{
    bool ended = false;
    char *save = NULL;

    for (char *line = strtok_r(text, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save))
        if (!read_line(f, line, why, size, &ended)) {
            snprintf(why, size, "CPython: cannot read '%.60s'", line);
            return -EBADMSG;
        }
    if (!ended || !f->samples || !f->batch) {
        if (!why[0])
            snprintf(why, size, "CPython: no result");
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

int reference_run(const struct reference *r, const struct trial_spec *spec,
                  struct findings *f, const volatile sig_atomic_t *stop,
                  char *why, size_t size)
{
    char name[80], bytes[24], cpus[128], warm[24], window[24], most[16];
    char sets[SETTINGS_MAX][64];
    const char *argv[16 + 2 * SETTINGS_MAX] = {
        r->python, "-I", r->script,  name,   "--bytes", bytes, "--cpus", cpus,
        "--warm",  warm, "--window", window, "--most",  most};
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
        snprintf(why, size, "CPython: no end after %lld s: killed",
                 (long long)(spec->patience / SECOND));
    else if (error && error != -EINTR)
        snprintf(why, size, "CPython: cannot run %s", r->python);
    if (!error)
        error = read_findings(f, text ? text : (char[]){""}, why, size);
    if (!error && code) {
        snprintf(why, size, "CPython: ended with %d", code);
        error = -ECHILD;
    }
    free(text);
    return error;
}
