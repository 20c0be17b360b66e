/* SPDX-License-Identifier: MIT */
/*
 * counters.c - what a process spent between two moments.
 *
 * Of system calls the kernel counts for everybody only those that read or
 * write a file (/proc/self/io, of all threads together): a pipe's, but neither
 * a socket's send nor a futex's wait.  That is where a queue's ways differ.
 */
#include "counters.h"

#include "common/clock.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static int64_t nanoseconds(struct timeval t)
{
    return (int64_t)t.tv_sec * SECOND + (int64_t)t.tv_usec * 1000;
}

/* The beginning of a small file of the kernel's, as text. */
static void read_text(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, size - 1);

    text[n > 0 ? n : 0] = '\0';
    if (fd >= 0)
        close(fd);
}

/* This look is one more, that only the next will see. */
static int64_t io_calls_now(void)
{
    int64_t reads, writes;
    char text[256];

    read_text("/proc/self/io", text, sizeof text);
    if (sscanf(text, "rchar: %*s wchar: %*s syscr: %" SCNd64 " syscw: %" SCNd64,
               &reads, &writes) != 2)
        return -1;
    return reads + writes;
}

struct usage usage_now(void)
{
    struct rusage r;

    getrusage(RUSAGE_SELF, &r);
    return (struct usage){.cpu_ns =
                              nanoseconds(r.ru_utime) + nanoseconds(r.ru_stime),
                          .voluntary = r.ru_nvcsw,
                          .involuntary = r.ru_nivcsw,
                          .minor_faults = r.ru_minflt,
                          .io_calls = io_calls_now()};
}

struct usage usage_since(struct usage earlier)
{
    struct usage now = usage_now();

    now.cpu_ns -= earlier.cpu_ns;
    now.voluntary -= earlier.voluntary;
    now.involuntary -= earlier.involuntary;
    now.minor_faults -= earlier.minor_faults;
    if (now.io_calls >= 0)
        now.io_calls -= earlier.io_calls + 1; /* the earlier look */
    return now;
}

void usage_add(struct usage *sum, struct usage more)
{
    sum->cpu_ns += more.cpu_ns;
    sum->voluntary += more.voluntary;
    sum->involuntary += more.involuntary;
    sum->minor_faults += more.minor_faults;
    if (sum->io_calls < 0 || more.io_calls < 0)
        sum->io_calls = -1;
    else
        sum->io_calls += more.io_calls;
}

/* /proc/self/sched has a line "se.nr_migrations : 7", somewhere. */
static int64_t migrations_now(void)
{
    FILE *file = fopen("/proc/self/sched", "re");
    int64_t n = 0;
    char line[128];

    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "se.nr_migrations : %" SCNd64, &n) == 1)
            break;
    if (file)
        fclose(file);
    return n;
}

struct disturbance disturbance_now(void)
{
    struct disturbance d = {.migrations = migrations_now()};
    char text[512];
    int64_t ticks;

    read_text("/proc/stat", text, sizeof text);
    if (sscanf(text, "cpu %*s %*s %*s %*s %*s %*s %*s %" SCNd64, &ticks) == 1)
        d.stolen = ticks * (SECOND / sysconf(_SC_CLK_TCK));
    read_text("/proc/self/schedstat", text, sizeof text);
    if (sscanf(text, "%*s %" SCNd64, &d.run_delay) != 1)
        d.run_delay = 0;
    return d;
}
