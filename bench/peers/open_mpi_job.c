/* SPDX-License-Identifier: MIT */
/* open_mpi_job.c - the command line of open-mpi: that of reference.py. */
#include "open_mpi.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* A whole number, all of the text. */
static int read_number(const char *text, int64_t least, int64_t most,
                       int64_t *number)
{
    char *end;

    errno = 0;
    *number = strtoll(text, &end, 10);
    return errno || end == text || *end || *number < least || *number > most
               ? -EINVAL
               : 0;
}

static int read_seconds(const char *text, int64_t *ns)
{
    char *end;
    double seconds = strtod(text, &end);

    if (end == text || *end || !(seconds >= 0 && seconds <= 3600))
        return -EINVAL;
    *ns = (int64_t)(seconds * (double)SECOND);
    return 0;
}

/* "0,1"; "-" is anywhere. */
static int read_cpus(const char *text, int cpus[2])
{
    for (int i = 0; i < 2; i++) {
        char *end;

        if (*text == '-') {
            cpus[i] = -1;
            text++;
        } else {
            long cpu = strtol(text, &end, 10);

            if (end == text || cpu < 0 || cpu > INT_MAX)
                return -EINVAL;
            cpus[i] = (int)cpu;
            text = end;
        }
        if (*text++ != (i ? '\0' : ','))
            return -EINVAL;
    }
    return 0;
}

/* "hosts" is mpi-run's, who has seen to it. */
static int read_setting(const char *text, struct job *job)
{
    int64_t hosts;

    if (strncmp(text, "capacity=", 9) == 0)
        return read_number(text + 9, 1, INT_MAX, &job->capacity);
    if (strncmp(text, "hosts=", 6) == 0)
        return read_number(text + 6, 1, 2, &hosts);
    return -EINVAL;
}

static int read_option(const char *option, const char *value, struct job *job)
{
    int64_t number = 0;
    int error = -EINVAL;

    if (strcmp(option, "--bytes") == 0) {
        error = read_number(value, 0, INT_MAX, &number);
        job->bytes = (size_t)number;
    } else if (strcmp(option, "--most") == 0) {
        error = read_number(value, 1, 1 << 24, &number);
        job->most = (unsigned)number;
    } else if (strcmp(option, "--cpus") == 0) {
        error = read_cpus(value, job->cpus);
    } else if (strcmp(option, "--warm") == 0) {
        error = read_seconds(value, &job->warm);
    } else if (strcmp(option, "--window") == 0) {
        error = read_seconds(value, &job->window);
    } else if (strcmp(option, "--set") == 0) {
        error = read_setting(value, job);
    }
    return error;
}

int job_read(struct job *job, int argc, char **argv, char *why, size_t size)
{
    const char *name = argc > 1 ? argv[1] : "";

    *job = (struct job){.cpus = {-1, -1},
                        .warm = SECOND / 10,
                        .window = SECOND / 2,
                        .most = 10000,
                        .capacity = 1000};
    job->stream = strcmp(name, "open-mpi/stream") == 0;
    if (!job->stream && strcmp(name, "open-mpi/roundtrip") != 0) {
        snprintf(why, size,
                 "no workload '%.40s' here; there are open-mpi/roundtrip and "
                 "open-mpi/stream",
                 name);
        return -EINVAL;
    }
    for (int i = 2; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";

        if (read_option(argv[i], value, job) < 0) {
            snprintf(why, size, "cannot understand %.40s %.40s", argv[i],
                     value);
            return -EINVAL;
        }
    }
    return 0;
}
